import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  get,
  makeLabelMap,
  phaseFractions,
  readRect,
  set,
  takeDirty,
  takeUnsaved,
  tileOf,
  tileRect,
  touch,
  VOID,
  writeRect,
} from "./labelMap";
import { anyMap, counted, mapOf } from "./testing";

describe("a label map", () => {
  it("is void where nothing is given", () => {
    const map = makeLabelMap(3, 2);
    expect([...map.labels]).toEqual([255, 255, 255, 255, 255, 255]);
    expect(map.counts[VOID]).toBe(6);
    expect(get(map, 3, 0)).toBe(VOID);
  });

  it("refuses a plane of another size", () => {
    expect(() => makeLabelMap(3, 2, new Uint8Array(5))).toThrow("5 px for 3 x 2 = 6 px");
  });

  it("has clipped tiles at the right and the bottom", () => {
    const map = makeLabelMap(600, 300);
    expect([map.columns, map.rows]).toEqual([3, 2]);
    expect(tileOf(map, 511, 255)).toBe(1);
    expect(tileOf(map, 512, 256)).toBe(5);
    expect(tileRect(map, 5)).toEqual({ x: 512, y: 256, width: 88, height: 44 });
  });

  it("tells which tiles are unsaved, once", () => {
    const map = makeLabelMap(600, 600);
    touch(map, { x: 255, y: 10, width: 2, height: 300 });
    expect([...takeUnsaved(map).keys()]).toEqual([0, 1, 3, 4]);
    expect([...takeUnsaved(map).keys()]).toEqual([]);
  });

  it("keeps an unsaved tile as it was when it was last sent", () => {
    const map = mapOf("00");
    set(map, 0, 0, 1, 2);
    set(map, 1, 0, 2, 2);
    expect(takeUnsaved(map).get(0)?.labels).toEqual(Uint8Array.of(0, 0));
    set(map, 0, 0, 3, 2);
    expect(takeUnsaved(map).get(0)?.labels).toEqual(Uint8Array.of(1, 2));
  });

  it("tells what is to be drawn, once, and all of it at first", () => {
    const map = makeLabelMap(600, 600);
    expect(takeDirty(map)).toEqual({ x: 0, y: 0, width: 600, height: 600 });
    expect(takeDirty(map)).toBeNull();
    set(map, 5, 7, 1, 2);
    set(map, 2, 9, 1, 2);
    expect(takeDirty(map)).toEqual({ x: 2, y: 7, width: 4, height: 3 });
  });

  it("gives fractions of what is labelled", () => {
    expect(phaseFractions(mapOf("0012", "...."), 4)).toEqual([0.5, 0.25, 0.25, 0]);
    expect(phaseFractions(makeLabelMap(2, 2), 2)).toEqual([0, 0]);
  });

  it("keeps its counts through writes", () => {
    fc.assert(
      fc.property(anyMap, anyMap, fc.nat(23), fc.nat(23), (map, other, x, y) => {
        const rect = { x, y, width: other.width, height: other.height };
        if (x + other.width > map.width || y + other.height > map.height) {
          expect(() => writeRect(map, rect, other)).toThrow(RangeError);
          return;
        }
        writeRect(map, rect, other);
        expect(readRect(map, rect)).toEqual({ labels: other.labels, origins: other.origins });
        expect([...map.counts]).toEqual(counted(map.labels));
      }),
    );
  });
});
