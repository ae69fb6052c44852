/** What the server does not have yet, in this browser: it outlives a crash of the tab. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { LogEvent } from "../core/events";

export interface Entry {
  session: number;
  /** The revision that the tiles were drawn on. */
  revision: number;
  /** Name of the save that was on its way then, or none. */
  save: string;
  /** A save of all tiles that are not acknowledged, see core/deltas. */
  tiles: Uint8Array<ArrayBuffer>;
  events: LogEvent[];
}

interface Schema extends DBSchema {
  sessions: { key: number; value: Entry };
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(`premask ${location.host}`, 1, {
    upgrade(db) {
      db.createObjectStore("sessions", { keyPath: "session" });
    },
  });
  return opened;
}

export async function write(entry: Entry): Promise<void> {
  await (await database()).put("sessions", entry);
}

export async function read(session: number): Promise<Entry | undefined> {
  return (await database()).get("sessions", session);
}

export async function clear(session: number): Promise<void> {
  await (await database()).delete("sessions", session);
}
