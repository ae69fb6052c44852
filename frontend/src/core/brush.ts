/**
 * The round brush: hard-edged discs, and strokes swept between pointer samples.
 *
 * A pixel belongs to the brush where its centre (x + 0.5, y + 0.5) is not farther from the
 * path than the radius. The pixel under the pointer always does: a brush of 0.5 px that
 * points at the corner of four pixels would paint none of them otherwise.
 */

import { pushClipped, type Size, type Spans } from "./spans";

/** Smallest radius, px. */
export const MIN_RADIUS = 0.5;

/** The pixels `x0 <= x < x1` of a row; `x1 <= x0` where there are none. */
interface Row {
  x0: number;
  x1: number;
}

/** Pixel centres of a row between two coordinates, ends included. */
function centresBetween(row: Row, left: number, right: number): void {
  row.x0 = Math.ceil(left - 0.5);
  row.x1 = Math.floor(right - 0.5) + 1;
}

/** The row `y` of a disc. */
function discRow(row: Row, cx: number, cy: number, radius: number, y: number): void {
  const dy = y + 0.5 - cy;
  const square = radius * radius - dy * dy;
  row.x0 = 0;
  row.x1 = 0;
  if (square >= 0) {
    const half = Math.sqrt(square);
    centresBetween(row, cx - half, cx + half);
  }
  if (y === Math.floor(cy)) include(row, Math.floor(cx), Math.floor(cx) + 1);
}

/** Widen a row so that it holds another one; both lie in one convex shape. */
function include(row: Row, x0: number, x1: number): void {
  if (x1 <= x0) return;
  if (row.x1 <= row.x0) {
    row.x0 = x0;
    row.x1 = x1;
  } else {
    row.x0 = Math.min(row.x0, x0);
    row.x1 = Math.max(row.x1, x1);
  }
}

/**
 * Append a disc: a click.
 *
 * @param cx - Centre, image px; (0.5, 0.5) is the middle of the first pixel.
 * @param cy - Centre, image px.
 * @param radius - px
 */
export function stampDisc(out: Spans, size: Size, cx: number, cy: number, radius: number): void {
  const row: Row = { x0: 0, x1: 0 };
  const last = Math.min(size.height - 1, Math.floor(cy + radius));
  for (let y = Math.max(0, Math.floor(cy - radius)); y <= last; y++) {
    discRow(row, cx, cy, radius, y);
    pushClipped(out, size, y, row.x0, row.x1);
  }
}

/** A straight piece of a stroke, image px. */
export interface Segment {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Whether a swept stroke's first disc is appended: it is covered already while drawing. */
export type Start = "whole" | "new";

/**
 * Append what a disc covers on its way along a segment (a capsule): however fast the
 * pointer is, there are no gaps.
 *
 * @param start - With "new", the disc at the segment's start is left out, since the event
 *   before painted it: the cost is that of the area newly covered.
 */
export function sweepDisc(
  out: Spans,
  size: Size,
  segment: Segment,
  radius: number,
  start: Start = "whole",
): void {
  const { x0, y0, x1, y1 } = segment;
  const row: Row = { x0: 0, x1: 0 };
  const old: Row = { x0: 0, x1: 0 };
  const first = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
  const last = Math.min(size.height - 1, Math.floor(Math.max(y0, y1) + radius));
  for (let y = first; y <= last; y++) {
    bandRow(row, segment, radius, y);
    discRow(old, x1, y1, radius, y);
    include(row, old.x0, old.x1);
    discRow(old, x0, y0, radius, y);
    include(row, old.x0, old.x1);
    if (start === "new" && old.x1 > old.x0) {
      pushClipped(out, size, y, row.x0, old.x0);
      pushClipped(out, size, y, old.x1, row.x1);
    } else {
      pushClipped(out, size, y, row.x0, row.x1);
    }
  }
}

/** The row `y` of the rectangle between a capsule's two discs. */
function bandRow(row: Row, { x0, y0, x1, y1 }: Segment, radius: number, y: number): void {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = Math.hypot(dx, dy);
  const py = y + 0.5 - y0;
  row.x0 = 0;
  row.x1 = 0;
  if (length === 0) return;
  // Of the point (px, py) from the start: the distance along the segment is in [0, length]
  // and the distance from it in [-radius, radius]; both are linear in px.
  const along = limits(dx / length, (py * dy) / length, 0, length);
  const across = limits(dy / length, (-py * dx) / length, -radius, radius);
  centresBetween(row, x0 + Math.max(along[0], across[0]), x0 + Math.min(along[1], across[1]));
  if (!(row.x1 > row.x0)) row.x0 = row.x1 = 0;
}

/** Where `low <= slope * p + offset <= high`. */
function limits(slope: number, offset: number, low: number, high: number): [number, number] {
  if (Math.abs(slope) < 1e-12) {
    return offset >= low && offset <= high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  }
  const [a, b] = [(low - offset) / slope, (high - offset) / slope];
  return a < b ? [a, b] : [b, a];
}
