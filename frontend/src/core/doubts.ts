/** Regions of doubt: what was said of one, and how it is shown. */

import { VOID } from "./labelMap";

/** A decision: as the automatic map has it. */
export const AUTOMATIC = 254;

/** What one voter says of a region: the label of most of its pixels, and its share. */
export function leading(votes: Readonly<Record<string, number>>): { label: number; share: number } {
  let label = VOID;
  let most = 0;
  let all = 0;
  for (const [name, px] of Object.entries(votes)) {
    all += px;
    if (px > most || (px === most && Number(name) < label)) {
      most = px;
      label = Number(name);
    }
  }
  return { label, share: all ? most / all : 0 };
}

/** The phases that anybody gave any of a region's pixels, lowest first. */
export function said(votes: readonly Readonly<Record<string, number>>[]): number[] {
  const found = new Set(votes.flatMap((one) => Object.keys(one).map(Number)));
  found.delete(VOID);
  return [...found].sort((a, b) => a - b);
}

/** The first region without a decision after one, round the end of the queue; 0 for none. */
export function nextOpen(n: number, settled: ReadonlySet<number>, after: number): number {
  for (let step = 1; step <= n; step++) {
    const number = ((after + step - 1) % n) + 1;
    if (!settled.has(number)) return number;
  }
  return 0;
}

/** Draw the outline of one region, within its box and a pixel around it, and nothing else. */
export function outline(
  regions: Int32Array,
  width: number,
  number: number,
  box: readonly number[],
  colour: number,
  out: Uint32Array,
): void {
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  const height = regions.length / width;
  const inside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && regions[y * width + x] === number;
  for (let y = Math.max(0, top - 1); y < Math.min(height, bottom + 1); y++) {
    for (let x = Math.max(0, left - 1); x < Math.min(width, right + 1); x++) {
      if (inside(x, y)) continue;
      if (inside(x - 1, y) || inside(x + 1, y) || inside(x, y - 1) || inside(x, y + 1)) {
        out[y * width + x] = colour;
      }
    }
  }
}
