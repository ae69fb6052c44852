/**
 * Grow, shrink and smooth a phase by a radius in px. Distances are between pixel centres,
 * and exact; the time does not depend on the radius, except for smoothing.
 */

import { dilate, majority } from "./disc";
import { spansOfBitmap } from "./flood";
import { type LabelMap, readRect } from "./labelMap";
import { fullRect, intersectRect, makeSpans, pushSpan, type Rect, type Spans } from "./spans";

/** The pixels of other labels that are within `radius` of a phase. */
export function grownBy(map: LabelMap, phase: number, radius: number, rect?: Rect): Spans {
  const work = workRect(map, rect, radius);
  const inside = bitmapOf(map, phase, work);
  const near = dilate(inside, work.width, work.height, radius);
  for (let i = 0; i < near.length; i++) near[i]! &= ~inside[i]! & 1;
  return cropped(near, work, rect);
}

/**
 * The pixels of a phase that are within `radius` of another label, each with the label
 * that moves in. The image's edge is no other label.
 */
export function shrunkBy(
  map: LabelMap,
  phase: number,
  radius: number,
  rect?: Rect,
): Map<number, Spans> {
  const work = workRect(map, rect, radius);
  const inside = bitmapOf(map, phase, work);
  const lost = dilate(inverted(inside), work.width, work.height, radius);
  for (let i = 0; i < lost.length; i++) lost[i]! &= inside[i]!;
  return moveIn(map, phase, lost, work, rect);
}

/**
 * The pixels that change where a phase is smoothed: each pixel goes with the majority of
 * the disc around it, phase or not. Ties stay as they are.
 *
 * @param radius - Of the disc, px: what is thinner than about this vanishes or closes.
 */
export function smoothedBy(
  map: LabelMap,
  phase: number,
  radius: number,
  rect?: Rect,
): Map<number, Spans> {
  const work = workRect(map, rect, radius);
  const inside = bitmapOf(map, phase, work);
  const more = majority(inside, work.width, work.height, radius);
  const lost = new Uint8Array(inside.length);
  for (let i = 0; i < inside.length; i++) {
    lost[i] = inside[i]! & (more[i] === -1 ? 1 : 0);
    more[i] = inside[i] === 0 && more[i] === 1 ? 1 : 0;
  }
  const masks = moveIn(map, phase, lost, work, rect);
  const won = cropped(new Uint8Array(more), work, rect);
  if (won.size > 0) masks.set(phase, won);
  return masks;
}

/** The rectangle asked for and what around it has a say in it. */
function workRect(map: LabelMap, rect: Rect | undefined, radius: number): Rect {
  if (!rect) return fullRect(map);
  const margin = Math.ceil(radius) + 1;
  const wide = {
    x: rect.x - margin,
    y: rect.y - margin,
    width: rect.width + 2 * margin,
    height: rect.height + 2 * margin,
  };
  return intersectRect(wide, fullRect(map)) ?? { x: 0, y: 0, width: 0, height: 0 };
}

function bitmapOf(map: LabelMap, phase: number, rect: Rect): Uint8Array {
  const bitmap = new Uint8Array(rect.width * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const from = (rect.y + row) * map.width + rect.x;
    const to = row * rect.width;
    for (let x = 0; x < rect.width; x++) bitmap[to + x] = map.labels[from + x] === phase ? 1 : 0;
  }
  return bitmap;
}

function inverted(bitmap: Uint8Array): Uint8Array {
  return bitmap.map((bit) => 1 - bit);
}

function cropped(bitmap: Uint8Array, work: Rect, rect?: Rect): Spans {
  const spans = spansOfBitmap(bitmap, work);
  if (!rect) return spans;
  const out = makeSpans(spans.size);
  for (let k = 0; k < 3 * spans.size; k += 3) {
    pushInside(out, rect, spans.data[k]!, spans.data[k + 1]!, spans.data[k + 2]!);
  }
  return out;
}

/**
 * What takes the place of a phase's lost pixels: the labels around spread into them layer
 * by layer. What they cannot reach that way, such as a pixel among pixels that stay, they
 * reach across the phase. Where there is no other label, all stays.
 */
function moveIn(
  map: LabelMap,
  phase: number,
  lost: Uint8Array,
  work: Rect,
  rect?: Rect,
): Map<number, Spans> {
  const { labels } = readRect(map, work);
  spread(labels, phase, lost, work);
  if (labels.some((label, at) => lost[at] && label === phase)) {
    spread(labels, phase, new Uint8Array(lost.length).fill(1), work);
  }
  for (let at = 0; at < labels.length; at++) if (!lost[at]) labels[at] = phase;
  return spansByLabel(labels, phase, work, rect);
}

/** Let the other labels spread into the pixels of a phase that are open to them. */
function spread(labels: Uint8Array, phase: number, open: Uint8Array, work: Rect): void {
  let front = firstLayer(labels, phase, open, work);
  while (front.length > 0) {
    const next: number[] = [];
    for (const from of front) {
      eachNeighbour(from, work, (to) => {
        if (!open[to] || labels[to] !== phase) return;
        labels[to] = labels[from]!;
        next.push(to);
      });
    }
    front = next;
  }
}

/** Label the open pixels of a phase that have another label beside them. */
function firstLayer(labels: Uint8Array, phase: number, open: Uint8Array, work: Rect): number[] {
  const layer: number[] = [];
  const found: number[] = [];
  for (let at = 0; at < open.length; at++) {
    if (!open[at] || labels[at] !== phase) continue;
    let label = phase;
    eachNeighbour(at, work, (near) => {
      if (label === phase) label = labels[near]!;
    });
    if (label === phase) continue;
    layer.push(at);
    found.push(label);
  }
  // Only now: a label must not run along a row within one layer.
  layer.forEach((at, i) => {
    labels[at] = found[i]!;
  });
  return layer;
}

function eachNeighbour(at: number, { width, height }: Rect, visit: (at: number) => void): void {
  const x = at % width;
  if (x > 0) visit(at - 1);
  if (at >= width) visit(at - width);
  if (x < width - 1) visit(at + 1);
  if (at < width * (height - 1)) visit(at + width);
}

/** The mask of each label but one. */
function spansByLabel(
  labels: Uint8Array,
  but: number,
  work: Rect,
  rect?: Rect,
): Map<number, Spans> {
  const masks = new Map<number, Spans>();
  for (let row = 0; row < work.height; row++) {
    const base = row * work.width;
    for (let at = base; at < base + work.width; ) {
      const [label, start] = [labels[at]!, at];
      while (at < base + work.width && labels[at] === label) at++;
      if (label === but) continue;
      const spans = masks.get(label) ?? makeSpans();
      masks.set(label, spans);
      pushInside(spans, rect, work.y + row, work.x + start - base, work.x + at - base);
    }
  }
  for (const [label, spans] of masks) if (spans.size === 0) masks.delete(label);
  return masks;
}

function pushInside(out: Spans, rect: Rect | undefined, y: number, x0: number, x1: number): void {
  if (!rect) pushSpan(out, y, x0, x1);
  else if (y >= rect.y && y < rect.y + rect.height) {
    pushSpan(out, y, Math.max(rect.x, x0), Math.min(rect.x + rect.width, x1));
  }
}
