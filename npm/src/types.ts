/** What callers give and get. */

import type { HierarchyQuestion } from "../../web/hierarchy/answer.js";
import type {
  Arithmetic,
  ConversionSource,
  EngineWish,
  WeightType,
} from "../../web/wasm/cliprobe.js";

export type {
  Edge,
  EdgeKind,
  HierarchyAnswer,
  PlacedText,
  RadiusKind,
  TextRole,
} from "../../web/hierarchy/answer.js";
export type {
  Arithmetic,
  CaptionEdit,
  ChainGeometry,
  EditGroup,
  EngineChoice,
  EngineWish,
  GpuInfo,
  GpuLoad,
  ModelInfo,
  Ranked,
  Scored,
  Traversal,
  TraversalStep,
  Trial,
  WeightType,
} from "../../web/wasm/cliprobe.js";

/**
 * Where a model comes from.
 *
 * A text is a model's name on the hub (`owner/name`, `owner/name@revision`) or an absolute address of a
 * GGUF or safetensors file; beside a safetensors file its `config.json` and tokenizer are looked for. A
 * `Blob`, such as a `File` that a person opened, or bytes are a GGUF file. A record has the files of a
 * Hugging Face or OpenCLIP directory by name.
 */
export type ModelSource =
  string | URL | Blob | ArrayBuffer | Uint8Array | Record<string, Blob | Uint8Array>;

/** How far loading, or a long question, has come. */
export interface Progress {
  /**
   * `asking` the server; `describing`: fetching configuration and tokenizer; `weights`: fetching them;
   * `checking` what was fetched; `read`: the file's header; `build`: the encoders, or texts embedded.
   */
  stage: "asking" | "describing" | "weights" | "checking" | "download" | "read" | "build" | "blend";
  /** Bytes of weights, else tensors or texts. */
  loaded: number;
  /** Of how many, where that is known. */
  total: number | null;
}

export interface LoadOptions {
  onProgress?: (progress: Progress) => void;
  /**
   * Whether a fetched model is kept in the browser (in the origin's private file system), where the
   * next call finds it, and an interrupted download goes on. `true` by default. Without it a model is
   * held in memory twice while it loads.
   */
  cache?: boolean;
  /** Where to compute. `auto`, the default: on the engine that is faster in a trial. */
  engine?: EngineWish;
  /** Arithmetic of the GPU's matrix products; `f32` by default. */
  arithmetic?: Arithmetic;
  /** The type that weights from the hub are stored in; `Q8_0` by default. GGUF files keep theirs. */
  type?: WeightType;
  /** Activation function, where a model's configuration does not say. */
  activation?: NonNullable<ConversionSource["activation"]>;
  /** The hub's address; `https://huggingface.co` by default. */
  endpoint?: string;
  /** Ends the load; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** An image: the bytes of a PNG, JPEG, WebP or GIF file, or pixels, whose alpha is dropped. */
export type ImageInput = Blob | ArrayBuffer | Uint8Array | ImageData;

export interface CallOptions {
  /** Ends the call; the promise rejects with the signal's reason. What waits in the queue is not begun. */
  signal?: AbortSignal;
}

export interface HierarchyOptions extends CallOptions, Partial<HierarchyQuestion> {
  /** Without one there is no traversal. */
  image?: ImageInput;
  /** Counts texts that are embedded. */
  onProgress?: (progress: Progress) => void;
}
