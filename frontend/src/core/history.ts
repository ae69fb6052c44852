/**
 * Undo and redo: one line of operations across tools and label maps, as long as their
 * patches fit into a budget of bytes.
 */

import type { LabelMap } from "./labelMap";
import { type Patch, togglePatch } from "./paint";
import type { Rect } from "./spans";

/** Default budget, bytes: tens of thousands of strokes. */
export const BUDGET = 256 * 1024 * 1024;

export interface Entry {
  /** Whose label map the operation changed. */
  session: number;
  /** The tool, for "undo brush". */
  tool: string;
  patch: Patch;
}

export interface History {
  /** Oldest first. */
  done: Entry[];
  /** What was undone, the next to be redone last. */
  undone: Entry[];
  /** Bytes of all patches. */
  bytes: number;
  /** bytes */
  budget: number;
}

export function makeHistory(budget: number = BUDGET): History {
  return { done: [], undone: [], bytes: 0, budget };
}

/** Bytes that an entry is charged with: its packed runs and an allowance for the objects. */
export function entryBytes(entry: Entry): number {
  return entry.patch.runs.length + 256;
}

/**
 * Add an operation that was just done. What was undone cannot be redone any more, and the
 * oldest operations go where the budget is exceeded; the newest one always stays, however
 * large it is, since it is the one that is most likely to be regretted.
 */
export function record(history: History, entry: Entry): void {
  for (const gone of history.undone) history.bytes -= entryBytes(gone);
  history.undone = [];
  history.done.push(entry);
  history.bytes += entryBytes(entry);
  let dropped = 0;
  while (history.bytes > history.budget && dropped < history.done.length - 1) {
    history.bytes -= entryBytes(history.done[dropped]!);
    dropped++;
  }
  if (dropped > 0) history.done.splice(0, dropped);
}

/** The operation that {@link undo} would take back: its session has to be open. */
export function nextUndo(history: History): Entry | undefined {
  return history.done.at(-1);
}

/** The operation that {@link redo} would do again. */
export function nextRedo(history: History): Entry | undefined {
  return history.undone.at(-1);
}

/**
 * Take back the last operation.
 *
 * @param map - Of the session that {@link nextUndo} names.
 * @returns What is to be drawn anew, px, or null where there is nothing to undo.
 */
export function undo(history: History, map: LabelMap): Rect | null {
  return move(history.done, history.undone, map, -1);
}

/** Do the operation again that was undone last; as {@link undo}. */
export function redo(history: History, map: LabelMap): Rect | null {
  return move(history.undone, history.done, map, 1);
}

function move(from: Entry[], to: Entry[], map: LabelMap, step: 1 | -1): Rect | null {
  const entry = from.pop();
  if (!entry) return null;
  togglePatch(map, entry.patch, step);
  to.push(entry);
  return entry.patch.rect;
}

/** Forget everything: somebody else works here now. */
export function forgetAll(history: History): void {
  history.done = [];
  history.undone = [];
  history.bytes = 0;
}

/**
 * Forget a session's operations: its map is another one now, and patches are differences
 * to the map that they were made on.
 */
export function forget(history: History, session: number): void {
  const keep = (entry: Entry): boolean => entry.session !== session;
  history.done = history.done.filter(keep);
  history.undone = history.undone.filter(keep);
  history.bytes = [...history.done, ...history.undone].reduce((sum, e) => sum + entryBytes(e), 0);
}
