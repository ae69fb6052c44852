import { expect, test } from "vitest";
import { type Command, commandOf } from "./keys";
import { TOOLS } from "./tools";

const none = { code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

test("every tool has a key of its own, which nothing else takes", () => {
  const keys = TOOLS.map((tool) => tool.key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const tool of TOOLS) {
    const found: Command | null = commandOf({ ...none, key: tool.key }, "brush");
    expect(found).toEqual({ do: "take", tool: tool.name });
  }
});

test("digits go by their place on the keyboard", () => {
  const press = { ...none, key: "!", code: "Digit1", shiftKey: true };
  expect(commandOf(press, "brush")).toEqual({ do: "lock", phase: 0 });
  expect(commandOf({ ...none, key: "3", code: "Digit3" }, "brush")).toEqual({
    do: "phase",
    phase: 2,
  });
});

test("Enter closes a polygon and is left alone elsewhere", () => {
  expect(commandOf({ ...none, key: "Enter" }, "polygon")).toEqual({ do: "close area" });
  expect(commandOf({ ...none, key: "Enter" }, "brush")).toBeNull();
});

test("arrows look further to one side", () => {
  expect(commandOf({ ...none, key: "ArrowLeft" }, "brush")).toEqual({
    do: "look",
    right: -1,
    down: 0,
  });
  expect(commandOf({ ...none, key: "ArrowDown" }, "polygon")).toEqual({
    do: "look",
    right: 0,
    down: 1,
  });
});

test("the browser keeps its own shortcuts", () => {
  expect(commandOf({ ...none, key: "f", ctrlKey: true }, "brush")).toBeNull();
  expect(commandOf({ ...none, key: "d", altKey: true }, "brush")).toBeNull();
});
