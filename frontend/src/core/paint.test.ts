import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DOUBTFUL, takeDirty, takeUnsaved, VOID } from "./labelMap";
import { allBut, apply, applyOnce, closePatch, labelSet, openPatch, togglePatch } from "./paint";
import { rectSpans } from "./spans";
import { anyMap, anyMask, anyOptions, asExpert, counted, drawn, mapOf } from "./testing";

const ALL = (width: number, height: number) => rectSpans({ x: 0, y: 0, width, height });

describe("painting", () => {
  it("gives label and origin and tells what changed", () => {
    const map = mapOf("000", "011");
    takeDirty(map);
    const patch = openPatch();
    const rect = apply(map, rectSpans({ x: 1, y: 0, width: 2, height: 2 }), asExpert(1), patch);
    expect(drawn(map)).toEqual(["011", "011"]);
    expect([...map.origins]).toEqual([0, 2, 2, 0, 2, 2]);
    expect(rect).toEqual({ x: 1, y: 0, width: 2, height: 2 });
    expect(takeDirty(map)).toEqual(rect);
    const closed = closePatch(patch)!;
    expect(closed.px).toBe(2);
    expect(closed.counts).toEqual([
      [0, -2],
      [1, 2],
    ]);
  });

  it("leaves locked phases alone, and paints only over what is asked for", () => {
    const map = mapOf("012.");
    applyOnce(map, [[3, ALL(4, 1)]], { paintOver: allBut([1]), origin: 2 });
    expect(drawn(map)).toEqual(["3133"]);
    applyOnce(map, [[0, ALL(4, 1)]], { paintOver: labelSet([1]), origin: 2 });
    expect(drawn(map)).toEqual(["3033"]);
  });

  it("erases to void, which stays the expert's decision", () => {
    const map = mapOf("01");
    applyOnce(map, [[VOID, ALL(2, 1)]], { paintOver: allBut(), origin: 2 });
    expect(drawn(map)).toEqual([".."]);
    expect([...map.origins]).toEqual([2, 2]);
  });

  it("flags without labelling, and keeps flags while labelling", () => {
    const map = mapOf("01");
    applyOnce(map, [[null, ALL(2, 1)]], { paintOver: allBut(), origin: 2, doubtful: "set" });
    expect([...map.origins]).toEqual([DOUBTFUL, DOUBTFUL]);
    applyOnce(map, [[1, ALL(2, 1)]], { paintOver: allBut(), origin: 2 });
    expect([...map.origins]).toEqual([DOUBTFUL | 2, DOUBTFUL | 2]);
    applyOnce(map, [[null, ALL(1, 1)]], { paintOver: allBut(), origin: 2, doubtful: "clear" });
    expect([...map.origins]).toEqual([2, DOUBTFUL | 2]);
    expect(drawn(map)).toEqual(["11"]);
  });

  it("makes no patch where nothing changes", () => {
    const map = mapOf("00");
    const options = { paintOver: allBut(), origin: 2 } as const;
    expect(applyOnce(map, [[0, ALL(2, 1)]], options)).not.toBeNull();
    expect(applyOnce(map, [[0, ALL(2, 1)]], options)).toBeNull();
    expect(applyOnce(map, [[1, ALL(0, 0)]], options)).toBeNull();
  });

  it("does what is said pixel by pixel", () => {
    fc.assert(
      fc.property(
        anyMap.chain((map) => fc.tuple(fc.constant(map), anyMask(map), anyOptions)),
        ([map, spans, options]) => {
          const [labels, origins] = [[...map.labels], [...map.origins]];
          for (let k = 0; k < 3 * spans.size; k += 3) {
            for (let x = spans.data[k + 1]!; x < spans.data[k + 2]!; x++) {
              const at = spans.data[k]! * map.width + x;
              if (!options.paintOver[labels[at]!]) continue;
              if (options.phase !== null) {
                labels[at] = options.phase;
                origins[at] = (origins[at]! & DOUBTFUL) | options.origin;
              }
              if (options.doubtful === "set") origins[at]! |= DOUBTFUL;
              if (options.doubtful === "clear") origins[at]! &= ~DOUBTFUL;
            }
          }
          apply(map, spans, options, openPatch());
          expect([...map.labels]).toEqual(labels);
          expect([...map.origins]).toEqual(origins);
          expect([...map.counts]).toEqual(counted(map.labels));
        },
      ),
    );
  });

  it("never changes a byte of a locked phase", () => {
    fc.assert(
      fc.property(
        anyMap.chain((map) => fc.tuple(fc.constant(map), anyMask(map), anyOptions)),
        ([map, spans, options]) => {
          const [labels, origins] = [map.labels.slice(), map.origins.slice()];
          apply(map, spans, options, openPatch());
          labels.forEach((label, at) => {
            if (options.paintOver[label]) return;
            expect([map.labels[at], map.origins[at]]).toEqual([label, origins[at]]);
          });
        },
      ),
    );
  });

  it("marks exactly the tiles that changed", () => {
    const map = mapOf(
      ..."0"
        .repeat(300)
        .split("")
        .map(() => "0".repeat(520)),
    );
    const patch = openPatch();
    apply(map, rectSpans({ x: 250, y: 250, width: 262, height: 10 }), asExpert(1), patch);
    expect([...takeUnsaved(map).keys()]).toEqual([0, 1, 3, 4]);
    togglePatch(map, closePatch(patch)!, -1);
    expect([...takeUnsaved(map).keys()]).toEqual([0, 1, 3, 4]);
    expect(drawn(map)[255]).toBe("0".repeat(520));
  });
});
