/**
 * Time spent on an image before there is a session: looking at candidates and naming their
 * regions. It waits in this browser and is told to the session as soon as there is one, so
 * that a repair is not made to look cheaper than it was.
 */

import { api, type Session } from "../api/client";
import type { LogEvent } from "../core/events";

/** Of one browser's storage, which holds some megabytes: older events go first. */
const MOST = 20_000;
const MOST_AT_ONCE = 2_000;

export function visitKey(project: string, annotator: string, image: string): string {
  return `premask.visit ${JSON.stringify([project, annotator, image])}`;
}

/** Events of earlier visits that no session has. */
export function kept(key: string): LogEvent[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? (found as LogEvent[]) : [];
  } catch {
    return [];
  }
}

/** Put a visit with the earlier ones. */
export function keep(key: string, events: readonly LogEvent[]): void {
  if (!events.length) return;
  const all = [...kept(key), ...events].slice(-MOST);
  try {
    localStorage.setItem(key, JSON.stringify(all));
  } catch {
    // The storage is full: this visit is lost, and nothing else.
  }
}

/** Tell a session all that waits; what could not be told waits on. */
export async function deliver(key: string, session: number): Promise<void> {
  const waiting = kept(key);
  for (let at = 0; at < waiting.length; at += MOST_AT_ONCE) {
    await api.events(session, waiting.slice(at, at + MOST_AT_ONCE));
  }
  // What another tab put there meanwhile stays.
  const told = new Set(waiting.map(nameOf));
  const left = kept(key).filter((event) => !told.has(nameOf(event)));
  if (left.length) localStorage.setItem(key, JSON.stringify(left));
  else localStorage.removeItem(key);
}

function nameOf({ page, seq }: LogEvent): string {
  return `${page} ${seq}`;
}

/**
 * A session as it is opened, whichever page it was begun on: the visits to its image's
 * candidates are told to it here and nowhere else. A map from scratch has no candidates; the
 * visits wait for the repair.
 */
export async function openSession(id: number, project: string): Promise<Session> {
  const session = await api.session(id);
  const key = visitKey(project, session.annotator, session.image);
  const open = session.state === "open" || session.state === "returned";
  if (!open || session.strategy !== "preannotated" || !kept(key).length) return session;
  try {
    await deliver(key, id);
  } catch {
    return session; // it waits in this browser then
  }
  return api.session(id); // its minutes count the visits now
}
