/**
 * One worker's life with the wasm module: the loaded model, what was embedded with it, and an
 * answer to each request. Knows nothing of messages; `worker.ts` carries them.
 */

import { BenchmarkController, type BenchmarkModule } from "../benchmarks/benchmark-controller";
import {
  chainsOf,
  type Embedder,
  type HierarchyModule,
  measureHierarchy,
} from "../hierarchy/measure";
import type { HierarchyAnswer } from "../hierarchy/requests";
import type {
  EditGroup,
  LoadOptions,
  LoadProgress,
  ModelInfo,
  ModelSource,
  relate,
  sceneJson,
  sceneVocabulary,
  SceneView,
} from "../wasm/cliprobe.js";
import type { BlendModule } from "../patch/blend-files";
import { measurePoint } from "../patch/measure-point";
import { rowsOf } from "../rows";
import { measure } from "../speed/measure";
import { withoutPatches } from "../words/patches";
import { messagesDelivered } from "./messages-delivered";
import type { ModelStore } from "./model-store";
import { type GoldenFile, ModelOpener, type OpenedModel } from "./open-model";
import type {
  Answer,
  Ask,
  Call,
  ModelRanking,
  LoadedModel,
  Parity,
  ImageSource,
  RequestKind,
  Similarities,
} from "./protocol";
import { Recent } from "./recent";
import type { SessionClip } from "./session-clip";

/** What a session uses of the wasm module. */
export interface ClipModule extends BenchmarkModule, BlendModule, HierarchyModule {
  Clip: {
    load(source: ModelSource, options?: LoadOptions): Promise<SessionClip>;
  };
  sha256(file: Blob): Promise<string>;
  edits(caption: string, group: EditGroup, seed: number): Answer<"edits">;
  installLexicon(text: string): void;
  shuffles(caption: string, count: number, seed: number): string[];
  scene(seed: string, size: number): SceneView;
  sceneJson: typeof sceneJson;
  sceneVocabulary: typeof sceneVocabulary;
  relate: typeof relate;
}

/** Captions encoded between two looks at whether a newer ranking was asked for. */
const CAPTIONS_AT_A_TIME = 8;
/** More than the candidates of a traversal. */
const REMEMBERED_CAPTIONS = 8192;
const REMEMBERED_IMAGES = 64;
const REMEMBERED_MODELS = 2;

interface CaptionEmbedding {
  embedding: Float32Array;
  truncated: boolean;
}

export class Session {
  #clip: SessionClip | null = null;
  #golden: GoldenFile | null = null;
  /** The engine that the model was loaded onto. */
  #engine: ModelInfo["engine"] = "cpu";
  readonly #captions = new Recent<CaptionEmbedding>(REMEMBERED_CAPTIONS);
  readonly #images = new Recent<Float32Array>(REMEMBERED_IMAGES);
  /** The module computes one thing at a time; what uses the model waits here for its turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #newestRanking = 0;
  #newestLoad = 0;
  #newestPoint = 0;
  /** The newest question about the hierarchy, by model: the loaded one is “”. */
  readonly #newestHierarchy = new Map<string, number>();
  /** What other models than the loaded one embedded for the hierarchy, by SHA-256. */
  readonly #others = new Recent<Recent<Float32Array>>(REMEMBERED_MODELS);
  readonly #benchmarks: BenchmarkController;
  readonly #opener: ModelOpener;
  /** An image of which patches are being hidden, as the model's image encoder is given it. */
  #prepared: { clip: SessionClip; pixels: Float32Array } | null = null;
  /** The module, once it has its lexicon. */
  #withLexicon: Promise<ClipModule> | null = null;

  /** @param module while it starts, what needs no module is done */
  constructor(
    private readonly module: Promise<ClipModule>,
    private readonly store: ModelStore,
    /** Fetches the text of the lexicon that edits draw on. */
    private readonly fetchLexicon: () => Promise<string>,
  ) {
    this.#benchmarks = new BenchmarkController(module);
    this.#opener = new ModelOpener(module, store);
  }

