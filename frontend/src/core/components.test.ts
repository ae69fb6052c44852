import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { componentsOf, fragmentMasks, holesOf } from "./components";
import { componentAt } from "./flood";
import { allBut, applyOnce, labelSet } from "./paint";
import { fullRect, spansArea } from "./spans";
import { anyMap, drawn, drawnMask, mapOf } from "./testing";

describe("components", () => {
  it("have the areas that a flood fill of each pixel finds", () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const found = componentsOf(map, fullRect(map));
        for (let i = 0; i < found.n; i++) {
          const filled = componentAt(map, found.runs[3 * i + 1]!, found.runs[3 * i]!);
          expect(found.areas[found.roots[i]!]).toBe(spansArea(filled));
        }
      }),
    );
  });

  it("may be of classes of labels", () => {
    const map = mapOf("012", "345");
    const odd = Uint8Array.from({ length: 256 }, (_, label) => (label > 2 ? 1 : 0));
    const found = componentsOf(map, fullRect(map), odd);
    expect(new Set(found.roots).size).toBe(2);
  });
});

describe("holes", () => {
  const map = mapOf("1111110", "1011.10", "1111110", "1101111", "1110001", "1111111");

  it("are what a phase encloses; a corner lets nothing out", () => {
    expect(drawnMask(holesOf(map, 1), map)).toEqual([
      ".......",
      ".#..#..",
      ".......",
      "..#....",
      "...###.",
      ".......",
    ]);
  });

  it("are filled up to a size, and within a rectangle", () => {
    expect(spansArea(holesOf(map, 1, undefined, 1))).toBe(3);
    expect(spansArea(holesOf(map, 1, { x: 0, y: 0, width: 4, height: 4 }))).toBe(1);
  });
});

describe("fragments", () => {
  const clean = (map: ReturnType<typeof mapOf>, minPx: number, phases?: number[]): string[] => {
    const masks = fragmentMasks(map, minPx, phases ? labelSet(phases) : undefined);
    applyOnce(map, masks, { paintOver: allBut(), origin: 2 });
    return drawn(map);
  };

  it("dissolve into the neighbour with most of their edge", () => {
    expect(clean(mapOf("00011", "00211", "00011"), 2)).toEqual(["00011", "00011", "00011"]);
    expect(clean(mapOf("0011", "0211", "0011"), 2)).toEqual(["0011", "0011", "0011"]);
  });

  it("go to the lower phase where two share as much of their edge", () => {
    expect(clean(mapOf("222", "231", "111"), 2)).toEqual(["222", "211", "111"]);
    expect(clean(mapOf("222", "232", "222", "111"), 2)[1]).toBe("222");
    expect(clean(mapOf("22311"), 2)).toEqual(["22111"]);
    expect(clean(mapOf("11322"), 2)).toEqual(["11122"]);
  });

  it("dissolve from outside in", () => {
    const map = mapOf("000000", "022200", "023200", "022200", "000000");
    expect(clean(map, 9)).toEqual(Array<string>(5).fill("000000"));
  });

  it("are those of some phases only", () => {
    expect(clean(mapOf("00000", "01020", "00000"), 3, [2])).toEqual(["00000", "01000", "00000"]);
  });

  it("are never void and never become void", () => {
    expect(clean(mapOf("000", "0.0", "000"), 5)).toEqual(["000", "0.0", "000"]);
    expect(clean(mapOf("...", ".1.", "..."), 5)).toEqual(["...", ".1.", "..."]);
  });

  it("stay where all are fragments", () => {
    expect(clean(mapOf("01", "10"), 9)).toEqual(["01", "10"]);
  });

  it("are not what goes on beyond the rectangle", () => {
    const map = mapOf("00100", "00100", "00100");
    const masks = fragmentMasks(map, 3, undefined, { x: 0, y: 0, width: 5, height: 2 });
    expect(masks.size).toBe(0);
  });

  it("leave nothing smaller that touches something that stays", () => {
    fc.assert(
      fc.property(anyMap, fc.integer({ min: 1, max: 12 }), (map, minPx) => {
        clean(map, minPx);
        // Once more changes nothing: what is left has no neighbour to go to.
        expect(fragmentMasks(map, minPx).size).toBe(0);
      }),
    );
  });
});
