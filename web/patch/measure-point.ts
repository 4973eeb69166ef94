/** The worker's side of the trade-off curve: what one model gets in a small set of Tableau. */

import { adapted, type BenchmarkModule } from "../benchmarks/benchmark-controller";
import type { Metric } from "../wasm/cliprobe.js";
import type { SessionClip } from "../worker/session-clip";

const MOST_IMAGES = 32;
const MOST_TEXTS = 256;

/** How the session lets the module compute one thing at a time, others' between. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Embeds and scores the first `items` questions of a set. Gives the set's memory back; the model
 * remains the caller's.
 *
 * @param wanted asked between two batches; once it says no, the work ends with an error
 */
export async function measurePoint(
  { Benchmark }: BenchmarkModule,
  clip: SessionClip,
  { set: name, items }: { set: string; items: number },
  inTurn: InTurn,
  wanted: () => boolean,
  onEncoded: (done: number, all: number) => void,
): Promise<Metric[]> {
  const set = new Benchmark();
  try {
    set.addTableau(name, items);
    set.locate([]); // scenes have no files
    const info = set.info();
    const all = info.images + info.texts;
    const batch = { images: 1, texts: 8 };
    for (;;) {
      const [images, texts] = [set.encodedImages(), set.encodedTexts()];
      onEncoded(images + texts, all);
      if (images + texts >= all) break;
      if (!wanted()) throw new Error("The curve was stopped.");
      await inTurn(async () => {
        const start = performance.now();
        if (images < info.images) {
          const count = Math.min(batch.images, info.images - images);
          await set.encodeImages(clip, Array<null>(count).fill(null));
          batch.images = adapted(batch.images, performance.now() - start, MOST_IMAGES);
        } else {
          await set.encodeTexts(clip, batch.texts);
          batch.texts = adapted(batch.texts, performance.now() - start, MOST_TEXTS);
        }
      });
    }
    const { sets, unscored } = set.evaluate(clip);
    if (sets[0] === undefined) throw new Error(unscored[0] ?? `${name} could not be scored.`);
    return sets[0].metrics;
  } finally {
    set.free();
  }
}
