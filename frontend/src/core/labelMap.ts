/**
 * The label map in the editor: two planes of one byte per pixel, and which tiles of them
 * are not saved yet.
 *
 * The planes are flat arrays, row by row, not arrays of tiles. Even 100 megapixels are
 * 2 x 100 MB, which a browser gives; a span of a stroke is then one run in memory that
 * `fill` writes at once, a pixel's neighbours are at fixed offsets, and the engine checks
 * one length. With real tiles every access would pay a look-up of its tile and every span
 * a cut at the seams. Tiles exist as bookkeeping only: they are the unit that is sent to the server.
 * No copy of the base map is kept either: what was overwritten is in the patches of the
 * history, which cost as much as was painted. Only of tiles that are not saved yet there is a
 * copy as the server has them, to tell one's own pixels from another's after a conflict.
 */

import { fullRect, intersectRect, type Rect, type Size, unionRect } from "./spans";

/** The label of a pixel that is not labelled. Index 0 is a real phase. */
export const VOID = 255;
/** Side of a tile, px. */
export const TILE = 256;
/** `x >> TILE_SHIFT` is the column of the tile of a pixel. */
export const TILE_SHIFT = 8;

/** Who labelled a pixel: the low bits of the origin plane. */
export const ORIGIN = { none: 0, candidate: 1, expert: 2, model: 3, consensus: 4 } as const;
export type Origin = (typeof ORIGIN)[keyof typeof ORIGIN];
/** The low bits of an origin. */
export const ORIGIN_BITS = 0x0f;
/** The bit of an origin that flags its pixel for consensus. */
export const DOUBTFUL = 0x80;

export interface LabelMap extends Size {
  /** Phase of each pixel, 255 void; index `y * width + x`. Written by patches only. */
  readonly labels: Uint8Array;
  /** Origin of each pixel with the doubtful flag. Written by patches only. */
  readonly origins: Uint8Array;
  /** Tiles in a row. */
  readonly columns: number;
  /** Rows of tiles. */
  readonly rows: number;
  /** 1 for each tile, `row * columns + column`, that the server does not have yet. */
  readonly unsaved: Uint8Array;
  /** Each of those tiles as the server has it. */
  before: Map<number, Planes>;
  /** Pixels of each label, index 255 void: live phase fractions without a recount. */
  readonly counts: Float64Array;
  /** What is to be drawn anew, px; null where nothing is. */
  dirty: Rect | null;
}

/**
 * A label map from the planes of the server, which become its own, or an empty (void) one.
 *
 * @param width - px
 * @param height - px
 * @throws RangeError where a plane has another size.
 */
export function makeLabelMap(
  width: number,
  height: number,
  labels?: Uint8Array,
  origins?: Uint8Array,
): LabelMap {
  const size = width * height;
  for (const plane of [labels, origins]) {
    if (plane && plane.length !== size) {
      throw new RangeError(`a plane of ${plane.length} px for ${width} x ${height} = ${size} px`);
    }
  }
  const columns = Math.ceil(width / TILE);
  const rows = Math.ceil(height / TILE);
  const map: LabelMap = {
    width,
    height,
    labels: labels ?? new Uint8Array(size).fill(VOID),
    origins: origins ?? new Uint8Array(size),
    columns,
    rows,
    unsaved: new Uint8Array(columns * rows),
    before: new Map(),
    counts: new Float64Array(256),
    dirty: fullRect({ width, height }),
  };
  recount(map);
  return map;
}

/** Count the pixels of each label anew: after the planes were loaded. */
export function recount(map: LabelMap): void {
  // Four histograms: runs of one label would wait for the same counter to be written.
  const lanes = new Uint32Array(4 * 256);
  const { labels } = map;
  for (let i = 0; i < labels.length; i++) lanes[((i & 3) << 8) | labels[i]!]! += 1;
  for (let label = 0; label < 256; label++) {
    map.counts[label] =
      lanes[label]! + lanes[256 + label]! + lanes[512 + label]! + lanes[768 + label]!;
  }
}

/** Index of the tile of a pixel. */
export function tileOf(map: LabelMap, x: number, y: number): number {
  return (y >> TILE_SHIFT) * map.columns + (x >> TILE_SHIFT);
}

