/** Which region a phase's key names, among all candidates of an image. */

export interface Region {
  candidate: number;
  region: number;
  /** A swatch lights its region up. */
  on: "picture" | "swatch";
}

export interface Target {
  /** Where the pointer is, since it last moved by itself. */
  pointed: Region | null;
  /** The swatch that has the focus. */
  focused: Region | null;
  /** What moved last. */
  by: "pointer" | "keys";
}

export const NOTHING: Target = { pointed: null, focused: null, by: "pointer" };

/** The pointer moved onto a region, or left one; see {@link rests} for what is no move. */
export function pointAt(target: Target, region: Region | null): Target {
  return { ...target, pointed: region, by: region ? "pointer" : target.by };
}

/** The focus went to a swatch, or away from one. */
export function focusOn(target: Target, region: Region | null): Target {
  return { ...target, focused: region, by: region ? "keys" : target.by };
}

/** What moved last tells the region; where it tells none, the other does. */
export function targetOf({ pointed, focused, by }: Target): Region | null {
  return by === "pointer" ? (pointed ?? focused) : (focused ?? pointed);
}

/** Where the pointer is in the window, px. */
export interface Spot {
  clientX: number;
  clientY: number;
}

/** Whether the pointer rests: what it leaves moved away under it, and not the pointer. */
export function rests(now: Spot, last: Spot | null): boolean {
  return now.clientX === last?.clientX && now.clientY === last.clientY;
}
