import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeLabelMap, ORIGIN, readRect, set, TILE, takeDirty, takeUnsaved } from "./labelMap";
import { mergeOver } from "./merge";
import { counted, drawn, mapOf } from "./testing";

describe("a map over another", () => {
  it("keeps of one tile what was drawn here, and of the rest what is there", () => {
    const map = mapOf("0000", "0000");
    set(map, 1, 0, 2, ORIGIN.expert);
    set(map, 2, 0, 2, ORIGIN.expert);
    set(map, 2, 0, 0, ORIGIN.none); // and taken back
    const newest = mapOf("0331", "3333");
    mergeOver(map, map.before, newest);
    expect(drawn(map)).toEqual(["0231", "3333"]);
    expect([...map.counts]).toEqual(counted(map.labels));
    expect(takeDirty(map)).toEqual({ x: 0, y: 0, width: 4, height: 2 });
    expect(takeUnsaved(map).get(0)).toEqual(readRect(newest, { x: 0, y: 0, width: 4, height: 2 }));
  });

  it("has nothing to save where nothing was drawn that stands", () => {
    const map = mapOf("00");
    set(map, 0, 0, 1, ORIGIN.expert);
    set(map, 0, 0, 0, ORIGIN.none);
    mergeOver(map, map.before, mapOf("33"));
    expect(drawn(map)).toEqual(["33"]);
    expect(takeUnsaved(map).size).toBe(0);
  });

  it("takes each pixel from where it was changed, over the seams of tiles", () => {
    const [width, height] = [TILE + 3, 2];
    const pixel = fc.tuple(fc.nat(width - 1), fc.nat(height - 1), fc.nat(3));
    fc.assert(
      fc.property(fc.array(pixel), fc.array(pixel), (here, there) => {
        const map = makeLabelMap(width, height);
        const newest = makeLabelMap(width, height);
        const expected = new Map<string, number>();
        for (const [x, y, label] of there) set(newest, x, y, label, ORIGIN.expert);
        for (const [x, y, label] of [...there, ...here]) expected.set(`${x} ${y}`, label);
        for (const [x, y, label] of here) set(map, x, y, label, ORIGIN.expert);
        mergeOver(map, map.before, newest);
        map.labels.forEach((label, at) => {
          const wanted = expected.get(`${at % width} ${Math.floor(at / width)}`) ?? 255;
          if (label !== wanted) throw new Error(`${at}: ${label}, not ${wanted}`);
        });
      }),
    );
  });
});
