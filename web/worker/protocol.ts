/**
 * What the page and its worker say to each other.
 *
 * The page sends a {@link Call}; the worker sends back any number of progress messages and then
 * exactly one answer or refusal with the same id. A crash ends the worker: no answer follows.
 */

import type { BenchmarkRequests } from "../benchmarks/requests";
import type { ComposeRequests } from "../compose/requests";
import type { HierarchyRequests } from "../hierarchy/requests";
import type { KeptModel } from "../hub/shelf";
import type {
  Arithmetic,
  BlendPlan,
  CaptionEdit,
  EditGroup,
  EngineWish,
  LoadProgress,
  Metric,
  ModelInfo,
  Ranked,
  SceneView,
} from "../wasm/cliprobe.js";
import type { ModelList, OfferedModel } from "./model-list";

/** The image that captions are compared with. */
export type ImageSource =
  /** Drawn in the worker, at the size that the loaded model looks at. */
  | { kind: "scene"; seed: string }
  /** A photo that was sent before under this key (see `photo`). */
  | { kind: "photo"; key: string };

/** An image with all that is needed to embed it. */
export type ImageContent =
  /** Drawn in the worker, at the size that the model looks at. */
  { kind: "scene"; seed: string } | { kind: "photo"; bytes: Uint8Array };

/** A model of the page's list, whose files lie below `base`, the page's own address. */
export interface OfferedChoice {
  kind: "offered";
  base: string;
  model: OfferedModel;
}

/** Where a model comes from whose weights are in files. */
export type FileChoice =
  | OfferedChoice
  /** One GGUF file, or the files of a Hugging Face or OpenCLIP directory. */
  | { kind: "own"; files: File[] }
  /** A model that was fetched by name, and its file in the browser's store. */
  | { kind: "kept"; model: KeptModel; file: File };

/** A model between two others: the weights `(1 − alpha) a + alpha b`. */
export interface BlendChoice {
  kind: "blend";
  name: string;
  a: FileChoice;
  b: FileChoice;
  alpha: number;
}

/** Where a model comes from. */
export type ModelChoice = FileChoice | BlendChoice;

/** What became of the browser's copy of a downloaded model. */
export type Storage =
  | { kind: "found" }
  | { kind: "kept" }
  /** The model is used from memory and will be downloaded again; `reason` is one sentence. */
  | { kind: "refused"; reason: string };

export interface LoadedModel {
  /** What the page's list calls it; `null` for an own model, which its files name better. */
  name: string | null;
  info: ModelInfo;
  /** From the request to a usable model, download included. */
  milliseconds: number;
  /** `null` for an own model, which is never stored. */
  storage: Storage | null;
  /** Whether golden values came with it, for `verify`. */
  verifiable: boolean;
  /** How it was blended of two; `null` of a model that was not. */
  blended: BlendPlan | null;
}

/** A model's embeddings, computed here, against those that came with it. */
export interface Parity {
  /** Largest absolute difference over all components of all embeddings. */
  maxDifference: number;
  tolerance: number;
  texts: number;
  images: number;
}

/** How a model ranks the captions that were asked about. */
export interface ModelRanking {
  /** Best first; `index` counts the captions as they were asked about. */
  ranking: Ranked[];
  /** Which of them, as asked, were longer than the model's context, so that their ends were not read. */
  truncated: boolean[];
}

export interface Similarities extends ModelRanking {
  /** How many captions were not in the cache, and what they took together. */
  text: { encoded: number; milliseconds: number };
  /** What the image took, or `null` when its embedding was in the cache. */
  imageMilliseconds: number | null;
  /** What the model says of itself now, if its engine is no longer the one it was loaded onto. */
  moved: ModelInfo | null;
}

/** What a speed is measured on. */
export interface SpeedCase {
  kind: "images" | "captions";
  /** How many at once. */
  batch: number;
}

