/** The ways out of a label map as it stands: submit it, or go back to a version of it. */

import { api, type Version } from "../api/client";
import { gapsOf } from "../core/gaps";
import { told } from "./clockwork";
import { type Desk, settle } from "./desk";
import { settle as everythingSent, tick } from "./saver";

/** Submit the map; false where one would rather go on. */
export async function submit(desk: Desk): Promise<boolean> {
  settle(desk);
  const { saver, map, session } = desk.work;
  const gaps = gapsOf(map);
  if (gaps && !confirm(`On this image ${gaps}. Submit it nonetheless?`)) return false;
  if (!(await everythingSent(saver))) throw new Error(saver.message);
  await api.submit(session.id, saver.revision);
  told(desk.clock, "submit");
  await tick(saver);
  return true;
}

/** Go back to a version, of a map that is at work or closed; false where one would rather not. */
export async function goBack(desk: Desk, version: Version, closed: boolean): Promise<boolean> {
  const { saver, session } = desk.work;
  const question =
    "Go back to this version? What you drew since the last submission goes; all versions stay.";
  if (!confirm(question)) return false;
  if (closed) await api.reopen(session.id);
  else if (!(await everythingSent(saver))) throw new Error(saver.message);
  await api.restore(session.id, version.id, saver.revision);
  return true;
}
