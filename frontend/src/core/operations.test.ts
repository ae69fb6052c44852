import fc from "fast-check";
import { expect, test } from "vitest";
import { type LabelMap, makeLabelMap } from "./labelMap";
import { masksOf, type Operation } from "./operations";
import { allBut, applyOnce } from "./paint";
import { makeSpans, pushSpan, type Spans, spansArea } from "./spans";

const WIDTH = 12;

function mapOf(rows: string[]): LabelMap {
  return makeLabelMap(
    rows[0]!.length,
    rows.length,
    Uint8Array.from(rows.join("").split("").map(Number)),
  );
}

function rowsOf(map: LabelMap): string[] {
  return Array.from({ length: map.height }, (_, y) =>
    [...map.labels.subarray(y * map.width, (y + 1) * map.width)].join(""),
  );
}

function done(rows: string[], operation: Operation, within: Spans | null = null): string[] {
  const map = mapOf(rows);
  applyOnce(map, masksOf(map, operation, within), { paintOver: allBut(), origin: 2 });
  return rowsOf(map);
}

function columns(rows: string[], x0: number, x1: number): Spans {
  const spans = makeSpans();
  rows.forEach((_, y) => {
    pushSpan(spans, y, x0, x1);
  });
  return spans;
}

const rows = ["0000000", "0111000", "0101020", "0111000", "0000000"];

test("a swap exchanges both phases, a merge takes one in", () => {
  expect(done(rows, { kind: "swap", phase: 1, other: 2 })[2]).toBe("0202010");
  expect(done(rows, { kind: "merge", phase: 1, other: 2 })[2]).toBe("0101010");
});

test("a scope limits what may change", () => {
  const left = columns(rows, 0, 4);
  expect(done(rows, { kind: "swap", phase: 1, other: 2 }, left)[2]).toBe("0202020");
  expect(done(rows, { kind: "remove fragments", px: 2 }, left)).toEqual(
    done(rows, { kind: "fill holes", phase: 1 }),
  );
  expect(done(rows, { kind: "grow", phase: 2, radius: 1 }, columns(rows, 6, 7))[2]).toBe("0101022");
});

test("outside of the scope nothing changes, inside all that would change without it", () => {
  const operations: Operation[] = [
    { kind: "fill holes", phase: 1 },
    { kind: "remove fragments", px: 4 },
    { kind: "grow", phase: 1, radius: 1.5 },
    { kind: "shrink", phase: 1, radius: 1.5 },
    { kind: "smooth", phase: 1, radius: 2 },
    { kind: "merge", phase: 0, other: 1 },
    { kind: "swap", phase: 0, other: 2 },
  ];
  const labels = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 96, maxLength: 96 });
  fc.assert(
    fc.property(
      labels,
      fc.constantFrom(...operations),
      fc.integer({ min: 0, max: WIDTH }),
      (found, operation, cut) => {
        const before = found.join("").match(/.{12}/g)!;
        const whole = done(before, operation);
        const part = done(before, operation, columns(before, 0, cut));
        part.forEach((row, y) => {
          expect(row).toBe(whole[y]!.slice(0, cut) + before[y]!.slice(cut));
        });
      },
    ),
  );
});

test("a mask without pixels is no change", () => {
  const map = mapOf(rows);
  const [[, spans]] = masksOf(map, { kind: "fill holes", phase: 2 }, null) as [[number, Spans]];
  expect(spansArea(spans)).toBe(0);
});
