import { expect, test } from "vitest";

import { edited, type MadeFrom } from "./marks";
import { triples, verdict } from "./verdict";

const made: Record<string, MadeFrom> = {
  p: { text: "p", kind: "positive-swap", group: "hard-positive", of: "c" },
  n: { text: "n", kind: "swap-objects", group: "hard-negative", of: "c" },
  other: { text: "other", kind: "swap-objects", group: "hard-negative", of: "x" },
};
const from = (text: string) => made[text] ?? null;
const scored = (c: number, p: number, n: number) => [
  { text: "c", cosine: c },
  { text: "p", cosine: p },
  { text: "n", cosine: n },
  { text: "other", cosine: 1 },
];

test.each([
  [scored(0.3, 0.2, 0.1), "original right, augmented right"],
  [scored(0.3, 0.1, 0.2), "original right, augmented wrong, brittle"],
  [scored(0.1, 0.3, 0.2), "original wrong, augmented wrong, brittle"],
  [scored(0.1, 0.2, 0.3), "original wrong, augmented wrong"],
  // A tie is right on neither count, and not brittle.
  [scored(0.3, 0.2, 0.2), "original right, augmented wrong"],
  [scored(0.2, 0.3, 0.2), "original wrong, augmented wrong"],
])("a triple is judged as run_eval.py judges it", (ranking, words) => {
  const [triple, ...others] = triples(ranking, from);
  expect(others).toEqual([]);
  expect(triple === undefined ? null : verdict(triple)).toBe(words);
});

test("without both kinds of edits there is no triple", () => {
  expect(triples(scored(0.3, 0.2, 0.1).slice(0, 2), from)).toEqual([]);
});

test("an edit is called what it is", () => {
  expect(made["p"] === undefined ? null : edited(made["p"])).toBe("hard positive: swap");
  expect(made["n"] === undefined ? null : edited(made["n"])).toBe("hard negative: swap objects");
});
