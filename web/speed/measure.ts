/** Timing a model on made-up input. Runs in the worker. */

import type { SpeedCase } from "../worker/protocol";
import type { SessionClip } from "../worker/session-clip";

/** As long as a caption of one of the benchmarks. */
const WORDS = 10;

/** Computes a case once to warm up, then again until `seconds` have passed; the mean of those. */
export async function measure(
  clip: SessionClip,
  { kind, batch }: SpeedCase,
  seconds: number,
): Promise<{ milliseconds: number; runs: number }> {
  const run = kind === "images" ? images(clip, batch) : captions(clip, batch);
  await run();
  const start = performance.now();
  let runs = 0;
  let passed: number;
  do {
    await run();
    runs += 1;
    passed = performance.now() - start;
  } while (passed < 1000 * seconds);
  return { milliseconds: passed / runs, runs };
}

function images(clip: SessionClip, batch: number): () => Promise<unknown> {
  const { imageSize } = clip.info();
  const pixels = new Float32Array(batch * 3 * imageSize * imageSize);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.sin(0.37 * i) + Math.sin(0.0011 * i);
  return () => clip.encodePixels(pixels);
}

function captions(clip: SessionClip, batch: number): () => Promise<unknown> {
  // The first words differ, or the GPU would compute what captions begin with once for all of them.
  const texts = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: WORDS }, (_, word) => letter(row * 7 + word)).join(" "),
  );
  return () => clip.encodeText(texts);
}

/** One or two letters: a token in any vocabulary. */
function letter(number: number): string {
  const code = (n: number) => String.fromCharCode(97 + (n % 26));
  return number < 26 ? code(number) : code(Math.floor(number / 26)) + code(number);
}
