/** What the study lets an annotator do with an image. */

import type { Image, Study, Task } from "../api/client";

export type Strategy = "scratch" | "preannotated";

/** A pass in words. */
export function passLine(task: Task): string {
  const way = task.strategy === "scratch" ? "from scratch" : "from the pre-annotation";
  return `${task.name}, ${way}`;
}

/** Why a strategy cannot be begun on an image now; empty where it can. */
export function hindrance(
  study: Study | null,
  image: Pick<Image, "id" | "seen">,
  strategy: Strategy,
): string {
  if (image.seen) return "you have seen another's label map of it";
  const task = study?.tasks.find((one) => one.image === image.id && one.strategy === strategy);
  if (task?.state === "later") return "after the other pass";
  if (task?.state === "waiting" && task.due)
    return `from ${new Date(task.due).toLocaleString()} on`;
  return "";
}
