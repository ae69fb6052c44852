/**
 * Flood fill on labels or on grey values, and masks by what their pixels are.
 */

import { type Grey, greyAt } from "./grey";
import type { LabelMap } from "./labelMap";
import type { LabelSet } from "./paint";
import { makeSpans, pushSpan, type Rect, type Size, type Spans } from "./spans";

/** A plane of numbers, row by row. */
export type Plane = Uint8Array | Uint16Array | Int32Array;

/**
 * The 4-connected region around a pixel in which every value is in a range.
 *
 * Rows are taken run by run (scanline fill). What was visited is kept in one bit per pixel,
 * 12.5 MB for 100 megapixels, since nothing is painted until the mask is complete.
 *
 * @param low - Lowest value accepted.
 * @param high - Highest value accepted.
 * @returns One span per run, in no particular order; empty where the pixel itself is not
 *   accepted or lies outside of the image.
 */
export function floodRange(
  plane: Plane,
  { width, height }: Size,
  x: number,
  y: number,
  low: number,
  high: number,
): Spans {
  const out = makeSpans();
  if (x < 0 || y < 0 || x >= width || y >= height) return out;
  const seen = new Uint32Array(Math.ceil((width * height) / 32));
  const open = (at: number): boolean =>
    plane[at]! >= low && plane[at]! <= high && !(seen[at >>> 5]! & (1 << (at & 31)));
  const stack = [x, y];
  while (stack.length > 0) {
    const row = stack.pop()!;
    const base = row * width;
    let left = base + stack.pop()!;
    if (!open(left)) continue;
    let right = left + 1;
    while (left > base && open(left - 1)) left--;
    while (right < base + width && open(right)) right++;
    for (let at = left; at < right; at++) seen[at >>> 5]! |= 1 << (at & 31);
    pushSpan(out, row, left - base, right - base);
    for (const other of [row - 1, row + 1]) {
      if (other < 0 || other >= height) continue;
      const shift = (other - row) * width;
      let inside = false;
      for (let at = left + shift; at < right + shift; at++) {
        const now = open(at);
        if (now && !inside) stack.push(at - other * width, other);
        inside = now;
      }
    }
  }
  return out;
}

/** The connected region of one label around a pixel: flood fill, and "this component". */
export function componentAt(map: LabelMap, x: number, y: number): Spans {
  const label = map.labels[y * map.width + x]!;
  return floodRange(map.labels, map, x, y, label, label);
}

/**
 * The connected region around a pixel whose grey values differ from that pixel's by at
 * most `tolerance` levels of the image's own depth.
 */
export function toleranceFill(grey: Grey, x: number, y: number, tolerance: number): Spans {
  const value = greyAt(grey, x, y);
  return floodRange(grey.plane, grey, x, y, value - tolerance, value + tolerance);
}

/**
 * The pixels of a mask whose value is in a range: the threshold brush is the brush's spans
 * passed through this with the grey plane.
 */
export function withinRange(
  spans: Spans,
  plane: Plane,
  width: number,
  low: number,
  high: number,
  out: Spans = makeSpans(),
): Spans {
  return filterSpans(spans, width, (at) => plane[at]! >= low && plane[at]! <= high, out);
}

/** The pixels of a mask that have one of these labels. */
export function withLabels(spans: Spans, map: LabelMap, labels: LabelSet): Spans {
  return filterSpans(spans, map.width, (at) => labels[map.labels[at]!] === 1, makeSpans());
}

function filterSpans(
  spans: Spans,
  width: number,
  accept: (at: number) => boolean,
  out: Spans,
): Spans {
  for (let k = 0; k < 3 * spans.size; k += 3) {
    const y = spans.data[k]!;
    const base = y * width;
    const end = base + spans.data[k + 2]!;
    let start = -1;
    for (let at = base + spans.data[k + 1]!; at < end; at++) {
      const inside = accept(at);
      if (inside && start < 0) start = at;
      if (!inside && start >= 0) {
        pushSpan(out, y, start - base, at - base);
        start = -1;
      }
    }
    if (start >= 0) pushSpan(out, y, start - base, end - base);
  }
  return out;
}

/** The spans of a bitmap of a rectangle: the pixels that are not 0, in image px. */
export function spansOfBitmap(bitmap: Uint8Array, rect: Rect): Spans {
  const out = makeSpans();
  for (let row = 0; row < rect.height; row++) {
    const base = row * rect.width;
    let start = -1;
    for (let x = 0; x <= rect.width; x++) {
      const inside = x < rect.width && bitmap[base + x] !== 0;
      if (inside && start < 0) start = x;
      if (!inside && start >= 0) {
        pushSpan(out, rect.y + row, rect.x + start, rect.x + x);
        start = -1;
      }
    }
  }
  return out;
}

/**
 * The masks that exchange two phases within a component, a lasso or the whole image.
 * Both are taken before either is painted.
 */
export function swapMasks(
  map: LabelMap,
  within: Spans,
  a: number,
  b: number,
): (readonly [phase: number, spans: Spans])[] {
  return [
    [b, withLabels(within, map, only(a))],
    [a, withLabels(within, map, only(b))],
  ];
}

/** The mask that turns phases into another one within a component, a lasso or the image. */
export function mergeMasks(
  map: LabelMap,
  within: Spans,
  from: LabelSet,
  to: number,
): (readonly [phase: number, spans: Spans])[] {
  return [[to, withLabels(within, map, from)]];
}

function only(label: number): LabelSet {
  const set = new Uint8Array(256);
  set[label] = 1;
  return set;
}
