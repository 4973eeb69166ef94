/** Kamath et al.'s verdict on a caption, its hard positive and its hard negative before one image. */

import type { MadeFrom } from "./marks";

export interface Triple {
  caption: string;
  positive: string;
  negative: string;
  /** The caption is above the hard negative. */
  original: boolean;
  /** The caption and the hard positive are both above it. */
  augmented: boolean;
  /** One of the two is above it and the other below: a tie is neither. */
  brittle: boolean;
}

/** A caption with its similarity. */
interface Scored {
  text: string;
  cosine: number;
}

/** Every triple of a ranking: a caption with each pair of a hard positive and a hard negative of it. */
export function triples(
  ranking: readonly Scored[],
  madeFrom: (text: string) => MadeFrom | null,
): Triple[] {
  const made = (group: MadeFrom["group"], caption: string) =>
    ranking.filter(({ text }) => {
      const mark = madeFrom(text);
      return mark?.group === group && mark.of === caption;
    });
  return ranking.flatMap(({ text: caption, cosine: c }) =>
    made("hard-positive", caption).flatMap(({ text: positive, cosine: p }) =>
      made("hard-negative", caption).map(({ text: negative, cosine: n }) => ({
        caption,
        positive,
        negative,
        original: c > n,
        augmented: c > n && p > n,
        brittle: (c > n && n > p) || (p > n && n > c),
      })),
    ),
  );
}

/** A triple's verdict in words. */
export function verdict({ original, augmented, brittle }: Triple): string {
  const said = [
    original ? "original right" : "original wrong",
    augmented ? "augmented right" : "augmented wrong",
  ];
  return [...said, ...(brittle ? ["brittle"] : [])].join(", ");
}
