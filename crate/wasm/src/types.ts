/** How far loading a model has come. */
export interface LoadProgress {
  /** Fetching the file; reading its header; building the towers; blending two models' weights. */
  stage: "download" | "read" | "build" | "blend";
  /** Bytes while downloading, else tensors. */
  loaded: number;
  /** Of how many, where that is known. */
  total: number | null;
}

/** Where a model should run. `auto`: on the engine that is faster in a trial. `gpu`: on the GPU, if it computes the same embeddings. */
export type EngineWish = "auto" | "cpu" | "gpu";

/** Arithmetic of the GPU's matrix products. Everything else is always f32. */
export type Arithmetic = "f32" | "f16" | "int8";

/** What a GPU says about itself. */
export interface GpuInfo {
  name: string;
  backend: string;
  driver: string;
  /** True if the GPU is known to be a software renderer. A browser does not say. */
  software: boolean;
  /** Largest buffer that a kernel can read, in bytes. */
  largestBinding: number;
  features: string[];
  /** True if reductions use subgroup operations; false if they use workgroup memory. */
  subgroups: boolean;
}

/** The embeddings of a fixed input, eight captions and an image, by both engines. */
export interface Trial {
  /** Largest absolute difference between the two engines' elements, for captions. */
  textDifference: number;
  imageDifference: number;
  /** Largest difference that is accepted. */
  tolerance: number;
  /** Time on the CPU, in ms. */
  cpuMs: number;
  /** Time of the first run on the GPU, in ms. */
  gpuColdMs: number;
  /** Time of the second run on the GPU, in ms. */
  gpuMs: number;
}

/** Which engine a model was loaded onto, and why. */
export interface EngineChoice {
  /** The GPU that was opened, also where the model does not run on it. */
  gpu: GpuInfo | null;
  trial: Trial | null;
  /** Why the model runs on the CPU though that was not asked for: one sentence. */
  whyCpu: string | null;
  /** Bytes of the weights in the GPU's memory; 0 on the CPU. */
  gpuWeightBytes: number;
  /** Time to find and open the GPU, in ms. */
  gpuOpenMs: number;
  /** Times of loading onto the GPU, if it was loaded there. */
  gpuLoad: GpuLoad | null;
  /** The tiles of the GPU's matrix products, for results of few, some and many rows. */
  gpuTiles: string | null;
  /** Arithmetic of the GPU's matrix products, if the model was loaded onto it. */
  gpuArithmetic: Arithmetic | null;
  /** Why that is f32 though another arithmetic was asked for: one sentence. */
  whyF32: string | null;
}

/** Times of a load onto the GPU, in ms. */
export interface GpuLoad {
  /** Reading the weights and handing them over. */
  weightsMs: number;
  /** From the start of the load until all kernels were compiled. Kernels compile while the weights load. */
  kernelsMs: number;
  /** Number of kernels compiled. */
  kernels: number;
  /** Benchmarking tiles; 0 if they were known. */
  tuningMs: number;
}

export interface LoadOptions {
  onProgress?: (progress: LoadProgress) => void;
  /** `auto` by default. */
  engine?: EngineWish;
  /**
   * Arithmetic of the GPU's matrix products; `f32` by default, and if the device or the model does
   * not support the other. `int8` needs Q8_0 weights.
   */
  arithmetic?: Arithmetic;
  /**
   * Tiles of the GPU's matrix products. `known` (the default): reuse stored tiles, else benchmark;
   * `anew`: always benchmark; `standard`: fixed tiles.
   */
  tiles?: "known" | "anew" | "standard";
  /** {@link ModelInfo.knownTiles} of an earlier load. */
  knownTiles?: Record<string, string>;
  /** SHA-256 of the weights file, if it was computed before. It is not verified. */
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
  /** Height and width of the image encoder's input, in pixels. */
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
  /** Tiles by adapter and arithmetic: those given to the load and those it found. Stored, they save the next load the benchmark. */
  knownTiles: Record<string, string>;
  /** How and from what the file was made, where it says. */
  provenance: string | null;
  /** What kind of images it has seen, where the file says: `drawings`, `photographs`, or other words. */
  trainedOn: string | null;
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
  /** Of the image as it is looked at: after its EXIF orientation. */
  width: number;
  height: number;
}

