/**
 * What drawing costs without the canvas: mask, patch and bookkeeping of each pointer event
 * of long strokes, and undo. Prints a table; `npm run bench`.
 */

import { sweepDisc } from "../src/core/brush";
import { fragmentMasks, holesOf } from "../src/core/components";
import { encodeTiles } from "../src/core/deltas";
import { componentAt } from "../src/core/flood";
import { makeHistory, record, redo, undo } from "../src/core/history";
import { type LabelMap, makeLabelMap, takeUnsaved } from "../src/core/labelMap";
import { grownBy, shrunkBy, smoothedBy } from "../src/core/morphology";
import { allBut, apply, closePatch, openPatch } from "../src/core/paint";
import { drawLabels, type OverlayStyle } from "../src/core/render";
import { clearSpans, fullRect, makeSpans, rectSpans } from "../src/core/spans";

interface Case {
  name: string;
  width: number;
  height: number;
  /** ms at the 95th percentile */
  target: number;
}

const CASES: Case[] = [
  { name: "1280 x 959", width: 1280, height: 959, target: 4 },
  { name: "4096 x 4096", width: 4096, height: 4096, target: 4 },
  { name: "10240 x 10240", width: 10240, height: 10240, target: 8 },
];
const RADIUS = 30;
const STROKES = 40;
const EVENTS = 60;
const UNDO_TARGET = 50;

/** Reproducible numbers from 0 to 1 (a linear congruential generator). */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A map like a pre-annotation: four phases in patches of some px, with speckle. */
function speckled({ width, height }: Case): LabelMap {
  const random = makeRandom(1);
  const labels = new Uint8Array(width * height);
  const lookup = Uint8Array.from({ length: 4096 }, () => Math.floor(4 * random()));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const patch = lookup[((x >> 4) * 31 + (y >> 4) * 17) & 4095]!;
      labels[y * width + x] = (x * 7 + y * 13) % 11 === 0 ? (patch + 1) & 3 : patch;
    }
  }
  return makeLabelMap(width, height, labels, new Uint8Array(width * height).fill(1));
}

function percentile(times: number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

interface Times {
  event: number[];
  render: number[];
  finish: number[];
  undo: number[];
  redo: number[];
  save: number[];
}

function strokes(map: LabelMap): Times {
  const times: Times = { event: [], render: [], finish: [], undo: [], redo: [], save: [] };
  const random = makeRandom(2);
  const history = makeHistory();
  const spans = makeSpans();
  const style: OverlayStyle = { colours: new Uint32Array(256).fill(7), outline: false, hatch: 9 };
  const pixels = new Uint32Array(1 << 20);
  const timed = (list: number[], work: () => void): void => {
    const start = performance.now();
    work();
    list.push(performance.now() - start);
  };
  for (let stroke = 0; stroke < STROKES; stroke++) {
    const options = {
      phase: stroke % 4,
      paintOver: allBut([(stroke + 1) % 4]),
      origin: 2,
    } as const;
    const patch = openPatch();
    let [x, y] = [random() * map.width, random() * map.height];
    let heading = random() * 7;
    for (let event = 0; event < EVENTS; event++) {
      heading += random() - 0.5;
      // Up to 120 px between events: a quick hand, zoomed out.
      const step = 2 + 118 * random() ** 3;
      const segment = {
        x0: x,
        y0: y,
        x1: x + step * Math.cos(heading),
        y1: y + step * Math.sin(heading),
      };
      [x, y] = [segment.x1, segment.y1];
      let rect = null as ReturnType<typeof apply>;
      timed(times.event, () => {
        sweepDisc(clearSpans(spans), map, segment, RADIUS, event === 0 ? "whole" : "new");
        rect = apply(map, spans, options, patch);
      });
      const drawing = rect && { rect, step: 1 };
      if (drawing) timed(times.render, () => drawLabels(map, style, drawing, pixels));
    }
    timed(times.finish, () => {
      const closed = closePatch(patch);
      if (closed) record(history, { session: 1, tool: "brush", patch: closed });
    });
    timed(times.save, () => encodeTiles(map, [...takeUnsaved(map).keys()]));
    timed(times.undo, () => undo(history, map));
    timed(times.redo, () => redo(history, map));
  }
  return times;
}

function line(cells: (string | number)[]): void {
  console.log(
    `| ${cells.map((cell) => (typeof cell === "number" ? cell.toFixed(2) : cell)).join(" | ")} |`,
  );
}

line(["map", "work", "median ms", "p95 ms", "max ms", "target ms", ""]);
line(["---", "---", "---", "---", "---", "---", "---"]);
for (const one of CASES) {
  const map = speckled(one);
  const times = strokes(map);
  const report = (work: string, list: number[], target?: number): void => {
    const p95 = percentile(list, 0.95);
    const verdict = target === undefined ? "" : p95 < target ? "PASS" : "MISS";
    const limit = target === undefined ? "" : `< ${target}`;
    line([one.name, work, percentile(list, 0.5), p95, Math.max(...list), limit, verdict]);
  };
  report(`brush r ${RADIUS}, one pointer event`, times.event, one.target);
  report("its rectangle as RGBA", times.render);
  report("end of stroke", times.finish);
  report("encode the stroke's tiles", times.save);
  report("undo a stroke", times.undo, UNDO_TARGET);
  report("redo a stroke", times.redo, UNDO_TARGET);
  const big: Record<string, number> = {};
  const once = (name: string, work: () => void): void => {
    const start = performance.now();
    work();
    big[name] = performance.now() - start;
  };
  const history = makeHistory();
  once("paint the whole map", () => {
    const patch = openPatch();
    apply(map, rectSpans(fullRect(map)), { phase: 0, paintOver: allBut(), origin: 2 }, patch);
    record(history, { session: 1, tool: "fill", patch: closePatch(patch)! });
  });
  once("flood fill the whole map", () => componentAt(map, 0, 0));
  once("undo the whole map", () => undo(history, map));
  if (one.width < 10_000) {
    once("holes of a phase", () => holesOf(map, 1));
    once("fragments under 20 px", () => fragmentMasks(map, 20));
    once("grow by 5 px", () => grownBy(map, 1, 5));
    once("shrink by 5 px", () => shrunkBy(map, 1, 5));
    once("smooth by 5 px", () => smoothedBy(map, 1, 5));
  }
  for (const [work, ms] of Object.entries(big)) line([one.name, work, ms, ms, ms, "", ""]);
  line([one.name, `its patch: ${(history.bytes / 2 ** 20).toFixed(1)} MB`, "", "", "", "", ""]);
}
