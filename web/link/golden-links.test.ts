/** The golden links, which the command's own reader is held to as well (`native/src/replay/link.rs`). */

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { fromBase64Url } from "./base64url";
import { type LinkState, readFragment, writeFragment } from "./link-state";
import { readQuestion } from "./question-file";

/** What a link says about a ranking; the photo's copy as a link writes it. */
type Said = Pick<
  LinkState,
  "scene" | "photo" | "hash" | "captions" | "model" | "patch" | "answer"
> & { copy: string | null };

const golden = JSON.parse(readFileSync("tests/golden/links.json", "utf8")) as {
  read: { link: string; says: Said }[];
  files: { file: object; says: Said }[];
  refused: { link: string; key: string }[];
};

const stateOf = ({ copy, ...said }: Said): Partial<LinkState> => ({
  ...said,
  copy: copy === null ? null : fromBase64Url(copy),
});
const fragmentOf = (link: string): string => link.slice(link.indexOf("#") + 1);

test.each(golden.read)("$link", ({ link, says }) => {
  const { state, problems } = readFragment(fragmentOf(link));
  expect(problems).toEqual([]);
  expect(state).toMatchObject(stateOf(says));
  // What is read is written so that it reads the same.
  expect(readFragment(writeFragment(state))).toEqual({ state, problems: [] });
});

test.each(golden.files)("a saved question", async ({ file, says }) => {
  const text = JSON.stringify(file);
  const { state, problems } = await readQuestion(new File([text], "golden.cliprobe.json"));
  expect(problems).toEqual([]);
  expect(state).toMatchObject(stateOf(says));
});

test.each(golden.refused)("$link is told by its key", ({ link, key }) => {
  const { problems } = readFragment(link);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`“${key}”`);
});
