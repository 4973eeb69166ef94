/** The worker's side of benchmarks: the files at hand, and the set that is being run. */

import type { Benchmark } from "../wasm/cliprobe.js";
import type { SessionClip } from "../worker/session-clip";
import type {
  BenchmarkAnswer,
  BenchmarkCall,
  Encoded,
  OpenedSet,
  SetChoice,
  FilesAtHand,
} from "./requests";
import { FileStore } from "./file-store";

/** A set of questions in the wasm module. */
export type BenchmarkSet = Pick<
  Benchmark,
  | "info"
  | "images"
  | "locate"
  | "encodedImages"
  | "encodedTexts"
  | "answers"
  | "shown"
  | "resultJson"
  | "resultCsv"
  | "free"
> & {
  encodeImages(clip: SessionClip, files: (Uint8Array | string | null)[]): Promise<number>;
  encodeTexts(clip: SessionClip, count: number): Promise<void>;
  evaluate(clip: SessionClip): ReturnType<Benchmark["evaluate"]>;
};

/** What benchmarks use of the wasm module. */
export interface BenchmarkModule {
  Benchmark: Pick<typeof Benchmark, "tableauSets" | "find"> & {
    tableau(set: string, items: number): BenchmarkSet;
    fromFiles(set: string, names: string[], contents: Uint8Array[], limit?: number): BenchmarkSet;
  };
}

/** A step should be long enough to be worth its messages, short enough that a ranking can pass. */
const STEP_MS = 250;
const MAX_IMAGES_AT_A_TIME = 32;
const MAX_TEXTS_AT_A_TIME = 256;
const NAMED_MISSING = 5;
const MOST_OFFERED = 200;

interface Open {
  set: BenchmarkSet;
  images: number;
  texts: number;
  names: (string | null)[];
  /** Place of each image among the files at hand, −1 where it is missing. */
  places: Int32Array;
  failed: number;
  /** How many are embedded at a time, adapted to how long that takes. */
  batch: { images: number; texts: number };
}

export class BenchmarkController {
  readonly #files = new FileStore();
  #open: Open | null = null;

  constructor(private readonly module: Promise<BenchmarkModule>) {}

  /** Answers one call; `clip` is the loaded model. To be asked for one thing at a time. */
  async answer(call: BenchmarkCall, clip: SessionClip | null): Promise<BenchmarkAnswer> {
    switch (call.kind) {
      case "benchmark-sets": {
        const { Benchmark } = await this.module;
        return Benchmark.tableauSets().map((set) => ({ set, title: "Tableau" }));
      }
      case "benchmark-give": {
        const problems = await this.#files.add(call.ask.files);
        return this.#atHand(problems);
      }
      case "benchmark-forget":
        this.#files.clear();
        return this.#atHand([]);
      case "benchmark-open":
        return this.#openSet(call.ask.choice);
      case "benchmark-step":
        return this.#step(loaded(clip));
      case "benchmark-evaluate":
        return this.#opened().set.evaluate(loaded(clip));
      case "benchmark-answers": {
        const { filter, offset, limit } = call.ask;
        return this.#opened().set.answers(filter, offset, limit);
      }
      case "benchmark-image": {
        const open = this.#opened();
        const { index, size } = call.ask;
        // Copied out of what may be the module's memory.
        return new Uint8Array(open.set.shown(index, await this.#image(open, index), size));
      }
      case "benchmark-results": {
        const { set } = this.#opened();
        return call.ask.format === "json" ? set.resultJson() : set.resultCsv();
      }
    }
  }

  async #atHand(problems: string[]): Promise<FilesAtHand> {
    const { Benchmark } = await this.module;
    // A folder may hold a note on every image; the sets that are known by name come first.
    const found = Benchmark.find(this.#files.lists).slice(0, MOST_OFFERED);
    const sets = found.map(({ set, title }) => ({ set, title }));
    return { sets, images: this.#files.images.length, problems };
  }

  async #openSet(choice: SetChoice): Promise<OpenedSet> {
    const set = await this.#read(choice);
    this.#open?.set.free();
    const info = set.info();
    const names = set.images();
    const places = set.locate(this.#files.images);
    this.#open = {
      set,
      images: info.images,
      texts: info.texts,
      names,
      places,
      failed: 0,
      batch: { images: 1, texts: 8 },
    };
    const missing = names.filter((name, index) => name !== null && places[index] === -1);
    return {
      ...info,
      missing: missing.slice(0, NAMED_MISSING).map(String),
      missingCount: missing.length,
    };
  }

  async #read(choice: SetChoice): Promise<BenchmarkSet> {
    const { Benchmark } = await this.module;
    if (choice.kind === "tableau") return Benchmark.tableau(choice.set, choice.items);
    const { lists } = this.#files;
    const found = Benchmark.find(lists).find(({ set }) => set === choice.set);
    if (found === undefined) {
      throw new Error(`The files of ${choice.set} are not at hand; give them again.`);
    }
    const contents: Uint8Array[] = [];
    for (const file of found.files) contents.push(await this.#files.readList(file));
    const names = found.files.map((file) => lists[file] ?? "");
    return Benchmark.fromFiles(found.set, names, contents, choice.items ?? undefined);
  }

  /** Embeds whichever of images and texts is further behind, so that the rest can be foretold. */
  async #step(clip: SessionClip): Promise<Encoded> {
    const open = this.#opened();
    const { set, batch } = open;
    const [images, texts] = [set.encodedImages(), set.encodedTexts()];
    const start = performance.now();
    if (images < open.images && images * open.texts <= texts * open.images) {
      const files: (Uint8Array | string | null)[] = [];
      const end = Math.min(images + batch.images, open.images);
      for (let index = images; index < end; index += 1) {
        files.push(await this.#image(open, index));
      }
      open.failed += await set.encodeImages(clip, files);
      batch.images = adapted(batch.images, performance.now() - start, MAX_IMAGES_AT_A_TIME);
    } else if (texts < open.texts) {
      await set.encodeTexts(clip, batch.texts);
      batch.texts = adapted(batch.texts, performance.now() - start, MAX_TEXTS_AT_A_TIME);
    }
    return {
      images: set.encodedImages(),
      texts: set.encodedTexts(),
      failed: open.failed,
    };
  }

  /** An image's bytes, null for a scene, or the sentence that says why it is missing. */
  async #image(open: Open, index: number): Promise<Uint8Array | string | null> {
    const name = open.names[index] ?? null;
    if (name === null) return null;
    const place = open.places[index] ?? -1;
    if (place === -1) return `${name} is not among the given images`;
    try {
      return await this.#files.readImage(place);
    } catch (error) {
      return (error as Error).message;
    }
  }

  #opened(): Open {
    if (this.#open === null) throw new Error("No set is open.");
    return this.#open;
  }
}

/** The next batch's size, after one of this size took so long. */
export function adapted(batch: number, milliseconds: number, most: number): number {
  if (milliseconds > 2 * STEP_MS) return Math.max(1, Math.floor(batch / 2));
  return milliseconds < STEP_MS ? Math.min(most, batch * 2) : batch;
}

function loaded(clip: SessionClip | null): SessionClip {
  if (clip === null) throw new Error("No model is loaded yet.");
  return clip;
}
