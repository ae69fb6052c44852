/** Pages wait for the server, and may be left meanwhile. */

import { onDestroy } from "svelte";

/** Whether the page that asks is still there; to be called while it is made. */
export function presence(): () => boolean {
  let there = true;
  onDestroy(() => {
    there = false;
  });
  return () => there;
}
