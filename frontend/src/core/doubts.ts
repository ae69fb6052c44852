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

/** Whether the automatic map has a label for a region, or leaves it void: a tie. */
export function tells(
  regions: Int32Array,
  width: number,
  number: number,
  box: readonly number[],
  automatic: Uint8Array,
): boolean {
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = y * width + x;
      if (regions[at] === number && automatic[at] !== VOID) return true;
    }
  }
  return false;
}

/** How a region is marked: two rings around it, and a shade over everything else. */
export interface Marks {
  inner: number;
  outer: number;
  shade: number;
}

/** Draw a region's marks. Two rings, one bright and one dark, are seen on any ground. */
export function mark(
  regions: Int32Array,
  width: number,
  number: number,
  box: readonly number[],
  marks: Marks,
  out: Uint32Array,
): void {
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  const height = regions.length / width;
  for (let i = 0; i < out.length; i++) out[i] = regions[i] === number ? 0 : marks.shade;
  const ring = (reach: number, colour: number, of: (at: number) => boolean) => {
    for (let y = Math.max(0, top - reach); y < Math.min(height, bottom + reach); y++) {
      for (let x = Math.max(0, left - reach); x < Math.min(width, right + reach); x++) {
        const at = y * width + x;
        if (out[at] !== marks.shade || regions[at] === number) continue;
        const near =
          (x > 0 && of(at - 1)) ||
          (x < width - 1 && of(at + 1)) ||
          (y > 0 && of(at - width)) ||
          (y < height - 1 && of(at + width));
        if (near) out[at] = colour;
      }
    }
  };
  ring(1, marks.inner, (at) => regions[at] === number);
  ring(2, marks.outer, (at) => out[at] === marks.inner);
}
