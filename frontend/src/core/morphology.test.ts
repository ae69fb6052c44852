import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelMap } from "./labelMap";
import { grownBy, shrunkBy, smoothedBy } from "./morphology";
import { allBut, applyOnce } from "./paint";
import { anyMap, bitmapOf, bitmapWhere, drawn, drawnMask, mapOf } from "./testing";

const anyRadius = fc.double({ min: 0.5, max: 6, noNaN: true });
const OPTIONS = { paintOver: allBut(), origin: 2 } as const;

/** Whether a pixel that passes a test is within a radius, by looking at all of them. */
function near(
  map: LabelMap,
  x: number,
  y: number,
  radius: number,
  test: (label: number) => boolean,
) {
  return map.labels.some(
    (label, at) =>
      test(label) &&
      ((at % map.width) - x) ** 2 + (Math.floor(at / map.width) - y) ** 2 <= radius * radius,
  );
}

describe("growing", () => {
  it("adds what is within the radius", () => {
    const map = mapOf(".....", ".....", "..1..", ".....", ".....");
    expect(drawnMask(grownBy(map, 1, 1), map)).toEqual([
      ".....",
      "..#..",
      ".#.#.",
      "..#..",
      ".....",
    ]);
    expect(drawnMask(grownBy(map, 1, 1.5), map)[1]).toBe(".###.");
  });

  it("equals a look at all pixels", () => {
    fc.assert(
      fc.property(anyMap, anyRadius, (map, radius) => {
        const want = bitmapWhere(
          map,
          (x, y) =>
            map.labels[y * map.width + x] !== 1 && near(map, x, y, radius, (label) => label === 1),
        );
        expect(bitmapOf(grownBy(map, 1, radius), map)).toEqual(want);
      }),
    );
  });

  it("is the same within a rectangle as in the whole image", () => {
    fc.assert(
      fc.property(anyMap, anyRadius, fc.nat(), fc.nat(), (map, radius, a, b) => {
        const rect = { x: a % map.width, y: b % map.height, width: 0, height: 0 };
        rect.width = Math.min(5, map.width - rect.x);
        rect.height = Math.min(5, map.height - rect.y);
        const whole = bitmapOf(grownBy(map, 1, radius), map);
        const want = bitmapWhere(
          map,
          (x, y) =>
            x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height,
        ).map((n, i) => n * whole[i]!);
        expect(bitmapOf(grownBy(map, 1, radius, rect), map)).toEqual(want);
      }),
    );
  });
});

describe("shrinking", () => {
  it("lets the nearest labels move in", () => {
    const map = mapOf("0011122", "0011122", "0011122");
    applyOnce(map, shrunkBy(map, 1, 1), OPTIONS);
    expect(drawn(map)).toEqual(["0001222", "0001222", "0001222"]);
  });

  it("lets labels in from all sides at one pace", () => {
    const map = mapOf("21113", "21113");
    applyOnce(map, shrunkBy(map, 1, 5), OPTIONS);
    expect(drawn(map)).toEqual(["22233", "22233"]);
  });

  it("does not shrink from the image's edge, nor where there is nothing else", () => {
    const map = mapOf("111", "111");
    expect(shrunkBy(map, 1, 2).size).toBe(0);
  });

  it("takes the pixels within the radius of another label, and no others", () => {
    fc.assert(
      fc.property(anyMap, anyRadius, (map, radius) => {
        const want = bitmapWhere(
          map,
          (x, y) =>
            map.labels[y * map.width + x] === 1 && near(map, x, y, radius, (label) => label !== 1),
        );
        applyOnce(map, shrunkBy(map, 1, radius), { ...OPTIONS, doubtful: "set" });
        const changed = [...map.origins].map((origin) => (origin === 0x82 ? 1 : 0));
        const before = want.map((n, i) => (n ? changed[i] : 0));
        expect(before).toEqual(want);
        expect([...map.labels].filter((label, i) => want[i] && label === 1)).toEqual([]);
      }),
    );
  });
});

describe("smoothing", () => {
  it("takes off a spike and closes a notch", () => {
    const map = mapOf(
      "00000000",
      "00010000",
      "11111111",
      "11111111",
      "11111011",
      "11111111",
      "11111111",
    );
    applyOnce(map, smoothedBy(map, 1, 1.5), OPTIONS);
    expect(drawn(map)).toEqual([
      "00000000",
      "00000000",
      "11111111",
      "11111111",
      "11111111",
      "11111111",
      "11111111",
    ]);
  });

  it("lets a label reach a pixel among pixels that stay", () => {
    const map = mapOf("1011", "0101", "1110", "0101");
    applyOnce(map, smoothedBy(map, 1, 2), OPTIONS);
    expect(map.labels[2 * map.width + 1]).toBe(0);
  });

  it("goes with the majority of the disc within the image", () => {
    fc.assert(
      fc.property(anyMap, anyRadius, (map, radius) => {
        const before = map.labels.slice();
        const want = bitmapWhere(map, (x, y) => {
          let balance = 0;
          before.forEach((label, at) => {
            const far = ((at % map.width) - x) ** 2 + (Math.floor(at / map.width) - y) ** 2;
            if (far <= radius * radius) balance += label === 1 ? 1 : -1;
          });
          return balance > 0 || (balance === 0 && before[y * map.width + x] === 1);
        });
        const alone = before.every((label) => label === 1);
        applyOnce(map, smoothedBy(map, 1, radius), OPTIONS);
        if (!alone) expect([...map.labels].map((label) => (label === 1 ? 1 : 0))).toEqual(want);
      }),
      { numRuns: 60 },
    );
  });
});
