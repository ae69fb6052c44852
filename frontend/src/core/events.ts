/** The lines of a session's log, as the page writes and the server reads them. */

/** What both clocks of the page show at one moment. */
export interface Reading {
  /** Monotonic, ms since the page opened the session. It may stand still during sleep. */
  t: number;
  /** Clock of the computer, UTC ms. It may be wrong, and may be set at any time. */
  wall: number;
}

export type Kind =
  | "open"
  | "focus"
  | "blur"
  | "visible"
  | "hidden"
  | "activity"
  | "stroke"
  | "tool"
  | "phase"
  | "stage"
  | "save"
  | "submit"
  | "close"
  | "resume";

/** One line of the log, as the server takes it. */
export interface LogEvent {
  kind: Kind;
  /** This load of the page; `t` and `seq` mean something within it only. */
  page: string;
  /** Counts the page's events from 0. */
  seq: number;
  /** Whole ms, never less than in the event before. */
  t: number;
  /** Whole UTC ms. */
  wall: number;
  /** `activity`: `until`; `stroke`: `start`, `end`, `tool`, `phase`, `px`, `length`; and so on. */
  data: Record<string, unknown>;
}

/** Kinds that are told as they happen. */
export type Told = Exclude<Kind, "activity" | "stroke">;

export interface StrokeFacts {
  /** Pointer down and up, ms as {@link Reading.t}. */
  start: number;
  end: number;
  tool: string;
  /** null for tools without one. */
  phase: number | null;
  /** Pixels whose label changed. */
  px: number;
  /** Way of the pointer, px of the image; 0 for what is done at once. */
  length: number;
}
