/** What a key means in the editor. */

import { TOOLS, type ToolName } from "./tools";

export type Plain =
  | "undo"
  | "redo"
  | "submit"
  | "smaller"
  | "larger"
  | "pan"
  | "hide"
  | "outline"
  | "rulers"
  | "minimap"
  | "cancel"
  | "close area"
  | "drop corner"
  | "zoom in"
  | "zoom out"
  | "whole image"
  | "help";

export type Command =
  | { do: Plain }
  | { do: "take"; tool: ToolName }
  | { do: "phase" | "lock"; phase: number }
  | { do: "look"; right: number; down: number };

type Press = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

const PLAIN: Readonly<Record<string, Plain>> = {
  "[": "smaller",
  "]": "larger",
  " ": "pan",
  h: "hide",
  o: "outline",
  r: "rulers",
  m: "minimap",
  escape: "cancel",
  "+": "zoom in",
  "=": "zoom in",
  "-": "zoom out",
  0: "whole image",
  "?": "help",
};
const LOOK: Readonly<Record<string, readonly [right: number, down: number]>> = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};
const POLYGON: Readonly<Record<string, Plain>> = { enter: "close area", backspace: "drop corner" };

/** The command of a key, null where it means nothing here. */
export function commandOf(press: Press, tool: ToolName): Command | null {
  const key = press.key.toLowerCase();
  if (press.ctrlKey || press.metaKey) {
    if (key === "z") return { do: press.shiftKey ? "redo" : "undo" };
    if (key === "y") return { do: "redo" };
    return key === "enter" ? { do: "submit" } : null;
  }
  if (press.altKey) return null;
  // By the place of the key: with Shift a digit is another character, and which one differs.
  const digit = /^Digit([1-9])$/.exec(press.code);
  if (digit) return { do: press.shiftKey ? "lock" : "phase", phase: Number(digit[1]) - 1 };
  const taken = TOOLS.find((one) => one.key === key);
  if (taken) return { do: "take", tool: taken.name };
  const look = LOOK[key];
  if (look) return { do: "look", right: look[0], down: look[1] };
  const plain = PLAIN[key] ?? (tool === "polygon" ? POLYGON[key] : undefined);
  return plain ? { do: plain } : null;
}
