import { expect, test } from "vitest";
import { emptyRange, notBetween, radiusOf } from "./tools";

test("says why a range of grey values paints nothing", () => {
  expect(emptyRange([0, 0])).toBe("");
  expect(emptyRange([10, 200])).toBe("");
  expect(emptyRange([200, 10])).toContain("from 200 to 10");
  expect(emptyRange([null, 10])).toContain("both");
  expect(emptyRange([0, undefined])).toContain("both");
});

test("says which numbers are accepted instead of doing nothing", () => {
  expect(notBetween(30, 2, Number.POSITIVE_INFINITY)).toBe("");
  expect(notBetween(1, 2, Number.POSITIVE_INFINITY)).toBe("1: 2 or more px is accepted");
  expect(notBetween(null, 1, 50)).toBe("no number: 1 to 50 px is accepted");
  expect(notBetween(51, 1, 50)).toContain("1 to 50");
});

test("keys and slider reach the same radii", () => {
  expect([radiusOf(0), radiusOf(12), radiusOf(1e9)]).toEqual([0.5, 12, 400]);
});
