/** The worker's side of benchmarks: the files at hand, and the sets that are being run. */

import type { Benchmark, BenchmarkInfo, SetChange } from "../wasm/cliprobe.js";
import type { SessionClip } from "../worker/session-clip";
import type { BenchmarkAnswer, BenchmarkCall, Encoded, SetChoice, FilesAtHand } from "./requests";
import { type ArchiveModule, FileStore } from "./file-store";

/** Sets of questions in the wasm module. */
export type BenchmarkSets = Pick<
  Benchmark,
  | "addTableau"
  | "addFiles"
  | "addClassFolders"
  | "addWebdataset"
  | "info"
  | "locate"
  | "encodedImages"
  | "encodedTexts"
  | "answers"
  | "forgetEmbeddings"
  | "fileOf"
  | "shown"
  | "resultJson"
  | "resultCsv"
  | "free"
> & {
  encodeImages(clip: SessionClip, files: (Uint8Array | string | null)[]): Promise<number>;
  encodeTexts(clip: SessionClip, count: number): Promise<void>;
  evaluate(clip: SessionClip): ReturnType<Benchmark["evaluate"]>;
  compareWith(before: BenchmarkSets): SetChange[];
};

/** What benchmarks use of the wasm module. */
export interface BenchmarkModule extends ArchiveModule {
  Benchmark: Pick<typeof Benchmark, "tableauSets" | "find"> & {
    new (): BenchmarkSets;
  };
}

/** A step should be long enough to be worth its messages, short enough that a ranking can pass. */
const STEP_MS = 250;
const MAX_IMAGES_AT_A_TIME = 32;
const MAX_TEXTS_AT_A_TIME = 256;
const MOST_OFFERED = 200;

interface Open {
  sets: BenchmarkSets;
  images: number;
  texts: number;
  /** Place of each image among the files at hand, −1 where it has none. */
  places: Int32Array;
  failed: number;
  isScored: boolean;
  /** How many are embedded at a time, adapted to how long that takes. */
  batch: { images: number; texts: number };
}

export class BenchmarkController {
  readonly #files: FileStore;
  #open: Open | null = null;
  /** The scored sets of the run before, for comparison. */
  #before: BenchmarkSets | null = null;

