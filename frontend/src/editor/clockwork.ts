/** The session's clock in the browser: it hears the page and fills the saver's list of events. */

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
import type { Reading, StrokeFacts, Told } from "../core/events";
import type { Saver } from "./saver";

export interface Clockwork {
  state: ClockState;
  start: number;
  saver: Saver;
}

export function startClock(saver: Saver, data: Record<string, unknown>): Clockwork {
  const start = performance.now();
  const { state, events } = begin(saver.page, { t: 0, wall: Date.now() }, "open", data);
  saver.waiting.push(...events);
  return { state, start, saver };
}

export function reading(clock: Clockwork): Reading {
  return { t: performance.now() - clock.start, wall: Date.now() };
}

function step(clock: Clockwork, { state, events }: Step): void {
  clock.state = state;
  clock.saver.waiting.push(...events);
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
