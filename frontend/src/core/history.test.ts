import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  entryBytes,
  forget,
  forgetAll,
  type History,
  makeHistory,
  nextRedo,
  nextUndo,
  record,
  redo,
  undo,
} from "./history";
import type { LabelMap } from "./labelMap";
import { allBut, apply, applyOnce, closePatch, openPatch } from "./paint";
import { rectSpans } from "./spans";
import { anyMap, anyMask, anyOptions, counted, drawn, mapOf } from "./testing";

function paint(history: History, map: LabelMap, phase: number, session = 1): void {
  const all = rectSpans({ x: 0, y: 0, width: map.width, height: map.height });
  const patch = applyOnce(map, [[phase, all]], { paintOver: allBut(), origin: 2 });
  record(history, { session, tool: "brush", patch: patch! });
}

describe("the history", () => {
  it("takes back and does again", () => {
    const [history, map] = [makeHistory(), mapOf("01.")];
    paint(history, map, 2);
    paint(history, map, 3);
    expect(undo(history, map)).toEqual({ x: 0, y: 0, width: 3, height: 1 });
    expect(drawn(map)).toEqual(["222"]);
    undo(history, map);
    expect(drawn(map)).toEqual(["01."]);
    expect(undo(history, map)).toBeNull();
    redo(history, map);
    expect(drawn(map)).toEqual(["222"]);
  });

  it("forgets everything when somebody else comes", () => {
    const [history, map] = [makeHistory(), mapOf("01.")];
    paint(history, map, 2);
    paint(history, map, 3);
    undo(history, map);
    forgetAll(history);
    expect([nextUndo(history), nextRedo(history), history.bytes]).toEqual([
      undefined,
      undefined,
      0,
    ]);
  });

  it("forgets what was undone when something new is done", () => {
    const [history, map] = [makeHistory(), mapOf("01.")];
    paint(history, map, 2);
    undo(history, map);
    paint(history, map, 3);
    expect(redo(history, map)).toBeNull();
    expect(history.bytes).toBe(entryBytes(nextUndo(history)!));
  });

  it("goes over sessions in one line and says which is next", () => {
    const history = makeHistory();
    const [a, b] = [mapOf("00"), mapOf("11")];
    paint(history, a, 2, 1);
    paint(history, b, 2, 2);
    expect(nextUndo(history)?.session).toBe(2);
    undo(history, b);
    expect(nextUndo(history)?.session).toBe(1);
    expect(nextRedo(history)?.session).toBe(2);
    forget(history, 2);
    expect(nextRedo(history)).toBeUndefined();
    expect(history.bytes).toBe(entryBytes(nextUndo(history)!));
  });

  it("drops the oldest beyond its budget, never the newest", () => {
    const map = mapOf("0000");
    const history = makeHistory(700);
    for (const phase of [1, 2, 3]) paint(history, map, phase);
    expect(history.done.length).toBe(2);
    expect(history.bytes).toBeLessThanOrEqual(700);
    const small = makeHistory(1);
    paint(small, map, 1);
    paint(small, map, 2);
    expect(small.done.length).toBe(1);
    undo(small, map);
    expect(drawn(map)).toEqual(["1111"]);
  });

  it("restores every byte, back and forth, whatever was painted", () => {
    const operation = (map: LabelMap) =>
      fc.array(fc.tuple(anyMask(map), anyOptions), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        anyMap.chain((map) =>
          fc.tuple(fc.constant(map), fc.array(operation(map), { maxLength: 6 })),
        ),
        ([map, operations]) => {
          const history = makeHistory();
          const states = [[map.labels.slice(), map.origins.slice()]];
          for (const events of operations) {
            const patch = openPatch();
            for (const [spans, options] of events) apply(map, spans, options, patch);
            const closed = closePatch(patch);
            if (!closed) continue;
            record(history, { session: 1, tool: "brush", patch: closed });
            states.push([map.labels.slice(), map.origins.slice()]);
          }
          const matches = (i: number): void => {
            expect([map.labels, map.origins]).toEqual(states[i]);
            expect([...map.counts]).toEqual(counted(map.labels));
          };
          for (let i = states.length - 2; i >= 0; i--) {
            undo(history, map);
            matches(i);
          }
          for (let i = 1; i < states.length; i++) {
            redo(history, map);
            matches(i);
          }
        },
      ),
    );
  });
});
