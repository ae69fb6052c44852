/** Which keys a focused control keeps for itself; every other key is the page's. */

export type Control = "text" | "list" | "slider" | "tick" | "button" | "link" | "none";

export type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

const INPUTS: Readonly<Record<string, Control>> = {
  range: "slider",
  checkbox: "tick",
  radio: "list",
  button: "button",
  submit: "button",
  reset: "button",
  color: "button",
  file: "button",
};

/** What is focused, as far as keys are concerned. */
export function controlOf(target: EventTarget | null): Control {
  if (!(target instanceof Element)) return "none";
  if (target instanceof HTMLInputElement) return INPUTS[target.type] ?? "text";
  if (target.matches("textarea, [contenteditable]")) return "text";
  if (target.matches("select")) return "list";
  if (target.matches("button, summary")) return "button";
  return target.matches("a[href]") ? "link" : "none";
}

const STEPS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const LEAPS = [...STEPS, "Home", "End", "PageUp", "PageDown"];
const OWN: Readonly<Record<Exclude<Control, "text" | "list">, readonly string[]>> = {
  slider: LEAPS,
  tick: [" "],
  button: [" ", "Enter"],
  link: ["Enter"],
  none: [],
};

/** Whether a focused control does something with a key itself. */
export function isTaken(press: Press, control: Control): boolean {
  const shortcut = press.ctrlKey || press.metaKey;
  // What one types is undone by the field; nothing else is submitted by Ctrl+Enter.
  if (control === "text") return !(shortcut && press.key === "Enter");
  if (shortcut || press.altKey) return false;
  if (control === "list") return true; // letters look for an entry
  return OWN[control].includes(press.key);
}

/** Whether a key ends the work in a field, so that the page has the keys again. */
export function endsField(press: Press, control: Control): boolean {
  if (press.ctrlKey || press.metaKey || press.altKey) return false;
  if (control === "text") return press.key === "Enter" || press.key === "Escape";
  return control === "list" && press.key === "Escape";
}