/** A caption in its place. */
export interface Ranked {
  /** Which caption, in the order they were given. */
  index: number;
  /** With the image, from −1 to 1. */
  cosine: number;
  /** 1 is best; equal cosines share a place. */
  place: number;
  /** Distance to the next lower cosine; null for the last. */
  margin: number | null;
  /** Softmax of the logits over these captions; null where the checkpoint has no logit scale. */
  probability: number | null;
}

export interface Scored extends Ranked {
  caption: string;
  truncated: boolean;
}

/** Cosines of an image's embedding with those of texts, which stand row after row. */
export function cosines(image: Float32Array, texts: Float32Array): Float32Array;

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
  /** The same image as a PNG file. */
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
  /** Embeds an image from the bytes of a PNG, JPEG, WebP or GIF file. */
  encodeImage(file: Uint8Array): Promise<ImageEmbedding>;
  /** Embeds an image from its pixels, four bytes each; alpha is dropped. */
  encodeRgba(rgba: Uint8Array, width: number, height: number): Promise<ImageEmbedding>;
  /**
   * Embeds a batch of images that were prepared elsewhere: `3 × imageSize × imageSize` values each, as
   * the checkpoint's preprocessing gives them. Resolves to rows of `embeddingDim` values.
   */
  encodePixels(pixels: Float32Array): Promise<Float32Array>;
  /**
   * An image as the image encoder is given it: `3 × imageSize × imageSize` values, a plane for each
   * colour, in which 0 is the mean colour of the training data.
   */
  pixels(file: Uint8Array): Float32Array;
  /** Ranks captions for an image, best first. */
  score(file: Uint8Array, captions: string[]): Promise<Scored[]>;
  /** As `score`, of embeddings that are at hand; those of captions stand row after row. */
  rank(image: Float32Array, captions: Float32Array): Ranked[];
  /** Gives the model's memory back; the object cannot be used afterwards. */
  free(): void;
}

/** A set that some of the given files can be read as. */
export interface FoundSet {
  /** A benchmark's set, e.g. `sugarcrepe/swap_obj`; the path of a file or folder that belongs to none. */
  set: string;
  title: string;
  /** What it is read from: lists, class folders, or tar archives. */
  form: "lists" | "classFolders" | "webdataset";
  /** Places of its lists among those given. */
  files: number[];
}

export interface SetInfo {
  set: string;
  items: number;
  /** Distinct ones of this set. */
  images: number;
  /** Distinct ones of this set. */
  texts: number;
  files: { path: string; sha256: string }[];
  /** How many things in its files are odd. */
  oddities: number;
  /** Names of images that are not at hand, the first of them. */
  missing: string[];
  missingCount: number;
}

