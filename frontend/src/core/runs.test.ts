import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eachRun, makeRunWriter, writeRun } from "./runs";

describe("packed runs", () => {
  it("come back as they were written", () => {
    const run = fc.tuple(
      fc.nat(400_000_000),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(255),
      fc.nat(255),
    );
    fc.assert(
      fc.property(fc.array(run), (runs) => {
        const writer = makeRunWriter();
        for (const [start, length, label, origin] of runs) {
          writeRun(writer, start, length, label, origin);
        }
        const found: number[][] = [];
        eachRun(writer.bytes.slice(0, writer.size), (...args) => found.push(args));
        expect(found).toEqual(runs);
      }),
    );
  });

  it("take four bytes a pixel at worst, where every pixel is a run", () => {
    const writer = makeRunWriter();
    for (let at = 0; at < 10_000; at++) writeRun(writer, at, 1, at & 1, 2);
    expect(writer.size).toBe(40_000);
  });
});
