/** A stand-in for the wasm module in unit tests: it embeds bytes by counting them. */

import type { BenchmarkSets } from "../benchmarks/benchmark-controller";
import { sha256 } from "../sha256";
import type {
  AnswerFilter,
  Arithmetic,
  BenchmarkInfo,
  BenchmarkOverview,
  FoundSet,
  GpuInfo,
  ImageEmbedding,
  ModelInfo,
  ModelSource,
  Ranked,
  SceneDescription,
  SceneView,
  SceneVocabulary,
  SetChange,
  ShownAnswer,
  TextEmbeddings,
} from "../wasm/cliprobe.js";
import type { ClipModule } from "../worker/session";
import type { SessionClip } from "../worker/session-clip";

const DIM = 8;
/** Longest text that is not truncated, in characters. */
export const FAKE_CONTEXT = 40;

/** Normalised counts of byte values modulo the dimension: equal bytes, equal embeddings. */
export function fakeEmbedding(bytes: Uint8Array): Float32Array {
  const counts = new Float32Array(DIM).fill(0.1);
  for (const byte of bytes) counts[byte % DIM] = (counts[byte % DIM] ?? 0) + 1;
  const length = Math.hypot(...counts);
  return counts.map((count) => count / length);
}

function fakeCosines(image: Float32Array, texts: Float32Array): number[] {
  return Array.from({ length: texts.length / DIM }, (_, row) =>
    Math.fround(image.reduce((sum, x, at) => sum + x * (texts[row * DIM + at] ?? 0), 0)),
  );
}

export function fakeScene(seed: string, size: number): SceneView {
  if (seed.startsWith("{")) return fakeComposed(JSON.parse(seed) as SceneDescription, size);
  if (!/^\d+$/.test(seed)) throw new Error(`The seed “${seed}” is not a whole number.`);
  return {
    seed,
    width: size,
    height: size,
    rgba: new Uint8ClampedArray(size * size * 4),
    png: new TextEncoder().encode(`scene ${seed} at ${size}`),
    captions: [
      { text: `a red dog ${seed}`, holds: true, kind: "description" },
      { text: `a blue dog ${seed}`, holds: false, kind: "replaced attribute" },
    ],
  };
}

export const fakeWords: SceneVocabulary = {
  nouns: ["dog", "cat", "car", "tree"],
  colours: ["red", "blue", "green"],
  patterns: ["plain", "striped"],
  grounds: ["grass", "snow"],
  relations: ["above", "on"],
  sizes: [
    { size: "small", least: 88, most: 104 },
    { size: "medium-sized", least: 130, most: 150 },
  ],
  mostThings: 4,
};

/** A dog that carries a cat, and a car by itself. */
export function fakeDescription(seed: number): SceneDescription {
  const thing = {
    pattern: "plain",
    size: "small",
    radius: 90,
    turn: 0,
    mirrored: false,
    shade: 0,
    moving: false,
    host: null,
  };
  return {
    seed,
    ground: "grass",
    style: "plain",
    things: [
      { ...thing, noun: "dog", colour: "red", x: 300, y: 600 },
      {
        ...thing,
        noun: "cat",
        colour: "blue",
        x: 320,
        y: 500,
        host: { thing: 0, hold: "carried" },
      },
      { ...thing, noun: "car", colour: "green", x: 800, y: 700 },
    ],
  };
}

/** Scenes on snow cannot be. */
function fakeComposed(scene: SceneDescription, size: number): SceneView {
  if (scene.ground === "snow") throw new Error("the text is not a scene as JSON: no snow here");
  const [first] = scene.things;
  const name = `${first?.colour ?? ""} ${first?.noun ?? ""} at ${first?.x ?? 0}`;
  return {
    ...fakeScene("0", size),
    seed: JSON.stringify(scene),
    png: new TextEncoder().encode(JSON.stringify(scene)),
    captions: [
      { text: `a ${name}`, holds: true, kind: "full" },
      { text: `no ${name}`, holds: false, kind: "replace_object" },
    ],
  };
}

