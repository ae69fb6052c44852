/**
 * Spans: the mask that every tool hands to {@link paint.apply}. A span is a piece of one
 * image row, `x0 <= x < x1`, in px. Three numbers per span in one growing array: a stroke
 * of thousands of pixels makes a few dozen numbers and no garbage.
 */

export interface Rect {
  /** Left edge, px. */
  x: number;
  /** Top edge, px. */
  y: number;
  /** px; never 0 in a rectangle that is handed out. */
  width: number;
  /** px; never 0 in a rectangle that is handed out. */
  height: number;
}

export interface Size {
  /** px */
  width: number;
  /** px */
  height: number;
}

export interface Spans {
  /** `y, x0, x1` of each span, one after the other; only `3 * size` numbers are valid. */
  data: Int32Array;
  /** How many spans. */
  size: number;
}

/** No spans yet. */
export function makeSpans(capacity = 64): Spans {
  return { data: new Int32Array(3 * capacity), size: 0 };
}

/** Forget all spans and keep the memory: one list serves all pointer events. */
export function clearSpans(spans: Spans): Spans {
  spans.size = 0;
  return spans;
}

/** Append the pixels `x0 <= x < x1` of row `y`; nothing where that is empty. */
export function pushSpan(spans: Spans, y: number, x0: number, x1: number): void {
  if (x1 <= x0) return;
  const at = 3 * spans.size;
  if (at + 3 > spans.data.length) {
    const larger = new Int32Array(2 * spans.data.length + 3);
    larger.set(spans.data);
    spans.data = larger;
  }
  spans.data[at] = y;
  spans.data[at + 1] = x0;
  spans.data[at + 2] = x1;
  spans.size += 1;
}

/** Append the part of a span that lies inside an image of `size`. */
export function pushClipped(spans: Spans, size: Size, y: number, x0: number, x1: number): void {
  if (y >= 0 && y < size.height) pushSpan(spans, y, Math.max(0, x0), Math.min(size.width, x1));
}

/** Pixels in all spans; a pixel that is in two of them counts twice. */
export function spansArea(spans: Spans): number {
  let area = 0;
  for (let at = 0; at < 3 * spans.size; at += 3) area += spans.data[at + 2]! - spans.data[at + 1]!;
  return area;
}

/** The smallest rectangle around all spans, or null without any. */
export function spansRect(spans: Spans): Rect | null {
  if (spans.size === 0) return null;
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < 3 * spans.size; at += 3) {
    top = Math.min(top, spans.data[at]!);
    bottom = Math.max(bottom, spans.data[at]!);
    left = Math.min(left, spans.data[at + 1]!);
    right = Math.max(right, spans.data[at + 2]!);
  }
  return { x: left, y: top, width: right - left, height: bottom + 1 - top };
}

/** One span per row of a rectangle. */
export function rectSpans(rect: Rect): Spans {
  const spans = makeSpans(rect.height);
  for (let y = rect.y; y < rect.y + rect.height; y++)
    pushSpan(spans, y, rect.x, rect.x + rect.width);
  return spans;
}

/** The smallest rectangle around two; null stands for an empty one. */
export function unionRect(a: Rect | null, b: Rect | null): Rect | null {
  if (!a || !b) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const width = Math.max(a.x + a.width, b.x + b.width) - x;
  const height = Math.max(a.y + a.height, b.y + b.height) - y;
  return { x, y, width, height };
}

/** What two rectangles share, or null. */
export function intersectRect(a: Rect, b: Rect): Rect | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The rectangle of a whole image. */
export function fullRect({ width, height }: Size): Rect {
  return { x: 0, y: 0, width, height };
}

export type SetOperation = "union" | "intersect" | "subtract";

/**
 * Set arithmetic of two masks: adding to and subtracting from a polygon or a lasso.
 *
 * @returns Spans by row and column that neither touch nor overlap within a row.
 */
export function combineSpans(a: Spans, b: Spans, operation: SetOperation): Spans {
  const out = makeSpans(a.size + b.size);
  const edges = [...edgesOf(a, 1), ...edgesOf(b, 2)].sort((p, q) => p.y - q.y || p.x - q.x);
  const depth = [0, 0, 0];
  let start = -1;
  for (let i = 0; i < edges.length; i++) {
    const { y, x, of, step } = edges[i]!;
    depth[of]! += step;
    const next = edges[i + 1];
    if (next && next.y === y && next.x === x) continue;
    const [inA, inB] = [depth[1]! > 0, depth[2]! > 0];
    const inside =
      operation === "union" ? inA || inB : operation === "intersect" ? inA && inB : inA && !inB;
    if (inside && start < 0) start = x;
    if (!inside && start >= 0) {
      pushSpan(out, y, start, x);
      start = -1;
    }
  }
  return out;
}

interface Edge {
  y: number;
  x: number;
  of: 1 | 2;
  step: 1 | -1;
}

function edgesOf(spans: Spans, of: 1 | 2): Edge[] {
  const edges: Edge[] = [];
  for (let at = 0; at < 3 * spans.size; at += 3) {
    const y = spans.data[at]!;
    edges.push(
      { y, x: spans.data[at + 1]!, of, step: 1 },
      { y, x: spans.data[at + 2]!, of, step: -1 },
    );
  }
  return edges;
}
