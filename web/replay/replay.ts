/** What the sender of a link saw, how a link carries it, and whether the same is seen here. */

import { fromBase64Url, toBase64Url } from "../link/base64url";

export type Engine = "cpu" | "gpu";

/** The sender's answer to the link's question. */
export interface SentAnswer {
  engine: Engine;
  /** One for each caption of the link, in its order. */
  cosines: number[];
}

/** What the same question gets here. */
export interface OwnAnswer extends SentAnswer {
  /** SHA-256 of the model's file. */
  sha256: string;
}

export interface Replay {
  /** Whether the model is the sender's. */
  sameModel: boolean;
  /** What two right computations may differ by. */
  tolerance: number;
  /** Own cosine minus the sender's. */
  differences: number[];
  within: number;
  /** The largest difference, without its sign. */
  largest: number;
}

const ENGINES: readonly Engine[] = ["cpu", "gpu"];

/** Three bytes a cosine: steps of 1.2e-7, as fine as a 32-bit float near 1. */
const STEPS = 2 ** 23 - 1;
const BYTES = 3;

/**
 * Embeddings of the CPU engine are within 1e-5 of the reference, of the GPU within 1e-4 (docs); a cosine of
 * two answers may be off by that on both sides.
 */
const TOLERANCE: Record<Engine, number> = { cpu: 1e-5, gpu: 1e-4 };

export function toleranceOf(a: Engine, b: Engine): number {
  return TOLERANCE[a] + TOLERANCE[b];
}

/** As a link carries it: the engine's first letter, then the cosines, four characters each. */
export function writeAnswer({ engine, cosines }: SentAnswer): string {
  const bytes = new Uint8Array(cosines.length * BYTES);
  cosines.forEach((cosine, index) => {
    const step = Math.round(Math.max(-1, Math.min(1, cosine)) * STEPS) + STEPS;
    for (let byte = 0; byte < BYTES; byte += 1) {
      bytes[index * BYTES + byte] = (step >>> (8 * byte)) & 0xff;
    }
  });
  return engine.slice(0, 1) + toBase64Url(bytes);
}

/** Reads what {@link writeAnswer} wrote. Throws an `Error` that ends the sentence “… “answer” …”. */
export function readAnswer(text: string): SentAnswer {
  const engine = ENGINES.find((name) => name.startsWith(text.slice(0, 1)));
  const bytes = fromBase64Url(text.slice(1));
  if (text === "" || engine === undefined || bytes === null || bytes.length % BYTES !== 0) {
    throw new Error("holds no cosines");
  }
  const cosines = Array.from({ length: bytes.length / BYTES }, (_, index) => {
    const at = index * BYTES;
    const step = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    return (step - STEPS) / STEPS;
  });
  if (cosines.some((cosine) => cosine > 1)) throw new Error("holds a number that is no cosine");
  return { engine, cosines };
}

/** @param model first digits of the SHA-256 of the sender's model; `null` where the link has none */
export function replay(sent: SentAnswer, model: string | null, own: OwnAnswer): Replay {
  const tolerance = toleranceOf(sent.engine, own.engine);
  const differences = sent.cosines.map((cosine, index) => (own.cosines[index] ?? NaN) - cosine);
  const sizes = differences.map((difference) => Math.abs(difference));
  return {
    sameModel: model !== null && own.sha256.startsWith(model),
    tolerance,
    differences,
    within: sizes.filter((size) => size <= tolerance).length,
    largest: sizes.some(Number.isNaN) ? Infinity : Math.max(0, ...sizes),
  };
}

/** What a replay found, in one or two sentences. */
export function told({ sameModel, differences, within, largest, tolerance }: Replay): string {
  const model = sameModel
    ? "The same model as the sender’s."
    : "Another model than the sender’s, so other numbers are to be expected.";
  const all = differences.length;
  const numbers =
    within === all
      ? `All ${all} cosines equal the sender’s within ${tolerance.toExponential(0)} (largest difference ${largest.toExponential(1)}).`
      : `${within} of ${all} cosines equal the sender’s within ${tolerance.toExponential(0)}; the largest difference is ${largest.toExponential(1)}.`;
  return `${model} ${numbers}`;
}
