import { expect, test } from "vitest";

import { readModelList } from "./model-list";

const ENTRY = {
  name: "tiny",
  about: "A small model.",
  file: "default.gguf",
  bytes: 14,
  sha256: "0f".repeat(32),
  golden: "default.golden.json",
};

test("a list is read as it stands", () => {
  const { name, bytes, sha256 } = ENTRY;
  const bare = { name, file: "hard-negatives.gguf", bytes, sha256 };
  expect(readModelList([ENTRY, bare])).toEqual([ENTRY, bare]);
});

test.each([
  [{}, "models/models.json is not a list of models."],
  [null, "models/models.json is not a list of models."],
  [[], "models/models.json is not a list of models."],
  [[null], "Model 1 of models/models.json has no “name”."],
  [[ENTRY, "tiny"], "Model 2 of models/models.json has no “name”."],
  [[{ ...ENTRY, name: " " }], "has no “name”."],
  [[{ ...ENTRY, about: 1 }], "has no words in “about”."],
  [[{ ...ENTRY, file: "../secret.gguf" }], "has no name of a file beside the list in “file”."],
  [[{ ...ENTRY, file: "//elsewhere/m.gguf" }], "has no name of a file beside the list in “file”."],
  [[{ ...ENTRY, bytes: -1 }], "has no size in “bytes”."],
  [[{ ...ENTRY, bytes: 0.5 }], "has no size in “bytes”."],
  [[{ ...ENTRY, sha256: "ab" }], "has no “sha256” of 64 lower-case hexadecimal digits."],
  [[{ ...ENTRY, golden: null }], "has no name of a file beside the list in “golden”."],
  [[ENTRY, ENTRY], "models/models.json lists default.gguf twice."],
])("a list that holds %j is refused in one sentence", (value, message) => {
  expect(() => readModelList(value)).toThrow(message);
});
