/**
 * Local contrast: contrast-limited adaptive histogram equalisation (Zuiderveld 1994).
 * The image is split into a grid; each cell gets its own table from its clipped histogram,
 * and a pixel is looked up in the tables of the four cells around it.
 */

import { type Drawing, drawnSize, type Grey } from "./grey";

export interface LocalContrast {
  /** Cells across. */
  columns: number;
  /** Cells down. */
  rows: number;
  /** 256 entries for each cell, row by row. */
  tables: Uint8Array;
}

/**
 * The tables of an image; to be kept until the image or its contrast changes.
 *
 * @param base - Contrast table of the image's depth: levels are equalised after it, so 16
 *   bit needs no histogram of 65,536 bins per cell.
 * @param clip - Highest bin, as a multiple of the mean bin; 2 to 4 is usual.
 * @param cells - Cells in each direction.
 */
export function localContrast(grey: Grey, base: Uint8Array, clip = 3, cells = 8): LocalContrast {
  const columns = Math.min(cells, grey.width);
  const rows = Math.min(cells, grey.height);
  const tables = new Uint8Array(256 * columns * rows);
  const histogram = new Uint32Array(256);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [cut(row, rows, grey.height), cut(row + 1, rows, grey.height)];
    for (let column = 0; column < columns; column++) {
      const [left, right] = [
        cut(column, columns, grey.width),
        cut(column + 1, columns, grey.width),
      ];
      histogram.fill(0);
      for (let y = top; y < bottom; y++) {
        const end = y * grey.width + right;
        for (let at = y * grey.width + left; at < end; at++)
          histogram[base[grey.plane[at]!]!]! += 1;
      }
      const px = (right - left) * (bottom - top);
      equalise(histogram, px, clip, tables.subarray(256 * (row * columns + column)));
    }
  }
  return { columns, rows, tables };
}

function cut(i: number, n: number, size: number): number {
  return Math.floor((i * size) / n);
}

/** A table from a histogram: what is above the limit is spread over all bins. */
function equalise(histogram: Uint32Array, px: number, clip: number, table: Uint8Array): void {
  const limit = Math.max(1, (clip * px) / 256);
  let excess = 0;
  for (const bin of histogram) excess += Math.max(0, bin - limit);
  const share = excess / 256;
  let below = 0;
  for (let level = 0; level < 256; level++) {
    const bin = Math.min(histogram[level]!, limit) + share;
    // The middle of the bin: a cell of one grey level comes out as about that level.
    table[level] = Math.round((255 * (below + bin / 2)) / px);
    below += bin;
  }
}

/** Draw a rectangle of a grey image with local contrast, as `drawGrey` does without. */
export function drawLocal(
  grey: Grey,
  base: Uint8Array,
  local: LocalContrast,
  drawing: Drawing,
  out: Uint32Array,
): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  const across = neighbours(rect.x, step, size.width, grey.width, local.columns);
  const down = neighbours(rect.y, step, size.height, grey.height, local.rows);
  const { tables } = local;
  for (let row = 0; row < size.height; row++) {
    const upper = 256 * local.columns * down.before[row]!;
    const lower = 256 * local.columns * down.after[row]!;
    const v = down.share[row]!;
    const from = (rect.y + row * step) * grey.width + rect.x;
    for (let x = 0; x < size.width; x++) {
      const level = base[grey.plane[from + x * step]!]!;
      const [left, right] = [256 * across.before[x]! + level, 256 * across.after[x]! + level];
      const u = across.share[x]!;
      const above = tables[upper + left]! * (1 - u) + tables[upper + right]! * u;
      const below = tables[lower + left]! * (1 - u) + tables[lower + right]! * u;
      const shown = Math.round(above * (1 - v) + below * v);
      out[row * size.width + x] = 0xff000000 | (shown * 0x010101);
    }
  }
}

interface Neighbours {
  before: Uint16Array;
  after: Uint16Array;
  /** Weight of the cell after, 0 to 1. */
  share: Float32Array;
}

/** Between which two cells' middles each drawn pixel lies, along one axis. */
function neighbours(
  start: number,
  step: number,
  n: number,
  size: number,
  cells: number,
): Neighbours {
  const [before, after] = [new Uint16Array(n), new Uint16Array(n)];
  const share = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const place = ((start + i * step + 0.5) * cells) / size - 0.5;
    const cell = Math.min(cells - 1, Math.max(0, Math.floor(place)));
    before[i] = cell;
    after[i] = Math.min(cells - 1, cell + 1);
    share[i] = Math.min(1, Math.max(0, place - cell));
  }
  return { before, after, share };
}
