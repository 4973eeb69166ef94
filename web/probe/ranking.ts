/** From cosines to a ranking: pure functions over numbers. */

import type { SceneCaption } from "../wasm/cliprobe.js";
import type { Cosines } from "../worker/protocol";
import type { Caption } from "./caption-list";

/** A caption with its similarity to the image. */
export interface Comparison {
  /** The caption's id in the list that the person edits. */
  id: number;
  text: string;
  /** Cosine of the angle between the two embeddings, −1 to 1. */
  cosine: number;
  truncated: boolean;
  /** What the scene's grammar knows of this caption; `null` for photos and captions of one's own. */
  truth: SceneCaption | null;
}

export interface RankedCaption extends Comparison {
  /** 1 is best; equal cosines share a place. */
  place: number;
  /** Cosine minus that of the next lower caption; `null` for the last. */
  margin: number | null;
  /** False, and at least as similar as a caption that is true. */
  misplaced: boolean;
}

/** Joins captions with a model's answer, which has an entry for each, and with what is known of them. */
export function compare(
  captions: Caption[],
  { cosines, truncated }: Cosines,
  truths: SceneCaption[],
): Comparison[] {
  return captions.map(({ id, text }, index) => ({
    id,
    text,
    cosine: cosines[index] ?? NaN,
    truncated: truncated[index] ?? false,
    truth: truths.find((truth) => truth.text === text) ?? null,
  }));
}

/** Orders captions by similarity, best first; equal ones keep the order they came in. */
export function rank(comparisons: Comparison[]): RankedCaption[] {
  const sorted = comparisons.toSorted((a, b) => b.cosine - a.cosine);
  const lowestTrue = Math.min(...sorted.filter((c) => c.truth?.holds).map((c) => c.cosine));
  return sorted.map((comparison, index) => {
    const next = sorted[index + 1];
    return {
      ...comparison,
      place: sorted.findIndex((other) => other.cosine === comparison.cosine) + 1,
      // In single precision, as the module's `rank` has it.
      margin: next === undefined ? null : Math.fround(comparison.cosine - next.cosine),
      misplaced: comparison.truth?.holds === false && comparison.cosine >= lowestTrue,
    };
  });
}

/**
 * The probability that contrastive training assigns to each caption, were these all there are.
 *
 * @param temperature the inverse temperature τ that multiplies cosines, 100 for most checkpoints
 */
export function softmax(cosines: number[], temperature: number): number[] {
  const best = Math.max(...cosines);
  const weights = cosines.map((cosine) => Math.exp(temperature * (cosine - best)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** How many pairs of a true and a false caption stand in the right order. A tie is not right. */
export interface OrderedPairs {
  right: number;
  all: number;
}

/** `null` when there is no such pair. */
export function orderedPairs(comparisons: Comparison[]): OrderedPairs | null {
  const holding = comparisons.filter((c) => c.truth?.holds === true);
  const failing = comparisons.filter((c) => c.truth?.holds === false);
  const all = holding.length * failing.length;
  if (all === 0) return null;
  const right = holding.reduce(
    (sum, held) => sum + failing.filter((failed) => held.cosine > failed.cosine).length,
    0,
  );
  return { right, all };
}

/** The ranking in one sentence, for those who do not see the bars. */
export function summary(ranking: RankedCaption[]): string {
  const [best, second] = ranking;
  if (best === undefined) return "";
  const sentence = `Best: “${best.text}”, cosine ${formatCosine(best.cosine)}`;
  if (second === undefined || best.margin === null) return `${sentence}.`;
  if (best.margin === 0) return `${sentence}, level with “${second.text}”.`;
  return `${sentence}, ahead of “${second.text}” by ${formatCosine(best.margin)}.`;
}

/** Four decimals, with a true minus sign, and no minus before zero. */
export function formatCosine(value: number): string {
  const digits = Math.abs(value).toFixed(4);
  return value < 0 && Number(digits) !== 0 ? `−${digits}` : digits;
}

/** The stretch of the cosine axis that a ranking is drawn on: rounded outwards, never empty. */
export function axis(cosines: number[]): { low: number; high: number } {
  const low = Math.min(...cosines);
  const high = Math.max(...cosines);
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-3)));
  const rounded = (value: number) => Number((value * step).toPrecision(12));
  const bottom = rounded(Math.floor(low / step));
  return { low: bottom, high: Math.max(rounded(Math.ceil(high / step)), bottom + step) };
}
