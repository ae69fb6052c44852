/** What was drawn here, over a state of the map that came from elsewhere. */

import {
  type LabelMap,
  type Planes,
  readRect,
  recount,
  takeUnsaved,
  tileRect,
  writeRect,
} from "./labelMap";
import { fullRect } from "./spans";

/**
 * Make the map the newest state with what was drawn here over it, pixel by pixel: labels and
 * origins that are not as they were before come from here, all others from there.
 *
 * @param before - Tiles that were drawn on, each as it was before.
 * @param newest - The whole map as it is elsewhere; tiles that differ from it are unsaved then.
 */
export function mergeOver(
  map: LabelMap,
  before: ReadonlyMap<number, Planes>,
  newest: Planes,
): void {
  const drawn = [...before].map(([tile, old]) => {
    const rect = tileRect(map, tile);
    return { rect, old, mine: readRect(map, rect) };
  });
  map.labels.set(newest.labels);
  map.origins.set(newest.origins);
  recount(map);
  takeUnsaved(map);
  map.dirty = fullRect(map);
  for (const { rect, old, mine } of drawn) {
    const theirs = readRect(map, rect);
    const labels = over(old.labels, mine.labels, theirs.labels);
    const origins = over(old.origins, mine.origins, theirs.origins);
    if (labels || origins) writeRect(map, rect, theirs);
  }
}

/** Put what changed from `old` to `mine` into `theirs`; whether anything did. */
function over(old: Uint8Array, mine: Uint8Array, theirs: Uint8Array): boolean {
  let changed = false;
  for (let i = 0; i < mine.length; i++) {
    if (mine[i] === old[i]) continue;
    theirs[i] = mine[i]!;
    changed = true;
  }
  return changed;
}
