import { expect, test } from "vitest";

import { Recent } from "./recent";

test("the least recently used entry goes first", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.get("a")).toBe(1);
  recent.set("c", 3);
  expect(recent.get("b")).toBeUndefined();
  expect(recent.get("a")).toBe(1);
  expect(recent.get("c")).toBe(3);
});

test("setting an entry again replaces it without evicting another", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("b", 3);
  expect(recent.get("a")).toBe(1);
  expect(recent.get("b")).toBe(3);
});

test("clear forgets everything", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.clear();
  expect(recent.get("a")).toBeUndefined();
});
