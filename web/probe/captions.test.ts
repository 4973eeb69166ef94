import { expect, test } from "vitest";

import { MAX_CAPTIONS } from "./caption-list";
import { Captions } from "./captions.svelte";

function captions(...texts: string[]): Captions {
  const made = new Captions();
  made.replaceAll(texts);
  return made;
}

const texts = (made: Captions) => made.list.map((caption) => caption.text);

test("pasted lines become captions at the end", () => {
  const made = captions("a");
  made.add("b\n\nc");
  expect(texts(made)).toEqual(["a", "b", "c"]);
});

test("an edit keeps the caption's id and place", () => {
  const made = captions("a", "b");
  const id = made.list[0]?.id ?? NaN;
  made.edit(id, "z");
  expect(made.list[0]).toEqual({ id, text: "z" });
  made.edit(id, "two \r\n lines");
  expect(made.list[0]?.text).toBe("two lines");
});

test("a move tells the new place", () => {
  const made = captions("a", "b", "c");
  const id = made.list[0]?.id ?? NaN;
  expect(made.move(id, 1)).toBe(2);
  expect(made.move(id, 1)).toBe(3);
  expect(made.move(id, 1)).toBe(3);
});

test("a full list says how much it left out", () => {
  const made = captions("first");
  made.add("x\n".repeat(MAX_CAPTIONS + 1));
  expect(made.list).toHaveLength(MAX_CAPTIONS);
  expect(made.problem).toBe("The list holds at most 200 captions; 2 were left out.");
  made.remove(made.list[0]?.id ?? NaN);
  expect(made.problem).toBeNull();
});

test("a new scene takes the old scene's captions with it and leaves one's own", () => {
  const made = captions("old true", "mine", "old false", "  ");
  made.exchange(["old true", "old false"], ["new true", "mine"]);
  expect(texts(made)).toEqual(["new true", "mine"]);
});

test("a scene's captions step aside, and come back when asked", () => {
  const captions = new Captions();
  captions.replaceAll(["a red dog", "mine", "a blue dog"]);
  captions.stepAside(["a red dog", "a blue dog", "not in the list"]);
  expect(captions.texts).toEqual(["mine"]);
  expect(captions.aside).toEqual(["a red dog", "a blue dog"]);
  captions.bringBack();
  expect(captions.texts).toEqual(["mine", "a red dog", "a blue dog"]);
  expect(captions.aside).toEqual([]);
  captions.stepAside(["nothing of the kind"]);
  expect(captions.texts).toHaveLength(3);
});

test("another scene's captions leave none aside", () => {
  const captions = new Captions();
  captions.replaceAll(["a red dog"]);
  captions.stepAside(["a red dog"]);
  captions.exchange([], ["a cat"]);
  expect(captions.aside).toEqual([]);
  expect(captions.texts).toEqual(["a cat"]);
});
