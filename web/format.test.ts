import { expect, test } from "vitest";

import { counted, formatBytes, formatCompact, formatCount, formatMilliseconds } from "./format";

test("bytes take the unit that keeps three digits", () => {
  expect(formatBytes(0)).toBe("0 bytes");
  expect(formatBytes(999)).toBe("999 bytes");
  expect(formatBytes(14_200_000)).toBe("14.2 MB");
  expect(formatBytes(605_000_000)).toBe("605 MB");
  expect(formatBytes(2_000_000_000_000)).toBe("2000 GB");
});

test("times are as precise as they are worth", () => {
  expect(formatMilliseconds(3.14)).toBe("3.1 ms");
  expect(formatMilliseconds(314.15)).toBe("314 ms");
  expect(formatMilliseconds(3141.5)).toBe("3.1 s");
  expect(formatMilliseconds(31_415)).toBe("31 s");
});

test("counts are grouped, or compact, and agree with their noun", () => {
  expect(counted(1, "image")).toBe("1 image");
  expect(counted(1200, "caption")).toBe("1,200 captions");
  expect(formatCount(151_277_313)).toBe("151,277,313");
  expect(formatCompact(151_277_313)).toBe("151M");
});
