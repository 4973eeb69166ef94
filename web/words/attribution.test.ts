import { expect, test } from "vitest";

import { coarseFirst, percentile, signed, strength, withoutEach } from "./attribution";

test("each word is left out once", () => {
  expect(withoutEach("  a red  dog ")).toEqual([
    { word: "a", without: "red dog" },
    { word: "red", without: "a dog" },
    { word: "dog", without: "a red" },
  ]);
  expect(withoutEach("dog")).toEqual([{ word: "dog", without: "" }]);
});

test("a percentile counts ties half", () => {
  expect(percentile(3, [1, 2, 3, 4])).toBe(62.5);
  expect(percentile(5, [1, 2, 3, 4])).toBe(100);
  expect(percentile(0, [1, 2, 3, 4])).toBe(0);
});

test("the strongest is 1, and nothing is nothing", () => {
  expect(strength(-0.1, [0.2, -0.1, null])).toBe(0.5);
  expect(strength(0, [0, null])).toBe(0);
});

test.each([1, 2, 7, 16])("a grid of %i a side is seen whole, coarsely first", (side) => {
  const cells = coarseFirst(side);
  expect([...cells].sort((a, b) => a - b)).toEqual(
    Array.from({ length: side * side }, (_, index) => index),
  );
  expect(cells[0]).toBe(0);
});

test("numbers carry their sign", () => {
  expect([0.01234, -0.5, -0.00001].map(signed)).toEqual(["+0.0123", "−0.5000", "0.0000"]);
});
