import { expect, test } from "vitest";
import { type Control, endsField, isTaken, type Press } from "./keyboard";

function press(key: string, more: Partial<Press> = {}): Press {
  return { key, ctrlKey: false, metaKey: false, altKey: false, ...more };
}

test("only what one types into takes every key", () => {
  const takers = (key: string): Control[] =>
    (["text", "list", "slider", "tick", "button", "link", "none"] as const).filter((control) =>
      isTaken(press(key), control),
    );
  expect(takers("b")).toEqual(["text", "list"]);
  expect(takers("1")).toEqual(["text", "list"]);
  expect(takers(" ")).toEqual(["text", "list", "tick", "button"]);
  expect(takers("Enter")).toEqual(["text", "list", "button", "link"]);
  expect(takers("ArrowLeft")).toEqual(["text", "list", "slider"]);
});

test("undo is the field's where one types, and the page's elsewhere", () => {
  const undo = press("z", { ctrlKey: true });
  expect(isTaken(undo, "text")).toBe(true);
  expect(isTaken(undo, "list")).toBe(false);
  expect(isTaken(undo, "slider")).toBe(false);
  expect(isTaken(press("Enter", { ctrlKey: true }), "text")).toBe(false);
});

test("Enter and Escape give the keys of a field back", () => {
  expect(endsField(press("Enter"), "text")).toBe(true);
  expect(endsField(press("Escape"), "text")).toBe(true);
  expect(endsField(press("Escape"), "list")).toBe(true);
  expect(endsField(press("Enter"), "button")).toBe(false);
  expect(endsField(press("Enter", { ctrlKey: true }), "text")).toBe(false);
});
