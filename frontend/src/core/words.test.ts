import { expect, test } from "vitest";
import { counted } from "./words";

test("one is told in the singular, and every other number in the plural", () => {
  expect([0, 1, 2].map((n) => counted(n, "image"))).toEqual(["0 images", "1 image", "2 images"]);
});