  /** Answers one call. Throws an `Error` whose message is one sentence for a person. */
  answer(call: Call, onProgress: (progress: LoadProgress) => void): Promise<Answer<RequestKind>> {
    switch (call.kind) {
      case "scene":
        return this.module.then((module) => module.scene(call.ask.seed, call.ask.size));
      case "scene-json":
        return this.module.then((module) => module.sceneJson(call.ask.seed));
      case "scene-words":
        return this.module.then((module) => module.sceneVocabulary());
      case "scene-relate": {
        const { scene, subject, relation, object } = call.ask;
        return this.module.then((module) => module.relate(scene, subject, relation, object));
      }
      case "models":
        return this.store.offered(call.ask.base);
      case "load":
        this.#newestLoad = call.id;
        return this.#load(call, onProgress);
      case "cancel-load":
        this.#newestLoad = call.id;
        return Promise.resolve(null);
      case "patch-point":
        this.#newestPoint = call.id;
        return this.#point(call, onProgress);
      case "cancel-patch-point":
        this.#newestPoint = call.id;
        return Promise.resolve(null);
      case "compare":
        return this.#compare(call.ask, onProgress);
      case "verify":
        return this.#verify();
      case "photo":
        return this.#inTurn(() => this.#photo(call.ask.key, call.ask.bytes));
      case "rank": {
        this.#newestRanking = call.id;
        const { image, captions } = call.ask;
        return this.#inTurn(() => this.#rank(call.id, image, captions));
      }
      case "hierarchy":
        return this.#hierarchy(call, onProgress);
      case "chains":
        return this.module.then((module) => chainsOf(module, call.ask));
      case "measure": {
        const { kind, batch, seconds } = call.ask;
        return this.#inTurn(() => measure(this.#loaded(), { kind, batch }, seconds));
      }
      case "edits": {
        const { caption, group, seed } = call.ask;
        return this.#lexicon().then((module) => module.edits(caption, group, seed));
      }
      case "shuffles": {
        const { caption, count, seed } = call.ask;
        return this.module.then((module) => module.shuffles(caption, count, seed));
      }
      case "cosines":
        return this.#inTurn(() => this.#cosines(call.ask));
      case "hide-nothing":
        return this.#inTurn(() => this.#prepare(call.ask));
      case "hide":
        return this.#inTurn(() => this.#hide(call.ask));
      case "stored-bytes":
        return this.store.storedBytes();
      case "delete-stored":
        return this.store.delete().then(() => null);
      default:
        return this.#inTurn(() => this.#benchmarks.answer(call, this.#clip));
    }
  }

