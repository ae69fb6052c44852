/**
 * Grey values of a micrograph and how they are shown: contrast window and gamma as one
 * look-up table per image depth, so that 16 bit costs what 8 bit costs.
 */

import type { Rect, Size, Spans } from "./spans";

/** Grey levels in the image's own depth. */
export interface Grey extends Size {
  /** Row by row. */
  plane: Uint8Array | Uint16Array;
}

/** The grey value of a pixel inside the image. */
export function greyAt(grey: Grey, x: number, y: number): number {
  return grey.plane[y * grey.width + x]!;
}

/** Grey levels of an image of `channels` interleaved values; Rec. 601 luma for three. */
export function makeGrey(pixels: Uint8Array | Uint16Array, size: Size, channels: 1 | 3): Grey {
  if (channels === 1) return { ...size, plane: pixels };
  const n = size.width * size.height;
  const plane = pixels instanceof Uint16Array ? new Uint16Array(n) : new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const at = 3 * i;
    plane[i] = Math.round(0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!);
  }
  return { ...size, plane };
}

/** How grey levels are shown. */
export interface Contrast {
  /** Level that is shown black, in the image's own depth. */
  low: number;
  /** Level that is shown white; above `low`. */
  high: number;
  /** Above 1 brightens the middle. */
  gamma: number;
}

/**
 * What each level is shown as, 0 to 255.
 *
 * @param bits - Depth of the image: 256 or 65,536 entries.
 */
export function contrastTable(bits: 8 | 16, { low, high, gamma }: Contrast): Uint8Array {
  const table = new Uint8Array(2 ** bits);
  const span = Math.max(high - low, 1e-9);
  for (let level = 0; level < table.length; level++) {
    const share = Math.min(1, Math.max(0, (level - low) / span));
    table[level] = Math.round(255 * share ** (1 / gamma));
  }
  return table;
}

/** What a rectangle of an image is drawn from. */
export interface Drawing {
  /** px; a whole number of steps wide and high is not needed. */
  rect: Rect;
  /** Every `step`-th pixel of every `step`-th row: far zoomed out, most are not seen. */
  step: number;
}

/** Size of what is drawn of a rectangle, px. */
export function drawnSize({ rect, step }: Drawing): Size {
  return { width: Math.ceil(rect.width / step), height: Math.ceil(rect.height / step) };
}

/** A pixel in the byte order of `ImageData` on little-endian machines, which all are. */
export function rgba(red: number, green: number, blue: number, alpha = 255): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * Draw a rectangle of a grey image.
 *
 * @param table - From {@link contrastTable}.
 * @param out - One number per drawn pixel, over the buffer of an `ImageData`.
 */
export function drawGrey(grey: Grey, table: Uint8Array, drawing: Drawing, out: Uint32Array): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  for (let row = 0; row < size.height; row++) {
    let at = (rect.y + row * step) * grey.width + rect.x;
    const end = (row + 1) * size.width;
    for (let to = row * size.width; to < end; to++, at += step) {
      out[to] = 0xff000000 | (table[grey.plane[at]!]! * 0x010101);
    }
  }
}

/** Draw where the grey values of a rectangle are from `low` to `high`, and nothing elsewhere. */
export function drawRange(
  grey: Grey,
  [low, high]: readonly [low: number, high: number],
  colour: number,
  drawing: Drawing,
  out: Uint32Array,
): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  for (let row = 0; row < size.height; row++) {
    let at = (rect.y + row * step) * grey.width + rect.x;
    const end = (row + 1) * size.width;
    for (let to = row * size.width; to < end; to++, at += step) {
      const level = grey.plane[at]!;
      out[to] = level >= low && level <= high ? colour : 0;
    }
  }
}

/** The lowest and the highest grey value of a mask; null for an empty one. */
export function greysOf(grey: Grey, spans: Spans): [low: number, high: number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, -1];
  for (let k = 0; k < 3 * spans.size; k += 3) {
    const row = spans.data[k]! * grey.width;
    for (let at = row + spans.data[k + 1]!; at < row + spans.data[k + 2]!; at++) {
      low = Math.min(low, grey.plane[at]!);
      high = Math.max(high, grey.plane[at]!);
    }
  }
  return high < 0 ? null : [low, high];
}

/** Draw a rectangle of a coloured image: three interleaved values, one table for all. */
export function drawColour(
  pixels: Uint8Array | Uint16Array,
  width: number,
  table: Uint8Array,
  drawing: Drawing,
  out: Uint32Array,
): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  for (let row = 0; row < size.height; row++) {
    let at = 3 * ((rect.y + row * step) * width + rect.x);
    const end = (row + 1) * size.width;
    for (let to = row * size.width; to < end; to++, at += 3 * step) {
      const [red, green, blue] = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
      out[to] = rgba(table[red]!, table[green]!, table[blue]!);
    }
  }
}
