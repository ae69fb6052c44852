/**
 * Connected components of a label map, by runs of equal label and union-find over them:
 * memory and time go with the number of runs, not with a second plane of numbers.
 * From them: filling holes, and removing fragments.
 */

import { type LabelMap, VOID } from "./labelMap";
import type { LabelSet } from "./paint";
import { fullRect, makeSpans, pushSpan, type Rect, type Size, type Spans } from "./spans";

export interface Components {
  /** Number of runs. */
  n: number;
  /** Of each run: `y, x0, x1`, in image px, by rows. */
  runs: Int32Array;
  /** Of each run: its class. */
  classes: Uint8Array;
  /** Of each run: the component's number, which is the index of one of its runs. */
  roots: Int32Array;
  /** Of each component, by its number: px. */
  areas: Float64Array;
  /** First run of each row of the rectangle, and the end. */
  rows: Int32Array;
  rect: Rect;
}

/**
 * 4-connected components within a rectangle.
 *
 * @param classOf - Class of each label; pixels of one class are one component. The
 *   labels themselves where it is left out.
 */
export function componentsOf(map: LabelMap, rect: Rect, classOf?: Uint8Array): Components {
  const spans = makeSpans(4 * rect.height);
  const rows = new Int32Array(rect.height + 1);
  let classes = new Uint8Array(1024);
  for (let row = 0; row < rect.height; row++) {
    rows[row] = spans.size;
    const base = (rect.y + row) * map.width;
    const end = base + rect.x + rect.width;
    for (let at = base + rect.x; at < end; ) {
      const value = classOf ? classOf[map.labels[at]!]! : map.labels[at]!;
      const start = at++;
      while (at < end && (classOf ? classOf[map.labels[at]!] : map.labels[at]) === value) at++;
      if (spans.size === classes.length) classes = resized(classes, 2 * classes.length);
      classes[spans.size] = value;
      pushSpan(spans, rect.y + row, start - base, at - base);
    }
  }
  const n = spans.size;
  rows[rect.height] = n;
  const found = { n, runs: spans.data, classes, rows, rect };
  const roots = join(found);
  const areas = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    areas[roots[i]!]! += spans.data[3 * i + 2]! - spans.data[3 * i + 1]!;
  }
  return { ...found, roots, areas };
}

function resized(array: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(array);
  return larger;
}

type Runs = Pick<Components, "n" | "runs" | "classes" | "rows" | "rect">;

function join(found: Runs): Int32Array {
  const parents = new Int32Array(found.n);
  for (let i = 0; i < found.n; i++) parents[i] = i;
  eachContact(found, (a, b) => {
    if (found.classes[a] !== found.classes[b]) return;
    const [p, q] = [rootOf(parents, a), rootOf(parents, b)];
    if (p < q) parents[q] = p;
    else parents[p] = q;
  });
  for (let i = 0; i < found.n; i++) parents[i] = rootOf(parents, i);
  return parents;
}

function rootOf(parents: Int32Array, run: number): number {
  let at = run;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]!]!;
    at = parents[at]!;
  }
  return at;
}

/** Each pair of runs, upper and lower, that share an edge, and its length in px. */
function eachContact(found: Runs, visit: (a: number, b: number, px: number) => void): void {
  const { rows, runs } = found;
  for (let row = 1; row < found.rect.height; row++) {
    let [a, b] = [rows[row - 1]!, rows[row]!];
    const [endA, endB] = [rows[row]!, rows[row + 1]!];
    while (a < endA && b < endB) {
      const [rightA, rightB] = [runs[3 * a + 2]!, runs[3 * b + 2]!];
      const px = Math.min(rightA, rightB) - Math.max(runs[3 * a + 1]!, runs[3 * b + 1]!);
      if (px > 0) visit(a, b, px);
      if (rightA <= rightB) a++;
      if (rightB <= rightA) b++;
    }
  }
}

/**
 * The holes of a phase: regions of anything else that it encloses. What touches the edge
 * of the rectangle is no hole. Void inside the phase is a hole.
 *
 * @param maxPx - Largest hole that is filled, px.
 */