  /** Fetches the lexicon the first time, and again where that failed. */
  #lexicon(): Promise<ClipModule> {
    this.#withLexicon ??= Promise.all([this.module, this.fetchLexicon()]).then(([module, text]) => {
      module.installLexicon(text);
      return module;
    });
    this.#withLexicon.catch(() => {
      this.#withLexicon = null;
    });
    return this.#withLexicon;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The model before goes on answering while the files of this one arrive. */
  async #load(
    { id, ask }: { id: number; ask: Ask<"load"> },
    onProgress: (progress: LoadProgress) => void,
  ): Promise<LoadedModel> {
    const start = performance.now();
    const wanted = () => id === this.#newestLoad;
    const opened = await this.#opener.open(ask.choice, onProgress, wanted);
    return this.#inTurn(async () => {
      if (!wanted()) throw new Error("Another model was asked for meanwhile.");
      const { engine = "auto", arithmetic = "f32" } = ask;
      await this.#take(opened, { engine, arithmetic, onProgress }, wanted);
      const { name, storage, golden, blended } = opened;
      return {
        name,
        blended,
        info: this.#loaded().info(),
        milliseconds: performance.now() - start,
        storage,
        verifiable: golden !== null,
      };
    });
  }

  /** Puts a model in the place of the one before. */
  async #take(
    { source, sha256, golden }: OpenedModel,
    wishes: Pick<LoadOptions, "engine" | "arithmetic" | "onProgress">,
    wanted: () => boolean,
  ): Promise<void> {
    const { Clip } = await this.module;
    const knownTiles = await this.store.knownTiles();
    const options: LoadOptions = { ...wishes, knownTiles };
    if (sha256 !== null) options.sha256 = sha256;
    const clip = await Clip.load(source, options);
    if (!wanted()) {
      clip.free();
      throw new Error("Another model was asked for meanwhile.");
    }
    this.#clip?.free();
    this.#clip = clip;
    this.#golden = golden;
    this.#captions.clear();
    this.#images.clear();
    const info = clip.info();
    this.#engine = info.engine;
    if (info.choice.gpuLoad !== null && info.choice.gpuLoad.tuningMs > 0) {
      await this.store.keepTiles(info.knownTiles);
    }
  }

  async #compare(
    { choice, image, captions }: Ask<"compare">,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ModelRanking> {
    const { source, sha256 } = await this.#opener.open(choice, onProgress);
    return this.#inTurn(async () => {
      const module = await this.module;
      // Where several models are compared, their weights alone shall differ.
      const options: LoadOptions = { engine: "cpu" };
      if (sha256 !== null) options.sha256 = sha256;
      const clip = await module.Clip.load(source, options);
      try {
        const file =
          image.kind === "scene"
            ? module.scene(image.seed, clip.info().imageSize).png
            : image.bytes;
        const { embedding: own } = await clip.encodeImage(file);
        const texts = await encodeCaptions(clip, captions);
        return {
          ranking: clip.rank(own, rowsOf(texts.map(([, { embedding }]) => embedding))),
          truncated: texts.map(([, { truncated }]) => truncated),
        };
      } finally {
        clip.free();
      }
    });
  }

  /** The model in use stays, and answers in between. */
  async #point(
    { id, ask }: { id: number; ask: Ask<"patch-point"> },
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Answer<"patch-point">> {
    const wanted = () => id === this.#newestPoint;
    const { source } = await this.#opener.open(ask.choice, onProgress, wanted);
    const module = await this.module;
    // On the CPU, as for every comparison: the weights alone shall differ.
    const clip = await this.#inTurn(() => module.Clip.load(source, { engine: "cpu" }));
    try {
      return await measurePoint(
        module,
        clip,
        ask,
        (work) =>
          this.#inTurn(async () => {
            await messagesDelivered();
            return work();
          }),
        wanted,
        (loaded, total) => {
          onProgress({ stage: "build", loaded, total });
        },
      );
    } finally {
      clip.free();
    }
  }

  /** Takes a turn for each embedding: a ranking asked for meanwhile waits for one, not for all. */
  async #verify(): Promise<Parity> {
    const clip = this.#loaded();
    if (this.#golden === null) throw new Error("No golden values come with this model.");
    const golden = await this.store.golden(this.#golden.base, this.#golden.file);
    const module = await this.module;
    const embed: (() => Promise<Float32Array>)[] = [
      ...golden.texts.map((text) => async () => (await clip.encodeText([text])).embeddings),
      ...golden.sceneSeeds.map((seed) => async () => {
        const { png } = module.scene(seed, golden.sceneSize);
        return (await clip.encodeImage(png)).embedding;
      }),
    ];
    const computed: number[] = [];
    for (const one of embed) {
      await messagesDelivered();
      const embedding = await this.#inTurn(() => {
        if (this.#clip !== clip) throw new Error("Another model was loaded meanwhile.");
        return one();
      });
      computed.push(...embedding);
    }
    return {
      maxDifference: maxDifference(
        [...golden.textEmbeddings, ...golden.imageEmbeddings].flat(),
        computed,
      ),
      tolerance: golden.tolerance + narrowness(clip.info()),
      texts: golden.texts.length,
      images: golden.sceneSeeds.length,
    };
  }

  async #photo(key: string, bytes: Uint8Array): Promise<Answer<"photo">> {
    const start = performance.now();
    const { embedding } = await this.#loaded().encodeImage(bytes);
    this.#images.set(imageKey({ kind: "photo", key }), embedding);
    return { milliseconds: performance.now() - start };
  }

  async #rank(id: number, image: ImageSource, captions: string[]): Promise<Similarities | null> {
    if (this.#newestRanking !== id) return null;
    const clip = this.#loaded();
    const own = await this.#imageEmbedding(clip, image);
    const text = { encoded: 0, milliseconds: 0 };
    const found = new Map<string, CaptionEmbedding>();
    for (const caption of captions) {
      const known = this.#captions.get(caption);
      if (known !== undefined) found.set(caption, known);
    }
    const unknown = [...new Set(captions)].filter((caption) => !found.has(caption));
    for (let first = 0; first < unknown.length; first += CAPTIONS_AT_A_TIME) {
      if (first > 0) {
        await messagesDelivered();
        if (this.#newestRanking !== id) return null;
      }
      const start = performance.now();
      const batch = unknown.slice(first, first + CAPTIONS_AT_A_TIME);
      for (const [caption, embedding] of await encodeCaptions(clip, batch)) {
        this.#captions.set(caption, embedding);
        found.set(caption, embedding);
      }
      text.encoded += batch.length;
      text.milliseconds += performance.now() - start;
    }
    const embedded = captions.flatMap((caption) => found.get(caption) ?? []);
    return {
      ranking: clip.rank(own.embedding, rowsOf(embedded.map(({ embedding }) => embedding))),
      truncated: embedded.map(({ truncated }) => truncated),
      text,
      imageMilliseconds: own.milliseconds,
      moved: this.#moved(clip),
    };
  }

  async #cosines({ image, captions }: Ask<"cosines">): Promise<number[]> {
    const clip = this.#loaded();
    const { embedding } = await this.#imageEmbedding(clip, image);
    return this.#cosinesOf(embedding, await this.#textEmbeddings(clip, captions));
  }

  async #cosinesOf(image: Float32Array, texts: Float32Array[]): Promise<number[]> {
    const { cosines } = await this.module;
    return [...cosines(image, rowsOf(texts))];
  }

  async #textEmbeddings(clip: SessionClip, captions: string[]): Promise<Float32Array[]> {
    const unknown = captions.filter((caption) => this.#captions.get(caption) === undefined);
    const found = new Map(
      captions.flatMap((caption): [string, CaptionEmbedding][] => {
        const known = this.#captions.get(caption);
        return known === undefined ? [] : [[caption, known]];
      }),
    );
    if (unknown.length > 0) {
      for (const [caption, embedding] of await encodeCaptions(clip, unknown)) {
        this.#captions.set(caption, embedding);
        found.set(caption, embedding);
      }
    }
    return captions.flatMap((caption) => found.get(caption)?.embedding ?? []);
  }

  async #prepare({ image, captions }: Ask<"hide-nothing">): Promise<Answer<"hide-nothing">> {
    const clip = this.#loaded();
    const module = await this.module;
    const { imageSize, patchSize } = clip.info();
    const file = image.kind === "scene" ? module.scene(image.seed, imageSize).png : image.bytes;
    const pixels = clip.pixels(file);
    this.#prepared = { clip, pixels };
    const embedding = await clip.encodePixels(pixels);
    const texts = await this.#textEmbeddings(clip, captions);
    return {
      side: Math.floor(imageSize / patchSize),
      cosines: await this.#cosinesOf(embedding, texts),
    };
  }

  async #hide({ captions, cells }: Ask<"hide">): Promise<number[][]> {
    const prepared = this.#prepared;
    const clip = this.#loaded();
    if (prepared?.clip !== clip) throw new Error("Another model was loaded meanwhile.");
    const { imageSize, patchSize, embeddingDim } = clip.info();
    const batch = withoutPatches(prepared.pixels, cells, imageSize, patchSize);
    const embeddings = await clip.encodePixels(batch);
    const texts = await this.#textEmbeddings(clip, captions);
    const hidden = cells.map((_, index) =>
      embeddings.subarray(index * embeddingDim, (index + 1) * embeddingDim),
    );
    return Promise.all(hidden.map((embedding) => this.#cosinesOf(embedding, texts)));
  }

  /** Takes a turn for a few texts at a time: a ranking asked for meanwhile waits for those only. */
  async #hierarchy(
    { id, ask }: { id: number; ask: Ask<"hierarchy"> },
    onProgress: (progress: LoadProgress) => void,
  ): Promise<HierarchyAnswer | null> {
    const model = ask.choice?.model.sha256 ?? "";
    this.#newestHierarchy.set(model, id);
    const module = await this.module;
    const clip = ask.choice === null ? this.#loaded() : null;
    const other = ask.choice === null ? null : new OtherModel(this.#otherEmbeddings(model));
    const inTurn = <T>(work: (clip: SessionClip) => Promise<T>): Promise<T> =>
      this.#inTurn(async () => {
        await messagesDelivered();
        if (clip !== null) return work(clip);
        const { choice } = ask;
        if (choice === null || other === null) throw new Error("No model is named.");
        return work(await other.load(module, () => this.#opener.open(choice, onProgress)));
      });
    const embedder: Embedder = {
      texts: async (batch) => {
        const known = (text: string) =>
          other === null
            ? this.#captions.get(text)?.embedding
            : other.embeddings.get(textKey(text));
        const unknown = batch.filter((text) => known(text) === undefined);
        const found = new Map<string, Float32Array>();
        if (unknown.length > 0) {
          const embedded = await inTurn((of) => encodeCaptions(of, unknown));
          for (const [text, caption] of embedded) {
            found.set(text, caption.embedding);
            if (other !== null) other.embeddings.set(textKey(text), caption.embedding);
            else if (this.#clip === clip) this.#captions.set(text, caption);
          }
        }
        return batch.map((text) => found.get(text) ?? known(text) ?? new Float32Array());
      },
      image: async () => {
        const { image, imageKey: key } = ask;
        if (image === null || key === null) throw new Error("There is no image.");
        const cache = other?.embeddings ?? this.#images;
        const known = cache.get(key);
        if (known !== undefined) return known;
        const embedding = await inTurn(async (of) => {
          const file =
            image.kind === "scene"
              ? module.scene(image.seed, of.info().imageSize).png
              : image.bytes;
          return (await of.encodeImage(file)).embedding;
        });
        if (other !== null || this.#clip === clip) cache.set(key, embedding);
        return embedding;
      },
    };
    const wanted = () =>
      this.#newestHierarchy.get(model) === id && (clip === null || this.#clip === clip);
    try {
      return await measureHierarchy(module, embedder, ask, wanted, (loaded, total) => {
        onProgress({ stage: "build", loaded, total });
      });
    } catch (error) {
      // What was asked of a model that is gone fails, and nobody waits for it.
      if (!wanted()) return null;
      throw error;
    } finally {
      other?.free();
    }
  }

  #otherEmbeddings(sha256: string): Recent<Float32Array> {
    const known = this.#others.get(sha256) ?? new Recent<Float32Array>(REMEMBERED_CAPTIONS);
    this.#others.set(sha256, known);
    return known;
  }

  async #imageEmbedding(
    clip: SessionClip,
    image: ImageSource,
  ): Promise<{ embedding: Float32Array; milliseconds: number | null }> {
    const key = imageKey(image);
    const known = this.#images.get(key);
    if (known !== undefined) return { embedding: known, milliseconds: null };
    if (image.kind === "photo") throw new Error("The photo has to be given again.");
    const start = performance.now();
    const module = await this.module;
    const { png } = module.scene(image.seed, clip.info().imageSize);
    const { embedding } = await clip.encodeImage(png);
    this.#images.set(key, embedding);
    return { embedding, milliseconds: performance.now() - start };
  }

  #moved(clip: SessionClip): ModelInfo | null {
    const info = clip.info();
    return info.engine === this.#engine ? null : info;
  }

  #loaded(): SessionClip {
    if (this.#clip === null) throw new Error("No model is loaded yet.");
    return this.#clip;
  }
}

