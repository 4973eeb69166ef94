import { expect, test } from "vitest";

import { adapted } from "./benchmark-controller";
import { formatLeft, Pace } from "./pace";

test("the rest is foretold from the time spent computing", () => {
  const pace = new Pace(100);
  expect(pace.left).toBeNull();
  expect(pace.itemsPerSecond).toBeNull();
  pace.stepped(1000, 0.1);
  pace.stepped(1000, 0.25);
  expect(pace.itemsPerSecond).toBeCloseTo(12.5);
  expect(pace.left).toBeCloseTo(6000);
});

test("a forecast is no finer than it is good for", () => {
  expect(formatLeft(100)).toBe("1 s");
  expect(formatLeft(89_000)).toBe("89 s");
  expect(formatLeft(150_000)).toBe("3 min");
  expect(formatLeft(4_800_000)).toBe("1 h 20 min");
});

test("a batch grows while it is quick, and shrinks when a ranking would wait for it", () => {
  expect(adapted(1, 10, 32)).toBe(2);
  expect(adapted(32, 10, 32)).toBe(32);
  expect(adapted(8, 300, 32)).toBe(8);
  expect(adapted(8, 900, 32)).toBe(4);
  expect(adapted(1, 9000, 32)).toBe(1);
});
