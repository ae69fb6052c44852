import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lassoRing, polygonSpans, type Ring } from "./polygon";
import { bitmapOf, bitmapWhere, drawnMask } from "./testing";

const SIZE = { width: 24, height: 20 };

/**
 * Point in polygon by counting crossings of a ray to the left, even-odd. Null for a point
 * that is on an edge as far as floating-point numbers can tell.
 */
function inside(rings: readonly Ring[], px: number, py: number): boolean | null {
  let odd = false;
  for (const ring of rings) {
    const n = ring.length / 2;
    for (let i = 0, j = n - 1; i < n; j = i++) {
      const [xi, yi, xj, yj] = [ring[2 * i]!, ring[2 * i + 1]!, ring[2 * j]!, ring[2 * j + 1]!];
      if (yi > py === yj > py) continue;
      const crossing = ((xj - xi) * (py - yi)) / (yj - yi) + xi;
      if (Math.abs(px - crossing) < 1e-9) return null;
      if (px > crossing) odd = !odd;
    }
  }
  return odd;
}

/** Rings on a grid that no pixel centre's row or column is on: no ties but on slanted edges. */
const anyRing = fc
  .array(fc.tuple(fc.integer({ min: -50, max: 290 }), fc.integer({ min: -50, max: 250 })), {
    minLength: 3,
    maxLength: 9,
  })
  .map((points) => points.flatMap(([x, y]) => [x / 10 + 0.0137, y / 10 + 0.0291]));

describe("a polygon", () => {
  it("takes the pixels whose centre is in it", () => {
    const size = { width: 6, height: 5 };
    expect(drawnMask(polygonSpans([[1, 1, 5, 1, 5, 4, 1, 4]], size), size)).toEqual([
      "......",
      ".####.",
      ".####.",
      ".####.",
      "......",
    ]);
  });

  it("has holes", () => {
    const size = { width: 5, height: 5 };
    const rings = [
      [0, 0, 5, 0, 5, 5, 0, 5],
      [2, 2, 3, 2, 3, 3, 2, 3],
    ];
    expect(drawnMask(polygonSpans(rings, size), size)[2]).toBe("##.##");
  });

  it("is empty without an area", () => {
    expect(polygonSpans([], SIZE).size).toBe(0);
    expect(polygonSpans([[1, 1, 5, 5]], SIZE).size).toBe(0);
    expect(polygonSpans([[3, 3, 9, 3, 5, 3]], SIZE).size).toBe(0);
  });

  it("equals a brute-force test of every pixel's centre", () => {
    fc.assert(
      fc.property(fc.array(anyRing, { minLength: 1, maxLength: 3 }), (rings) => {
        const got = bitmapOf(polygonSpans(rings, SIZE), SIZE);
        const want = bitmapWhere(SIZE, (x, y) => {
          return inside(rings, x + 0.5, y + 0.5) ?? got[y * SIZE.width + x] === 1;
        });
        expect(got).toEqual(want);
      }),
      { numRuns: 500 },
    );
  });

  it("meets its neighbour along a common edge without gap or overlap", () => {
    const corner = fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(corner, corner, ([ax, ay], [bx, by]) => {
        // A line across the image splits it into what is left and what is right of it.
        const left = polygonSpans([[-9, -1, ax, -1, ax, ay, bx, by, bx, 30, -9, 30]], SIZE);
        const right = polygonSpans([[ax, -1, 40, -1, 40, 30, bx, 30, bx, by, ax, ay]], SIZE);
        const [a, b] = [bitmapOf(left, SIZE), bitmapOf(right, SIZE)];
        const both = a.map((n, i) => (n + b[i]!) % 2);
        expect(both).toEqual(bitmapWhere(SIZE, () => true));
      }),
    );
  });

  it("is made of a lasso's samples without those on one spot", () => {
    expect(lassoRing([0, 0, 0.1, 0.1, 3, 0, 3, 0.2, 3, 3])).toEqual([0, 0, 3, 0, 3, 3]);
  });
});
