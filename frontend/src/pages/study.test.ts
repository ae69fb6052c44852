import { describe, expect, it } from "vitest";
import type { Study, Task } from "../api/client";
import { hindrance, passLine } from "./study";

const task = (more: Partial<Task>): Task => ({
  image: "a",
  name: "a.png",
  strategy: "scratch",
  position: 1,
  state: "ready",
  due: null,
  session: null,
  ...more,
});
const study = (tasks: Task[]): Study => ({ arm: "choice", min_days: 7, next: 1, tasks });
const image = (id: string, seen = false) => ({ id, seen });

describe("a study", () => {
  it("says a pass in words", () => {
    expect(passLine(task({}))).toBe("a.png, from scratch");
    expect(passLine(task({ strategy: "preannotated" }))).toBe("a.png, from the pre-annotation");
  });

  it("hinders a second pass before its time, and nothing else", () => {
    const found = study([
      task({}),
      task({ strategy: "preannotated", state: "later" }),
      task({ image: "b", state: "waiting", due: "2026-01-02T03:04:05+00:00" }),
    ]);
    expect(hindrance(found, image("a"), "scratch")).toBe("");
    expect(hindrance(found, image("a"), "preannotated")).toBe("after the other pass");
    expect(hindrance(found, image("b"), "scratch")).toContain("2026");
    expect(hindrance(found, image("c"), "scratch")).toBe("");
    expect(hindrance(null, image("a"), "preannotated")).toBe("");
    expect(hindrance(null, image("a", true), "scratch")).toContain("another's");
  });
});
