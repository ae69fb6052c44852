/** The states of an image, in the order in which it goes through them. */

import type { Image } from "../api/client";

export const STATES: readonly Image["state"][] = [
  "new",
  "pre-annotated",
  "in progress",
  "submitted",
  "doubtful",
  "agreed",
];

/** Share of the images in a state, 0 to 1. */
export function fractionDone(images: readonly Image[], state: Image["state"]): number {
  return images.length ? images.filter((one) => one.state === state).length / images.length : 0;
}
