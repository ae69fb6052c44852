import { expect, test } from "vitest";
import { composed } from "./compose";

const FIRST = Uint8Array.of(0, 0, 1, 1, 2, 255);
const SECOND = Uint8Array.of(1, 0, 0, 1, 255, 1);
const THIRD = Uint8Array.of(2, 0, 1, 2, 2, 0);

// The same case is in tests/test_annotate_compose.py: page and server must agree.
test("a phase is there exactly where the candidate that it is taken from has it", () => {
  expect([...composed(FIRST, new Map([[1, SECOND]]))]).toEqual([1, 0, 0, 1, 2, 1]);
  const both = new Map([
    [2, THIRD],
    [1, SECOND],
  ]);
  expect([...composed(FIRST, both)]).toEqual([2, 0, 0, 2, 2, 1]);
  expect([...FIRST]).toEqual([0, 0, 1, 1, 2, 255]);
});
