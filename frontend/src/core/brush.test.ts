import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Segment, stampDisc, sweepDisc } from "./brush";
import { apply, openPatch } from "./paint";
import { makeSpans } from "./spans";
import { asExpert, bitmapOf, bitmapWhere, drawnMask, mapOf } from "./testing";

const SIZE = { width: 40, height: 30 };
const EPSILON = 1e-9;

const anyRadius = fc.double({ min: 0.5, max: 12, noNaN: true });
const anyX = fc.double({ min: -8, max: 48, noNaN: true });
const anyY = fc.double({ min: -8, max: 38, noNaN: true });
const anySegment: fc.Arbitrary<Segment> = fc.record({ x0: anyX, y0: anyY, x1: anyX, y1: anyY });

/** Distance of a pixel's centre from a segment, px. */
function distance({ x0, y0, x1, y1 }: Segment, x: number, y: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / square));
  return Math.hypot(px - share * dx, py - share * dy);
}

const holds = (x: number, y: number, px: number, py: number): boolean =>
  Math.floor(x) === px && Math.floor(y) === py;

describe("the brush", () => {
  it("stamps a disc by its pixels' centres", () => {
    const spans = makeSpans();
    stampDisc(spans, { width: 5, height: 5 }, 2.5, 2.5, 2);
    expect(drawnMask(spans, { width: 5, height: 5 })).toEqual([
      "..#..",
      ".###.",
      "#####",
      ".###.",
      "..#..",
    ]);
  });

  it("paints one pixel at its smallest, wherever in it the pointer is", () => {
    fc.assert(
      fc.property(fc.double({ min: 3, max: 4, maxExcluded: true, noNaN: true }), (x) => {
        const spans = makeSpans();
        stampDisc(spans, SIZE, x, 5, 0.5);
        expect(bitmapOf(spans, SIZE)[5 * SIZE.width + 3]).toBe(1);
      }),
    );
  });

  it("stamps what a brute-force disc holds", () => {
    fc.assert(
      fc.property(anyX, anyY, anyRadius, (x, y, radius) => {
        const spans = makeSpans();
        stampDisc(spans, SIZE, x, y, radius);
        const disc = { x0: x, y0: y, x1: x, y1: y };
        const wrong = bitmapOf(spans, SIZE).filter((n, at) => {
          const [px, py] = [at % SIZE.width, Math.floor(at / SIZE.width)];
          const far = distance(disc, px, py);
          if (Math.abs(far - radius) < EPSILON) return false;
          return n !== (far <= radius || holds(x, y, px, py) ? 1 : 0);
        });
        expect(wrong).toEqual([]);
      }),
    );
  });

  it("sweeps the union of all discs along its way", () => {
    fc.assert(
      fc.property(anySegment, anyRadius, (segment, radius) => {
        const spans = makeSpans();
        sweepDisc(spans, SIZE, segment, radius);
        const { x0, y0, x1, y1 } = segment;
        const wrong = bitmapOf(spans, SIZE).filter((n, at) => {
          const [px, py] = [at % SIZE.width, Math.floor(at / SIZE.width)];
          const far = distance(segment, px, py);
          const must = far <= radius - EPSILON || holds(x0, y0, px, py) || holds(x1, y1, px, py);
          // The pixels under the pointer, and between them and the disc, may belong to it, too.
          const may = far <= Math.max(radius, Math.SQRT1_2) + EPSILON;
          return n > 1 || (must && n === 0) || (!may && n === 1);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("leaves out the first disc, and nothing else, while it goes on", () => {
    fc.assert(
      fc.property(anySegment, anyRadius, (segment, radius) => {
        const [whole, first, rest] = [makeSpans(), makeSpans(), makeSpans()];
        sweepDisc(whole, SIZE, segment, radius);
        stampDisc(first, SIZE, segment.x0, segment.y0, radius);
        sweepDisc(rest, SIZE, segment, radius, "new");
        const disc = bitmapOf(first, SIZE);
        const parts = bitmapOf(rest, SIZE).map((n, at) => n + disc[at]!);
        expect(parts).toEqual(bitmapOf(whole, SIZE));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves no gap at any speed, and goes beyond the image without harm", () => {
    const map = mapOf(...Array<string>(30).fill("0".repeat(40)));
    const spans = makeSpans();
    sweepDisc(spans, map, { x0: -1000, y0: 15.5, x1: 1000, y1: 15.5 }, 1);
    apply(map, spans, asExpert(1), openPatch());
    const want = bitmapWhere(map, (_, y) => y >= 14 && y <= 16);
    expect([...map.labels]).toEqual(want);
  });
});
