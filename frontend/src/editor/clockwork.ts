/** The session's clock in the browser: it hears the page and fills a list of events. */

import {
  activeTime,
  activity,
  begin,
  type ClockState,
  note,
  type Presence,
  presence,
  type Step,
  stroke,
  tick,
} from "../core/clock";
import type { LogEvent, Reading, StrokeFacts, Told } from "../core/events";

/** Where events wait until the server has them. */
export interface Log {
  /** This load of the page. */
  page: string;
  waiting: LogEvent[];
}

/** A name for a load of the page; browsers give UUIDs to local and encrypted pages alone. */
export function newPage(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

export interface Clockwork {
  state: ClockState;
  start: number;
  log: Log;
}

/**
 * Begin to listen.
 *
 * @param earlier the last event of the same page's earlier visits, where it goes on: one
 *   clock and one count run through all of them.
 */
export function startClock(log: Log, data: Record<string, unknown>, earlier?: LogEvent): Clockwork {
  const wall = Date.now();
  const t = earlier ? earlier.t + Math.max(1, wall - earlier.wall) : 0;
  const first = begin(log.page, { t, wall }, "open", data);
  const before = earlier ? earlier.seq + 1 : 0;
  log.waiting.push(...first.events.map((one) => ({ ...one, seq: one.seq + before })));
  const state = { ...first.state, seq: first.state.seq + before };
  return { state, start: performance.now() - t, log };
}

export function reading(clock: Clockwork): Reading {
  return { t: performance.now() - clock.start, wall: Date.now() };
}

function step(clock: Clockwork, { state, events }: Step): void {
  clock.state = state;
  clock.log.waiting.push(...events);
}

/** A pointer or a key moved. */
export function moved(clock: Clockwork): void {
  step(clock, activity(clock.state, reading(clock)));
}

/** A second passed. */
export function ticked(clock: Clockwork): Presence {
  step(clock, tick(clock.state, reading(clock)));
  return presence(clock.state);
}

export function told(clock: Clockwork, kind: Told, data: Record<string, unknown> = {}): void {
  step(clock, note(clock.state, reading(clock), kind, data));
}

export function drew(clock: Clockwork, facts: StrokeFacts): void {
  step(clock, stroke(clock.state, reading(clock), facts));
}

/** Active minutes of this visit. */
export function minutes(clock: Clockwork): number {
  return activeTime(clock.state) / 60_000;
}