/** Sets that are run together. */
export interface BenchmarkInfo {
  sets: SetInfo[];
  /** Distinct ones of all sets. */
  images: number;
  /** Distinct ones of all sets that are needed, with the empty text where a set needs a root. */
  texts: number;
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

/** A number that a paper or a repository gives. */
export interface PublishedNumber {
  model: string;
  /** From 0 to 1. */
  value: number;
  /** Paper and table. */
  source: string;
  url: string | null;
  /** How well it is known, e.g. “the paper's table”. */
  known: string;
}

/** A metric, with what is published of it. */
export interface ComparedMetric extends Metric {
  published: PublishedNumber[];
}

export interface EvaluationOverview {
  set: string;
  ties: { rule: "strict" | "first" | "random"; seed?: number };
  items: number;
  scored: number;
  /** The main one first. */
  metrics: ComparedMetric[];
  skippedCount: number;
  /** The first of them. */
  skipped: { item: string; why: string }[];
  oddityCount: number;
  oddities: { item: string; what: string }[];
  /** Texts whose end was not seen. */
  truncated: number;
}

/** What a model can do on several sets. */
export interface BenchmarkOverview {
  sets: EvaluationOverview[];
  /** Averages over sets that papers report, where all sets of one are there. */
  averages: { name: string; sets: string[]; metrics: ComparedMetric[] }[];
  /** One sentence for each set that could not be scored. */
  unscored: string[];
  /** Time of preparing and embedding. */
  seconds: number;
}

export type AnswerFilter = "all" | "wrong" | "right" | "tied";

export interface ShownImage {
  /** Its place in the set. */
  index: number;
  label: string;
  /** Whether it is the one asked for, where images are chosen among. */
  right: boolean | null;
  /** As JSON, where it is a scene. */
  scene: string | null;
}

export interface ShownText {
  text: string;
  /** Whether it is true of the image, where that is known. */
  right: boolean | null;
  /** With each of the images. */
  cosines: number[];
}

export interface ShownAnswer {
  id: string;
  group: string;
  images: ShownImage[];
  texts: ShownText[];
  marks: [metric: string, right: boolean][];
  /** The right similarity minus the best wrong one. */
  margin: number | null;
  tied: boolean;
  note: string | null;
}

/** A set of questions with the embeddings that it has so far. */
export class Benchmark {
  /** Begins without sets. */
  constructor();
  /** Names of the sets of the synthetic world. */
  static tableauSets(): string[];
  /**
   * What files can be read as: lists of questions, and images in class folders or tar archives. Paths
   * have `/` between their parts, and go through an archive as through a folder.
   */
  static find(lists: string[], images: string[]): FoundSet[];
  /** Adds the first `items` questions of a set of the synthetic world, the same ones always. */
  addTableau(set: string, items: number): void;
  /** Adds a set of {@link Benchmark.find} from its files' contents; `limit` keeps the first questions. */
  addFiles(set: string, names: string[], contents: Uint8Array[], limit?: number): void;
  /**
   * Adds a classification: images in class folders, in CLIP's 80 sentences. `others` are the paths of
   * files that are no images: a class that has nothing else is an error.
   */
  addClassFolders(folder: string, images: string[], others: string[], limit?: number): void;
  /**
   * Adds a webdataset's classification or retrieval: all paths below its folder, and the contents of
   * those that are texts.
   */
  addWebdataset(
    folder: string,
    paths: string[],
    texts: (Uint8Array | null)[],
    limit?: number,
  ): void;
  /**
   * Looks for the images of all sets among files with these paths, once the sets are added. For each
   * distinct image the place of its file: −1 for a scene, and where it is not there. Texts that only
   * questions with a missing image have are not computed.
   */
  locate(paths: string[]): Int32Array;
  info(): BenchmarkInfo;
  encodedImages(): number;
  encodedTexts(): number;
  /**
   * Embeds the next images: for each its file's bytes, null where there is no file, or the sentence
   * that says why it cannot be read. Resolves to how many could not be embedded; the result names them.
   */
  encodeImages(clip: Clip, files: (Uint8Array | string | null)[]): Promise<number>;
  /** Embeds the next `count` texts, or as many as there are. */
  encodeTexts(clip: Clip, count: number): Promise<void>;
  /** Scores the sets, once everything is embedded. */
  evaluate(clip: Clip): BenchmarkOverview;
  /** Answers to a set of the overview, the worst first. */
  answers(
    set: number,
    filter: AnswerFilter,
    offset: number,
    limit: number,
  ): { total: number; answers: ShownAnswer[] };
  /**
   * Two models on the same questions: for each set that both have scored, how their answers differ.
   * `before` is of another model.
   */
  compareWith(before: Benchmark): SetChange[];
  /** Gives back what scoring no longer needs; answers stay. */
  forgetEmbeddings(): void;
  /** The place of the file of a set's image; −1 where there is none. */
  fileOf(set: number, index: number): number;
  /** An image as the model is shown it: the file, or a PNG of the part or of a scene `size` wide. */
  shown(set: number, index: number, file: Uint8Array | string | null, size: number): Uint8Array;
  /** The result as `cliprobe eval --json` writes it. */
  resultJson(): string;
  /** The metrics as `cliprobe eval --csv` writes them. */
  resultCsv(): string;
  /** Gives the memory back; the object cannot be used afterwards. */
  free(): void;
}

/** A model between two others, as it is blended. */
export interface BlendPlan {
  /** Type of its weight matrices: the finer of the two models' own. */
  type: WeightType;
  /** Those of the two models. */
  types: [a: WeightType, b: WeightType];
  /** Pieces that {@link Blend.next} will give. */
  pieces: number;
}

/**
 * A model with the weights `(1 − α) a + α b`, as a GGUF file that is made piece by piece. It takes
 * tokenizer and preprocessing from `a`. Weights are summed in double precision, then stored as
 * {@link BlendPlan.type}: quantised weights are expanded, blended and quantised again.
 */
export class Blend {
  private constructor();
  /**
   * Throws one sentence where architectures or vocabularies differ.
   *
   * @param name what to call the model
   * @param alpha 0 is `a`, 1 is `b`
   * @param hashes SHA-256 of the two files, where they were computed before
   */
  static start(
    name: string,
    a: ModelSource,
    b: ModelSource,
    alpha: number,
    hashes?: { a?: string; b?: string },
  ): Promise<Blend>;
  plan(): BlendPlan;
  /** The file's next bytes; undefined when it is whole. */
  next(): Uint8Array<ArrayBuffer> | undefined;
  free(): void;
}

/** Two models on the same questions of a set. */
export interface SetChange {
  set: string;
  /** Questions that both have answered. */
  compared: number;
  warnings: string[];
  marks: MarkChange[];
}

/** The share of answers that are right in one respect, by two models. */
export interface MarkChange {
  /** The name of the metric that counts it. */
  mark: string;
  n: number;
  /** From 0 to 1. */
  before: number;
  after: number;
  /** After minus before; the 95 % interval is Newcombe's for paired shares (method 10). */
  difference: { value: number; interval: { low: number; high: number } };
  /** Of McNemar's exact two-sided test. */
  pValue: number;
  gainedCount: number;
  lostCount: number;
  /** Right after, wrong before: the first of them. */
  gained: FlippedItem[];
  lost: FlippedItem[];
}

export interface FlippedItem {
  item: string;
  texts: string[];
}

/** The types that GGUF weights are stored in. */
export type WeightType = "F32" | "F16" | "Q8_0" | "Q4_0" | "Q4_K" | "Q6_K";

/** What a conversion is told before the weights arrive. */
export interface ConversionSource {
  /** What to call the model. */
  name: string;
  /** Its configuration, preprocessing and tokenizer, named as in its directory. */
  files: Record<string, Uint8Array>;
  /** All bytes before the tensors' of each safetensors file, in the order in which the files will come. */
  weights: Record<string, Uint8Array>;
  type: WeightType;
  /** In place of what the configuration says. */
  activation?: "quick_gelu" | "gelu";
}

/** What a conversion will do. */
export interface ConversionPlan {
  /** Length of each file of weights, from its header. */
  weightsBytes: number[];
  ggufBytes: number;
  parameters: number;
  activation: "quick_gelu" | "gelu";
  /** Where the activation is said. */
  activationSource: string;
}

/** Takes a piece of the GGUF file. Bytes that are never written are zero. */
export type WritePiece = (bytes: Uint8Array<ArrayBuffer>, at: number) => void;

/**
 * Makes a GGUF file of a checkpoint while its weights arrive. About a mebibyte is held at a time. The file
 * is, byte for byte, the one that `cliprobe quantize` writes.
 */
export class Conversion {
  private constructor();
  static start(source: ConversionSource): Conversion;
  plan(): ConversionPlan;
  /** Which file's bytes are to be pushed next, and from which on; `null` when all are here. */
  next(): { file: number; position: number } | null;
  /** The last place from which another conversion of the same source can go on: a text to keep. */
  mark(): string;
  /** Goes on from a mark. Throws, and stays as it was, where the mark is of another conversion. */
  resume(mark: string): void;
  /** Takes the next bytes; the headers are not among them. */
  push(bytes: Uint8Array, write: WritePiece): void;
  /** Writes what is written last; SHA-256 of the weights. Throws while some are missing. */
  finish(write: WritePiece): string;
  free(): void;
}

/** How many bytes of a safetensors file come before its tensors', from its first eight. */
export function safetensorsHeaderLength(file: string, first: Uint8Array): number;

/** What an edit is to the caption that it was made of. */
export type EditGroup = "hard-negative" | "hard-positive" | "generalisation" | "order";

/** A caption made of another. */
export interface CaptionEdit {
  text: string;
  /** What was done, such as `replace-modifier` or `swap-objects`. */
  kind: string;
  group: EditGroup;
}

/**
 * Edits of a caption; `none` says why there are none. The same seed gives the same edits. Throws
 * before {@link installLexicon}.
 */
export function edits(
  caption: string,
  group: EditGroup,
  seed: number,
): { edits: CaptionEdit[]; none: string | null };

/** Takes the text of the lexicon that edits draw on: `crate/caption/src/lexicon/wordnet.txt`. */
export function installLexicon(text: string): void;

/** Up to `count` different orders of a caption's words, none of them its own. Needs no lexicon. */
export function shuffles(caption: string, count: number, seed: number): string[];

/** A file in a tar archive. */
export interface TarFile {
  name: string;
  /** Where its bytes begin in the archive. */
  offset: number;
  size: number;
}

/**
 * The files of a tar archive without their contents, and why there are no more, where it is damaged. In
 * a worker a `Blob` is read a part at a time.
 */
export function tarContents(
  name: string,
  file: Uint8Array | Blob,
): Promise<{ files: TarFile[]; damage: string | null }>;

/** SHA-256 of a file, hexadecimal; in a worker a `Blob` is read a part at a time. */
export function sha256(file: Uint8Array | Blob): Promise<string>;

/**
 * Draws the scene of a seed, a decimal number, or of a scene's JSON, `size` pixels wide, with captions
 * of known truth. The same seed is the same scene everywhere.
 */
export function scene(seed: string, size: number): SceneView;

/** Embeddings around the root, the embedding of the empty text. One value for each row given. */
export interface RadialMap {
  /** Euclidean distance to the root, from 0 to 2. */
  radii: number[];
  /** Direction on the map in radians, above −π and at most π. */
  directions: number[];
  /** Cosine with the root, from −1 to 1. */
  cosines: number[];
  /** The share of the variance of the fitted directions that the map's plane shows, from 0 to 1. */
  shownVariance: number;
}

/**
 * Places embeddings, rows of the root's width, around the root. Radii are exact. Directions are a
 * projection: the first two principal components of the unit directions from the root, of the first
 * `fitted` rows; later rows do not move the others.
 */
export function radialMap(embeddings: Float32Array, root: Float32Array, fitted: number): RadialMap;

/**
 * The exterior angle of each edge, in radians from 0 (the specific text lies straight beyond the
 * general one, seen from the root) to π.
 *
 * @param edges pairs of rows: general, specific
 */
export function exteriorAngles(
  embeddings: Float32Array,
  root: Float32Array,
  edges: Uint32Array,
): Float64Array;

export interface TraversalOptions {
  /** Number of levels, at least 1; HierarCaps uses 50. */
  levels: number;
  /** Distance to the root: ‖e − r‖ (HierarCaps' evaluation) or 1 − e·r (its qualitative chains). */
  radius: "euclidean" | "cosine";
  /** The texts that are known to belong to the image, from general to specific. */
  truth?: string[];
}

export interface TraversalStep {
  /** Which of the candidates. */
  candidate: number;
  /** The first level at which it is found, from 0 at the root. */
  level: number;
  /** The radius of that level's ball. */
  threshold: number;
  /** The candidate's own radius. */
  radius: number;
  /** Its cosine with the image. */
  cosine: number;
}

export interface Traversal {
  /** What is most like the image within each ball around the root, from general to specific. */
  steps: TraversalStep[];
  /** The steps against the truth, shares from 0 to 1; null where no truth was given. */
  score: { precision: number; recall: number; orderAwareRecall: number } | null;
  /**
   * MERU's traversal: what is nearest to points on the straight line from the image to the root. A
   * null candidate is the root. `weight` is 1 at the image and 0 at the root.
   */
  line: { candidate: number | null; weight: number; cosine: number }[];
}

/** Walks between the root and an image over candidate texts. */
export function traverse(
  image: Float32Array,
  root: Float32Array,
  candidates: Float32Array,
  texts: string[],
  options: TraversalOptions,
): Traversal;

export interface ChainGeometry {
  /** Euclidean distance of each tier to the root. */
  radii: number[];
  /** The exterior angle from each tier to the next, in radians. */
  exteriorAngles: number[];
  /** Kendall's τ between radius and tier, from −1 to 1; chance 0. */
  orderCorrelation: number;
  /** For each tier but the last, where contradictions were given: angles in radians, and their difference. */
  losses: { entailed: number; contradicted: number; loss: number }[];
}

/**
 * Measures a chain of at least two tiers, from general to specific.
 *
 * @param contradictions no rows, or one for each tier but the last
 */
export function chainGeometry(
  tiers: Float32Array,
  contradictions: Float32Array,
  root: Float32Array,
): ChainGeometry;

/** Four texts from general to specific. */
export interface TextChain {
  tiers: string[];
  /** The k-th contradicts the k-th tier; empty where none are known. */
  contradictions: string[];
  /** File name of the image that the chain belongs to; null for scenes. */
  image: string | null;
}

/** The chains of the first `count` scenes of the set `tableau/chain`, at most 1,000. */
export function tableauChains(count: number): TextChain[];

/** The chain of a scene, by seed or as JSON; null where the scene allows none. */
export function sceneChain(seed: string): TextChain | null;

/** Reads `hierarcaps_test.csv`. */
export function hierarcapsChains(csv: string): TextChain[];

/** One thing of a scene. Places and radii are in thousandths of the image's side. */
export interface SceneThing {
  noun: string;
  colour: string;
  pattern: string;
  size: string;
  /** Its centre from the left edge, 0 to 1000. */
  x: number;
  /** Its centre from the top edge, 0 to 1000. */
  y: number;
  /** Half the side of its box, within the range of its size. */
  radius: number;
  /** Degrees clockwise, −8 to 8. */
  turn: number;
  mirrored: boolean;
  /** How much lighter or darker its colour is, −12 to 12 per cent. */
  shade: number;
  moving: boolean;
  /** What it rests on or in: an earlier thing, by index. */
  host: { thing: number; hold: string } | null;
}

/** A scene as {@link sceneJson} writes it; later things hide earlier ones. */
export interface SceneDescription {
  seed: number;
  ground: string;
  style: string;
  things: SceneThing[];
}

/** The scene of a seed, or of a scene's JSON, as the JSON of a {@link SceneDescription}. */
export function sceneJson(seed: string): string;

export interface SceneVocabulary {
  nouns: string[];
  colours: string[];
  patterns: string[];
  grounds: string[];
  /** Those between two things. */
  relations: string[];
  /** For each size the least and the largest radius. */
  sizes: { size: string; least: number; most: number }[];
  mostThings: number;
}

/** The words that scenes are made of. */
export function sceneVocabulary(): SceneVocabulary;

/**
 * Places the second thing of a scene, given as JSON, so that the first has the relation to it; layers,
 * and who holds what, change where it must be. Throws one sentence where it cannot be.
 *
 * @param subject the first thing, by index
 * @param object the second, by index
 * @returns the scene as JSON, and where its two things stand in it now
 */
export function relate(
  scene: string,
  subject: number,
  relation: string,
  object: number,
): { scene: string; subject: number; object: number };
