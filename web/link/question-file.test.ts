import { describe, expect, test } from "vitest";

import { emptyLinkState } from "./link-state";
import { readQuestion, writeQuestion } from "./question-file";

const named = (text: string) => new File([text], "a.cliprobe.json");

describe("a saved question", () => {
  test("reads back as what was written", async () => {
    const state = {
      ...emptyLinkState(),
      scene: "7",
      captions: ["a red dog", "<b>a blue dog</b>"],
      marks: [{ at: 1, group: "hard-negative" as const, kind: "swap-objects", of: 0 }],
      patch: { a: "0123456789ab", b: "ba9876543210", alpha: 0.4 },
    };
    expect(await readQuestion(named(writeQuestion(state)))).toEqual({ state, problems: [] });
  });

  test("of a newer page is said, and what is understood is taken", async () => {
    const text = '{"cliprobe":"question","version":99,"values":{"scene":["4"],"future":["1"]}}';
    const { state, problems } = await readQuestion(named(text));
    expect(state.scene).toBe("4");
    expect(problems).toEqual([expect.stringMatching(/newer version/)]);
  });

  test("loses a value that cannot be read, and names it", async () => {
    const text = '{"cliprobe":"question","version":3,"values":{"scene":["x"],"caption":["a"]}}';
    const { state, problems } = await readQuestion(named(text));
    expect(state.captions).toEqual(["a"]);
    expect(problems).toEqual([expect.stringMatching(/“scene” is not a whole number/)]);
  });

  test.each([
    ["{", /“a\.cliprobe\.json” is not a saved question: it is not JSON/],
    ["[]", /its “cliprobe” is not “question”/],
    ['{"cliprobe":"question","version":"3","values":{}}', /“version” is not a whole number/],
    ['{"cliprobe":"question","version":3}', /“values” is not an object/],
    ['{"cliprobe":"question","version":3,"values":{"scene":[4]}}', /“scene” in its “values”/],
  ])("is refused in one sentence: %s", async (text, sentence) => {
    await expect(readQuestion(named(text))).rejects.toThrow(sentence);
  });
});
