import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rgba } from "./grey";
import { DOUBTFUL, VOID } from "./labelMap";
import { colourTable, drawLabels, type OverlayStyle, parseColour, redrawRect } from "./render";
import { fullRect } from "./spans";
import { anyMap, mapOf } from "./testing";

const PHASES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const style = (more: Partial<OverlayStyle> = {}): OverlayStyle => ({
  colours: colourTable(PHASES, 0.5),
  outline: false,
  hatch: 0,
  ...more,
});

function draw(map: ReturnType<typeof mapOf>, look: OverlayStyle, rect = fullRect(map), step = 1) {
  const out = new Uint32Array(Math.ceil(rect.width / step) * Math.ceil(rect.height / step));
  drawLabels(map, look, { rect, step }, out);
  return [...out];
}

describe("colours", () => {
  it("are read from hex, in the order of ImageData", () => {
    const bytes = new Uint8Array(Uint32Array.of(parseColour("#0172b2", 7)).buffer);
    expect([...bytes]).toEqual([1, 0x72, 0xb2, 7]);
    expect(() => parseColour("blue")).toThrow("blue is no colour");
  });

  it("have opacity and visibility in the table", () => {
    const table = colourTable(PHASES, 0.5, new Set([1]));
    expect(table[0]).toBe(rgba(0, 0x72, 0xb2, 128));
    expect([table[1], table[VOID], table[9]]).toEqual([0, 0, 0]);
    expect(colourTable(PHASES, 0)[0]).toBe(0);
  });
});

describe("drawing labels", () => {
  it("draws a rectangle of areas, and void as nothing", () => {
    const map = mapOf("012", "3.0");
    const { colours } = style();
    const rect = { x: 1, y: 0, width: 2, height: 2 };
    expect(draw(map, style(), rect)).toEqual([colours[1], colours[2], 0, colours[0]]);
  });

  it("draws outlines: pixels with a 4-neighbour of another label, at full strength", () => {
    const map = mapOf("0000", "0110", "0110", "0000");
    const pattern = draw(map, style({ outline: true })).map((colour) => (colour ? 1 : 0));
    expect(pattern).toEqual([0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]);
    expect(draw(map, style({ outline: true }))[1]).toBe(rgba(0, 0x72, 0xb2, 255));
  });

  it("draws no outline for a hidden phase, and none along the image's edge", () => {
    const hidden = style({ outline: true, colours: colourTable(PHASES, 0.5, new Set([1])) });
    expect(draw(mapOf("01"), hidden)[1]).toBe(0);
    expect(draw(mapOf("00", "00"), hidden)).toEqual([0, 0, 0, 0]);
  });

  it("stripes doubtful pixels only", () => {
    const map = mapOf(...Array<string>(8).fill("00000000"));
    map.origins.fill(DOUBTFUL | 2, 0, 32);
    const drawn = draw(map, style({ hatch: 77 }));
    expect(drawn.slice(0, 32).filter((colour) => colour === 77).length).toBe(8);
    expect(drawn.slice(32)).not.toContain(77);
  });

  it("is the same drawn in parts as drawn whole", () => {
    const look = fc.record({ outline: fc.boolean(), hatch: fc.constantFrom(0, 77) });
    fc.assert(
      fc.property(
        anyMap,
        look,
        fc.constantFrom(1, 2, 4),
        fc.nat(),
        fc.nat(),
        (map, more, step, a, b) => {
          const whole = draw(map, style(more), fullRect(map), step);
          const [columns, rows] = [Math.ceil(map.width / step), Math.ceil(map.height / step)];
          const [x, y] = [a % columns, b % rows];
          const part = draw(
            map,
            style(more),
            { x: x * step, y: y * step, width: 1, height: 1 },
            step,
          );
          expect(part).toEqual([whole[y * columns + x]]);
        },
      ),
    );
  });
});

describe("what is drawn anew", () => {
  const image = { width: 100, height: 80 };

  it("is the change, with a pixel around it for outlines", () => {
    const changed = { x: 10, y: 0, width: 5, height: 5 };
    expect(redrawRect(changed, image, 1, false)).toEqual(changed);
    expect(redrawRect(changed, image, 1, true)).toEqual({ x: 9, y: 0, width: 7, height: 6 });
  });

  it("starts at a pixel that is drawn", () => {
    const rect = redrawRect({ x: 13, y: 7, width: 90, height: 1 }, image, 4, false);
    expect(rect).toEqual({ x: 12, y: 4, width: 88, height: 4 });
  });
});
