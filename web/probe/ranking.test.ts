import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  axis,
  type Comparison,
  formatCosine,
  orderedPairs,
  rank,
  softmax,
  summary,
} from "./ranking";

function compared(text: string, cosine: number, holds?: boolean): Comparison {
  const truth = holds === undefined ? null : { text, holds, kind: "swap" };
  return { id: text.length, text, cosine, truncated: false, truth };
}

const cosine = fc.double({ min: -1, max: 1, noNaN: true });

describe("rank", () => {
  test("puts the most similar first, with the margin to the next lower", () => {
    const ranking = rank([compared("low", 0.125), compared("high", 0.5), compared("mid", 0.25)]);
    expect(ranking.map((r) => [r.text, r.place, r.margin])).toEqual([
      ["high", 1, 0.25],
      ["mid", 2, 0.125],
      ["low", 3, null],
    ]);
  });

  test("gives equal cosines one place and keeps their order", () => {
    const ranking = rank([compared("a", 0.25), compared("b", 0.5), compared("c", 0.5)]);
    expect(ranking.map((r) => [r.text, r.place, r.margin])).toEqual([
      ["b", 1, 0],
      ["c", 1, 0.25],
      ["a", 3, null],
    ]);
  });

  test("calls a false caption misplaced when a true one is not more similar", () => {
    const ranking = rank([
      compared("true", 0.5, true),
      compared("false above", 0.6, false),
      compared("false level", 0.5, false),
      compared("false below", 0.4, false),
      compared("unknown", 0.9),
    ]);
    expect(ranking.filter((r) => r.misplaced).map((r) => r.text)).toEqual([
      "false above",
      "false level",
    ]);
  });

  test("calls nothing misplaced where nothing is true", () => {
    expect(rank([compared("x", 0.2, false)]).some((r) => r.misplaced)).toBe(false);
  });

  test("margins add up to the spread", () => {
    fc.assert(
      fc.property(fc.array(cosine, { minLength: 1, maxLength: 20 }), (cosines) => {
        const ranking = rank(cosines.map((c, i) => compared(String(i), c)));
        const sum = ranking.reduce((total, r) => total + (r.margin ?? 0), 0);
        expect(sum).toBeCloseTo(Math.max(...cosines) - Math.min(...cosines), 5);
      }),
    );
  });
});

describe("softmax", () => {
  test("is a distribution that keeps the order, at any scale", () => {
    fc.assert(
      fc.property(
        fc.array(cosine, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1000, noNaN: true }),
        (cosines, scale) => {
          const probabilities = softmax(cosines, scale);
          expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
          expect(probabilities.indexOf(Math.max(...probabilities))).toBe(
            probabilities.indexOf(probabilities[cosines.indexOf(Math.max(...cosines))] ?? NaN),
          );
        },
      ),
    );
  });

  test("of two captions is the logistic of the scaled margin", () => {
    expect(softmax([0.3, 0.28], 100)[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });
});

test("orderedPairs counts true-false pairs, ties against", () => {
  const pairs = orderedPairs([
    compared("t1", 0.5, true),
    compared("t2", 0.3, true),
    compared("f1", 0.4, false),
    compared("f2", 0.3, false),
    compared("own", 0.9),
  ]);
  expect(pairs).toEqual({ right: 2, all: 4 });
  expect(orderedPairs([compared("own", 0.9), compared("t", 0.1, true)])).toBeNull();
});

describe("summary", () => {
  test("names the best, the second and the margin", () => {
    expect(summary(rank([compared("a dog", 0.25), compared("a cat", 0.2)]))).toBe(
      "Best: “a dog”, cosine 0.2500, ahead of “a cat” by 0.0500.",
    );
  });
  test("says a tie", () => {
    expect(summary(rank([compared("a", 0.25), compared("b", 0.25)]))).toContain("level with “b”");
  });
  test("does with one caption, and with none", () => {
    expect(summary(rank([compared("a", 0.25)]))).toBe("Best: “a”, cosine 0.2500.");
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