export function holesOf(
  map: LabelMap,
  phase: number,
  rect: Rect = fullRect(map),
  maxPx = Infinity,
): Spans {
  const inside = new Uint8Array(256);
  inside[phase] = 1;
  const found = componentsOf(map, rect, inside);
  const open = new Uint8Array(found.n);
  for (let i = 0; i < found.n; i++) {
    const [y, x0, x1] = [found.runs[3 * i]!, found.runs[3 * i + 1]!, found.runs[3 * i + 2]!];
    const atEdge =
      y === rect.y || y === rect.y + rect.height - 1 || x0 === rect.x || x1 === rect.x + rect.width;
    if (atEdge) open[found.roots[i]!] = 1;
  }
  const out = makeSpans();
  for (let i = 0; i < found.n; i++) {
    const root = found.roots[i]!;
    if (found.classes[i] === 0 && !open[root] && found.areas[root]! <= maxPx) {
      pushSpan(out, found.runs[3 * i]!, found.runs[3 * i + 1]!, found.runs[3 * i + 2]!);
    }
  }
  return out;
}

/**
 * The fragments of a map, each with the label that it dissolves into: the one with which
 * it shares most edge, among neighbours that stay. Fragments that only touch fragments take
 * their turn after those. Void is never a fragment and never spreads.
 *
 * @param minPx - Components with fewer px are fragments.
 * @param phases - The phases whose fragments are meant; all where it is left out.
 */
export function fragmentMasks(
  map: LabelMap,
  minPx: number,
  phases?: LabelSet,
  rect: Rect = fullRect(map),
): Map<number, Spans> {
  const found = componentsOf(map, rect);
  const { roots, areas } = found;
  /** Label of each component that stays or is settled; -1 for a fragment that waits. */
  const settled = new Int16Array(found.n);
  for (let i = 0; i < found.n; i++) {
    const label = found.classes[i]!;
    const stays = label === VOID || (phases && !phases[label]) || areas[roots[i]!]! >= minPx;
    settled[i] = stays ? label : -1;
  }
  // What goes on beyond the rectangle may be large: it is left alone.
  for (let i = 0; i < found.n; i++) {
    if (leaves(found, i, map)) settled[roots[i]!] = found.classes[i]!;
  }
  while (settle(found, settled));
  const masks = new Map<number, Spans>();
  for (let i = 0; i < found.n; i++) {
    const label = settled[roots[i]!]!;
    if (label < 0 || label === found.classes[i]) continue;
    const spans = masks.get(label) ?? makeSpans();
    masks.set(label, spans);
    pushSpan(spans, found.runs[3 * i]!, found.runs[3 * i + 1]!, found.runs[3 * i + 2]!);
  }
  return masks;
}

/** Whether a run reaches an edge of the rectangle that is no edge of the image. */
function leaves({ runs, rect }: Components, run: number, image: Size): boolean {
  const [y, x0, x1] = [runs[3 * run]!, runs[3 * run + 1]!, runs[3 * run + 2]!];
  const [right, bottom] = [rect.x + rect.width, rect.y + rect.height];
  return (
    (y === rect.y && y > 0) ||
    (y === bottom - 1 && bottom < image.height) ||
    (x0 === rect.x && x0 > 0) ||
    (x1 === right && right < image.width)
  );
}

/** Give the fragments that touch something settled their label; false without any. */
function settle(found: Components, settled: Int16Array): boolean {
  /** Edge shared with each label, px; the key is `256 * fragment + label`. */
  const votes = new Map<number, number>();
  const vote = (a: number, b: number, px: number): void => {
    const [fragment, label] = [found.roots[a]!, settled[found.roots[b]!]!];
    if (settled[fragment]! >= 0 || label < 0 || label === VOID) return;
    const key = 256 * fragment + label;
    votes.set(key, (votes.get(key) ?? 0) + px);
  };
  eachContact(found, (a, b, px) => {
    vote(a, b, px);
    vote(b, a, px);
  });
  for (let i = 1; i < found.n; i++) {
    if (found.runs[3 * i] !== found.runs[3 * i - 3]) continue;
    vote(i - 1, i, 1);
    vote(i, i - 1, 1);
  }
  const most = new Float64Array(found.n);
  for (const [key, px] of votes) {
    const [fragment, label] = [Math.floor(key / 256), key % 256];
    // The lowest index among equals: the same map always gives the same result.
    if (px > most[fragment]! || (px === most[fragment]! && label < settled[fragment]!)) {
      most[fragment] = px;
      settled[fragment] = label;
    }
  }
  return votes.size > 0;
}
