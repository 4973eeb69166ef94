/** What the page asks its worker about benchmarks. The worker holds the files and the sets of one run. */

import type {
  AnswerFilter,
  BenchmarkInfo,
  BenchmarkOverview,
  SetChange,
  ShownAnswer,
} from "../wasm/cliprobe.js";
import type { GivenFile } from "./given-files";

/** A set that can be run. */
export interface OfferedSet {
  set: string;
  title: string;
}

/** What the given files hold. */
export interface FilesAtHand {
  sets: OfferedSet[];
  images: number;
  /** One sentence for each archive that cannot be read. */
  problems: string[];
}

export type SetChoice =
  /** The first `items` questions of a set of the synthetic world. */
  | { kind: "tableau"; set: string; items: number }
  /** A set of the given files; `items` keeps the first questions. */
  | { kind: "given"; set: string; items: number | null };

/** How much of the open sets is embedded. */
export interface Encoded {
  images: number;
  texts: number;
  /** Images that could not be. */
  failed: number;
}

export interface BenchmarkRequests {
  /** The sets that need no files. */
  "benchmark-sets": { ask: object; answer: OfferedSet[] };
  /** Hands files over, beside those given before. */
  "benchmark-give": { ask: { files: GivenFile[] }; answer: FilesAtHand };
  /** Forgets the given files. */
  "benchmark-forget": { ask: object; answer: FilesAtHand };
  /** Opens sets in the place of those before. */
  "benchmark-open": { ask: { choices: SetChoice[] }; answer: BenchmarkInfo };
  /** Embeds a little more of the open sets with the loaded model. */
  "benchmark-step": { ask: object; answer: Encoded };
  /** Scores the open sets, once all of them are embedded. */
  "benchmark-evaluate": { ask: object; answer: BenchmarkOverview };
  /** How the answers differ from those of the run before, where that was of the same sets. */
  "benchmark-compare": { ask: object; answer: SetChange[] };
  /** Some answers to a scored set, the worst first; `set` is its place in the overview. */
  "benchmark-answers": {
    ask: { set: number; filter: AnswerFilter; offset: number; limit: number };
    answer: { total: number; answers: ShownAnswer[] };
  };
  /** An image of a scored set as the model is shown it; scenes `size` pixels wide. */
  "benchmark-image": {
    ask: { set: number; index: number; size: number };
    answer: Uint8Array<ArrayBuffer>;
  };
  /** The whole result as a file's text. */
  "benchmark-results": { ask: { format: "json" | "csv" }; answer: string };
}

export type BenchmarkKind = keyof BenchmarkRequests;
export type BenchmarkCall = {
  [K in BenchmarkKind]: { id: number; kind: K; ask: BenchmarkRequests[K]["ask"] };
}[BenchmarkKind];
export type BenchmarkAnswer = BenchmarkRequests[BenchmarkKind]["answer"];
