/** How far loading a model has come. */
export interface LoadProgress {
  /** Fetching the file; reading its header; building the towers. */
  stage: "download" | "read" | "build";
  /** Bytes while downloading, tensors while building. */
  loaded: number;
  /** Of how many, where that is known. */
  total: number | null;
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
  engine: "cpu";
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
    options?: { onProgress?: (progress: LoadProgress) => void },
  ): Promise<Clip>;
  info(): ModelInfo;
  /** Embeds texts; repeated ones are computed once. */
  encodeText(texts: string[]): Promise<TextEmbeddings>;
  /** Embeds a picture from the bytes of a PNG, JPEG, WebP or GIF file. */
  encodeImage(file: Uint8Array): Promise<ImageEmbedding>;
  /** Ranks captions for a picture, best first. */
  score(file: Uint8Array, captions: string[]): Promise<Scored[]>;
  /** Gives the model's memory back; the object cannot be used afterwards. */
  free(): void;
}

/**
 * Draws the scene of a seed, a decimal number, `size` pixels wide, with captions of known truth.
 * The same seed is the same scene everywhere.
 */
export function scene(seed: string, size: number): SceneView;
