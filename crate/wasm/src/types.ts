/** How far loading a model has come. */
export interface LoadProgress {
  /** Fetching the file; reading its header; building the towers. */
  stage: "download" | "read" | "build";
  /** Bytes while downloading, tensors while building. */
  loaded: number;
  /** Of how many, where that is known. */
  total: number | null;
}

/** Where a model shall run: where a trial is faster; on the CPU; on the GPU, if that computes the same. */
export type EngineWish = "auto" | "cpu" | "gpu";

/** The numbers that a GPU computes matrix products in; all else is f32 always. */
export type Arithmetic = "f32" | "f16" | "int8";

/** What a GPU says about itself. */
export interface GpuInfo {
  name: string;
  backend: string;
  driver: string;
  /** Whether it is known to be made of processor cores. A browser does not say. */
  software: boolean;
  /** Bytes. */
  largestBinding: number;
  features: string[];
  /** Whether reductions over a workgroup are by subgroup operations; else through its memory. */
  subgroups: boolean;
}

/** A fixed input, eight captions and a picture, through both engines. */
export interface Trial {
  /** Largest difference between elements of the embeddings. */
  textDifference: number;
  imageDifference: number;
  /** What either may be at most. */
  tolerance: number;
  cpuMs: number;
  /** The first time. */
  gpuColdMs: number;
  /** The second time. */
  gpuMs: number;
}

/** Where a model runs, and why. */
export interface EngineChoice {
  /** The GPU that was opened, also where the model does not run on it. */
  gpu: GpuInfo | null;
  trial: Trial | null;
  /** Why it runs on the CPU though that was not wished for: one sentence. */
  whyCpu: string | null;
  /** Bytes of the weights in the GPU's memory; 0 on the CPU. */
  gpuWeightBytes: number;
  /** Of finding and opening the GPU. */
  gpuOpenMs: number;
  /** What loading onto the GPU took, where that was done. */
  gpuLoad: GpuLoad | null;
  /** The tiles of the GPU's matrix products, for results of few, some and many rows. */
  gpuTiles: string | null;
  /** What the products are computed in, where the model was loaded onto the GPU. */
  gpuArithmetic: Arithmetic | null;
  /** Why that is f32 though something else was wished for: one sentence. */
  whyF32: string | null;
}

/** What a load onto the GPU took. */
export interface GpuLoad {
  /** Reading the weights and handing them over. */
  weightsMs: number;
  /** From the beginning until all kernels were compiled: beside the weights, not after. */
  kernelsMs: number;
  kernels: number;
  /** Timing tiles; 0 where they were known. */
  tuningMs: number;
}

export interface LoadOptions {
  onProgress?: (progress: LoadProgress) => void;
  /** `auto` where it is absent. */
  engine?: EngineWish;
  /**
   * What the GPU's matrix products are computed in: `f32` where it is absent, and where the device or
   * the model does not allow the other. `int8` is for Q8_0 weights.
   */
  arithmetic?: Arithmetic;
  /** How the GPU's matrix products are divided: as known, else by a timed run (the default); by a run; always alike. */
  tiles?: "known" | "anew" | "standard";
  /** {@link ModelInfo.knownTiles} of an earlier load. */
  knownTiles?: Record<string, string>;
  /** SHA-256 of the file of weights, if it was computed before: it is believed. */
  sha256?: string;
}

/** What a loaded model is. */
export interface ModelInfo {
  name: string;
  /** SHA-256 of the file of weights, hexadecimal. */
  sha256: string;
  format: string;
  parameters: number;
  /** Number of tensors of each stored type, e.g. `{ F32: 80, Q8_0: 42 }`. */
  tensorTypes: Record<string, number>;
  activation: "quick_gelu" | "gelu";
  embeddingDim: number;
  /** Height and width of the image tower's input, in pixels. */
  imageSize: number;
  patchSize: number;
  /** Most tokens of a caption, start and end included. */
  contextLength: number;
  vocabularySize: number;
  /** `ln τ`; null where the file does not say. */
  logitScale: number | null;
  preprocessing: string;
  /** Where it runs now: a GPU that was lost is left for the CPU. */
  engine: "cpu" | "gpu";
  choice: EngineChoice;
  /** Tiles by adapter and arithmetic, as given to the load and found by it; kept, they save the next load the timing. */
  knownTiles: Record<string, string>;
  /** How and from what the file was made, where it says. */
  provenance: string | null;
}

