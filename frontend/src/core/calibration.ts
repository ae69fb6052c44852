/** The scale of an image from a scale bar whose two ends were pointed at. */

import type { Point } from "./view";

/**
 * Where the second end is meant to be: bars are level or upright, and a hand is not. Within
 * three degrees of an axis it is put on it.
 */
export function straightened(from: Point, to: Point): Point {
  const [dx, dy] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
  const slack = Math.tan((3 * Math.PI) / 180);
  if (dy < slack * dx) return { x: to.x, y: from.y };
  if (dx < slack * dy) return { x: from.x, y: to.y };
  return to;
}

/** µm per px of a bar of `length` µm between two points; null where there is none. */
export function scaleOf(from: Point, to: Point, length: number): number | null {
  const px = Math.hypot(to.x - from.x, to.y - from.y);
  return px > 0 && length > 0 ? length / px : null;
}
