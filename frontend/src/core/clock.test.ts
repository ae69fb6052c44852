import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  activeTime,
  activity,
  begin,
  type ClockState,
  note,
  presence,
  type Step,
  stroke,
  tick,
} from "./clock";
import type { LogEvent, Told } from "./events";

const NOON = 1_750_000_000_000;

/** A session on an injected clock. */
function session() {
  let wall = NOON;
  let t = 0;
  const events: LogEvent[] = [];
  let state!: ClockState;
  const take = (step: Step): void => {
    state = step.state;
    events.push(...step.events);
  };
  take(begin("p", { t, wall }));
  const reading = () => ({ t, wall });
  return {
    events,
    state: () => state,
    kinds: () => events.map((event) => event.kind),
    /** Both clocks go on; the page looks at them once a second. */
    wait(ms: number) {
      for (let left = ms; left > 0; left -= 1000) {
        t += Math.min(1000, left);
        wall += Math.min(1000, left);
        take(tick(state, reading()));
      }
    },
    /** The computer sleeps, and the monotonic clock with it, or not. */
    sleep(ms: number, monotonic: boolean) {
      wall += ms;
      if (monotonic) t += ms;
      take(tick(state, reading()));
    },
    setWall(ms: number) {
      wall += ms;
    },
    act: () => take(activity(state, reading())),
    note: (kind: Told, data = {}) => take(note(state, reading(), kind, data)),
    stroke: (start: number) =>
      take(stroke(state, reading(), { start, end: t, tool: "brush", phase: 1, px: 9, length: 4 })),
    now: () => t,
  };
}

const MINUTE = 60_000;

describe("the log", () => {
  it("begins with open, and with resume after a reload", () => {
    expect(session().kinds()).toEqual(["open"]);
    const { events } = begin("q", { t: 0.4, wall: NOON + 0.6 }, "resume", { tool: "brush" });
    expect(events).toEqual([
      { kind: "resume", page: "q", seq: 0, t: 0, wall: NOON + 1, data: { tool: "brush" } },
    ]);
  });

  it("tells activity by heartbeats of at most 5 s, with its last moment", () => {
    const one = session();
    for (let i = 0; i < 30; i++) {
      one.wait(500);
      one.act();
    }
    one.wait(10_000);
    const beats = one.events.filter((event) => event.kind === "activity");
    expect(beats.length).toBe(3);
    expect(beats[0]).toMatchObject({ t: 500, data: { until: 5000 } });
    expect(beats.at(-1)!.data).toEqual({ until: 15_000 });
  });

  it("tells nothing where nothing happens", () => {
    const one = session();
    one.wait(10 * MINUTE);
    expect(one.kinds()).toEqual(["open"]);
  });

  it("tells what came before a stroke before the stroke", () => {
    const one = session();
    one.wait(1000);
    one.act();
    one.wait(700);
    one.stroke(1000);
    expect(one.kinds()).toEqual(["open", "activity", "stroke"]);
    expect(one.events[2]).toMatchObject({
      t: 1700,
      data: { start: 1000, end: 1700, tool: "brush", phase: 1, px: 9, length: 4 },
    });
  });

  it("does not count a pointer over a page behind another window", () => {
    const one = session();
    one.note("blur");
    one.wait(1000);
    one.act();
    one.wait(9000);
    expect(one.kinds()).toEqual(["open", "blur"]);
    one.note("focus");
    one.act();
    one.wait(9000);
    expect(one.kinds()).toEqual(["open", "blur", "focus", "activity"]);
  });

  it("does not take an autosave for somebody's return", () => {
    const one = session();
    one.note("hidden");
    one.note("save");
    one.act();
    one.wait(9000);
    expect(one.kinds()).toEqual(["open", "hidden", "save"]);
    one.note("tool", { tool: "brush" });
    one.act();
    one.wait(9000);
    expect(one.kinds().at(-1)).toBe("activity");
  });

  it("tells what was before sleep apart from what was after it", () => {
    const one = session();
    one.wait(1000);
    one.act();
    one.sleep(60 * MINUTE, false);
    one.wait(500);
    one.act();
    one.wait(6000);
    const beats = one.events.filter((event) => event.kind === "activity");
    expect(beats.map((beat) => [beat.t, beat.wall - NOON])).toEqual([
      [1000, 1000],
      [1500, 60 * MINUTE + 1500],
    ]);
  });

  it("stands where a monotonic clock falls after all", () => {
    const { state } = begin("p", { t: 500, wall: NOON });
    expect(note(state, { t: 400, wall: NOON }, "save").events[0]!.t).toBe(500);
  });

  it("never has time fall, numbers events without gaps, and keeps heartbeats short", () => {
    const move = fc.oneof(
      fc.record({ wait: fc.integer({ min: 0, max: 400_000 }) }),
      fc.record({ sleep: fc.integer({ min: 0, max: 9e7 }), monotonic: fc.boolean() }),
      fc.record({ set: fc.integer({ min: -9e7, max: 9e7 }) }),
      fc.constantFrom("act" as const, "stroke" as const),
      fc.constantFrom<Told>(
        "focus",
        "blur",
        "visible",
        "hidden",
        "tool",
        "save",
        "submit",
        "resume",
      ),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const one = session();
        for (const what of moves) {
          if (what === "act") one.act();
          else if (what === "stroke") one.stroke(one.now() - 300);
          else if (typeof what === "string") one.note(what);
          else if ("wait" in what) one.wait(what.wait);
          else if ("set" in what) one.setWall(what.set);
          else one.sleep(what.sleep, what.monotonic);
        }
        one.events.forEach((event, i) => {
          expect(event.seq).toBe(i);
          expect(event.t).toBeGreaterThanOrEqual(one.events[i - 1]?.t ?? 0);
          if (event.kind === "activity") {
            const until = event.data.until as number;
            expect(until).toBeGreaterThanOrEqual(event.t);
            expect(until - event.t).toBeLessThan(5000);
          }
          if (event.kind === "stroke") {
            expect(event.data.start).toBeLessThanOrEqual(event.data.end as number);
            expect(event.data.end).toBeLessThanOrEqual(event.t);
          }
        });
      }),
    );
  });
});

