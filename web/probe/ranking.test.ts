import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Ranked } from "../wasm/cliprobe.js";
import {
  axis,
  cosinesAsked,
  formatCosine,
  orderedPairs,
  type RankedCaption,
  rankedCaptions,
  summary,
} from "./ranking";

/** A ranking, best first, as the module gives it: of one caption for each cosine. */
function ranked(cosines: number[]): Ranked[] {
  return cosines.map((cosine, at) => ({
    index: at,
    cosine,
    place: cosines.indexOf(cosine) + 1,
    margin: at + 1 < cosines.length ? cosine - (cosines[at + 1] ?? NaN) : null,
    probability: null,
  }));
}

/** Captions, best first. Where `holds` is given, the scene's grammar knows the caption. */
function ranking(...captions: [text: string, cosine: number, holds?: boolean][]): RankedCaption[] {
  const truths = captions.flatMap(([text, , holds]) =>
    holds === undefined ? [] : [{ text, holds, kind: "swap" }],
  );
  return rankedCaptions(
    captions.map(([text], id) => ({ id, text })),
    { ranking: ranked(captions.map(([, cosine]) => cosine)), truncated: captions.map(() => false) },
    truths,
  );
}

const cosine = fc.double({ min: -1, max: 1, noNaN: true });

describe("rankedCaptions", () => {
  test("names each place's caption, whatever order they were asked in", () => {
    const [best, second] = rankedCaptions(
      [
        { id: 7, text: "low" },
        { id: 9, text: "high" },
      ],
      {
        ranking: [
          { index: 1, cosine: 0.5, place: 1, margin: 0.25, probability: 0.75 },
          { index: 0, cosine: 0.25, place: 2, margin: null, probability: 0.25 },
        ],
        truncated: [true, false],
      },
      [{ text: "low", holds: true, kind: "full" }],
    );
    expect(best).toEqual({
      id: 9,
      text: "high",
      cosine: 0.5,
      place: 1,
      margin: 0.25,
      probability: 0.75,
      truncated: false,
      truth: null,
      misplaced: false,
    });
    expect(second).toMatchObject({ id: 7, text: "low", truncated: true, truth: { holds: true } });
  });

  test("calls a false caption misplaced when a true one is not more similar", () => {
    const captions = ranking(
      ["unknown", 0.9],
      ["false above", 0.6, false],
      ["true", 0.5, true],
      ["false level", 0.5, false],
      ["false below", 0.4, false],
    );
    expect(captions.filter((r) => r.misplaced).map((r) => r.text)).toEqual([
      "false above",
      "false level",
    ]);
  });

  test("calls nothing misplaced where nothing is true", () => {
    expect(ranking(["x", 0.2, false]).some((r) => r.misplaced)).toBe(false);
  });
});

test("cosines come in the order asked", () => {
  const [first, second] = ranked([0.5, 0.25]);
  if (first === undefined || second === undefined) throw new Error("two were made");
  expect(
    cosinesAsked([
      { ...first, index: 1 },
      { ...second, index: 0 },
    ]),
  ).toEqual([0.25, 0.5]);
});

test("orderedPairs counts true-false pairs, ties against", () => {
  const pairs = orderedPairs(
    ranking(
      ["own", 0.9],
      ["t1", 0.5, true],
      ["f1", 0.4, false],
      ["t2", 0.3, true],
      ["f2", 0.3, false],
    ),
  );
  expect(pairs).toEqual({ right: 2, all: 4 });
  expect(orderedPairs(ranking(["own", 0.9], ["t", 0.1, true]))).toBeNull();
});

describe("summary", () => {
  test("names the best, the second and the margin", () => {
    expect(summary(ranking(["a dog", 0.25], ["a cat", 0.2]))).toBe(
      "Best: “a dog”, cosine 0.2500, ahead of “a cat” by 0.0500.",
    );
  });
  test("says a tie", () => {
    expect(summary(ranking(["a", 0.25], ["b", 0.25]))).toContain("level with “b”");
  });
  test("does with one caption, and with none", () => {
    expect(summary(ranking(["a", 0.25]))).toBe("Best: “a”, cosine 0.2500.");
    expect(summary([])).toBe("");
  });
});

test("formatCosine writes four decimals and a true minus", () => {
  expect(formatCosine(0.12345)).toBe("0.1235");
  expect(formatCosine(-0.5)).toBe("−0.5000");
  expect(formatCosine(-0.00001)).toBe("0.0000");
});

test("the axis holds every cosine and is never empty", () => {
  fc.assert(
    fc.property(fc.array(cosine, { minLength: 1, maxLength: 20 }), (cosines) => {
      const { low, high } = axis(cosines);
      expect(high).toBeGreaterThan(low);
      expect(low).toBeLessThanOrEqual(Math.min(...cosines) + 1e-9);
      expect(high).toBeGreaterThanOrEqual(Math.max(...cosines) - 1e-9);
    }),
  );
  expect(axis([0.2134, 0.2917])).toEqual({ low: 0.21, high: 0.3 });
});
