/** What an operation changes, found beside the page where the map is large. */

import type { LabelMap } from "../core/labelMap";
import { type Mask, masksOf, type Operation } from "../core/operations";
import type { Spans } from "../core/spans";
import type { Task } from "./operate.worker";

/** Pixels up to which it is a matter of a moment. */
const MOST = 16_000_000;

/** The map must not change until the answer is there. */
export async function masksFor(
  map: LabelMap,
  operation: Operation,
  within: Spans | null,
): Promise<Mask[]> {
  if (map.labels.length <= MOST) return masksOf(map, operation, within);
  const worker = new Worker(new URL("./operate.worker.ts", import.meta.url), { type: "module" });
  const { width, height } = map;
  const labels = map.labels.slice();
  const task: Task = { width, height, labels, operation, within };
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = (answer) => resolve(answer.data);
      worker.onerror = (event) => reject(new Error(event.message || "the operation failed"));
      worker.postMessage(task, [labels.buffer]);
    });
  } finally {
    worker.terminate();
  }
}