export interface TextEmbeddings {
  /** `texts.length × dim` values, each row of length 1. */
  embeddings: Float32Array;
  dim: number;
  /** Whether the end of a text lies beyond the context and was not seen. */
  truncated: boolean[];
  /** Tokens of each text that were seen, start and end included. */
  tokenCounts: number[];
}

export interface ImageEmbedding {
  /** `dim` values, of length 1. */
  embedding: Float32Array;
  /** Of the picture as it is looked at: after its EXIF orientation. */
  width: number;
  height: number;
}

export interface Scored {
  caption: string;
  /** From −1 to 1. */
  cosine: number;
  /** Distance to the next lower cosine; null for the last. */
  margin: number | null;
  truncated: boolean;
}

export interface SceneCaption {
  text: string;
  /** Whether it is true of the scene. */
  holds: boolean;
  /** How it was made, e.g. `full` or `swap_attribute`. */
  kind: string;
}

export interface SceneView {
  seed: string;
  width: number;
  height: number;
  rgba: Uint8ClampedArray;
  /** The same picture as a PNG file. */
  png: Uint8Array;
  captions: SceneCaption[];
}

/**
 * An address, a GGUF file, or the files of a Hugging Face or OpenCLIP directory by name.
 *
 * In a worker a `Blob` is read a part at a time, so that the weights alone are held in memory.
 */
export type ModelSource =
  | string
  | URL
  | ArrayBuffer
  | Uint8Array
  | Blob
  | Record<string, Uint8Array | Blob>;

/** A CLIP model. Every error is an `Error` whose message is one sentence. */
export class Clip {
  private constructor();
  static load(
    source: ModelSource,
    options?: LoadOptions,
  ): Promise<Clip>;
  info(): ModelInfo;
  /** Embeds texts; repeated ones are computed once. */
  encodeText(texts: string[]): Promise<TextEmbeddings>;
  /** Embeds a picture from the bytes of a PNG, JPEG, WebP or GIF file. */
  encodeImage(file: Uint8Array): Promise<ImageEmbedding>;
  /**
   * Embeds a batch of pictures that were prepared elsewhere: `3 × imageSize × imageSize` values each, as
   * the checkpoint's preprocessing gives them. Resolves to rows of `embeddingDim` values.
   */
  encodePixels(pixels: Float32Array): Promise<Float32Array>;
  /** Ranks captions for a picture, best first. */
  score(file: Uint8Array, captions: string[]): Promise<Scored[]>;
  /** Gives the model's memory back; the object cannot be used afterwards. */
  free(): void;
}

/** A set that some of the given files can be read as. */
export interface FoundSet {
  /** A benchmark's set, e.g. `sugarcrepe/swap_obj`; the path of a file that belongs to none. */
  set: string;
  title: string;
  /** Places of its files among those given. */
  files: number[];
}

export interface SetInfo {
  set: string;
  items: number;
  /** Distinct ones. */
  pictures: number;
  /** Distinct ones, with the empty text where the set needs a root. */
  texts: number;
  files: { path: string; sha256: string }[];
  /** How many things in its files are odd. */
  oddities: number;
}

export interface Metric {
  name: string;
  /** In `unit`. */
  value: number;
  /** A share of items from 0 to 1; a rank correlation from −1 to 1; a cosine or a difference of cosines. */
  unit: "share" | "correlation" | "cosine";
  /** Which of two values is better. */
  better: "higher" | "lower";
  /** 95 % interval. */
  interval?: { low: number; high: number };
  /** What random similarities would get. */
  chance?: number;
  n: number;
  /** Items that the tie rule decided. */
  ties: number;
}

