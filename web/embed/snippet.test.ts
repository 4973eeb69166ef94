import { expect, test } from "vitest";

import { addressOf, embedSnippet, isEmbedded } from "./snippet";

const PAGE = "https://example.org/lab/?x=1#scene=2";

test("the frame opens the same question, without the page's own frame", () => {
  expect(addressOf(PAGE, "v=3&scene=1", true)).toBe("https://example.org/lab/?embed#v=3&scene=1");
  expect(addressOf("https://example.org/lab/?embed#scene=2", "scene=1", false)).toBe(
    "https://example.org/lab/#scene=1",
  );
  expect(isEmbedded("https://example.org/lab/?embed")).toBe(true);
  expect(isEmbedded(PAGE)).toBe(false);
});

test("what is pasted into another page cannot end its attribute", () => {
  const snippet = embedSnippet(PAGE, 'v=3&caption="><script>');
  expect(snippet).toMatch(
    /^<iframe src="https:\/\/example\.org\/lab\/\?embed#v=3&amp;caption=[^"<>]*" title=/,
  );
});
