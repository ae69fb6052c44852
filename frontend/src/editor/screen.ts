/** The editor's canvas: image and labels, of which only what changed is put there anew. */

import { drawRange } from "../core/grey";
import { takeDirty } from "../core/labelMap";
import { redrawRect } from "../core/render";
import { drawShade, type Scope } from "../core/scope";
import { fullRect, intersectRect, type Rect, type Size, unionRect } from "../core/spans";
import { drawStep, fitView, type Point, toScreen, type View } from "../core/view";
import { compose, type Layer, makeLayer, refresh } from "./layer";
import type { Work } from "./work";

export interface Screen {
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  work: Work;
  view: View;
  /** Canvas px per CSS px. */
  ratio: number;
  showLabels: boolean;
  /** Darkens what operations leave alone; null where they leave nothing alone. */
  shade: Layer | null;
  /** Where the threshold brush paints; null where that is not asked. */
  range: Layer | null;
  /** What is to be composed anew, canvas px. */
  stale: Rect | null;
  frame: number;
  /** Outline of what is being drawn or pointed at, image px; every two points are a line. */
  lines: Float64Array | number[];
  ondraw: () => void;
}

export function makeScreen(canvas: HTMLCanvasElement, work: Work, ondraw: () => void): Screen {
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("this browser gives no canvas");
  const screen: Screen = {
    canvas,
    context,
    work,
    view: { scale: 1, x: 0, y: 0 },
    ratio: 1,
    showLabels: true,
    shade: null,
    range: null,
    stale: null,
    frame: 0,
    lines: [],
    ondraw,
  };
  resize(screen);
  setView(screen, fitView(work.map, sizeOf(screen), 16));
  return screen;
}

export function sizeOf(screen: Screen): Size {
  return { width: screen.canvas.width, height: screen.canvas.height };
}

/** Make the canvas as large as its place on the page. */
export function resize(screen: Screen): void {
  const { canvas } = screen;
  screen.ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * screen.ratio));
  const height = Math.max(1, Math.round(canvas.clientHeight * screen.ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  redrawAll(screen);
}

export function setView(screen: Screen, view: View): void {
  screen.view = view;
  redrawAll(screen);
}

export function redrawAll(screen: Screen): void {
  redraw(screen, fullRect(sizeOf(screen)));
}

/** Show the labels, or the picture alone. */
export function showLabels(screen: Screen, shown: boolean): void {
  if (screen.showLabels === shown) return;
  screen.showLabels = shown;
  redrawAll(screen);
}

/** The map changed: draw that part of it anew before the next frame. */
export function mapChanged(screen: Screen): void {
  const { work, view } = screen;
  const dirty = takeDirty(work.map);
  if (!dirty) return;
  const rect = redrawRect(dirty, work.map, drawStep(view.scale), true);
  refresh(work.overlay, rect, view.scale);
  const corner = toScreen(view, rect);
  const end = toScreen(view, { x: rect.x + rect.width, y: rect.y + rect.height });
  const [x, y] = [Math.floor(corner.x) - 1, Math.floor(corner.y) - 1];
  redraw(screen, { x, y, width: Math.ceil(end.x) + 1 - x, height: Math.ceil(end.y) + 1 - y });
}

function redraw(screen: Screen, rect: Rect): void {
  const seen = intersectRect(rect, fullRect(sizeOf(screen)));
  if (!seen) return;
  screen.stale = unionRect(screen.stale, seen);
  screen.frame ||= requestAnimationFrame(() => draw(screen));
}

/** Lines over the picture: lasso, polygon, superpixel. */
export function setLines(screen: Screen, lines: Float64Array | number[]): void {
  if (!screen.lines.length && !lines.length) return;
  screen.lines = lines;
  redrawAll(screen);
}

/** Darken what is outside of a scope. */
export function setShade(screen: Screen, scope: Scope | null): void {
  screen.shade = scope && makeLayer(scope, (drawing, out) => drawShade(scope, SHADE, drawing, out));
  redrawAll(screen);
}

const SHADE = 0xa81a1410;

/** Light up the pixels of a range of grey values, or none. */
export function setRange(screen: Screen, range: readonly [number, number] | null): void {
  if (!range && !screen.range) return;
  const { grey } = screen.work;
  screen.range =
    range && makeLayer(grey, (drawing, out) => drawRange(grey, range, LIT, drawing, out));
  redrawAll(screen);
}

const LIT = 0x80f0e000;

function draw(screen: Screen): void {
  screen.frame = 0;
  performance.mark("premask-frame");
  const { context, work, view, stale } = screen;
  screen.stale = null;
  if (!stale) return;
  context.save();
  context.beginPath();
  context.rect(stale.x, stale.y, stale.width, stale.height);
  context.clip();
  context.fillStyle = "#23272c";
  context.fillRect(stale.x, stale.y, stale.width, stale.height);
  compose(work.picture, context, view, stale);
  if (screen.showLabels) compose(work.overlay, context, view, stale);
  if (screen.range && screen.showLabels) compose(screen.range, context, view, stale);
  if (screen.shade) compose(screen.shade, context, view, stale);
  drawLines(screen);
  context.restore();
  screen.ondraw();
  performance.measure("premask-draw", "premask-frame");
}

function drawLines({ context, view, lines }: Screen): void {
  if (!lines.length) return;
  context.beginPath();
  for (let i = 0; i + 3 < lines.length; i += 4) {
    const from = toScreen(view, { x: lines[i]!, y: lines[i + 1]! });
    const to = toScreen(view, { x: lines[i + 2]!, y: lines[i + 3]! });
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
  }
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 0.7)";
  context.stroke();
  context.lineWidth = 1.2;
  context.strokeStyle = "#fff";
  context.stroke();
}

/** The point of the canvas under a pointer, canvas px. */
export function canvasPoint(screen: Screen, event: MouseEvent): Point {
  const box = screen.canvas.getBoundingClientRect();
  return {
    x: (event.clientX - box.left) * screen.ratio,
    y: (event.clientY - box.top) * screen.ratio,
  };
}
