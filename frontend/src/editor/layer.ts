/**
 * A picture of an image as canvas tiles at the level of detail that is on the screen: what
 * a stroke changes is drawn anew, and nothing else.
 */

import type { Drawing } from "../core/grey";
import { redrawRect } from "../core/render";
import { intersectRect, type Rect, type Size } from "../core/spans";
import { drawStep, type View } from "../core/view";

/** Drawn pixels on a side of a tile. */
const SIDE = 512;
/** Tiles that are kept, of all levels: 192 MB. */
const MOST = 192;

type Tile = OffscreenCanvas;
/** Draws a part of the image, one number per drawn pixel. */
export type Draw = (drawing: Drawing, out: Uint32Array) => void;

export interface Layer {
  size: Size;
  draw: Draw;
  /** By level and place; the last used are last. */
  tiles: Map<string, Tile>;
}

export function makeLayer(size: Size, draw: Draw): Layer {
  return { size, draw, tiles: new Map() };
}

/** Draw anew what changed: the tiles of the level on the screen now, the others when they come. */
export function refresh(layer: Layer, rect: Rect | null, scale: number): void {
  if (!rect) {
    layer.tiles.clear();
    return;
  }
  const now = drawStep(scale);
  for (const [key, tile] of layer.tiles) {
    const [step = 1, column = 0, row = 0] = key.split(",").map(Number);
    const part = intersectRect(rect, tileRect(layer.size, step, column, row));
    if (!part) continue;
    if (step === now) paint(layer, tile, step, column, row, part);
    else layer.tiles.delete(key);
  }
}

/** Put the visible part of a layer onto the screen. */
export function compose(
  layer: Layer,
  context: CanvasRenderingContext2D,
  view: View,
  screen: Rect,
): void {
  const step = drawStep(view.scale);
  const span = SIDE * step;
  const { width, height } = layer.size;
  const left = Math.max(0, Math.floor((view.x + screen.x / view.scale) / span));
  const top = Math.max(0, Math.floor((view.y + screen.y / view.scale) / span));
  const right = Math.min(width, view.x + (screen.x + screen.width) / view.scale);
  const bottom = Math.min(height, view.y + (screen.y + screen.height) / view.scale);
  context.imageSmoothingEnabled = view.scale < 1;
  for (let row = top; row * span < bottom; row++) {
    for (let column = left; column * span < right; column++) {
      const tile = tileAt(layer, step, column, row);
      const [x, y] = [column * span, row * span];
      context.drawImage(
        tile,
        (x - view.x) * view.scale,
        (y - view.y) * view.scale,
        tile.width * step * view.scale,
        tile.height * step * view.scale,
      );
    }
  }
}

function tileAt(layer: Layer, step: number, column: number, row: number): Tile {
  const key = `${step},${column},${row}`;
  let tile = layer.tiles.get(key);
  if (tile) {
    layer.tiles.delete(key);
  } else {
    const rect = tileRect(layer.size, step, column, row);
    tile = new OffscreenCanvas(Math.ceil(rect.width / step), Math.ceil(rect.height / step));
    paint(layer, tile, step, column, row, rect);
  }
  layer.tiles.set(key, tile);
  if (layer.tiles.size > MOST) layer.tiles.delete(layer.tiles.keys().next().value as string);
  return tile;
}

function tileRect(size: Size, step: number, column: number, row: number): Rect {
  const [x, y] = [column * SIDE * step, row * SIDE * step];
  return {
    x,
    y,
    width: Math.min(SIDE * step, size.width - x),
    height: Math.min(SIDE * step, size.height - y),
  };
}

function paint(
  layer: Layer,
  tile: Tile,
  step: number,
  column: number,
  row: number,
  part: Rect,
): void {
  const whole = tileRect(layer.size, step, column, row);
  // Pixels are drawn in steps from the tile's corner, and outlines look at neighbours.
  const rect = intersectRect(redrawRect(part, layer.size, step, true), whole) ?? whole;
  const picture = new ImageData(Math.ceil(rect.width / step), Math.ceil(rect.height / step));
  layer.draw({ rect, step }, new Uint32Array(picture.data.buffer));
  tile
    .getContext("2d")
    ?.putImageData(picture, (rect.x - whole.x) / step, (rect.y - whole.y) / step);
}
