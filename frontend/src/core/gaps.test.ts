import { expect, test } from "vitest";
import { gapsOf } from "./gaps";
import { makeLabelMap, set } from "./labelMap";
import { mapOf } from "./testing";

test("says how much of a map is not labelled, and nothing where all is", () => {
  expect(gapsOf(mapOf("01"))).toBe("");
  expect(gapsOf(mapOf(".."))).toBe("nothing is labelled");
  expect(gapsOf(mapOf("0.1", "111"))).toBe("1 px (17 %) is not labelled");
  const map = makeLabelMap(400, 400);
  for (let x = 0; x < 400; x++) for (let y = 0; y < 390; y++) set(map, x, y, 0, 2);
  expect(gapsOf(map)).toBe("4,000 px (2.5 %) are not labelled");
  for (let x = 0; x < 400; x++) for (let y = 390; y < 400; y++) set(map, x, y, 0, 2);
  set(map, 3, 3, 255, 2);
  expect(gapsOf(map)).toBe("1 px (under 0.01 %) is not labelled");
});