export interface EvaluationOverview {
  set: string;
  ties: { rule: "strict" | "first" | "random"; seed?: number };
  items: number;
  scored: number;
  /** The main one first. */
  metrics: Metric[];
  skippedCount: number;
  /** The first of them. */
  skipped: { item: string; why: string }[];
  oddityCount: number;
  oddities: { item: string; what: string }[];
  /** Texts whose end was not seen. */
  truncated: number;
  /** Time of preparing and embedding. */
  seconds: number;
}

export type AnswerFilter = "all" | "wrong" | "right" | "tied";

export interface ShownPicture {
  /** Its place in the set. */
  index: number;
  label: string;
  /** Whether it is the one asked for, where pictures are chosen among. */
  right: boolean | null;
  /** As JSON, where it is a scene. */
  scene: string | null;
}

export interface ShownText {
  text: string;
  /** Whether it is true of the picture, where that is known. */
  right: boolean | null;
  /** With each of the pictures. */
  cosines: number[];
}

export interface ShownAnswer {
  id: string;
  group: string;
  pictures: ShownPicture[];
  texts: ShownText[];
  marks: [metric: string, right: boolean][];
  /** The right similarity minus the best wrong one. */
  margin: number | null;
  tied: boolean;
  note: string | null;
}

/** A set of questions with the embeddings that it has so far. */
export class Benchmark {
  private constructor();
  /** Names of the sets of the synthetic world. */
  static tableauSets(): string[];
  /** What files with these paths (`/` between the parts) can be read as. */
  static find(paths: string[]): FoundSet[];
  /** The first `items` questions of a set of the synthetic world, the same ones always. */
  static tableau(set: string, items: number): Benchmark;
  /** Reads a set of {@link Benchmark.find} from its files' contents; `limit` keeps the first questions. */
  static fromFiles(set: string, names: string[], contents: Uint8Array[], limit?: number): Benchmark;
  info(): SetInfo;
  /** Names of its pictures; null for scenes. */
  pictures(): (string | null)[];
  /**
   * For each of its pictures its place among files with these paths, −1 where it is not there. Texts
   * that only questions with a missing picture have are then not computed.
   */
  locate(paths: string[]): Int32Array;
  texts(): string[];
  encodedPictures(): number;
  encodedTexts(): number;
  /**
   * Embeds the next pictures: for each its file's bytes, null for a scene, or the sentence that says
   * why it is missing. Resolves to how many could not be embedded; the result names them.
   */
  encodePictures(clip: Clip, files: (Uint8Array | string | null)[]): Promise<number>;
  /** Embeds the next `count` texts, or as many as there are. */
  encodeTexts(clip: Clip, count: number): Promise<void>;
  /** Scores the set, once everything is embedded. */
  evaluate(clip: Clip): EvaluationOverview;
  /** Answers, the worst first. */
  answers(
    filter: AnswerFilter,
    offset: number,
    limit: number,
  ): { total: number; answers: ShownAnswer[] };
  /** A picture as the model is shown it: the file, or a PNG of the part or of a scene `size` wide. */
  shown(index: number, file: Uint8Array | string | null, size: number): Uint8Array;
  /** The result as `cliprobe eval --json` writes it. */
  resultJson(): string;
  /** The metrics as `cliprobe eval --csv` writes them. */
  resultCsv(): string;
  /** Gives the memory back; the object cannot be used afterwards. */
  free(): void;
}

/** SHA-256 of a file, hexadecimal; in a worker a `Blob` is read a part at a time. */
export function sha256(file: Uint8Array | Blob): Promise<string>;

/**
 * Draws the scene of a seed, a decimal number, or of a scene's JSON, `size` pixels wide, with captions
 * of known truth. The same seed is the same scene everywhere.
 */
export function scene(seed: string, size: number): SceneView;
