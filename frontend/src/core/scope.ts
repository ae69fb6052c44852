/** The part of a map that operations are limited to, looked up row by row for drawing. */

import { type Drawing, drawnSize } from "./grey";
import { combineSpans, makeSpans, type Size, type Spans } from "./spans";

export interface Scope extends Size {
  /** By row and column, without overlaps. */
  spans: Spans;
  /** First span of each row, and the end. */
  rows: Int32Array;
}

export function makeScope(mask: Spans, { width, height }: Size): Scope {
  const spans = combineSpans(mask, makeSpans(), "union");
  const rows = new Int32Array(height + 1);
  for (let k = 0; k < spans.size; k++) rows[spans.data[3 * k]! + 1]! += 1;
  for (let y = 0; y < height; y++) rows[y + 1]! += rows[y]!;
  return { width, height, spans, rows };
}

/** Shade what is outside of a scope. */
export function drawShade(scope: Scope, shade: number, drawing: Drawing, out: Uint32Array): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  out.fill(shade);
  for (let row = 0; row < size.height; row++) {
    const y = rect.y + row * step;
    for (let k = scope.rows[y]!; k < scope.rows[y + 1]!; k++) {
      const from = Math.ceil((scope.spans.data[3 * k + 1]! - rect.x) / step);
      const to = Math.ceil((scope.spans.data[3 * k + 2]! - rect.x) / step);
      const start = row * size.width;
      if (to > from) {
        out.fill(0, start + Math.max(0, from), start + Math.min(size.width, Math.max(0, to)));
      }
    }
  }
}
