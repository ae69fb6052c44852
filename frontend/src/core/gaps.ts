/** What is not labelled yet, in words. */

import { type LabelMap, VOID } from "./labelMap";

/** How much of a map is not labelled; empty where all of it is. */
export function gapsOf({ counts, width, height }: LabelMap): string {
  const px = counts[VOID]!;
  const all = width * height;
  if (!px) return "";
  if (px === all) return "nothing is labelled";
  const percent = (100 * px) / all;
  const share = percent < 0.01 ? "under 0.01" : percent.toPrecision(percent < 1 ? 1 : 2);
  return `${px.toLocaleString("en")} px (${share} %) ${px === 1 ? "is" : "are"} not labelled`;
}