/** A GPU without optional features. */
export const gpuInfo: GpuInfo = {
  name: "Some GPU",
  backend: "webgpu",
  driver: "",
  software: false,
  largestBinding: 134217728,
  features: [],
  subgroups: false,
};

/** What a fake says of itself. */
export const modelInfo: ModelInfo = {
  name: "fake",
  sha256: "f".repeat(64),
  format: "GGUF",
  parameters: 1,
  tensorTypes: { F32: 1 },
  activation: "quick_gelu",
  embeddingDim: DIM,
  imageSize: 32,
  patchSize: 8,
  contextLength: FAKE_CONTEXT,
  vocabularySize: 256,
  logitScale: Math.log(100),
  preprocessing: "none",
  engine: "cpu",
  choice: {
    gpu: null,
    trial: null,
    whyCpu: null,
    gpuWeightBytes: 0,
    gpuOpenMs: 0,
    gpuLoad: null,
    gpuTiles: null,
    gpuArithmetic: null,
    whyF32: null,
  },
  knownTiles: {},
  provenance: null,
  trainedOn: null,
};

class FakeClip implements SessionClip {
  freed = false;

  /** @param weights what is added to all that it embeds, so that other models answer otherwise */
  constructor(
    private readonly record: FakeRecord,
    private readonly weights: Uint8Array,
    private readonly sha256: string,
  ) {
    record.loaded.push(this);
  }

  info(): ModelInfo {
    return { ...modelInfo, sha256: this.sha256 };
  }

