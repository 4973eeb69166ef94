import { expect, test } from "vitest";

import { readSeed } from "../link/link-state";
import { fakeScene } from "../testing/fake-module";
import { altText, type PhotoImage, randomSeed, sceneCaptions } from "./image";

const photo: PhotoImage = {
  kind: "photo",
  key: "1",
  name: "dog.jpg",
  hash: null,
  bytes: new Uint8Array(),
  type: "image/jpeg",
  isCopy: false,
};

test("an image's text says what it is", () => {
  expect(altText(photo)).toBe("The photo “dog.jpg”");
  const view = fakeScene("4", 8);
  expect(altText({ kind: "scene", view })).toBe("Generated scene 4: a red dog 4");
  const silent = { ...view, captions: [] };
  expect(altText({ kind: "scene", view: silent })).toBe("Generated scene 4");
});

test("only scenes know what is true of them", () => {
  expect(sceneCaptions(null)).toEqual([]);
  expect(sceneCaptions(photo)).toEqual([]);
  expect(sceneCaptions({ kind: "scene", view: fakeScene("4", 8) })).toHaveLength(2);
});

test("random seeds are seeds, and differ", () => {
  const [a, b] = [randomSeed(), randomSeed()];
  expect(readSeed(a)).toBe(a);
  expect(a).not.toBe(b);
});