/** The pixels of a tile; less than 256 px wide or high at the right and bottom edges. */
export function tileRect(map: LabelMap, tile: number): Rect {
  const x = (tile % map.columns) * TILE;
  const y = Math.floor(tile / map.columns) * TILE;
  return { x, y, width: Math.min(TILE, map.width - x), height: Math.min(TILE, map.height - y) };
}

/** The label of a pixel; void outside of the image. */
export function get(map: LabelMap, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return VOID;
  return map.labels[y * map.width + x]!;
}

/** Set one pixel, past history and protection: for setting up maps. */
export function set(map: LabelMap, x: number, y: number, label: number, origin: number): void {
  touch(map, { x, y, width: 1, height: 1 });
  const at = y * map.width + x;
  map.counts[map.labels[at]!]! -= 1;
  map.counts[label]! += 1;
  map.labels[at] = label;
  map.origins[at] = origin;
}

/**
 * Mark the pixels of a rectangle that is about to be changed: its tiles are unsaved, and it is
 * to be drawn.
 */
export function touch(map: LabelMap, rect: Rect): void {
  const bottom = (rect.y + rect.height - 1) >> TILE_SHIFT;
  for (let row = rect.y >> TILE_SHIFT; row <= bottom; row++) {
    touchRow(map, row << TILE_SHIFT, rect.x, rect.x + rect.width);
  }
  map.dirty = unionRect(map.dirty, rect);
}

/** Mark the tiles of the pixels `x0` to `x1` (not included) of a row, before they are changed. */
export function touchRow(map: LabelMap, y: number, x0: number, x1: number): void {
  const row = (y >> TILE_SHIFT) * map.columns;
  const last = row + ((x1 - 1) >> TILE_SHIFT);
  for (let tile = row + (x0 >> TILE_SHIFT); tile <= last; tile++) {
    if (map.unsaved[tile]) continue;
    map.unsaved[tile] = 1;
    map.before.set(tile, readRect(map, tileRect(map, tile)));
  }
}

/** What changed since the last call, for drawing. */
export function takeDirty(map: LabelMap): Rect | null {
  const { dirty } = map;
  map.dirty = null;
  return dirty;
}

/** The tiles to be sent, each as the server has it; they count as saved from now on. */
export function takeUnsaved(map: LabelMap): Map<number, Planes> {
  const { before } = map;
  map.before = new Map();
  map.unsaved.fill(0);
  return before;
}

export interface Planes {
  /** Row by row, as wide as the rectangle that they were read from. */
  labels: Uint8Array;
  origins: Uint8Array;
}

/** A copy of both planes of a rectangle inside the image. */
export function readRect(map: LabelMap, rect: Rect): Planes {
  const labels = new Uint8Array(rect.width * rect.height);
  const origins = new Uint8Array(rect.width * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const from = (rect.y + row) * map.width + rect.x;
    labels.set(map.labels.subarray(from, from + rect.width), row * rect.width);
    origins.set(map.origins.subarray(from, from + rect.width), row * rect.width);
  }
  return { labels, origins };
}

/** Write both planes of a rectangle, past history and protection: what the server sent. */
export function writeRect(map: LabelMap, rect: Rect, planes: Planes): void {
  const inside = intersectRect(rect, fullRect(map));
  if (inside?.width !== rect.width || inside.height !== rect.height) {
    throw new RangeError(`${JSON.stringify(rect)} is not inside ${map.width} x ${map.height} px`);
  }
  touch(map, rect);
  for (let row = 0; row < rect.height; row++) {
    const to = (rect.y + row) * map.width + rect.x;
    for (let x = 0; x < rect.width; x++) {
      const label = planes.labels[row * rect.width + x]!;
      map.counts[map.labels[to + x]!]! -= 1;
      map.counts[label]! += 1;
      map.labels[to + x] = label;
      map.origins[to + x] = planes.origins[row * rect.width + x]!;
    }
  }
}

/** The share of each phase, 0 to 1, in the pixels that are labelled. */
export function phaseFractions(map: LabelMap, nPhases: number): number[] {
  const labelled = map.width * map.height - map.counts[VOID]!;
  return Array.from({ length: nPhases }, (_, i) => (labelled ? map.counts[i]! / labelled : 0));
}
