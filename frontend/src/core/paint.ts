/**
 * The one way in which tools write into a label map: protection, origin, doubtful flag,
 * the patch for undo, counts and dirty tiles are dealt with here and nowhere else.
 */

import { DOUBTFUL, type LabelMap, ORIGIN_BITS, type Origin, touchRow } from "./labelMap";
import { eachRun, makeRunWriter, type RunWriter, writeRun } from "./runs";
import { type Rect, type Spans, unionRect } from "./spans";

/** 1 at the index of each label that is meant; 256 entries. */
export type LabelSet = Uint8Array;

/** A set of labels. */
export function labelSet(labels: Iterable<number>): LabelSet {
  const set = new Uint8Array(256);
  for (const label of labels) set[label] = 1;
  return set;
}

/** All labels, void included, but for these: the locked phases. */
export function allBut(locked: Iterable<number> = []): LabelSet {
  const set = new Uint8Array(256).fill(1);
  for (const label of locked) set[label] = 0;
  return set;
}

export interface PaintOptions {
  /** The label to give: a phase or 255 (the eraser); null leaves labels and origins alone. */
  phase: number | null;
  /** Labels whose pixels may be changed. Others are never touched, nor their flags. */
  paintOver: LabelSet;
  /** Who labels; also kept for what is erased, which is a decision of somebody. */
  origin: Origin;
  /** What becomes of the doubtful flag; it stays as it is where this is left out. */
  doubtful?: "set" | "clear";
}

/** A patch while it grows: from pointer down to pointer up. */
export interface OpenPatch {
  runs: RunWriter;
  /** Change of the number of pixels of each label. */
  counts: Int32Array;
  /** Pixels whose label changed. */
  px: number;
  rect: Rect | null;
}

/** What one operation changed. It can be undone and redone by {@link togglePatch}. */
export interface Patch {
  /** Packed, see `runs.ts`. */
  runs: Uint8Array;
  /** `[label, change]` in px, of the labels whose number changed. */
  counts: [label: number, change: number][];
  /** Pixels whose label changed: what the event log tells of a stroke. */
  px: number;
  /** Around all changes, px. */
  rect: Rect;
}

export function openPatch(): OpenPatch {
  return { runs: makeRunWriter(), counts: new Int32Array(256), px: 0, rect: null };
}

/**
 * Paint a mask into a map and record it. Cost grows with the mask's area, and with the
 * number of runs of equal pixels in it.
 *
 * @param spans - Inside the image; overlaps are allowed.
 * @param patch - Of the operation that this belongs to.
 * @returns What is to be drawn anew, px, or null where nothing changed.
 */
export function apply(
  map: LabelMap,
  spans: Spans,
  options: PaintOptions,
  patch: OpenPatch,
): Rect | null {
  const { labels, origins, width } = map;
  const { paintOver, phase } = options;
  const keep = originKept(options);
  const set = (phase === null ? 0 : options.origin) | (options.doubtful === "set" ? DOUBTFUL : 0);
  let [left, right, top, bottom] = [width, 0, map.height, -1];
  for (let k = 0; k < 3 * spans.size; k += 3) {
    const y = spans.data[k]!;
    const end = y * width + spans.data[k + 2]!;
    let [first, last] = [-1, -1];
    let at = y * width + spans.data[k + 1]!;
    while (at < end) {
      const label = labels[at]!;
      const origin = origins[at]!;
      let stop = at + 1;
      while (stop < end && labels[stop] === label && origins[stop] === origin) stop++;
      const newLabel = phase ?? label;
      const newOrigin = (origin & keep) | set;
      if (paintOver[label] && (newLabel !== label || newOrigin !== origin)) {
        touchRow(map, y, at - y * width, stop - y * width);
        writeRun(patch.runs, at, stop - at, label ^ newLabel, origin ^ newOrigin);
        if (newLabel !== label) {
          labels.fill(newLabel, at, stop);
          patch.px += stop - at;
          recordCount(map, patch, label, newLabel, stop - at);
        }
        if (newOrigin !== origin) origins.fill(newOrigin, at, stop);
        if (first < 0) first = at;
        last = stop;
      }
      at = stop;
    }
    if (first < 0) continue;
    left = Math.min(left, first - y * width);
    right = Math.max(right, last - y * width);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (bottom < 0) return null;
  const rect = { x: left, y: top, width: right - left, height: bottom + 1 - top };
  patch.rect = unionRect(patch.rect, rect);
  map.dirty = unionRect(map.dirty, rect);
  return rect;
}

/** The bits of an origin that painting leaves as they are. */
function originKept(options: PaintOptions): number {
  return (options.phase === null ? ORIGIN_BITS : 0) | (options.doubtful ? 0 : DOUBTFUL);
}

function recordCount(map: LabelMap, patch: OpenPatch, from: number, to: number, px: number): void {
  map.counts[from]! -= px;
  map.counts[to]! += px;
  patch.counts[from]! -= px;
  patch.counts[to]! += px;
}

/** The finished patch for the history, or null where the operation changed nothing. */
export function closePatch(patch: OpenPatch): Patch | null {
  if (!patch.rect) return null;
  const counts: [number, number][] = [];
  patch.counts.forEach((change, label) => {
    if (change) counts.push([label, change]);
  });
  return {
    runs: patch.runs.bytes.slice(0, patch.runs.size),
    counts,
    px: patch.px,
    rect: patch.rect,
  };
}

/** A whole operation at once: each mask with the label that it gets. */
export function applyOnce(
  map: LabelMap,
  masks: Iterable<readonly [phase: number | null, spans: Spans]>,
  options: Omit<PaintOptions, "phase">,
): Patch | null {
  const patch = openPatch();
  for (const [phase, spans] of masks) apply(map, spans, { ...options, phase }, patch);
  return closePatch(patch);
}

/**
 * Undo a patch, or redo it when it is undone.
 *
 * @param step - -1 to undo, 1 to redo: which way the counts go.
 */
export function togglePatch(map: LabelMap, patch: Patch, step: 1 | -1): void {
  const { labels, origins, width } = map;
  eachRun(patch.runs, (start, length, labelXor, originXor) => {
    const end = start + length;
    const y = Math.floor(start / width);
    touchRow(map, y, start - y * width, end - y * width);
    if (labelXor) for (let at = start; at < end; at++) labels[at]! ^= labelXor;
    if (originXor) for (let at = start; at < end; at++) origins[at]! ^= originXor;
  });
  for (const [label, change] of patch.counts) map.counts[label]! += step * change;
  map.dirty = unionRect(map.dirty, patch.rect);
}
