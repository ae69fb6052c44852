/**
 * The superpixel brush: from the plane of superpixel numbers that the server computes to
 * the mask of what lies under the brush, and the outline of what lies under the pointer.
 */

import { makeSpans, pushSpan, type Size, type Spans } from "./spans";

/** Where each superpixel is: its runs, found without a search over the image. */
export interface SuperpixelIndex extends Size {
  /** Number of each pixel's superpixel, from 0. */
  ids: Int32Array;
  /** Superpixel `id` has the runs `starts[id]` to `starts[id + 1]`. */
  starts: Int32Array;
  /** `y, x0, x1` of each run, px. */
  runs: Int32Array;
}

/**
 * Index a plane of superpixel numbers; once per image and grain.
 *
 * @param ids - Row by row; numbers from 0, best without gaps.
 */
export function indexSuperpixels(ids: Int32Array, { width, height }: Size): SuperpixelIndex {
  let most = -1;
  for (const id of ids) if (id > most) most = id;
  const starts = new Int32Array(most + 2);
  eachIdRun(ids, width, height, (id) => {
    starts[id + 1]! += 1;
  });
  for (let id = 0; id <= most; id++) starts[id + 1]! += starts[id]!;
  const runs = new Int32Array(3 * starts[most + 1]!);
  const next = starts.slice();
  eachIdRun(ids, width, height, (id, y, x0, x1) => {
    const at = 3 * next[id]!;
    next[id]! += 1;
    runs[at] = y;
    runs[at + 1] = x0;
    runs[at + 2] = x1;
  });
  return { ids, width, height, starts, runs };
}

type RunVisitor = (id: number, y: number, x0: number, x1: number) => void;

function eachIdRun(ids: Int32Array, width: number, height: number, visit: RunVisitor): void {
  for (let y = 0; y < height; y++) {
    const base = y * width;
    for (let x = 0; x < width; ) {
      const [id, x0] = [ids[base + x]!, x];
      while (x < width && ids[base + x] === id) x++;
      visit(id, y, x0, x);
    }
  }
}

/** The superpixels that have at least one pixel in a mask, each once. */
export function superpixelsUnder(index: SuperpixelIndex, spans: Spans): Set<number> {
  const found = new Set<number>();
  let last = -1;
  for (let k = 0; k < 3 * spans.size; k += 3) {
    const base = spans.data[k]! * index.width;
    for (let at = base + spans.data[k + 1]!; at < base + spans.data[k + 2]!; at++) {
      if (index.ids[at] === last) continue;
      last = index.ids[at]!;
      found.add(last);
    }
  }
  return found;
}

/** The mask of superpixels; numbers that there are not add nothing. */
export function superpixelSpans(
  { starts, runs }: SuperpixelIndex,
  ids: Iterable<number>,
  out: Spans = makeSpans(),
): Spans {
  for (const id of ids) {
    for (let run = starts[id] ?? 0; run < (starts[id + 1] ?? 0); run++) {
      pushSpan(out, runs[3 * run]!, runs[3 * run + 1]!, runs[3 * run + 2]!);
    }
  }
  return out;
}

/**
 * The outline of one superpixel as the pixel edges between it and anything else.
 *
 * @returns `x0, y0, x1, y1` of each edge in image px: corners of pixels, whole numbers.
 */
export function superpixelOutline(index: SuperpixelIndex, id: number): Int32Array {
  const { ids, width, height, starts, runs } = index;
  const edges: number[] = [];
  const level = (y: number, other: number, x0: number, x1: number, line: number): void => {
    let start = -1;
    for (let x = x0; x <= x1; x++) {
      const outside =
        x < x1 && (other < 0 || other >= height || ids[other * width + x] !== ids[y * width + x]);
      if (outside && start < 0) start = x;
      if (!outside && start >= 0) {
        edges.push(start, line, x, line);
        start = -1;
      }
    }
  };
  for (let run = starts[id] ?? 0; run < (starts[id + 1] ?? 0); run++) {
    const [y, x0, x1] = [runs[3 * run]!, runs[3 * run + 1]!, runs[3 * run + 2]!];
    level(y, y - 1, x0, x1, y);
    level(y, y + 1, x0, x1, y + 1);
    edges.push(x0, y, x0, y + 1, x1, y, x1, y + 1);
  }
  return Int32Array.from(edges);
}
