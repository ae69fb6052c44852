import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rectSpans } from "./spans";
import {
  indexSuperpixels,
  superpixelOutline,
  superpixelSpans,
  superpixelsUnder,
} from "./superpixels";
import { bitmapOf, bitmapWhere } from "./testing";

const SIZE = { width: 9, height: 7 };
const anyIds = fc
  .array(fc.nat(5), { minLength: 63, maxLength: 63 })
  .map((ids) => Int32Array.from(ids));

describe("superpixels", () => {
  it("are found whole, wherever they are", () => {
    fc.assert(
      fc.property(anyIds, fc.subarray([0, 1, 2, 3, 4, 5]), (ids, some) => {
        const index = indexSuperpixels(ids, SIZE);
        const want = bitmapWhere(SIZE, (x, y) => some.includes(ids[y * 9 + x]!));
        expect(bitmapOf(superpixelSpans(index, some), SIZE)).toEqual(want);
      }),
    );
  });

  it("are those under the brush, each once", () => {
    const index = indexSuperpixels(Int32Array.from([0, 0, 1, 2, 2, 1]), { width: 3, height: 2 });
    expect([...superpixelsUnder(index, rectSpans({ x: 1, y: 0, width: 1, height: 2 }))]).toEqual([
      0, 2,
    ]);
  });

  it("add nothing where there are none of a number", () => {
    const index = indexSuperpixels(Int32Array.from([0, 2]), { width: 2, height: 1 });
    expect(superpixelSpans(index, [1, 7, -1]).size).toBe(0);
  });

  it("have an outline", () => {
    const index = indexSuperpixels(Int32Array.from([0, 0, 0, 1]), { width: 2, height: 2 });
    const edges = [...superpixelOutline(index, 1)];
    expect(edges).toEqual([1, 1, 2, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 1, 2, 2]);
  });

  it("have an outline as long as the pixel edges between them and the rest", () => {
    fc.assert(
      fc.property(anyIds, fc.nat(5), (ids, id) => {
        const at = (x: number, y: number): boolean =>
          x >= 0 && y >= 0 && x < 9 && y < 7 && ids[y * 9 + x] === id;
        let want = 0;
        for (let y = -1; y < 7; y++) {
          for (let x = -1; x < 9; x++) {
            want += Number(at(x, y) !== at(x + 1, y)) + Number(at(x, y) !== at(x, y + 1));
          }
        }
        const edges = superpixelOutline(indexSuperpixels(ids, SIZE), id);
        let length = 0;
        for (let k = 0; k < edges.length; k += 4) {
          length += edges[k + 2]! - edges[k]! + edges[k + 3]! - edges[k + 1]!;
        }
        expect(length).toBe(want);
      }),
    );
  });
});
