import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTiles, encodeTiles, packRuns, pasteTiles, unpackRuns } from "./deltas";
import { makeLabelMap, takeUnsaved } from "./labelMap";
import { anyMap, mapOf } from "./testing";

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

describe("run lengths", () => {
  it("come back as they were, or are not worth it", () => {
    const runs = fc
      .array(fc.tuple(fc.nat(255), fc.constantFrom(1, 2, 7, 300, 65_535, 65_536, 131_072)), {
        maxLength: 4,
      })
      .map((all) => Uint8Array.from(all.flatMap(([v, n]) => new Array<number>(n).fill(v))));
    fc.assert(
      fc.property(runs, (values) => {
        const packed = packRuns(values);
        const back = packed ? unpackRuns(packed, values.length) : values;
        expect(back.length).toBe(values.length);
        expect(back.findIndex((value, i) => value !== values[i])).toBe(-1);
        if (packed && values.length) expect(packed.length).toBeLessThan(values.length);
      }),
      { numRuns: 50 },
    );
  });

  it("are given up where every value is another", () => {
    expect(packRuns(Uint8Array.from({ length: 131_072 }, (_, i) => i & 1))).toBeNull();
  });

  it("are refused where they do not fill exactly", () => {
    for (const runs of [
      [1, 0, 0],
      [1, 3, 0],
      [1, 5, 0],
      [1, 4],
    ]) {
      expect(() => unpackRuns(Uint8Array.from(runs), 4)).toThrow("do not fill 4 values");
    }
  });
});

describe("a save", () => {
  it("has the bytes that the server reads", () => {
    const map = mapOf("0000000000", "1111111111");
    expect(hex(encodeTiles(map, [0]))).toBe(
      "50 4d 54 31 01 00 00 00 00 00 00 00 01 09 00 00 00 00 0a 00 01 0a 00 00 14 00",
    );
    const short = mapOf("01");
    expect(hex(encodeTiles(short, [0]))).toBe(
      "50 4d 54 31 01 00 00 00 00 00 00 00 00 04 00 00 00 00 01 00 00",
    );
  });

  it("brings tiles of every shape to another copy of the map", () => {
    const image = makeLabelMap(600, 300);
    for (let at = 0; at < image.labels.length; at++) {
      image.labels[at] = (at * 7) % 5 < 2 ? at % 3 : 255;
      image.origins[at] = at % 600 > 256 ? 2 : 0x81;
    }
    const copy = makeLabelMap(600, 300);
    const bytes = encodeTiles(image, [0, 2, 5]);
    pasteTiles(copy, decodeTiles(bytes, image));
    expect([...takeUnsaved(copy).keys()]).toEqual([0, 2, 5]);
    expect(copy.labels[599]).toBe(image.labels[599]);
    expect(copy.labels[300]).toBe(255);
    expect(encodeTiles(copy, [0, 2, 5])).toEqual(bytes);
  });

  it("comes back as it was, for any map", () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const [tile] = decodeTiles(encodeTiles(map, [0]), map);
        expect([tile!.labels, tile!.origins]).toEqual([map.labels, map.origins]);
      }),
    );
  });

  it("is never read beyond its end, nor taken where it is cut or changed in length", () => {
    const map = mapOf("0000000000", "1111111111");
    const bytes = encodeTiles(map, [0]);
    for (let n = 0; n < bytes.length; n++) {
      expect(() => decodeTiles(bytes.subarray(0, n), map)).toThrow(RangeError);
    }
    expect(() => decodeTiles(Uint8Array.from([...bytes, 0]), map)).toThrow("1 bytes behind");
    const [outside, codec] = [bytes.slice(), bytes.slice()];
    outside[8] = 1;
    codec[12] = 2;
    expect(() => decodeTiles(outside, map)).toThrow("outside of 10 x 2 px");
    expect(() => decodeTiles(codec, map)).toThrow("codec 2");
  });
});
