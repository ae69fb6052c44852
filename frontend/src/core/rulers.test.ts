import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lengthLabel, roundLength, rulerTicks, scaleBar } from "./rulers";

const view = (scale: number) => ({ scale, x: 0, y: 0 });

describe("round lengths", () => {
  it.each([
    [1, 1],
    [1.99, 1],
    [3, 2],
    [5, 5],
    [99, 50],
    [0.3, 0.2],
    [0.1 + 0.2, 0.2],
    [1000, 1000],
  ])("below %f: %f", (most, want) => {
    expect(roundLength(most)).toBeCloseTo(want, 12);
  });

  it("are 1, 2 or 5 times a power of ten and more than 40 % of what is allowed", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
        const length = roundLength(most);
        expect(length).toBeLessThanOrEqual(most * (1 + 1e-8));
        expect(length).toBeGreaterThan(0.399 * most);
        expect(length.toExponential(6)[0]).toMatch(/[125]/);
      }),
    );
  });
});

describe("the scale bar", () => {
  it("is in µm where the scale is known", () => {
    // 150 screen px are 75 image px of 0.1625 µm: 12.2 µm.
    const bar = scaleBar(view(2), 0.1625, 150);
    expect(bar.label).toBe("10 µm");
    expect(bar.width).toBeCloseTo((10 / 0.1625) * 2);
  });

  it("is in px where it is not", () => {
    expect(scaleBar(view(0.5), null, 150)).toEqual({ width: 100, label: "200 px" });
  });

  it("takes nm and mm where they are shorter to say", () => {
    expect(lengthLabel(0.2, true)).toBe("200 nm");
    expect(lengthLabel(5000, true)).toBe("5 mm");
    expect(lengthLabel(2, false)).toBe("2 px");
  });
});

describe("rulers", () => {
  it("have numbers at round places", () => {
    const ticks = rulerTicks(90, 1, 250, null);
    const major = ticks.filter((tick) => tick.major);
    expect(major.map(({ at, value }) => [at, value])).toEqual([
      [10, 100],
      [110, 200],
      [210, 300],
    ]);
    expect(ticks.map((tick) => tick.value).slice(0, 4)).toEqual([100, 120, 140, 160]);
  });

  it("keep their numbers apart, wherever and however large", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -500, max: 5000, noNaN: true }),
        fc.double({ min: 1 / 64, max: 32, noNaN: true }),
        fc.option(fc.double({ min: 0.001, max: 50, noNaN: true })),
        (origin, scale, umPerPx) => {
          const ticks = rulerTicks(origin, scale, 900, umPerPx);
          const major = ticks.filter((tick) => tick.major);
          expect(major.length).toBeGreaterThan(2);
          for (let i = 1; i < major.length; i++) {
            expect(major[i]!.at - major[i - 1]!.at).toBeGreaterThan(79.9);
          }
          for (const { at, value } of ticks) {
            expect(at).toBeCloseTo((value / (umPerPx ?? 1) - origin) * scale, 6);
          }
        },
      ),
    );
  });
});