/** Everything that can be asked, with what is sent (`ask`) and what comes back (`answer`). */
export interface Requests extends BenchmarkRequests, HierarchyRequests, ComposeRequests {
  /** Draws a scene, `size` pixels a side. Needs no model. */
  scene: { ask: { seed: string; size: number }; answer: SceneView };
  /** Reads the list of models that lies below the page's own address. */
  models: { ask: { base: string }; answer: ModelList };
  /**
   * Loads a model and forgets the one before, unless loading fails or another load was asked for
   * meanwhile. Without `engine`: `auto`; without `arithmetic`: `f32`.
   */
  load: {
    ask: { choice: ModelChoice; engine?: EngineWish; arithmetic?: Arithmetic };
    answer: LoadedModel;
  };
  /** Ends what is being loaded; the model before stays. */
  "cancel-load": { ask: object; answer: null };
  /** What a model gets in the first `items` questions of a set of Tableau, beside the loaded one. */
  "patch-point": {
    ask: { choice: ModelChoice; set: string; items: number };
    answer: Metric[];
  };
  /** Ends the point that is being computed. */
  "cancel-patch-point": { ask: object; answer: null };
  /** Checks the loaded model against its golden values. */
  verify: { ask: object; answer: Parity };
  /** Embeds a photo, so that `rank` can name it by its key. */
  photo: { ask: { key: string; bytes: Uint8Array }; answer: { milliseconds: number } };
  /** Compares captions with an image; `null` when a newer `rank` arrived meanwhile. */
  rank: { ask: { image: ImageSource; captions: string[] }; answer: Similarities | null };
  /** As `rank`, by another model than the loaded one, which stays: on the CPU, and forgotten at once. */
  compare: {
    ask: { choice: OfferedChoice; image: ImageContent; captions: string[] };
    answer: ModelRanking;
  };
  /** Computes a batch of made-up input: once to warm up, then again for about `seconds`. */
  measure: { ask: SpeedCase & { seconds: number }; answer: { milliseconds: number; runs: number } };
  /** Makes captions of a caption; the same seed makes the same. Needs no model. */
  edits: {
    ask: { caption: string; group: EditGroup; seed: number };
    answer: { edits: CaptionEdit[]; none: string | null };
  };
  /** Up to `count` other orders of a caption's words. Needs neither model nor lexicon. */
  shuffles: { ask: { caption: string; count: number; seed: number }; answer: string[] };
  /** Compares texts with an image, beside any ranking: an empty text, too. */
  cosines: { ask: { image: ImageSource; captions: string[] }; answer: number[] };
  /** Prepares an image to hide patches of it; the whole one's cosines, and patches a side. */
  "hide-nothing": {
    ask: { image: ImageContent; captions: string[] };
    answer: { side: number; cosines: number[] };
  };
  /** Hides each of these patches of the prepared image, counted by rows: the captions' cosines then. */
  hide: { ask: { captions: string[]; cells: number[] }; answer: number[][] };
  /** Size of the stored models, in bytes. */
  "stored-bytes": { ask: object; answer: number };
  /** Deletes the stored models; what is loaded stays loaded. */
  "delete-stored": { ask: object; answer: null };
}

export type RequestKind = keyof Requests;
export type Ask<K extends RequestKind> = Requests[K]["ask"];
export type Answer<K extends RequestKind> = Requests[K]["answer"];

/** Page → worker. */
export type Call = { [K in RequestKind]: { id: number; kind: K; ask: Ask<K> } }[RequestKind];

/** Worker → page. */
export type Reply =
  | { kind: "progress"; id: number; progress: LoadProgress }
  | { kind: "answer"; id: number; answer: Answer<RequestKind> }
  /** The request could not be met; `message` is one sentence. The worker goes on. */
  | { kind: "refusal"; id: number; message: string }
  /** The module is unusable from here on; the worker must be replaced. */
  | { kind: "crash"; message: string };
