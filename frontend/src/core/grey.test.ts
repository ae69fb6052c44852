import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawLocal, localContrast } from "./clahe";
import {
  contrastTable,
  drawColour,
  drawGrey,
  drawnSize,
  drawRange,
  greyAt,
  greysOf,
  makeGrey,
  rgba,
} from "./grey";
import { makeSpans, rectSpans } from "./spans";

const grey = (level: number): number => rgba(level, level, level);

describe("grey levels", () => {
  it("are Rec. 601 luma of a coloured image, as on the server", () => {
    const pixels = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]);
    const made = makeGrey(pixels, { width: 2, height: 2 }, 3);
    expect([...made.plane]).toEqual([76, 150, 29, 18]);
    expect(greyAt(made, 1, 0)).toBe(150);
  });

  it("keep 16 bits", () => {
    const pixels = Uint16Array.from([65535, 65535, 65535]);
    expect([...makeGrey(pixels, { width: 1, height: 1 }, 3).plane]).toEqual([65535]);
  });
});

describe("a range of grey values", () => {
  const plane = makeGrey(Uint8Array.of(10, 20, 30, 40, 50, 60), { width: 3, height: 2 }, 1);

  it("is drawn where it is, and nothing elsewhere", () => {
    const drawing = { rect: { x: 1, y: 0, width: 2, height: 2 }, step: 1 };
    const out = new Uint32Array(4);
    drawRange(plane, [20, 50], 7, drawing, out);
    expect([...out]).toEqual([7, 7, 7, 0]);
  });

  it("goes from the lowest to the highest of a mask", () => {
    expect(greysOf(plane, rectSpans({ x: 1, y: 0, width: 1, height: 2 }))).toEqual([20, 50]);
    expect(greysOf(plane, makeSpans())).toBeNull();
  });
});

describe("contrast", () => {
  it("spreads a window, in 8 and 16 bit", () => {
    const table = contrastTable(8, { low: 50, high: 150, gamma: 1 });
    expect([0, 50, 100, 150, 255].map((level) => table[level])).toEqual([0, 0, 128, 255, 255]);
    const wide = contrastTable(16, { low: 1000, high: 3000, gamma: 1 });
    expect([999, 2000, 3000, 65535].map((level) => wide[level])).toEqual([0, 128, 255, 255]);
  });

  it("brightens the middle with a gamma above 1 and leaves the ends", () => {
    const table = contrastTable(8, { low: 0, high: 255, gamma: 2 });
    expect([table[0], table[64], table[255]]).toEqual([0, 128, 255]);
  });

  it("never falls, whatever the window", () => {
    const level = fc.nat(65535);
    fc.assert(
      fc.property(
        level,
        level,
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        (low, high, gamma) => {
          const table = contrastTable(16, { low, high, gamma });
          expect(table.findIndex((shown, i) => i > 0 && shown < table[i - 1]!)).toBe(-1);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("drawing an image", () => {
  const image = { width: 4, height: 3, plane: Uint8Array.from({ length: 12 }, (_, i) => 10 * i) };
  const same = contrastTable(8, { low: 0, high: 255, gamma: 1 });

  it("draws a rectangle", () => {
    const out = new Uint32Array(4);
    drawGrey(image, same, { rect: { x: 1, y: 1, width: 2, height: 2 }, step: 1 }, out);
    expect([...out]).toEqual([50, 60, 90, 100].map(grey));
  });

  it("draws every second pixel far zoomed out", () => {
    const drawing = { rect: { x: 0, y: 0, width: 4, height: 3 }, step: 2 };
    expect(drawnSize(drawing)).toEqual({ width: 2, height: 2 });
    const out = new Uint32Array(4);
    drawGrey(image, same, drawing, out);
    expect([...out]).toEqual([0, 20, 80, 100].map(grey));
  });

  it("draws colours", () => {
    const out = new Uint32Array(1);
    const pixels = Uint8Array.from([9, 9, 9, 1, 2, 3]);
    drawColour(pixels, 2, same, { rect: { x: 1, y: 0, width: 1, height: 1 }, step: 1 }, out);
    expect([...out]).toEqual([rgba(1, 2, 3)]);
    expect([...new Uint8Array(out.buffer)]).toEqual([1, 2, 3, 255]);
  });
});

describe("local contrast", () => {
  const same = contrastTable(8, { low: 0, high: 255, gamma: 1 });
  const shown = (image: Parameters<typeof drawLocal>[0], clip: number): number[] => {
    const out = new Uint32Array(image.width * image.height);
    const rect = { x: 0, y: 0, width: image.width, height: image.height };
    drawLocal(image, same, localContrast(image, same, clip), { rect, step: 1 }, out);
    return [...out].map((colour) => colour & 255);
  };

  it("leaves an even image about as it is where it is clipped hard", () => {
    const plane = new Uint8Array(64 * 64).fill(100);
    for (const level of shown({ width: 64, height: 64, plane }, 1)) {
      expect(Math.abs(level - 100)).toBeLessThan(3);
    }
  });

  it("pulls faint detail apart, in dark and in bright parts", () => {
    const plane = Uint8Array.from(
      { length: 64 * 64 },
      (_, i) => (i % 64 < 32 ? 20 : 200) + (i % 7),
    );
    const levels = shown({ width: 64, height: 64, plane }, 40);
    const spread = (from: number): number => {
      const part = levels.filter((_, i) => i % 64 >= from && i % 64 < from + 16);
      return Math.max(...part) - Math.min(...part);
    };
    expect(spread(4)).toBeGreaterThan(60);
    expect(spread(44)).toBeGreaterThan(60);
  });

  it("has no side: a mirrored image is shown mirrored", () => {
    const plane = Uint8Array.from({ length: 256 }, (_, i) => (i * i * 7) % 251);
    const mirrored = plane.toReversed();
    expect(shown({ width: 16, height: 16, plane: mirrored }, 3).reverse()).toEqual(
      shown({ width: 16, height: 16, plane }, 3),
    );
  });

  it("is the same drawn in parts as drawn whole, and works on tiny images", () => {
    const size = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(size, size, fc.nat(), (width, height, seed) => {
        const plane = Uint8Array.from({ length: width * height }, (_, i) => (i * 37 + seed) % 251);
        const image = { width, height, plane };
        const whole = shown(image, 3);
        const local = localContrast(image, same, 3);
        const out = new Uint32Array(1);
        const [x, y] = [seed % width, seed % height];
        drawLocal(image, same, local, { rect: { x, y, width: 1, height: 1 }, step: 1 }, out);
        expect(out[0]! & 255).toBe(whole[y * width + x]);
      }),
    );
  });
});
