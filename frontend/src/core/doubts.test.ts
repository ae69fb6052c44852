import { describe, expect, it } from "vitest";
import { leading, nextOpen, outline, said } from "./doubts";

describe("regions of doubt", () => {
  it("have what most of a voter's pixels say", () => {
    expect(leading({ "2": 30, "0": 10 })).toEqual({ label: 2, share: 0.75 });
    expect(leading({ "1": 5, "0": 5 })).toEqual({ label: 0, share: 0.5 });
    expect(leading({})).toEqual({ label: 255, share: 0 });
  });

  it("offer what anybody said, and never void", () => {
    expect(said([{ "3": 1 }, { "0": 2, "255": 9 }])).toEqual([0, 3]);
  });

  it("come one after the other until all are settled", () => {
    expect(nextOpen(3, new Set(), 0)).toBe(1);
    expect(nextOpen(3, new Set([2]), 1)).toBe(3);
    expect(nextOpen(3, new Set([3]), 2)).toBe(1);
    expect(nextOpen(3, new Set([1, 2, 3]), 2)).toBe(0);
    expect(nextOpen(0, new Set(), 0)).toBe(0);
  });

  it("are outlined from outside, within the image", () => {
    const regions = Int32Array.from([0, 0, 0, 0, 7, 0, 0, 0, 7]);
    const out = new Uint32Array(9);
    outline(regions, 3, 7, [1, 1, 3, 3], 5, out);
    expect([...out]).toEqual([0, 5, 0, 5, 0, 5, 0, 5, 0]);
  });
});
