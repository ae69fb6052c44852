import { expect, test } from "vitest";
import { focusOn, NOTHING, pointAt, type Region, rests, targetOf } from "./target";

const swatch: Region = { candidate: 1, region: 0, on: "swatch" };
const picture: Region = { candidate: 2, region: 3, on: "picture" };

test("what the pointer points at wins over a swatch that had the focus before", () => {
  const target = pointAt(focusOn(NOTHING, swatch), picture);
  expect(targetOf(target)).toBe(picture);
  expect(targetOf(pointAt(target, null))).toBe(swatch);
});

test("a swatch that is stepped to wins over a pointer that rests", () => {
  const stepped = focusOn(pointAt(NOTHING, picture), swatch);
  expect(targetOf(stepped)).toBe(swatch);
  expect(targetOf(pointAt(stepped, null))).toBe(swatch); // it scrolled away from the pointer
  expect(targetOf(pointAt(stepped, picture))).toBe(picture);
});

test("nothing is named where neither is on a region", () => {
  expect(targetOf(NOTHING)).toBeNull();
  expect(targetOf(focusOn(focusOn(NOTHING, swatch), null))).toBeNull();
});

test("a pointer rests where it last moved to", () => {
  expect(rests({ clientX: 1, clientY: 2 }, { clientX: 1, clientY: 2 })).toBe(true);
  expect(rests({ clientX: 1, clientY: 3 }, { clientX: 1, clientY: 2 })).toBe(false);
  expect(rests({ clientX: 1, clientY: 2 }, null)).toBe(false);
});
