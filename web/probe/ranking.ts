/** What the page makes of a ranking; the module computed and ordered it. */

import type { Ranked, SceneCaption } from "../wasm/cliprobe.js";
import type { ModelRanking } from "../worker/protocol";
import type { Caption } from "./caption-list";

/** A caption in its place, with what is known of it. */
export interface RankedCaption extends Omit<Ranked, "index"> {
  /** The caption's id in the list that the person edits. */
  id: number;
  text: string;
  truncated: boolean;
  /** What the scene's grammar knows of this caption; `null` for photos and captions of one's own. */
  truth: SceneCaption | null;
  /** False, and at least as similar as a caption that is true. */
  misplaced: boolean;
}

/** Joins a model's ranking with the captions it is of and with what is known of them; best first. */
export function rankedCaptions(
  captions: Caption[],
  { ranking, truncated }: ModelRanking,
  truths: SceneCaption[],
): RankedCaption[] {
  const joined = ranking.flatMap(({ index, ...ranked }) => {
    const caption = captions[index];
    if (caption === undefined) return [];
    const truth = truths.find(({ text }) => text === caption.text) ?? null;
    return [{ ...caption, ...ranked, truncated: truncated[index] ?? false, truth }];
  });
  const lowestTrue = Math.min(...joined.filter((c) => c.truth?.holds).map((c) => c.cosine));
  return joined.map((caption) => ({
    ...caption,
    misplaced: caption.truth?.holds === false && caption.cosine >= lowestTrue,
  }));
}

/** The cosines of a ranking, in the order in which its captions were asked about. */
export function cosinesAsked(ranking: Ranked[]): number[] {
  return ranking.toSorted((a, b) => a.index - b.index).map(({ cosine }) => cosine);
}

/** How many pairs of a true and a false caption stand in the right order. A tie is not right. */
export interface OrderedPairs {
  right: number;
  all: number;
}

/** `null` when there is no such pair. */
export function orderedPairs(ranking: RankedCaption[]): OrderedPairs | null {
  const holding = ranking.filter((c) => c.truth?.holds === true);
  const failing = ranking.filter((c) => c.truth?.holds === false);
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
