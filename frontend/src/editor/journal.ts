/** What the server does not have yet, in this browser: it outlives a crash of the tab. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Session } from "../api/client";
import type { LogEvent } from "../core/events";

export interface Entry {
  /** See {@link keyOf}. */
  key: string;
  /** The revision that the tiles were drawn on. */
  revision: number;
  /** Name of the save that was on its way then, or none. */
  save: string;
  /** A save of all tiles that are not acknowledged, see core/deltas. */
  tiles: Uint8Array<ArrayBuffer>;
  events: LogEvent[];
}

interface Schema extends DBSchema {
  sessions: { key: string; value: Entry };
}

/**
 * What a session is known by here. Projects take turns at one address and number their
 * sessions from 1, so that the number alone would give one project's strokes to another.
 */
export function keyOf({ id, image, created }: Pick<Session, "id" | "image" | "created">): string {
  return `${image} ${id} ${created}`;
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("premask", 1, {
    upgrade(db) {
      db.createObjectStore("sessions", { keyPath: "key" });
    },
  });
  return opened;
}

export async function write(entry: Entry): Promise<void> {
  await (await database()).put("sessions", entry);
}

export async function read(key: string): Promise<Entry | undefined> {
  return (await database()).get("sessions", key);
}

export async function clear(key: string): Promise<void> {
  await (await database()).delete("sessions", key);
}
