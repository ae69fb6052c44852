/** Operations on a session's map: from pointer down to up, at once, undone and redone. */

import type { Grain, Project } from "../api/client";
import type { StrokeFacts } from "../core/events";
import { componentAt } from "../core/flood";
import { forget, nextRedo, nextUndo, record, redo, undo } from "../core/history";
import { ORIGIN } from "../core/labelMap";
import type { Mask } from "../core/operations";
import {
  allBut,
  apply,
  applyOnce,
  closePatch,
  type OpenPatch,
  openPatch,
  type Patch,
  togglePatch,
} from "../core/paint";
import { makeScope, type Scope } from "../core/scope";
import type { Spans } from "../core/spans";
import { type SuperpixelIndex, superpixelOutline } from "../core/superpixels";
import type { Point } from "../core/view";
import { type Clockwork, drew, reading } from "./clockwork";
import { changed, keepMine as keepOver } from "./saver";
import { mapChanged, type Screen, setLines, setShade } from "./screen";
import { areaSpans, clickSpans, optionsOf, type Setting, strokeSpans, wayOf } from "./tools";
import { history, type Work } from "./work";

interface Operation {
  patch: OpenPatch;
  setting: Setting;
  /** Where the stroke has come to, image px. */
  last: Point | null;
  /** ms of the session's clock. */
  start: number;
  /** Way of the pointer so far, image px. */
  length: number;
}

export interface Desk {
  work: Work;
  screen: Screen;
  clock: Clockwork;
  project: Project;
  operation: Operation | null;
  /** Corners of the lasso or polygon that is being drawn, image px. */
  corners: Point[];
  superpixels: Map<Grain, SuperpixelIndex>;
  /** The superpixel under the pointer, -1 for none. */
  hovered: number;
  /** What operations are limited to; null for the whole map. */
  scope: Scope | null;
  /** The map or the history changed. */
  onchange: () => void;
}

/** Pointer down at an image point. */
export function begin(desk: Desk, setting: Setting, here: Point): void {
  const way = wayOf(setting.tool);
  if (way === "points" && desk.corners.length) {
    const [first] = desk.corners;
    const near = CORNER / desk.screen.view.scale;
    if (first && desk.corners.length > 2 && distance(first, here) < near) closeArea(desk);
    else addCorner(desk, here);
    return;
  }
  desk.operation = {
    patch: openPatch(),
    setting,
    last: null,
    start: reading(desk.clock).t,
    length: 0,
  };
  if (way === "stroke") {
    strokeTo(desk, here);
  } else if (way === "click") {
    paint(desk, clickSpans(setting, desk.work.map, desk.work.grey, here));
    finish(desk);
  } else {
    addCorner(desk, here);
  }
}