/** A model beside the loaded one, loaded when the first thing has to be embedded. */
class OtherModel {
  #clip: SessionClip | null = null;

  constructor(readonly embeddings: Recent<Float32Array>) {}

  async load(module: ClipModule, open: () => Promise<OpenedModel>): Promise<SessionClip> {
    if (this.#clip === null) {
      const { source, sha256 } = await open();
      // On the CPU, as for every comparison: the weights alone shall differ.
      this.#clip = await module.Clip.load(source, {
        engine: "cpu",
        ...(sha256 === null ? {} : { sha256 }),
      });
    }
    return this.#clip;
  }

  free(): void {
    this.#clip?.free();
    this.#clip = null;
  }
}

function textKey(text: string): string {
  return `text ${text}`;
}

/** How far products in narrower numbers than f32 may move an embedding, beside all else. */
function narrowness({ engine, choice }: ModelInfo): number {
  const { gpuArithmetic, trial } = choice;
  const narrow = engine === "gpu" && gpuArithmetic !== null && gpuArithmetic !== "f32";
  return narrow && trial !== null ? trial.tolerance : 0;
}

function imageKey(image: ImageSource): string {
  return image.kind === "scene" ? `scene ${image.seed}` : `photo ${image.key}`;
}

async function encodeCaptions(
  clip: SessionClip,
  captions: string[],
): Promise<[caption: string, embedding: CaptionEmbedding][]> {
  const { embeddings, dim, truncated } = await clip.encodeText(captions);
  return captions.map((caption, row) => [
    caption,
    {
      embedding: embeddings.slice(row * dim, (row + 1) * dim),
      truncated: truncated[row] ?? false,
    },
  ]);
}

/** `Infinity` when the shapes differ: such values are never equal. */
function maxDifference(expected: number[], computed: number[]): number {
  if (expected.length !== computed.length) return Infinity;
  return expected.reduce((worst, value, index) => {
    const difference = Math.abs(value - (computed[index] ?? NaN));
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}
