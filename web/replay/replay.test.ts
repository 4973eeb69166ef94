import fc from "fast-check";
import { expect, test } from "vitest";

import { readAnswer, replay, told, writeAnswer } from "./replay";

test("cosines come back as finely as they matter, four characters each", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 200 }),
      (cosines) => {
        const text = writeAnswer({ engine: "gpu", cosines });
        expect(text).toHaveLength(1 + 4 * cosines.length);
        const read = readAnswer(text);
        expect(read.engine).toBe("gpu");
        cosines.forEach((cosine, index) => {
          expect(Math.abs((read.cosines[index] ?? NaN) - cosine)).toBeLessThan(1.2e-7);
        });
      },
    ),
  );
});

test.each(["", "x", "xAAAA", "cAAA", "c____", "c<b>"])("%s is refused", (text) => {
  expect(() => readAnswer(text)).toThrow(/^holds /);
});

test("no text breaks the reader", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        readAnswer(text);
      } catch (error) {
        expect((error as Error).message).toMatch(/^holds /);
      }
    }),
  );
});

const SHA256 = "0123456789abcdef".repeat(4);
const own = (cosines: number[], engine: "cpu" | "gpu" = "cpu") => ({
  engine,
  cosines,
  sha256: SHA256,
});
const sent = { engine: "cpu" as const, cosines: [0.25, 0.5] };

test("two CPUs may differ by less than a CPU and a GPU", () => {
  const close = replay(sent, SHA256.slice(0, 12), own([0.25001, 0.5]));
  expect(close).toMatchObject({ sameModel: true, tolerance: 2e-5, within: 2 });
  expect(replay(sent, null, own([0.25005, 0.5])).within).toBe(1);
  expect(replay(sent, null, own([0.25005, 0.5], "gpu")).within).toBe(2);
});

test("a replay is told", () => {
  const same = replay(sent, SHA256.slice(0, 12), own([0.25, 0.5]));
  expect(told(same)).toBe(
    "The same model as the sender’s. All 2 cosines equal the sender’s within 2e-5 (largest difference 0.0e+0).",
  );
  const other = replay(sent, "fedcba987654", own([0.2, 0.5]));
  expect(told(other)).toMatch(
    /^Another model than the sender’s.*1 of 2 cosines.*difference is 5\.0e-2\.$/,
  );
  // A caption that is not there any more is no equal one.
  expect(replay(sent, null, own([0.25])).largest).toBe(Infinity);
});
