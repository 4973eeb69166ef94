import { expect, test } from "vitest";

import { wrapped } from "./ranking-image";

test("a caption is broken between words, and a word that is too long stands alone", () => {
  const measure = { measureText: (text: string) => ({ width: text.length }) };
  expect(wrapped(measure, "a red dog on grass", 9)).toEqual(["a red dog", "on grass"]);
  expect(wrapped(measure, "antidisestablishment of it", 9)).toEqual([
    "antidisestablishment",
    "of it",
  ]);
});
