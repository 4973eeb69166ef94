import { expect, test } from "vitest";

import { messageOf } from "./message-of";

test.each([
  ["unknown image format (first bytes: 74)", "Unknown image format (first bytes: 74)."],
  ["config.json is not valid JSON", "config.json is not valid JSON."],
  ["logit_scale is missing", "logit_scale is missing."],
  ["No model is loaded yet.", "No model is loaded yet."],
  ["“x.png” is empty", "“x.png” is empty."],
])("%s becomes a sentence", (message, sentence) => {
  expect(messageOf(new Error(message))).toBe(sentence);
});

test("what is thrown need not be an error", () => {
  expect(messageOf("quite another thing")).toBe("Quite another thing.");
});