describe("presence", () => {
  it("asks after four minutes and stops after five", () => {
    const one = session();
    one.wait(4 * MINUTE - 1000);
    expect(presence(one.state())).toBe("here");
    one.wait(1000);
    expect(presence(one.state())).toBe("asking");
    one.wait(MINUTE);
    expect(presence(one.state())).toBe("stopped");
    one.act();
    expect(presence(one.state())).toBe("here");
  });

  it("is not held up by autosaves", () => {
    const one = session();
    one.wait(3 * MINUTE);
    one.note("save");
    one.wait(2 * MINUTE);
    expect(presence(one.state())).toBe("stopped");
  });

  it.each([true, false])(
    "has stopped after a night with the lid closed (clock ran: %s)",
    (monotonic) => {
      const one = session();
      one.wait(MINUTE);
      one.act();
      one.sleep(9 * 60 * MINUTE, monotonic);
      expect(presence(one.state())).toBe("stopped");
      one.act();
      one.wait(MINUTE);
      one.act();
      expect(presence(one.state())).toBe("here");
      expect(activeTime(one.state())).toBe(7 * MINUTE);
      expect(one.kinds().slice(0, 2)).toEqual(["open", "activity"]);
    },
  );
});

describe("the time so far", () => {
  it("is the gaps between activities, each at most 300 s", () => {
    const one = session();
    for (const minutes of [1, 4, 20, 2]) {
      one.wait(minutes * MINUTE);
      one.act();
    }
    expect(activeTime(one.state())).toBe((1 + 4 + 5 + 2) * MINUTE);
    one.wait(90_000);
    expect(activeTime(one.state())).toBe(13.5 * MINUTE);
  });

  it("is not moved by a clock that is set back", () => {
    const one = session();
    one.wait(MINUTE);
    one.setWall(-60 * MINUTE);
    one.act();
    one.wait(MINUTE);
    expect(activeTime(one.state())).toBe(2 * MINUTE);
  });

  it("stands still between submitting and going on", () => {
    const one = session();
    one.wait(MINUTE);
    one.note("submit");
    one.wait(3 * MINUTE);
    one.act();
    expect(activeTime(one.state())).toBe(MINUTE);
    one.note("resume");
    one.wait(MINUTE);
    one.act();
    expect(activeTime(one.state())).toBe(2 * MINUTE);
  });
});
