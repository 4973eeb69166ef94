import { expect, test } from "vitest";

import type { Metric } from "../wasm/cliprobe.js";
import {
  againstChance,
  formatDifference,
  formatInterval,
  formatMargin,
  formatP,
  formatValue,
  isShare,
} from "./metric";

const share: Metric = {
  name: "accuracy",
  value: 0.625,
  unit: "share",
  better: "higher",
  interval: { low: 0.52, high: 0.71 },
  chance: 0.5,
  n: 100,
  ties: 0,
};
const correlation: Metric = {
  name: "order correlation τ_d",
  value: -0.25,
  unit: "correlation",
  better: "higher",
  interval: { low: -0.3, high: 0.2 },
  n: 10,
  ties: 0,
};

test("shares are percentages, correlations are not", () => {
  expect(isShare(share)).toBe(true);
  expect(formatValue(share, share.value)).toBe("62.5 %");
  expect(formatInterval(share)).toBe("52.0 – 71.0");
  expect(isShare(correlation)).toBe(false);
  expect(formatValue(correlation, correlation.value)).toBe("−0.2500");
  expect(formatInterval(correlation)).toBe("−0.3000 to 0.2000");
  // The unit decides, not the name: a group may be called anything.
  expect(isShare({ ...share, name: "left | right" })).toBe(true);
  expect(isShare({ ...share, name: "gap", unit: "cosine" })).toBe(false);
});

test("the interval decides whether guessing does as well", () => {
  expect(againstChance(share)).toBe("better");
  expect(againstChance({ ...share, chance: 0.6 })).toBe("level");
  expect(againstChance({ ...share, chance: 0.8 })).toBe("worse");
  expect(againstChance(correlation)).toBeNull();
  const brittleness: Metric = { ...share, name: "brittleness", better: "lower" };
  expect(againstChance({ ...brittleness, chance: 0.8 })).toBe("better");
  expect(againstChance({ ...brittleness, chance: 0.3 })).toBe("worse");
});

test("margins carry their sign", () => {
  expect(formatMargin(0.01234)).toBe("+0.0123");
  expect(formatMargin(-0.5)).toBe("−0.5000");
  expect(formatMargin(0)).toBe("0.0000");
});

test("differences are points with their sign, and small probabilities bounds", () => {
  expect(formatDifference({ value: -0.052, interval: { low: -0.1, high: 0.0001 } })).toBe(
    "−5.2 (−10.0 to 0.0)",
  );
  expect(formatDifference({ value: 0.5, interval: { low: 0.25, high: 0.75 } })).toBe(
    "+50.0 (+25.0 to +75.0)",
  );
  expect([formatP(1), formatP(0.03125), formatP(0.00001)]).toEqual([
    "1.0000",
    "0.0313",
    "< 0.0001",
  ]);
});