/** The pointer moves while it is down, or between the corners of a polygon. */
export function strokeTo(desk: Desk, here: Point): void {
  const { operation, work } = desk;
  if (!operation) return;
  paint(desk, strokeSpans(operation.setting, work.map, work.grey, operation.last, here));
  if (operation.last) operation.length += distance(operation.last, here);
  operation.last = here;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

export function addCorner(desk: Desk, here: Point): void {
  desk.corners.push(here);
  outline(desk, here);
}

/** Take the last corner of a polygon back. */
export function dropCorner(desk: Desk): void {
  desk.corners.pop();
  const last = desk.corners.at(-1);
  if (last) outline(desk, last);
  else cancel(desk);
}

/** Show the lasso or polygon as it would be closed from a point. */
export function outline(desk: Desk, here: Point): void {
  const [first] = desk.corners;
  const points = [...desk.corners, here, ...(first && desk.corners.length > 1 ? [first] : [])];
  const lines: number[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    lines.push(points[i]!.x, points[i]!.y, points[i + 1]!.x, points[i + 1]!.y);
  }
  setLines(desk.screen, lines);
}

export function closeArea(desk: Desk): void {
  const { operation, corners } = desk;
  const [first] = corners;
  if (operation && first) {
    corners.forEach((corner, i) => {
      operation.length += distance(corner, corners[i + 1] ?? first);
    });
    if (operation.setting.tool === "scope") {
      take(desk, first, operation.length < CLICK / desk.screen.view.scale);
    } else if (corners.length > 2) {
      paint(desk, areaSpans(corners, desk.work.map));
      finish(desk);
    }
  }
  cancel(desk);
}

/** A click that is nearer to the first corner means it, screen px. */
const CORNER = 6;
/** A lasso that is shorter than this is a click, screen px. */
const CLICK = 12;

function take(desk: Desk, at: Point, click: boolean): void {
  const { map } = desk.work;
  const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
  const inside = x >= 0 && y >= 0 && x < map.width && y < map.height;
  if (!click) setScope(desk, areaSpans(desk.corners, map));
  else setScope(desk, inside ? componentAt(map, x, y) : null);
}

/** Limit operations to a part of the map, or to nothing less than all of it. */
export function setScope(desk: Desk, mask: Spans | null): void {
  desk.scope = mask?.size ? makeScope(mask, desk.work.map) : null;
  setShade(desk.screen, desk.scope);
  desk.onchange();
}

/** Pointer up: what was drawn is one operation. */
export function finish(desk: Desk): void {
  const { operation } = desk;
  if (!operation) return;
  desk.operation = null;
  const { tool } = operation.setting;
  const { start, length } = operation;
  const { phase } = optionsOf(operation.setting);
  keep(desk, closePatch(operation.patch), { start, length, tool, phase });
}

/** Whatever else is to be done comes after the stroke that is being drawn. */
export function settle(desk: Desk): void {
  if (desk.corners.length) cancel(desk);
  else finish(desk);
}

/** Drop the lasso or polygon, or take back the stroke that is being drawn. */
export function cancel(desk: Desk): void {
  const drawn = desk.operation && closePatch(desk.operation.patch);
  desk.corners = [];
  desk.operation = null;
  desk.hovered = -1;
  setLines(desk.screen, []);
  if (!drawn) return;
  togglePatch(desk.work.map, drawn, -1);
  afterChange(desk);
}

/** An operation on the whole map or a scope at once. */
export function operate(
  desk: Desk,
  masks: readonly Mask[],
  locked: Iterable<number>,
  facts: { tool: string; phase: number; start: number },
): void {
  const options = { paintOver: allBut(locked), origin: ORIGIN.expert };
  keep(desk, applyOnce(desk.work.map, masks, options), { ...facts, length: 0 });
}

/** Undo or redo; the session that the next step belongs to, where that is another one. */
export function step(desk: Desk, back: boolean): number | null {
  if (desk.operation?.patch.rect) {
    // An older step below an unfinished stroke would mix the two.
    if (back) cancel(desk);
    return null;
  }
  const next = back ? nextUndo(history) : nextRedo(history);
  if (next && next.session !== desk.work.session.id) return next.session;
  if (!(back ? undo : redo)(history, desk.work.map)) return null;
  const t = reading(desk.clock).t;
  const tool = back ? "undo" : "redo";
  const px = next?.patch.px ?? 0;
  drew(desk.clock, { start: t, end: t, tool, phase: null, px, length: 0 });
  afterChange(desk);
  return null;
}

/** Outline the superpixel under the pointer. */
export function hover(desk: Desk, index: SuperpixelIndex | null, here: Point): void {
  if (!index || desk.operation) return;
  const [x, y] = [Math.floor(here.x), Math.floor(here.y)];
  const inside = x >= 0 && y >= 0 && x < index.width && y < index.height;
  const id = inside ? index.ids[y * index.width + x]! : -1;
  if (id === desk.hovered) return;
  desk.hovered = id;
  setLines(desk.screen, id < 0 ? [] : Float64Array.from(superpixelOutline(index, id)));
}

/** After a conflict: what was drawn here, over what was saved elsewhere. */
export async function keepMine(desk: Desk): Promise<void> {
  settle(desk);
  await keepOver(desk.work.saver, () => {
    forget(history, desk.work.session.id);
    mapChanged(desk.screen);
    desk.onchange();
  });
}

function paint(desk: Desk, spans: Spans): void {
  const { operation, work } = desk;
  if (!operation) return;
  apply(work.map, spans, optionsOf(operation.setting), operation.patch);
  mapChanged(desk.screen);
}

/** A finished operation: into the log, the history and the saver. */
function keep(desk: Desk, patch: Patch | null, facts: Omit<StrokeFacts, "end" | "px">): void {
  const length = Math.round(10 * facts.length) / 10;
  drew(desk.clock, { ...facts, length, end: reading(desk.clock).t, px: patch?.px ?? 0 });
  if (!patch) return;
  record(history, { session: desk.work.session.id, tool: facts.tool, patch });
  afterChange(desk);
}

function afterChange(desk: Desk): void {
  changed(desk.work.saver);
  mapChanged(desk.screen);
  desk.onchange();
}
