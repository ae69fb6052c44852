/**
 * Autosave: changed tiles go to the server within two seconds, one save after the other,
 * and stand in the journal until they are acknowledged.
 */

import { ApiError, api, type Session } from "../api/client";
import { encodeTiles } from "../core/deltas";
import type { LogEvent } from "../core/events";
import { type LabelMap, type Planes, takeUnsaved } from "../core/labelMap";
import { mergeOver } from "../core/merge";
import * as journal from "./journal";

/** Longest time that a stroke waits before it is sent, ms. */
const DELAY = 1_000;
/** Between attempts while the server cannot be reached, ms. */
const RETRY = 3_000;
const MOST_EVENTS = 4_000;
/** Events of the last request of a page: browsers give it 64 kB. */
const MOST_LAST = 200;

export type State = "saved" | "saving" | "offline" | "conflict" | "failed";

interface Flight {
  revision: number;
  name: string;
  /** Each tile as the server had it before. */
  before: Map<number, Planes>;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Saver {
  session: number;
  /** Of the journal, see {@link journal.keyOf}. */
  key: string;
  map: LabelMap;
  /** This load of the page; saves are named after it. */
  page: string;
  /** Events that the server does not have. */
  waiting: LogEvent[];
  revision: number;
  state: State;
  message: string;
  /** A save on its way; it is sent again as it was until it is answered. */
  flight: Flight | null;
  sending: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  saves: number;
  /** Nothing of it is to be kept any more. */
  gone: boolean;
  onchange: (state: State, message: string) => void;
  /** The server has a save, for the log. */
  onsaved: (revision: number) => void;
}

export function makeSaver(
  session: Session,
  map: LabelMap,
  page: string,
  revision: number,
  onchange: Saver["onchange"],
): Saver {
  return {
    session: session.id,
    key: journal.keyOf(session),
    map,
    page,
    waiting: [],
    revision,
    state: "saved",
    message: "",
    flight: null,
    sending: false,
    timer: undefined,
    saves: 0,
    gone: false,
    onchange,
    onsaved: () => undefined,
  };
}

/** Something was drawn: into the journal now, to the server soon. */
export function changed(saver: Saver): void {
  writeJournal(saver);
  if (saver.state === "saved") report(saver, "saving");
  saver.timer ??= setTimeout(() => void flush(saver), DELAY);
}

/** Everything that is not acknowledged, as one save. */
function writeJournal(saver: Saver): void {
  const unsaved = unacknowledged(saver).keys();
  const entry = {
    key: saver.key,
    revision: saver.revision,
    save: saver.flight?.name ?? "",
    tiles: encodeTiles(saver.map, [...unsaved]),
    events: [...saver.waiting],
  };
  journal.write(entry).catch(() => report(saver, saver.state, "this browser keeps no journal"));
}

/** The tiles that the server does not have, each as it has them. */
function unacknowledged({ flight, map }: Saver): Map<number, Planes> {
  return new Map([...map.before, ...(flight?.before ?? [])]);
}

/** Send what is waiting; true where the server has everything then. */
export async function flush(saver: Saver): Promise<boolean> {
  clearTimeout(saver.timer);
  saver.timer = undefined;
  if (saver.sending || saver.gone || saver.state === "conflict") return false;
  saver.sending = true;
  try {
    while (saver.flight || saver.map.unsaved.includes(1)) {
      saver.flight ??= depart(saver);
      const { revision, name, bytes } = saver.flight;
      saver.revision = (await api.save(saver.session, revision, name, bytes)).revision;
      saver.flight = null;
      saver.onsaved(saver.revision);
    }
    await sendEvents(saver);
    if (drawnSince(saver)) return false;
    await journal.clear(saver.key).catch(() => undefined);
    if (drawnSince(saver)) return false;
    report(saver, "saved");
    return true;
  } catch (error) {
    failed(saver, error);
    return false;
  } finally {
    saver.sending = false;
  }
}

/** Send what is waiting, whatever is on its way; false where the server cannot have it now. */
export async function settle(saver: Saver): Promise<boolean> {
  while (!(await flush(saver))) {
    if (saver.gone || (!saver.sending && saver.state !== "saving")) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Another saver takes its place: what it has not sent is in the journal. */
export function retire(saver: Saver): void {
  clearTimeout(saver.timer);
  saver.gone = true;
}

/** Something was drawn while the rest was on its way: it is not saved yet, and sent soon. */
function drawnSince(saver: Saver): boolean {
  if (!saver.map.unsaved.includes(1)) return false;
  changed(saver);
  report(saver, "saving");
  return true;
}

function depart(saver: Saver): Flight {
  const before = takeUnsaved(saver.map);
  saver.saves += 1;
  return {
    revision: saver.revision,
    name: `${saver.page}-${saver.saves}`,
    before,
    bytes: encodeTiles(saver.map, [...before.keys()]),
  };
}

async function sendEvents(saver: Saver): Promise<void> {
  // They leave the list when the server has them; sent twice (by a tick and a save that
  // meet), they count once.
  const events = saver.waiting.slice(0, MOST_EVENTS);
  if (!events.length) return;
  await api.events(saver.session, events);
  // By name, not by number: another request may have taken some of them meanwhile.
  const sent = new Set(events);
  saver.waiting = saver.waiting.filter((event) => !sent.has(event));
}

/** Send the log alone: nothing was drawn, but time passes. */
export async function tick(saver: Saver): Promise<void> {
  if (saver.gone || saver.flight || saver.map.unsaved.includes(1)) return;
  try {
    await sendEvents(saver);
    if (saver.state === "offline") report(saver, "saved");
  } catch (error) {
    failed(saver, error);
  }
}

/** The last words of a page that is being closed. */
export function farewell(saver: Saver): void {
  if (saver.gone) return;
  const events = saver.waiting.slice(-MOST_LAST);
  if (events.length) api.events(saver.session, events, true).catch(() => undefined);
  writeJournal(saver);
}

/** After a conflict: forget what was drawn here. The log is kept: the time was spent. */
export async function abandon(saver: Saver): Promise<void> {
  takeUnsaved(saver.map);
  saver.flight = null;
  await api.events(saver.session, saver.waiting.splice(0)).catch(() => undefined);
  await journal.clear(saver.key);
  saver.gone = true;
}

function failed(saver: Saver, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError && error.status === 409) {
    report(saver, "conflict", message);
  } else {
    // A full disk (507) is for somebody to mend, as a refusal is; no answer, or a server that
    // is being restarted, is not.
    const status = error instanceof ApiError ? error.status : 0;
    const known = (status > 0 && status < 500) || status === 507;
    report(saver, known ? "failed" : "offline", message);
    saver.timer ??= setTimeout(() => void flush(saver), RETRY);
  }
}

/**
 * After a conflict: keep the pixels that were drawn here, over what the server has now. The map
 * is what will be stored as soon as `onmerged` is called; patches do not fit it any more.
 *
 * @throws Error where the server cannot be asked, or takes no saves of the session any more.
 */
export async function keepMine(saver: Saver, onmerged: () => void): Promise<void> {
  const { state } = await api.session(saver.session);
  if (state !== "open" && state !== "returned")
    throw new Error(`the label map is ${state} by now; take what was saved there, and reopen it`);
  const newest = await api.planes(saver.session);
  mergeOver(saver.map, unacknowledged(saver), newest);
  saver.flight = null;
  saver.revision = newest.revision;
  onmerged();
  report(saver, "saving");
  changed(saver);
  await flush(saver);
}

function report(saver: Saver, state: State, message = ""): void {
  saver.state = state;
  saver.message = message;
  saver.onchange(state, message);
}
