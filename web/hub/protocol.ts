/** What the page and the worker that fetches a model say to each other: one order, then its outcome. */

import type { ConversionSource, WeightType } from "../wasm/cliprobe.js";
import type { KeptModel } from "./shelf";
import type { Wish } from "./wish";

export interface Order {
  wish: Wish;
  /** The hub's address, without a slash at its end. */
  endpoint: string;
  type: WeightType;
  /** In place of what the configuration says. */
  activation: Exclude<ConversionSource["activation"], undefined> | null;
  /** `false`: the model stays in memory, and the next order fetches it again. */
  keep?: boolean;
}

export interface FetchProgress {
  stage: "asking" | "describing" | "weights" | "checking";
  /** Bytes of the weights, of which an earlier visit may have fetched some. */
  loaded: number;
  total: number | null;
}

export type FetchReply =
  | { kind: "progress"; progress: FetchProgress }
  | { kind: "done"; model: KeptModel; file: File }
  /** One sentence. */
  | { kind: "refused"; message: string };
