import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  combineSpans,
  intersectRect,
  makeSpans,
  pushClipped,
  pushSpan,
  rectSpans,
  type SetOperation,
  spansArea,
  spansRect,
  unionRect,
} from "./spans";
import { anyMask, bitmapOf } from "./testing";

const SIZE = { width: 20, height: 15 };

describe("spans", () => {
  it("grow beyond their first capacity", () => {
    const spans = makeSpans(1);
    for (let y = 0; y < 100; y++) pushSpan(spans, y, 0, 2);
    expect(spansArea(spans)).toBe(200);
    expect(spansRect(spans)).toEqual({ x: 0, y: 0, width: 2, height: 100 });
  });

  it("leave out what is empty or outside", () => {
    const spans = makeSpans();
    pushSpan(spans, 0, 3, 3);
    pushClipped(spans, SIZE, -1, 0, 5);
    pushClipped(spans, SIZE, 3, 25, 30);
    expect(spansRect(spans)).toBeNull();
    pushClipped(spans, SIZE, 3, -5, 30);
    expect(spansRect(spans)).toEqual({ x: 0, y: 3, width: 20, height: 1 });
  });

  it.each<[SetOperation, (a: boolean, b: boolean) => boolean]>([
    ["union", (a, b) => a || b],
    ["intersect", (a, b) => a && b],
    ["subtract", (a, b) => a && !b],
  ])("combine by %s as bitmaps do", (operation, expected) => {
    fc.assert(
      fc.property(anyMask(SIZE), anyMask(SIZE), (a, b) => {
        const [first, second] = [bitmapOf(a, SIZE), bitmapOf(b, SIZE)];
        const want = first.map((n, i) => (expected(n > 0, second[i]! > 0) ? 1 : 0));
        expect(bitmapOf(combineSpans(a, b, operation), SIZE)).toEqual(want);
      }),
    );
  });
});

describe("rectangles", () => {
  const a = { x: 0, y: 0, width: 4, height: 4 };
  const b = { x: 2, y: 3, width: 4, height: 4 };

  it("join and meet", () => {
    expect(unionRect(a, b)).toEqual({ x: 0, y: 0, width: 6, height: 7 });
    expect(unionRect(null, b)).toEqual(b);
    expect(intersectRect(a, b)).toEqual({ x: 2, y: 3, width: 2, height: 1 });
    expect(intersectRect(a, { ...b, x: 4 })).toBeNull();
  });

  it("become one span per row", () => {
    expect(spansArea(rectSpans(b))).toBe(16);
  });
});
