/**
 * The files at hand, single ones and those within zip and tar archives, by path. Nothing is read before
 * it is asked for, and of an archive only its table of contents and the one file.
 */

import type { tarContents } from "../wasm/cliprobe.js";
import type { GivenFile } from "./given-files";

/** What this uses of the wasm module. */
export interface ArchiveModule {
  tarContents: typeof tarContents;
}

const IMAGE = /\.(png|jpe?g|jfif|webp|gif)$/i;
const LIST = /\.(json|jsonl|csv|tsv)$/i;
/** More than any of the benchmarks' lists; a text of this size still fits a tab. */
const MAX_BYTES = 400_000_000;

interface StoredFile {
  path: string;
  bytes: number;
  read(): Promise<ArrayBuffer>;
}

export class FileStore {
  #lists: StoredFile[] = [];
  #images: StoredFile[] = [];
  /** What is neither: captions and class numbers of a webdataset, and what cannot be read. */
  #others: StoredFile[] = [];

  constructor(private readonly module: Promise<ArchiveModule>) {}

  /** Paths of the files that may hold questions. */
  get lists(): string[] {
    return pathsOf(this.#lists);
  }

  get images(): string[] {
    return pathsOf(this.#images);
  }

  get others(): string[] {
    return pathsOf(this.#others);
  }

  /** Takes files in beside those at hand; one sentence for each archive that cannot be read. */
  async add(given: GivenFile[]): Promise<string[]> {
    const problems: string[] = [];
    for (const { path, file } of given) {
      if (/\.zip$/i.test(path)) await this.#addZip(path, file, problems);
      else if (/\.tar$/i.test(path)) await this.#addTar(path, file, problems);
      else this.#put({ path, bytes: file.size, read: () => file.arrayBuffer() });
    }
    return problems;
  }

  clear(): void {
    this.#lists = [];
    this.#images = [];
    this.#others = [];
  }

  readList(index: number): Promise<Uint8Array> {
    return read(this.#lists[index]);
  }

  readImage(index: number): Promise<Uint8Array> {
    return read(this.#images[index]);
  }

  readOther(index: number): Promise<Uint8Array> {
    return read(this.#others[index]);
  }

  async #addZip(path: string, file: File, problems: string[]): Promise<void> {
    try {
      // Few need it: it is fetched with the first archive.
      const { unzipRaw } = await import("unzipit");
      const { entries } = await unzipRaw(file);
      for (const entry of entries) {
        if (entry.isDirectory || entry.encrypted) continue;
        this.#put({
          path: `${path}/${entry.name}`,
          bytes: entry.size,
          read: () => entry.arrayBuffer(),
        });
      }
    } catch (error) {
      problems.push(`“${path}” cannot be read as a zip archive: ${(error as Error).message}.`);
    }
  }

  async #addTar(path: string, file: File, problems: string[]): Promise<void> {
    const module = await this.module;
    const { files, damage } = await module.tarContents(path, file);
    for (const { name, offset, size } of files) {
      this.#put({
        path: `${path}/${name}`,
        bytes: size,
        read: () => file.slice(offset, offset + size).arrayBuffer(),
      });
    }
    if (damage !== null) problems.push(`${damage}.`);
  }

  #put(file: StoredFile): void {
    if (IMAGE.test(file.path)) this.#images.push(file);
    else if (LIST.test(file.path)) this.#lists.push(file);
    else this.#others.push(file);
  }
}

function pathsOf(files: StoredFile[]): string[] {
  return files.map(({ path }) => path);
}

async function read(file: StoredFile | undefined): Promise<Uint8Array> {
  if (file === undefined) throw new Error("The file is not at hand any more.");
  // An archive may claim any size: it is asked before anything of that size is made.
  if (file.bytes > MAX_BYTES) throw new Error(`“${file.path}” is too large for this page.`);
  try {
    return new Uint8Array(await file.read());
  } catch (error) {
    throw new Error(`“${file.path}” could not be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
