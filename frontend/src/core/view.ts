/**
 * Where on the screen the image is: zoom, pan and fit. Image coordinates are px of the
 * image, (0, 0) the upper left corner of its first pixel; screen coordinates are px of the
 * canvas.
 */

import { intersectRect, type Rect, type Size } from "./spans";

export interface View {
  /** Screen px per image px; 1 is 100 %. */
  scale: number;
  /** Image coordinate at the left edge of the canvas, px. */
  x: number;
  /** Image coordinate at the upper edge of the canvas, px. */
  y: number;
}

export interface Point {
  x: number;
  y: number;
}

/** 3200 % */
export const MAX_SCALE = 32;
/** 100 megapixels are a thumbnail at this. */
export const MIN_SCALE = 1 / 64;

export function toImage(view: View, screen: Point): Point {
  return { x: view.x + screen.x / view.scale, y: view.y + screen.y / view.scale };
}

export function toScreen(view: View, image: Point): Point {
  return { x: (image.x - view.x) * view.scale, y: (image.y - view.y) * view.scale };
}

/** The pixel under a screen point; it may lie outside of the image. */
export function pixelAt(view: View, screen: Point): Point {
  const { x, y } = toImage(view, screen);
  return { x: Math.floor(x), y: Math.floor(y) };
}

/** The whole image, centred, with a margin of screen px around it. */
export function fitView(image: Size, screen: Size, margin = 0): View {
  const room = { width: screen.width - 2 * margin, height: screen.height - 2 * margin };
  const scale = clampScale(Math.min(room.width / image.width, room.height / image.height));
  return centredOn({ x: image.width / 2, y: image.height / 2 }, scale, screen);
}

/** The view with an image point in the middle of the canvas. */
export function centredOn(point: Point, scale: number, screen: Size): View {
  return {
    scale,
    x: point.x - screen.width / scale / 2,
    y: point.y - screen.height / scale / 2,
  };
}

/** Zoom to a scale; the image point under the pointer stays under it. */
export function zoomTo(view: View, scale: number, pointer: Point): View {
  const next = clampScale(scale);
  const held = toImage(view, pointer);
  return { scale: next, x: held.x - pointer.x / next, y: held.y - pointer.y / next };
}

/** Zoom by a factor, as {@link zoomTo}. */
export function zoomBy(view: View, factor: number, pointer: Point): View {
  return zoomTo(view, view.scale * factor, pointer);
}

/** The next scale of the row 1, 1.5, 2, 3, 4, 6, 8 ... and their inverses. */
export function nextScale(scale: number, direction: 1 | -1): number {
  const steps: number[] = [];
  for (let power = MIN_SCALE; power <= MAX_SCALE; power *= 2) steps.push(power, 1.5 * power);
  // A little beyond the present one: rounding must not make a step to itself.
  const found =
    direction > 0
      ? steps.find((step) => step > scale * 1.001)
      : steps.findLast((step) => step < scale / 1.001);
  return clampScale(found ?? scale * 2 ** direction);
}

function clampScale(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}

/** A part of the image in the middle, as wide or as high as a third of the canvas. */
export function viewOn(part: Rect, image: Size, screen: Size): View {
  const wanted = Math.min(screen.width / (3 * part.width), screen.height / (3 * part.height));
  const scale = clampScale(Math.max(wanted, fitView(image, screen).scale));
  const middle = { x: part.x + part.width / 2, y: part.y + part.height / 2 };
  return clampView(centredOn(middle, scale, screen), image, screen);
}

/** Move the image by screen px. */
export function panBy(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

/** Keep at least part of the image in sight: the middle of the canvas stays over it. */
export function clampView(view: View, image: Size, screen: Size): View {
  const half = { x: screen.width / view.scale / 2, y: screen.height / view.scale / 2 };
  return {
    scale: view.scale,
    x: Math.min(image.width, Math.max(0, view.x + half.x)) - half.x,
    y: Math.min(image.height, Math.max(0, view.y + half.y)) - half.y,
  };
}

/** The pixels that are at least partly in sight, or null. */
export function visibleRect(view: View, image: Size, screen: Size): Rect | null {
  const [x, y] = [Math.floor(view.x), Math.floor(view.y)];
  const width = Math.ceil(view.x + screen.width / view.scale) - x;
  const height = Math.ceil(view.y + screen.height / view.scale) - y;
  return intersectRect({ x, y, width, height }, { x: 0, y: 0, ...image });
}

/**
 * Which pixels are worth drawing: every first, second, fourth ... so that there is at
 * least one for each screen pixel.
 */
export function drawStep(scale: number): number {
  return scale >= 1 ? 1 : 2 ** Math.floor(Math.log2(1 / scale));
}

/** The scale of the minimap, and the frame of what is in sight on it, minimap px. */
export function minimap(
  view: View,
  image: Size,
  screen: Size,
  box: Size,
): { scale: number; frame: Rect } {
  const scale = Math.min(box.width / image.width, box.height / image.height);
  const seen = visibleRect(view, image, screen) ?? { x: 0, y: 0, width: 0, height: 0 };
  const frame = {
    x: seen.x * scale,
    y: seen.y * scale,
    width: seen.width * scale,
    height: seen.height * scale,
  };
  return { scale, frame };
}
