/**
 * The event log of a session, told by an injected clock: what the annotation time is
 * derived from on the server, and whether the annotator still seems to be there.
 *
 * A reducer: each function takes a state and returns the next one with the events to be
 * kept. It never asks for the time and sets no timer; whoever calls it does, with
 * {@link tick} about once a second.
 */

import type { Kind, LogEvent, Reading, StrokeFacts, Told } from "./events";

/** A heartbeat stands for at most this long, ms. */
export const HEARTBEAT_MS = 5_000;
/** "Are you still there?" is asked after this long without activity, ms. */
export const ASK_MS = 240_000;
/** The clock stops after this long without activity, ms. */
export const STOP_MS = 300_000;
/** The wall clock is ahead of the monotonic one by more than this after sleep, ms. */
const JUMP_MS = 2_000;

/** Whether the annotator is there: `asking` shows the question, `stopped` the halted clock. */
export type Presence = "here" | "asking" | "stopped";

export interface ClockState {
  page: string;
  /** Of the next event. */
  seq: number;
  /** The latest reading. */
  now: Reading;
  /** Activity that no heartbeat tells yet. */
  beat: { first: Reading; last: number } | null;
  /** Sleep that the monotonic clock missed, ms; setting the clock forward looks the same. */
  slept: number;
  /** Of the last activity: `t` and the sleep before it, ms. */
  last: number;
  /** Time so far by the rule that the server takes for `active`, ms; for display. */
  active: number;
  hidden: boolean;
  blurred: boolean;
  /** After submitting or closing nothing is counted until the next open or resume. */
  ended: boolean;
}

export interface Step {
  state: ClockState;
  /** To be kept in the journal and sent, in this order. */
  events: LogEvent[];
}

/** Start the log of a page: its first event is `open`, or `resume` after a reload. */
export function begin(
  page: string,
  now: Reading,
  kind: "open" | "resume" = "open",
  data: Record<string, unknown> = {},
): Step {
  const state: ClockState = {
    page,
    seq: 0,
    now,
    beat: null,
    slept: 0,
    last: now.t,
    active: 0,
    hidden: false,
    blurred: false,
    ended: false,
  };
  return emit(state, kind, now, data);
}

/**
 * Pointer or key activity. It is told by heartbeats of at most 5 s, so that a movement of
 * the pointer costs an addition and not an event. Behind another window nobody works.
 */
export function activity(state: ClockState, now: Reading): Step {
  if (state.hidden || state.blurred || state.ended) return tick(state, now);
  const { state: later, events } = tick(state, now);
  const beat = later.beat
    ? { ...later.beat, last: later.now.t }
    : { first: later.now, last: later.now.t };
  return { state: counted({ ...later, beat }, later.now.t), events };
}

/** Time has passed: an overdue heartbeat is told, and sleep is noticed. */
export function tick(state: ClockState, now: Reading): Step {
  const later = advanced(state, now);
  if (!later.beat) return { state: later, events: [] };
  const overdue = later.now.t - later.beat.first.t >= HEARTBEAT_MS || later.slept > state.slept;
  return overdue ? flushed(later) : { state: later, events: [] };
}

/** Anything but activity and strokes. Saves and what happens to the window are no activity. */
export function note(
  state: ClockState,
  now: Reading,
  kind: Told,
  data: Record<string, unknown> = {},
): Step {
  const before = flushed(advanced(state, now));
  const { state: after, events } = emit(
    withWindow(before.state, kind),
    kind,
    before.state.now,
    data,
  );
  return { state: after, events: [...before.events, ...events] };
}

/** An operation of a tool is done. */
export function stroke(state: ClockState, now: Reading, facts: StrokeFacts): Step {
  const before = flushed(advanced(state, now));
  const end = Math.min(Math.round(facts.end), before.state.now.t);
  const data = { ...facts, start: Math.min(Math.round(facts.start), end), end };
  const { state: after, events } = emit(before.state, "stroke", before.state.now, data);
  return { state: after, events: [...before.events, ...events] };
}

/** Whether the annotator seems to be there, by the latest reading. */
export function presence(state: ClockState): Presence {
  const idle = state.now.t + state.slept - state.last;
  return idle >= STOP_MS ? "stopped" : idle >= ASK_MS ? "asking" : "here";
}

/**
 * Time so far, ms: gaps between activities, each at most 300 s, with the one that is under
 * way. The figure that counts is the server's, which can tell sleep from a clock that was set.
 */
export function activeTime(state: ClockState): number {
  if (state.ended) return state.active;
  return state.active + Math.min(STOP_MS, state.now.t + state.slept - state.last);
}

/** The state at a new reading, in whole ms that never fall. */
function advanced(state: ClockState, reading: Reading): ClockState {
  const t = Math.max(state.now.t, Math.round(reading.t));
  const now = { t, wall: Math.round(reading.wall) };
  const excess = now.wall - state.now.wall - (t - state.now.t);
  return { ...state, now, slept: state.slept + (excess > JUMP_MS ? excess : 0) };
}

function flushed(state: ClockState): Step {
  if (!state.beat) return { state, events: [] };
  const { first, last } = state.beat;
  return emit({ ...state, beat: null }, "activity", first, { until: last });
}

const PASSIVE: ReadonlySet<Kind> = new Set([
  "activity",
  "focus",
  "blur",
  "visible",
  "hidden",
  "save",
]);

function emit(state: ClockState, kind: Kind, at: Reading, data: Record<string, unknown>): Step {
  const { page, seq } = state;
  const t = Math.round(at.t);
  const event = { kind, page, seq, t, wall: Math.round(at.wall), data };
  const next = { ...state, seq: seq + 1 };
  // A heartbeat's activities were counted when they happened.
  return { state: PASSIVE.has(kind) ? next : ended(counted(next, t), kind), events: [event] };
}

/** An activity at `t`: the gap since the one before it counts. */
function counted(state: ClockState, t: number): ClockState {
  const at = t + state.slept;
  const gap = state.ended ? 0 : Math.min(STOP_MS, at - state.last);
  return { ...state, active: state.active + gap, last: at };
}

function ended(state: ClockState, kind: Kind): ClockState {
  if (kind === "submit" || kind === "close") return { ...state, ended: true };
  return kind === "open" || kind === "resume" ? { ...state, ended: false } : state;
}

function withWindow(state: ClockState, kind: Kind): ClockState {
  if (kind === "hidden" || kind === "visible") return { ...state, hidden: kind === "hidden" };
  if (kind === "blur" || kind === "focus") return { ...state, blurred: kind === "blur" };
  // Any other act needs the page before one's eyes: a browser may forget to tell.
  return kind === "save" ? state : { ...state, hidden: false, blurred: false };
}
