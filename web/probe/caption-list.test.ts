import { expect, test } from "vitest";

import { captionLines, isRankable, MAX_CAPTION_CHARACTERS, moved } from "./caption-list";

const list = ["a", "b", "c"].map((text, id) => ({ id, text }));

test("pasted text falls into its non-empty lines", () => {
  expect(captionLines("a dog\r\n\r\n  a cat \n\ta cow\rend")).toEqual([
    "a dog",
    "a cat",
    "a cow",
    "end",
  ]);
  expect(captionLines(" \n ")).toEqual([]);
});

test("captions move by one place and stop at the ends", () => {
  expect(moved(list, 0, 1).map((c) => c.text)).toEqual(["b", "a", "c"]);
  expect(moved(list, 2, -1).map((c) => c.text)).toEqual(["a", "c", "b"]);
  expect(moved(list, 0, -1)).toBe(list);
  expect(moved(list, 2, 1)).toBe(list);
  expect(moved(list, 9, 1)).toBe(list);
});

test("blank and overlong captions are not ranked", () => {
  expect(isRankable("a dog")).toBe(true);
  expect(isRankable("  ")).toBe(false);
  expect(isRankable("x".repeat(MAX_CAPTION_CHARACTERS))).toBe(true);
  expect(isRankable("x".repeat(MAX_CAPTION_CHARACTERS + 1))).toBe(false);
});
