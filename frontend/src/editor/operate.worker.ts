/** An operation on a large map, beside the page. */

import { makeLabelMap } from "../core/labelMap";
import { type Mask, masksOf, type Operation } from "../core/operations";
import type { Size, Spans } from "../core/spans";

export interface Task extends Size {
  labels: Uint8Array;
  operation: Operation;
  within: Spans | null;
}

addEventListener("message", ({ data }: MessageEvent<Task>) => {
  const map = makeLabelMap(data.width, data.height, data.labels);
  const masks: Mask[] = masksOf(map, data.operation, data.within);
  postMessage(masks);
});
