/**
 * Changed tiles on their way to the server: the binary form of a save.
 *
 * All numbers are little-endian.
 *
 *     magic    4 bytes  "PMT1"
 *     count    uint32   number of tiles
 *     then for each tile:
 *     column   uint16   of the grid of 256 x 256 px tiles
 *     row      uint16
 *     codec    uint8    0 raw, 1 run lengths
 *     length   uint32   bytes of the payload
 *     payload           the tile's labels, then its origins, each row by row
 *
 * Tiles at the right and the bottom end with the image. Run lengths are pairs of a value
 * (uint8) and a count (uint16, 1 to 65,535) over both planes as one sequence. The shorter
 * codec is taken, so no tile is ever larger than raw. The revision that a save was made on
 * is not in here: it goes in a header of the request.
 */

import { type LabelMap, type Planes, readRect, TILE, tileRect, writeRect } from "./labelMap";
import type { Rect, Size } from "./spans";

const MAGIC = 0x31544d50;
const HEAD = 9;
const RAW = 0;
const RUNS = 1;
const RUN = 3;
const MAX_RUN = 65_535;

/** A tile of a save. */
export interface Tile extends Planes {
  column: number;
  row: number;
  /** The pixels that it covers. */
  rect: Rect;
}

/** The bytes of a save of these tiles of a map. */
export function encodeTiles(map: LabelMap, tiles: readonly number[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [head(8)];
  const start = new DataView(parts[0]!.buffer);
  start.setUint32(0, MAGIC, true);
  start.setUint32(4, tiles.length, true);
  for (const tile of tiles) {
    const { labels, origins } = readRect(map, tileRect(map, tile));
    const values = joined([labels, origins]);
    const runs = packRuns(values);
    const payload = runs ?? values;
    const bytes = head(HEAD);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, tile % map.columns, true);
    view.setUint16(2, Math.floor(tile / map.columns), true);
    view.setUint8(4, runs ? RUNS : RAW);
    view.setUint32(5, payload.length, true);
    parts.push(bytes, payload);
  }
  return joined(parts);
}

function head(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Run lengths of a sequence, or null where they are not shorter than it. */
export function packRuns(values: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const out = new Uint8Array(values.length);
  let to = 0;
  for (let at = 0; at < values.length; ) {
    const value = values[at]!;
    const most = Math.min(values.length, at + MAX_RUN);
    let end = at + 1;
    while (end < most && values[end] === value) end++;
    if (to + RUN >= values.length) return null;
    out[to] = value;
    out[to + 1] = (end - at) & 255;
    out[to + 2] = (end - at) >> 8;
    to += RUN;
    at = end;
  }
  return out.slice(0, to);
}

/** The sequence of `size` values from its run lengths. */
export function unpackRuns(runs: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at + RUN <= runs.length; at += RUN) {
    const count = runs[at + 1]! | (runs[at + 2]! << 8);
    if (count === 0 || to + count > size) throw new RangeError(`runs do not fill ${size} values`);
    values.fill(runs[at]!, to, to + count);
    to += count;
  }
  if (to !== size || runs.length % RUN) throw new RangeError(`runs do not fill ${size} values`);
  return values;
}

/**
 * Read a save: what the journal replays after a crash.
 *
 * @throws RangeError for bytes that are no save of an image of this size.
 */
export function decodeTiles(bytes: Uint8Array, image: Size): Tile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) {
    throw new RangeError("a save starts with PMT1 and the number of its tiles; this one does not");
  }
  const count = view.getUint32(4, true);
  const tiles: Tile[] = [];
  let at = 8;
  for (let i = 0; i < count; i++) {
    if (bytes.length < at + HEAD) throw new RangeError(`a save of ${count} tiles ends after ${i}`);
    const [column, row] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const [codec, length] = [view.getUint8(at + 4), view.getUint32(at + 5, true)];
    at += HEAD;
    const rect = rectOf(column, row, image);
    const payload = bytes.subarray(at, at + length);
    if (payload.length !== length) throw new RangeError(`tile ${column}, ${row} is cut off`);
    at += length;
    const px = rect.width * rect.height;
    if (codec > RUNS) throw new RangeError(`tile ${column}, ${row} has the codec ${codec}`);
    const values = codec === RUNS ? unpackRuns(payload, 2 * px) : payload;
    if (values.length !== 2 * px) throw new RangeError(`tile ${column}, ${row} is of another size`);
    tiles.push({ column, row, rect, labels: values.slice(0, px), origins: values.slice(px) });
  }
  if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes behind the last tile`);
  return tiles;
}

function rectOf(column: number, row: number, image: Size): Rect {
  const [x, y] = [column * TILE, row * TILE];
  const rect = {
    x,
    y,
    width: Math.min(TILE, image.width - x),
    height: Math.min(TILE, image.height - y),
  };
  if (rect.width < 1 || rect.height < 1) {
    throw new RangeError(
      `tile ${column}, ${row} is outside of ${image.width} x ${image.height} px`,
    );
  }
  return rect;
}

/** Write the tiles of a save into a map; they count as unsaved again. */
export function pasteTiles(map: LabelMap, tiles: readonly Tile[]): void {
  for (const tile of tiles) writeRect(map, tile.rect, tile);
}
