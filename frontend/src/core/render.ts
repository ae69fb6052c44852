/**
 * Labels as colours: a rectangle of the map into the pixels of an `ImageData`. What a label
 * looks like is one table of 256 colours, so that opacity and visibility cost nothing.
 */

import { type Drawing, drawnSize, rgba } from "./grey";
import { DOUBTFUL, type LabelMap, VOID } from "./labelMap";
import { fullRect, intersectRect, type Rect, type Size } from "./spans";

export interface OverlayStyle {
  /** Colour of each label with its opacity; 0 is not drawn. See {@link colourTable}. */
  colours: Uint32Array;
  /** Draw only pixels with a 4-neighbour of another label. */
  outline: boolean;
  /** Colour of the stripes over doubtful pixels; 0 for none. */
  hatch: number;
}

/** Distance of the stripes, px; a power of two. */
const HATCH = 8;

/** `#rrggbb` as a colour for `ImageData`. */
export function parseColour(hex: string, alpha = 255): number {
  const value = Number.parseInt(hex.slice(1), 16);
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new RangeError(`${hex} is no colour like #0072b2`);
  return rgba(value >> 16, (value >> 8) & 255, value & 255, alpha);
}

/**
 * The table of an overlay.
 *
 * @param phases - Colour of each phase, by index.
 * @param opacity - 0 to 1.
 * @param hidden - Phases that are not shown.
 * @param voidColour - Of pixels without a label, with its own opacity; 0 shows the image.
 */
export function colourTable(
  phases: readonly string[],
  opacity: number,
  hidden: ReadonlySet<number> = new Set(),
  voidColour = 0,
): Uint32Array {
  const table = new Uint32Array(256);
  const alpha = Math.round(255 * Math.min(1, Math.max(0, opacity)));
  phases.forEach((hex, phase) => {
    if (!hidden.has(phase) && alpha > 0) table[phase] = parseColour(hex, alpha);
  });
  table[VOID] = voidColour;
  return table;
}

/**
 * Draw a rectangle of the map.
 *
 * @param drawing - Inside the image.
 * @param out - One number per drawn pixel, over the buffer of an `ImageData`.
 */
export function drawLabels(
  map: LabelMap,
  style: OverlayStyle,
  drawing: Drawing,
  out: Uint32Array,
): void {
  if (style.outline) drawOutlines(map, style, drawing, out);
  else drawAreas(map, style, drawing, out);
  if (style.hatch !== 0) drawHatch(map, style.hatch, drawing, out);
}

function drawAreas(
  map: LabelMap,
  { colours }: OverlayStyle,
  drawing: Drawing,
  out: Uint32Array,
): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  const { labels } = map;
  for (let row = 0; row < size.height; row++) {
    let at = (rect.y + row * step) * map.width + rect.x;
    const end = (row + 1) * size.width;
    for (let to = row * size.width; to < end; to++, at += step) out[to] = colours[labels[at]!]!;
  }
}

/**
 * Boundary pixels at full resolution; with a step, a drawn pixel is one where its label
 * changes towards the drawn pixels around it, so that lines do not thin out.
 */
function drawOutlines(
  map: LabelMap,
  { colours }: OverlayStyle,
  drawing: Drawing,
  out: Uint32Array,
): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  const { labels, width, height } = map;
  for (let row = 0; row < size.height; row++) {
    const y = rect.y + row * step;
    const up = y - step >= 0 ? -step * width : 0;
    const down = y + step < height ? step * width : 0;
    for (let column = 0; column < size.width; column++) {
      const x = rect.x + column * step;
      const at = y * width + x;
      const label = labels[at]!;
      const edge =
        labels[at + up] !== label ||
        labels[at + down] !== label ||
        (x - step >= 0 && labels[at - step] !== label) ||
        (x + step < width && labels[at + step] !== label);
      out[row * size.width + column] = edge ? colours[label]! | opaque(colours[label]!) : 0;
    }
  }
}

/** Lines are drawn at full strength; a hidden phase has none. */
function opaque(colour: number): number {
  return colour === 0 ? 0 : 0xff000000;
}

/** Stripes at fixed image places: they do not crawl when only a part is drawn anew. */
function drawHatch(map: LabelMap, hatch: number, drawing: Drawing, out: Uint32Array): void {
  const { rect, step } = drawing;
  const size = drawnSize(drawing);
  for (let row = 0; row < size.height; row++) {
    const y = rect.y + row * step;
    for (let column = 0; column < size.width; column++) {
      const x = rect.x + column * step;
      if ((map.origins[y * map.width + x]! & DOUBTFUL) === 0) continue;
      if (((Math.floor(x / step) + Math.floor(y / step)) & (HATCH - 1)) < 2) {
        out[row * size.width + column] = hatch;
      }
    }
  }
}

/**
 * What has to be drawn anew after a change: outlines change one pixel around it, and a
 * drawing with a step starts at a drawn pixel.
 */
export function redrawRect(changed: Rect, image: Size, step: number, outline: boolean): Rect {
  const margin = outline ? step : 0;
  const x = Math.floor((changed.x - margin) / step) * step;
  const y = Math.floor((changed.y - margin) / step) * step;
  const wide = {
    x,
    y,
    width: changed.x + changed.width + margin - x,
    height: changed.y + changed.height + margin - y,
  };
  return intersectRect(wide, fullRect(image)) ?? changed;
}