  #embed(bytes: Uint8Array): Float32Array {
    return fakeEmbedding(Uint8Array.from([...bytes, ...this.weights]));
  }

  rank(image: Float32Array, captions: Float32Array): Ranked[] {
    const sorted = fakeCosines(image, captions)
      .map((cosine, index) => ({ cosine, index }))
      .toSorted((a, b) => b.cosine - a.cosine);
    return sorted.map(({ cosine, index }, at) => {
      const next = sorted[at + 1];
      return {
        index,
        cosine,
        place: sorted.findIndex((other) => other.cosine === cosine) + 1,
        margin: next === undefined ? null : cosine - next.cosine,
        probability: 1 / sorted.length,
      };
    });
  }

  encodeText(texts: string[]): Promise<TextEmbeddings> {
    this.record.encodedTexts.push(texts);
    const rows = texts.map((text) => this.#embed(new TextEncoder().encode(text)));
    return Promise.resolve({
      embeddings: Float32Array.from(rows.flatMap((row) => [...row])),
      dim: DIM,
      truncated: texts.map((text) => text.length > FAKE_CONTEXT),
      tokenCounts: texts.map((text) => text.length),
    });
  }

  encodeImage(file: Uint8Array): Promise<ImageEmbedding> {
    this.record.encodedImages += 1;
    if (file.length === 0) return Promise.reject(new Error("The image could not be read."));
    return Promise.resolve({ embedding: this.#embed(file), width: 3, height: 2 });
  }

  /** Each image's embedding is made of the values that are not hidden. */
  encodePixels(pixels: Float32Array): Promise<Float32Array> {
    const each = 3 * modelInfo.imageSize ** 2;
    if (pixels.length < each) return Promise.resolve(pixels.subarray(0, DIM));
    const rows = Array.from({ length: pixels.length / each }, (_, row) => {
      const seen = pixels.subarray(row * each, (row + 1) * each);
      return this.#embed(Uint8Array.from(seen.filter((value) => value !== 0)));
    });
    return Promise.resolve(Float32Array.from(rows.flatMap((row) => [...row])));
  }

  /** The file's bytes, over and over, none of them 0. */
  pixels(file: Uint8Array): Float32Array {
    return Float32Array.from(
      { length: 3 * modelInfo.imageSize ** 2 },
      (_, index) => (file[index % file.length] ?? 1) || 1,
    );
  }

  free(): void {
    this.freed = true;
  }
}

/** As computing does, this lets other messages come in between. */
function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * A set of as many scenes as asked for, each with two captions; or of the images that a list of
 * names holds, a line each. Every third answer is wrong.
 */
class FakeBenchmark implements BenchmarkSets {
  #sets: { name: string; names: (string | null)[] }[] = [];
  #places = new Int32Array();
  #images = 0;
  #texts = 0;
  #failed: string[] = [];
  freed = false;

  static tableauSets(): string[] {
    return ["tableau/noun", "tableau/swap_attribute"];
  }

  static find(paths: string[]): FoundSet[] {
    return paths.map((set, file) => ({ set, title: "Probe file", form: "lists", files: [file] }));
  }

  addTableau(set: string, items: number): void {
    this.#sets.push({ name: set, names: Array<null>(items).fill(null) });
  }

  addFiles(set: string, names: string[], contents: Uint8Array[], limit?: number): void {
    const lines = contents.map((bytes) => new TextDecoder().decode(bytes)).join("\n");
    if (lines.startsWith("!")) throw new Error(`${names[0] ?? ""}: not the JSON expected here`);
    this.#sets.push({ name: set, names: lines.trim().split("\n").slice(0, limit) });
  }

  addClassFolders(folder: string, images: string[]): void {
    this.#sets.push({ name: folder, names: images });
  }

  addWebdataset(folder: string, paths: string[]): void {
    this.#sets.push({ name: folder, names: paths });
  }

  get #names(): (string | null)[] {
    return this.#sets.flatMap(({ names }) => names);
  }

  locate(paths: string[]): Int32Array {
    this.#places = Int32Array.from(this.#names, (name) =>
      paths.findIndex((path) => name !== null && path.endsWith(name)),
    );
    return this.#places;
  }

  info(): BenchmarkInfo {
    const images = this.#names.length;
    const sets = this.#sets.map(({ name, names }, set) => {
      const missing = names.filter((image, at) => image !== null && this.fileOf(set, at) === -1);
      return {
        set: name,
        items: names.length,
        images: names.length,
        texts: 2 * names.length,
        files: [],
        oddities: 0,
        missing: missing.map(String),
        missingCount: missing.length,
      };
    });
    return { sets, images, texts: 2 * images };
  }

  encodedImages(): number {
    return this.#images;
  }

  encodedTexts(): number {
    return this.#texts;
  }

  encodeImages(_: SessionClip, files: (Uint8Array | string | null)[]): Promise<number> {
    const names = this.#names;
    const failed = files.flatMap((file, at) => {
      const name = names[this.#images + at] ?? null;
      if (typeof file === "string") return [file];
      return file === null && name !== null ? [`${name} is not among the given images`] : [];
    });
    this.#images += files.length;
    this.#failed.push(...failed);
    return later().then(() => failed.length);
  }

  encodeTexts(_: SessionClip, count: number): Promise<void> {
    this.#texts = Math.min(this.#texts + count, 2 * this.#names.length);
    return later();
  }

  /** Every third answer is wrong. */
  evaluate(): BenchmarkOverview {
    const sets = this.#sets.map(({ name, names }, set) => {
      const failed = this.#sets.length === 1 ? this.#failed : [];
      const scored = names.length - failed.length;
      return {
        set: name,
        ties: { rule: "strict" as const },
        items: names.length,
        scored,
        metrics: [
          {
            name: "accuracy",
            value: 1 - this.#wrong(set).length / scored,
            unit: "share" as const,
            better: "higher" as const,
            chance: 0.5,
            n: scored,
            ties: 0,
            published: [],
          },
        ],
        skippedCount: failed.length,
        skipped: failed.map((why, index) => ({ item: String(index), why })),
        oddityCount: 0,
        oddities: [],
        truncated: 0,
      };
    });
    return { sets, averages: [], unscored: [], seconds: 0.5 };
  }

  #wrong(set: number): number[] {
    const names = this.#sets[set]?.names ?? [];
    return names.flatMap((_, index) => (index % 3 === 2 ? [index] : []));
  }

  answers(
    set: number,
    filter: AnswerFilter,
    offset: number,
    limit: number,
  ): ReturnType<BenchmarkSets["answers"]> {
    const names = this.#sets[set]?.names ?? [];
    const all = names.map((_, index) => index);
    const passing = filter === "wrong" ? this.#wrong(set) : filter === "tied" ? [] : all;
    const answers = passing.slice(offset, offset + limit).map((index): ShownAnswer => ({
      id: String(index),
      group: "",
      images: [{ index, label: names[index] ?? `scene ${index}`, right: null, scene: null }],
      texts: [{ text: `a dog ${index}`, right: true, cosines: [0.1] }],
      marks: [["accuracy", false]],
      margin: -0.1,
      tied: false,
      note: null,
    }));
    return { total: passing.length, answers };
  }

  fileOf(set: number, index: number): number {
    const before = this.#sets.slice(0, set).reduce((sum, { names }) => sum + names.length, 0);
    return this.#places[before + index] ?? -1;
  }

  shown(_: number, __: number, file: Uint8Array | string | null): Uint8Array {
    if (file === null || typeof file === "string") throw new Error(file ?? "it is not there");
    return file;
  }

  compareWith(before: BenchmarkSets): SetChange[] {
    const others = before.info().sets.map(({ set }) => set);
    return this.#sets
      .filter(({ name }) => others.includes(name))
      .map(({ name, names }) => ({ set: name, compared: names.length, warnings: [], marks: [] }));
  }

  forgetEmbeddings(): void {
    this.#failed = [];
  }

  resultJson(): string {
    return JSON.stringify({ sets: this.#sets.map(({ name }) => name) });
  }

  resultCsv(): string {
    return `set\n${this.#sets.map(({ name }) => name).join("\n")}\n`;
  }

  free(): void {
    this.freed = true;
  }
}

/** What was asked of the fake. */
export interface FakeRecord {
  sources: ModelSource[];
  loaded: FakeClip[];
  /** What each load asked for, of those that said. */
  arithmetics: Arithmetic[];
  encodedTexts: string[][];
  encodedImages: number;
  /** What was installed as one. */
  lexicons: string[];
  /** α of each blend that was begun, and how many gave their memory back. */
  blends: number[];
  freedBlends: number;
}

/** What follows `GGUF` in the first file. */
async function weightsOf(source: ModelSource): Promise<string> {
  const [first] = Object.values(source as Record<string, Uint8Array<ArrayBuffer> | Blob>);
  return (await new Blob([first ?? ""]).text()).replace(/^GGUF/, "");
}

/**
 * A model whose first file begins with `!` does not load, and none does on a GPU. What follows `GGUF`
 * in it are its weights; without any it embeds by {@link fakeEmbedding} alone.
 */
export function fakeModule(): { module: ClipModule; record: FakeRecord } {
  const record: FakeRecord = {
    sources: [],
    loaded: [],
    arithmetics: [],
    encodedTexts: [],
    encodedImages: 0,
    lexicons: [],
    blends: [],
    freedBlends: 0,
  };
  const module: ClipModule = {
    Clip: {
      async load(source, options) {
        record.sources.push(source);
        if (options?.arithmetic !== undefined) record.arithmetics.push(options.arithmetic);
        const [first] = Object.values(source as Record<string, Uint8Array<ArrayBuffer> | Blob>);
        const text = await new Blob([first ?? ""]).text();
        if (text.startsWith("!")) {
          throw new Error("This is not a GGUF file: it begins with “!”.");
        }
        if (options?.engine === "gpu") throw new Error("No usable GPU was found.");
        options?.onProgress?.({ stage: "build", loaded: 1, total: 1 });
        const weights = new TextEncoder().encode(text.replace(/^GGUF/, ""));
        return new FakeClip(record, weights, options?.sha256 ?? modelInfo.sha256);
      },
    },
    scene: fakeScene,
    shuffles: (caption, count) => {
      const words = caption.split(" ");
      const turned = words.map((_, by) => [...words.slice(by), ...words.slice(0, by)].join(" "));
      return turned.slice(1, count + 1);
    },
    installLexicon(text) {
      record.lexicons.push(text);
    },
    edits(caption, group, seed) {
      if (caption.trim() === "") return { edits: [], none: "the caption is empty" };
      const text = `${caption} ${group} ${seed}`;
      return { edits: [{ text, kind: "swap-objects", group }], none: null };
    },
    sceneJson: (seed) =>
      seed.startsWith("{") ? seed : JSON.stringify(fakeDescription(Number(seed))),
    sceneVocabulary: () => fakeWords,
    relate(scene, subject, relation, object) {
      if (relation === "on") throw new Error("in this world no car is on a dog");
      const found = JSON.parse(scene) as SceneDescription;
      const [one, other] = [found.things[subject], found.things[object]];
      if (one !== undefined && other !== undefined) other.y = one.y + 200;
      return { scene: JSON.stringify(found), subject, object };
    },
    Blend: {
      async start(_name, a, b, alpha) {
        const [one, other] = [await weightsOf(a), await weightsOf(b)];
        if (other.includes("?")) throw new Error("the weights of b cannot be blended");
        record.blends.push(alpha);
        // Of one model alone the weights are that model's, as in the module.
        const parts = alpha === 0 ? [one] : alpha === 1 ? [other] : [one, `${alpha}`, other];
        const pieces = ["GGUF", ...parts].map((part) => new TextEncoder().encode(part));
        return {
          plan: () => ({ type: "Q8_0", types: ["Q8_0", "Q8_0"], pieces: pieces.length + 1 }),
          next: () => pieces.shift(),
          free: () => {
            record.freedBlends += 1;
          },
        };
      },
    },
    sha256: async (file) => (await sha256(new Uint8Array(await file.arrayBuffer()))) ?? "",
    cosines: (image, texts) => Float32Array.from(fakeCosines(image, texts)),
    radialMap(embeddings, root) {
      const rows = embeddings.length / root.length;
      const values = Array.from({ length: rows }, (_, row) => row / 10);
      return { radii: values, directions: values, cosines: values, shownVariance: 0.5 };
    },
    exteriorAngles: (_, __, edges) => new Float64Array(edges.length / 2).fill(0.25),
    traverse: (_, __, ___, texts, { truth = [] }) => ({
      steps: texts.map((_, candidate) => ({
        candidate,
        level: candidate,
        threshold: 0.1,
        radius: 0.1,
        cosine: 0.2,
      })),
      score: truth.length === 0 ? null : { precision: 1, recall: 1, orderAwareRecall: 1 },
      line: [{ candidate: null, weight: 0, cosine: 1 }],
    }),
    chainGeometry: (tiers, contradictions, root) => ({
      radii: Array<number>(tiers.length / root.length).fill(0.5),
      exteriorAngles: Array<number>(tiers.length / root.length - 1).fill(0.25),
      orderCorrelation: 1,
      losses: Array.from({ length: contradictions.length / root.length }, () => ({
        entailed: 0.25,
        contradicted: 0.5,
        loss: -0.25,
      })),
    }),
    tableauChains: (count) =>
      Array.from({ length: count }, (_, index) => ({
        tiers: ["a thing", `thing ${index}`],
        contradictions: [],
        image: null,
      })),
    sceneChain: (seed) => ({
      tiers: ["an animal", "a dog", `a red dog ${seed}`, `a red dog ${seed} on grass`],
      contradictions: ["a plant", "a cat", "a blue dog", "a red dog on sand"],
      image: null,
    }),
    hierarcapsChains(csv) {
      if (csv.startsWith("!")) throw new Error("The table has no column “captions”.");
      return [{ tiers: ["a", "b", "c", "d"], contradictions: [], image: "p.png" }];
    },
    Benchmark: FakeBenchmark,
    tarContents: () => Promise.resolve({ files: [], damage: null }),
  };
  return { module, record };
}
