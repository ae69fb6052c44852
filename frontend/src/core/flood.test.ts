import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  componentAt,
  floodRange,
  mergeMasks,
  swapMasks,
  toleranceFill,
  withinRange,
  withLabels,
} from "./flood";
import { allBut, applyOnce, labelSet } from "./paint";
import { fullRect, rectSpans, type Size } from "./spans";
import { anyMap, anyMask, bitmapOf, bitmapWhere, drawn, drawnMask, mapOf } from "./testing";

/** Breadth first, pixel by pixel. */
function reached(
  values: ArrayLike<number>,
  size: Size,
  start: number,
  accept: (v: number) => boolean,
) {
  const found = new Set<number>(accept(values[start]!) ? [start] : []);
  for (const at of found) {
    const x = at % size.width;
    const near = [at - size.width, at + size.width];
    if (x > 0) near.push(at - 1);
    if (x < size.width - 1) near.push(at + 1);
    for (const to of near) {
      if (to >= 0 && to < values.length && accept(values[to]!)) found.add(to);
    }
  }
  return bitmapWhere(size, (x, y) => found.has(y * size.width + x));
}

describe("flood fill", () => {
  it("takes a component by its edges, not its corners", () => {
    const map = mapOf("01100", "10010", "11100");
    expect(drawnMask(componentAt(map, 2, 1), map)).toEqual([".....", ".##..", "....."]);
    expect(drawnMask(componentAt(map, 4, 1), map)).toEqual(["...##", "....#", "...##"]);
  });

  it("is empty outside of the image", () => {
    const map = mapOf("00");
    expect(floodRange(map.labels, map, 5, 0, 0, 0).size).toBe(0);
  });

  it("equals a search pixel by pixel, each pixel once", () => {
    fc.assert(
      fc.property(anyMap, fc.nat(), fc.nat(), (map, a, b) => {
        const [x, y] = [a % map.width, b % map.height];
        const label = map.labels[y * map.width + x]!;
        const want = reached(map.labels, map, y * map.width + x, (v) => v === label);
        expect(bitmapOf(componentAt(map, x, y), map)).toEqual(want);
      }),
    );
  });

  it("fills grey values within a tolerance of the first, in 16 bit", () => {
    const size = { width: 12, height: 9 };
    const plane = fc.uint16Array({ minLength: 108, maxLength: 108, max: 60 });
    fc.assert(
      fc.property(plane, fc.nat(107), fc.nat(30), (values, start, tolerance) => {
        const grey = { ...size, plane: values.map((v) => v + 60_000) };
        const spans = toleranceFill(grey, start % 12, Math.floor(start / 12), tolerance);
        const first = values[start]!;
        const want = reached(values, size, start, (v) => Math.abs(v - first) <= tolerance);
        expect(bitmapOf(spans, size)).toEqual(want);
      }),
    );
  });
});

describe("masks by content", () => {
  it("keep the pixels of a brush whose grey value is in a range", () => {
    const size = { width: 8, height: 6 };
    const plane = fc.uint8Array({ minLength: 48, maxLength: 48 });
    fc.assert(
      fc.property(plane, anyMask(size), fc.nat(255), fc.nat(255), (values, spans, low, high) => {
        const want = bitmapOf(spans, size).map((n, i) =>
          values[i]! >= low && values[i]! <= high ? n : 0,
        );
        expect(bitmapOf(withinRange(spans, values, 8, low, high), size)).toEqual(want);
      }),
    );
  });

  it("keep the pixels of some labels", () => {
    const map = mapOf("0120", ".110");
    const spans = withLabels(rectSpans(fullRect(map)), map, labelSet([1, 255]));
    expect(drawnMask(spans, map)).toEqual([".#..", "###."]);
  });

  it("swap two phases, and twice is nothing", () => {
    const map = mapOf("0123", "10.2");
    const all = rectSpans(fullRect(map));
    const options = { paintOver: allBut(), origin: 2 } as const;
    applyOnce(map, swapMasks(map, all, 0, 2), options);
    expect(drawn(map)).toEqual(["2103", "12.0"]);
    applyOnce(map, swapMasks(map, all, 0, 2), options);
    expect(drawn(map)).toEqual(["0123", "10.2"]);
  });

  it("merge phases within a lasso only", () => {
    const map = mapOf("0123", "0123");
    const masks = mergeMasks(
      map,
      rectSpans({ x: 0, y: 0, width: 4, height: 1 }),
      labelSet([0, 1]),
      3,
    );
    applyOnce(map, masks, { paintOver: allBut([0]), origin: 2 });
    expect(drawn(map)).toEqual(["0323", "0123"]);
  });
});
