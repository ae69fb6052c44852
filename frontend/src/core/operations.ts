/**
 * Operations that change many pixels at once: on the whole map, or within a scope (a
 * component or a lasso). Each is a list of masks with the label that they get.
 */

import { fragmentMasks, holesOf } from "./components";
import { mergeMasks, swapMasks } from "./flood";
import type { LabelMap } from "./labelMap";
import { grownBy, shrunkBy, smoothedBy } from "./morphology";
import { labelSet } from "./paint";
import { combineSpans, fullRect, rectSpans, type Spans } from "./spans";

export type Operation =
  | { kind: "fill holes"; phase: number }
  | { kind: "remove fragments"; px: number }
  | { kind: "grow" | "shrink" | "smooth"; phase: number; radius: number }
  | { kind: "merge" | "swap"; phase: number; other: number };

export type Mask = readonly [phase: number, spans: Spans];

/**
 * What an operation changes. Components, holes and distances are those of the whole map;
 * a scope only limits which pixels may change.
 *
 * @param within - The scope; null for the whole map.
 */
export function masksOf(map: LabelMap, operation: Operation, within: Spans | null): Mask[] {
  const limited = (masks: Iterable<Mask>): Mask[] =>
    Array.from(masks, ([phase, spans]) => [
      phase,
      within ? combineSpans(spans, within, "intersect") : spans,
    ]);
  const where = within ?? rectSpans(fullRect(map));
  switch (operation.kind) {
    case "fill holes":
      return limited([[operation.phase, holesOf(map, operation.phase)]]);
    case "remove fragments":
      return limited(fragmentMasks(map, operation.px));
    case "grow":
      return limited([[operation.phase, grownBy(map, operation.phase, operation.radius)]]);
    case "shrink":
      return limited(shrunkBy(map, operation.phase, operation.radius));
    case "smooth":
      return limited(smoothedBy(map, operation.phase, operation.radius));
    case "merge":
      return mergeMasks(map, where, labelSet([operation.other]), operation.phase);
    case "swap":
      return swapMasks(map, where, operation.phase, operation.other);
  }
}
