/** The tools: what each does with a pointer, and its key. */

import { stampDisc, sweepDisc } from "../core/brush";
import { componentAt, toleranceFill, withinRange } from "../core/flood";
import type { Grey } from "../core/grey";
import { type LabelMap, ORIGIN, VOID } from "../core/labelMap";
import type { PaintOptions } from "../core/paint";
import { lassoRing, polygonSpans } from "../core/polygon";
import { makeSpans, type Spans } from "../core/spans";
import { type SuperpixelIndex, superpixelSpans, superpixelsUnder } from "../core/superpixels";
import type { Point } from "../core/view";

export type ToolName =
  | "brush"
  | "eraser"
  | "threshold"
  | "superpixel"
  | "doubtful"
  | "lasso"
  | "polygon"
  | "fill"
  | "wand"
  | "scope";

export interface Tool {
  name: ToolName;
  label: string;
  key: string;
  hint: string;
  /** How the pointer works: along a path, around an area, by clicks, or at a point. */
  way: "stroke" | "area" | "points" | "click";
}

export const TOOLS: readonly Tool[] = [
  {
    name: "brush",
    label: "Brush",
    key: "b",
    hint: "paint; [ and ] change the size",
    way: "stroke",
  },
  {
    name: "eraser",
    label: "Eraser",
    key: "e",
    hint: "back to void; right button erases too",
    way: "stroke",
  },
  {
    name: "threshold",
    label: "Threshold brush",
    key: "t",
    hint: "paints only grey values in a range",
    way: "stroke",
  },
  {
    name: "superpixel",
    label: "Superpixel brush",
    key: "s",
    hint: "paints whole superpixels",
    way: "stroke",
  },
  {
    name: "doubtful",
    label: "Doubtful",
    key: "d",
    hint: "flags pixels for consensus; Alt clears",
    way: "stroke",
  },
  {
    name: "lasso",
    label: "Lasso",
    key: "l",
    hint: "fills what you draw around; Alt erases it",
    way: "area",
  },
  {
    name: "polygon",
    label: "Polygon",
    key: "p",
    hint: "corner by corner; a double click, the first corner or Enter closes it, Backspace takes one back",
    way: "points",
  },
  { name: "fill", label: "Fill", key: "f", hint: "gives a connected area the phase", way: "click" },
  {
    name: "wand",
    label: "Tolerance fill",
    key: "w",
    hint: "fills connected similar grey values",
    way: "click",
  },
  {
    name: "scope",
    label: "Scope",
    key: "a",
    hint: "click a component or draw a lasso: operations stay inside; Esc drops it",
    way: "area",
  },
];

/** What the tools need to know. */
export interface Setting {
  tool: ToolName;
  phase: number;
  radius: number;
  /** Grey levels of the threshold brush, in the image's own depth. */
  range: [number, number];
  tolerance: number;
  paintOver: Uint8Array;
  superpixels: SuperpixelIndex | null;
  /** Alt, or the right button: erase, or clear the flag. */
  inverse: boolean;
}

/** Radii of brushes, px: of the slider, the keys and the wheel. */
export const RADII = { least: 0.5, most: 400 } as const;

/** A radius within {@link RADII}. */
export function radiusOf(wanted: number): number {
  return Math.min(RADII.most, Math.max(RADII.least, wanted));
}

/** Why a range of grey values has none in it; empty where it has. A blank field is no number. */
export function emptyRange([from, to]: readonly (number | null | undefined)[]): string {
  if (typeof from !== "number" || typeof to !== "number")
    return "nothing is painted: give both grey values";
  return from > to ? `nothing is painted: no grey value is from ${from} to ${to}` : "";
}

/** Why a number cannot be taken; empty where it can. A blank field is no number. */
export function notBetween(value: number | null | undefined, least: number, most: number): string {
  if (typeof value === "number" && value >= least && value <= most) return "";
  const accepted =
    most === Number.POSITIVE_INFINITY
      ? `${least} or more`
      : `${least} to ${most.toLocaleString("en")}`;
  return `${typeof value === "number" ? value : "no number"}: ${accepted} px is accepted`;
}

/** How a tool writes. */
export function optionsOf(setting: Setting): PaintOptions {
  const { tool, phase, paintOver, inverse } = setting;
  if (tool === "doubtful") {
    const doubtful = inverse ? "clear" : "set";
    return { phase: null, paintOver, origin: ORIGIN.expert, doubtful };
  }
  const erases = tool === "eraser" || inverse;
  return { phase: erases ? VOID : phase, paintOver, origin: ORIGIN.expert };
}

/** The pixels of a piece of a stroke. */
export function strokeSpans(
  setting: Setting,
  map: LabelMap,
  grey: Grey,
  from: Point | null,
  to: Point,
): Spans {
  const spans = makeSpans();
  const radius = setting.tool === "superpixel" ? 0.5 : setting.radius;
  if (from) {
    sweepDisc(spans, map, { x0: from.x, y0: from.y, x1: to.x, y1: to.y }, radius, "new");
  } else {
    stampDisc(spans, map, to.x, to.y, radius);
  }
  if (setting.tool === "threshold") {
    return withinRange(spans, grey.plane, map.width, setting.range[0], setting.range[1]);
  }
  if (setting.tool === "superpixel") {
    const { superpixels } = setting;
    return superpixels
      ? superpixelSpans(superpixels, superpixelsUnder(superpixels, spans))
      : makeSpans();
  }
  return spans;
}

/** The pixels inside a lasso or a polygon. */
export function areaSpans(points: readonly Point[], map: LabelMap): Spans {
  const samples = points.flatMap((point) => [point.x, point.y]);
  return polygonSpans([lassoRing(samples)], map);
}

/** The pixels of a click. */
export function clickSpans(setting: Setting, map: LabelMap, grey: Grey, at: Point): Spans {
  const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return makeSpans();
  return setting.tool === "wand"
    ? toleranceFill(grey, x, y, setting.tolerance)
    : componentAt(map, x, y);
}

/** How the pointer works with a tool. */
export function wayOf(name: ToolName): Tool["way"] {
  return TOOLS.find((tool) => tool.name === name)?.way ?? "click";
}

/** Whether the pointer is shown as a circle of the tool's size. */
export function isRound(name: ToolName): boolean {
  return wayOf(name) === "stroke" && name !== "superpixel";
}
