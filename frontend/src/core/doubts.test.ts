import { describe, expect, it } from "vitest";
import { leading, mark, nextOpen, said, tells } from "./doubts";

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

  it("are marked by two rings from outside, within the image, and a shade over the rest", () => {
    const regions = new Int32Array(25);
    regions[12] = 7;
    const out = new Uint32Array(25);
    mark(regions, 5, 7, [2, 2, 3, 3], { inner: 5, outer: 6, shade: 1 }, out);
    expect([...out]).toEqual([
      1, 1, 6, 1, 1, 1, 6, 5, 6, 1, 6, 5, 0, 5, 6, 1, 6, 5, 6, 1, 1, 1, 6, 1, 1,
    ]);
    const corner = Int32Array.from([0, 0, 0, 0, 7, 0, 0, 0, 7]);
    const small = new Uint32Array(9);
    mark(corner, 3, 7, [1, 1, 3, 3], { inner: 5, outer: 6, shade: 1 }, small);
    expect([...small]).toEqual([6, 5, 6, 5, 0, 5, 6, 5, 0]);
  });

  it("are told by the automatic map unless it is void on all of them", () => {
    const regions = Int32Array.from([1, 1, 2, 2]);
    const automatic = Uint8Array.from([255, 255, 255, 0]);
    expect(tells(regions, 4, 1, [0, 0, 2, 1], automatic)).toBe(false);
    expect(tells(regions, 4, 2, [2, 0, 4, 1], automatic)).toBe(true);
  });
});