  constructor(private readonly module: Promise<BenchmarkModule>) {
    this.#files = new FileStore(module);
  }

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
        return this.#openSets(call.ask.choices);
      case "benchmark-step":
        return this.#step(loaded(clip));
      case "benchmark-evaluate":
        return this.#evaluate(loaded(clip));
      case "benchmark-compare":
        return this.#before === null ? [] : this.#opened().sets.compareWith(this.#before);
      case "benchmark-answers": {
        const { set, filter, offset, limit } = call.ask;
        return this.#opened().sets.answers(set, filter, offset, limit);
      }
      case "benchmark-image": {
        const { sets } = this.#opened();
        const { set, index, size } = call.ask;
        const file = await this.#image(sets.fileOf(set, index));
        // Copied out of what may be the module's memory.
        return new Uint8Array(sets.shown(set, index, file, size));
      }
      case "benchmark-results": {
        const { sets } = this.#opened();
        return call.ask.format === "json" ? sets.resultJson() : sets.resultCsv();
      }
    }
  }

  async #atHand(problems: string[]): Promise<FilesAtHand> {
    const { Benchmark } = await this.module;
    // A folder may hold a note on every image; the sets that are known by name come first.
    const { lists, images } = this.#files;
    const found = Benchmark.find(lists, images).slice(0, MOST_OFFERED);
    const sets = found.map(({ set, title }) => ({ set, title }));
    return { sets, images: images.length, problems };
  }

  async #openSets(choices: SetChoice[]): Promise<BenchmarkInfo> {
    const { Benchmark } = await this.module;
    const sets = new Benchmark();
    try {
      for (const choice of choices) await this.#add(sets, choice);
      const places = sets.locate(this.#files.images);
      const info = sets.info();
      this.#setAside();
      const { images, texts } = info;
      this.#open = {
        sets,
        images,
        texts,
        places,
        failed: 0,
        isScored: false,
        batch: { images: 1, texts: 8 },
      };
      return info;
    } catch (error) {
      sets.free();
      throw error;
    }
  }

  /** Keeps the answers of the last scored run, and nothing else of what was open. */
  #setAside(): void {
    if (this.#open === null) return;
    if (!this.#open.isScored) {
      this.#open.sets.free();
      return;
    }
    this.#before?.free();
    this.#before = this.#open.sets;
    this.#before.forgetEmbeddings();
  }

  #evaluate(clip: SessionClip): ReturnType<BenchmarkSets["evaluate"]> {
    const open = this.#opened();
    const overview = open.sets.evaluate(clip);
    open.isScored = true;
    return overview;
  }

  async #add(sets: BenchmarkSets, choice: SetChoice): Promise<void> {
    if (choice.kind === "tableau") {
      sets.addTableau(choice.set, choice.items);
      return;
    }
    const { Benchmark } = await this.module;
    const { lists, images, others } = this.#files;
    const found = Benchmark.find(lists, images).find(({ set }) => set === choice.set);
    if (found === undefined) {
      throw new Error(`The files of ${choice.set} are not at hand; give them again.`);
    }
    const limit = choice.items ?? undefined;
    if (found.form === "classFolders") {
      sets.addClassFolders(found.set, images, [...lists, ...others], limit);
      return;
    }
    if (found.form === "webdataset") {
      await this.#addWebdataset(sets, found.set, limit);
      return;
    }
    const contents: Uint8Array[] = [];
    for (const file of found.files) contents.push(await this.#files.readList(file));
    const names = found.files.map((file) => lists[file] ?? "");
    sets.addFiles(found.set, names, contents, limit);
  }

  async #addWebdataset(sets: BenchmarkSets, folder: string, limit?: number): Promise<void> {
    const isBelow = (path: string) => folder === "" || path.startsWith(`${folder}/`);
    const paths: string[] = [];
    const texts: (Uint8Array | null)[] = [];
    for (const image of this.#files.images.filter(isBelow)) {
      paths.push(image);
      texts.push(null);
    }
    for (const [place, path] of this.#files.others.entries()) {
      if (!isBelow(path) || !/\.(cls|txt)$/.test(path)) continue;
      paths.push(path);
      texts.push(await this.#files.readOther(place));
    }
    sets.addWebdataset(folder, paths, texts, limit);
  }

  /** Embeds whichever of images and texts is further behind, so that the rest can be foretold. */
  async #step(clip: SessionClip): Promise<Encoded> {
    const open = this.#opened();
    const { sets, batch } = open;
    const [images, texts] = [sets.encodedImages(), sets.encodedTexts()];
    const start = performance.now();
    if (images < open.images && images * open.texts <= texts * open.images) {
      const files: (Uint8Array | string | null)[] = [];
      const end = Math.min(images + batch.images, open.images);
      for (let index = images; index < end; index += 1) {
        files.push(await this.#image(open.places[index] ?? -1));
      }
      open.failed += await sets.encodeImages(clip, files);
      batch.images = adapted(batch.images, performance.now() - start, MAX_IMAGES_AT_A_TIME);
    } else if (texts < open.texts) {
      await sets.encodeTexts(clip, batch.texts);
      batch.texts = adapted(batch.texts, performance.now() - start, MAX_TEXTS_AT_A_TIME);
    }
    return {
      images: sets.encodedImages(),
      texts: sets.encodedTexts(),
      failed: open.failed,
    };
  }

  /** A file's bytes, null where there is none, or the sentence that says why it cannot be read. */
  async #image(place: number): Promise<Uint8Array | string | null> {
    if (place === -1) return null;
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
