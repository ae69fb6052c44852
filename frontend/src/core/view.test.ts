import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clampView,
  drawStep,
  fitView,
  MAX_SCALE,
  minimap,
  nextScale,
  panBy,
  pixelAt,
  toImage,
  toScreen,
  type View,
  viewOn,
  visibleRect,
  zoomBy,
  zoomTo,
} from "./view";

const IMAGE = { width: 1280, height: 959 };
const SCREEN = { width: 800, height: 600 };
const coordinate = fc.double({ min: -3000, max: 3000, noNaN: true });
const anyView: fc.Arbitrary<View> = fc.record({
  scale: fc.double({ min: 1 / 64, max: 32, noNaN: true }),
  x: coordinate,
  y: coordinate,
});
const anyPoint = fc.record({ x: coordinate, y: coordinate });

describe("a view", () => {
  it("maps to the screen and back", () => {
    fc.assert(
      fc.property(anyView, anyPoint, (view, point) => {
        const back = toImage(view, toScreen(view, point));
        expect(back.x).toBeCloseTo(point.x, 6);
        expect(back.y).toBeCloseTo(point.y, 6);
      }),
    );
  });

  it("holds the point under the pointer while it zooms", () => {
    const factor = fc.double({ min: 0.1, max: 10, noNaN: true });
    fc.assert(
      fc.property(anyView, anyPoint, factor, (view, pointer, by) => {
        const before = toImage(view, pointer);
        const after = toImage(zoomBy(view, by, pointer), pointer);
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it("goes up to 3200 %", () => {
    const view = zoomTo({ scale: 1, x: 0, y: 0 }, 1000, { x: 0, y: 0 });
    expect(view.scale).toBe(MAX_SCALE);
    expect(pixelAt(view, { x: 63.9, y: 32 })).toEqual({ x: 1, y: 1 });
  });

  it("fits the image into the middle", () => {
    const view = fitView(IMAGE, SCREEN, 10);
    expect(view.scale).toBeCloseTo(580 / 959);
    expect(toScreen(view, { x: 640, y: 479.5 })).toEqual({ x: 400, y: 300 });
  });

  it("pans by screen px", () => {
    expect(panBy({ scale: 4, x: 10, y: 10 }, 8, -8)).toEqual({ scale: 4, x: 8, y: 12 });
  });

  it("steps through round scales and always moves", () => {
    expect([1, 1.5, 2, 2.5].map((scale) => nextScale(scale, 1))).toEqual([1.5, 2, 3, 3]);
    expect([1, 0.6, 32].map((scale) => nextScale(scale, -1))).toEqual([0.75, 0.5, 24]);
    expect(nextScale(32, 1)).toBe(32);
  });

  it("keeps the image in sight", () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const middle = toImage(clampView(view, IMAGE, SCREEN), { x: 400, y: 300 });
        expect(middle.x).toBeGreaterThanOrEqual(-1e-6);
        expect(middle.x).toBeLessThanOrEqual(IMAGE.width + 1e-6);
        expect(middle.y).toBeGreaterThanOrEqual(-1e-6);
        expect(middle.y).toBeLessThanOrEqual(IMAGE.height + 1e-6);
      }),
    );
  });

  it("sees every pixel that is on the canvas, and none outside of the image", () => {
    expect(visibleRect({ scale: 2, x: 10.5, y: -5 }, IMAGE, SCREEN)).toEqual({
      x: 10,
      y: 0,
      width: 401,
      height: 295,
    });
    expect(visibleRect({ scale: 1, x: 2000, y: 0 }, IMAGE, SCREEN)).toBeNull();
  });

  it("draws at least a pixel for each of the screen's", () => {
    expect([4, 1, 0.9, 0.5, 0.3, 0.25, 0.06].map(drawStep)).toEqual([1, 1, 1, 2, 2, 4, 16]);
  });

  it("turns to a part of the image, with its surroundings", () => {
    const part = { x: 600, y: 400, width: 20, height: 10 };
    const view = viewOn(part, IMAGE, SCREEN);
    const corner = toScreen(view, { x: 600, y: 400 });
    const other = toScreen(view, { x: 620, y: 410 });
    expect(other.x - corner.x).toBeLessThanOrEqual(SCREEN.width / 3 + 1e-9);
    expect((corner.x + other.x) / 2).toBeCloseTo(SCREEN.width / 2);
    expect((corner.y + other.y) / 2).toBeCloseTo(SCREEN.height / 2);
    const whole = { x: 0, y: 0, width: IMAGE.width, height: IMAGE.height };
    expect(viewOn(whole, IMAGE, SCREEN).scale).toBe(fitView(IMAGE, SCREEN).scale);
  });

  it("has a frame on the minimap", () => {
    const { scale, frame } = minimap({ scale: 2, x: 640, y: 0 }, IMAGE, SCREEN, {
      width: 128,
      height: 128,
    });
    expect(scale).toBe(0.1);
    expect(frame).toEqual({ x: 64, y: 0, width: 40, height: 30 });
  });
});
