import fc from "fast-check";
import { expect, test } from "vitest";
import { scaleOf, straightened } from "./calibration";

test("a bar of 20 µm over 100 px is 0.2 µm per px", () => {
  expect(scaleOf({ x: 10, y: 5 }, { x: 110, y: 5 }, 20)).toBeCloseTo(0.2, 12);
});

test("without a bar or a length there is no scale", () => {
  expect(scaleOf({ x: 1, y: 1 }, { x: 1, y: 1 }, 20)).toBeNull();
  expect(scaleOf({ x: 1, y: 1 }, { x: 9, y: 1 }, 0)).toBeNull();
});

test("a nearly level or upright bar is put straight, any other is left alone", () => {
  expect(straightened({ x: 0, y: 7 }, { x: 200, y: 9 })).toEqual({ x: 200, y: 7 });
  expect(straightened({ x: 3, y: 0 }, { x: 2, y: 90 })).toEqual({ x: 3, y: 90 });
  expect(straightened({ x: 0, y: 0 }, { x: 50, y: 40 })).toEqual({ x: 50, y: 40 });
});

test("putting straight changes a length by less than 0.2 %", () => {
  const point = fc.record({
    x: fc.integer({ min: 0, max: 2000 }),
    y: fc.integer({ min: 0, max: 2000 }),
  });
  fc.assert(
    fc.property(point, point, (a, b) => {
      fc.pre(a.x !== b.x || a.y !== b.y);
      const straight = scaleOf(a, straightened(a, b), 10)!;
      expect(straight / scaleOf(a, b, 10)!).toBeLessThan(1.002);
    }),
  );
});
