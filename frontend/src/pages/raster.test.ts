import { describe, expect, it } from "vitest";
import { palette, shares, slates } from "./raster";

describe("pictures of candidates", () => {
  it("gives every region a slate of its own, dark to bright", () => {
    const colours = slates(64);
    expect(new Set(colours).size).toBe(64);
    expect(colours[0]).toBe("#262c36");
    expect(colours[63]).toBe("#e8ecf2");
  });

  it("shows no colour where there is no label", () => {
    const table = palette(["#ff0000"]);
    expect(table[0]).toBe(0xff0000ff);
    expect(table[255]).toBe(0);
  });

  it("counts shares of the whole image", () => {
    expect(shares(Uint8Array.of(0, 0, 1, 255), 2)).toEqual([0.5, 0.25]);
  });
});
