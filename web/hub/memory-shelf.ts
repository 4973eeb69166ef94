/** A shelf that keeps nothing: a fetched model lives in memory, for as long as somebody holds its file. */

import type { Draft, KeptModel, ModelShelf, Unfinished } from "./shelf";

export class MemoryShelf implements ModelShelf {
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();

  find(): Promise<KeptModel | null> {
    return Promise.resolve(null);
  }

  unfinished(): Promise<Unfinished | null> {
    return Promise.resolve(null);
  }

  makeSure(): Promise<void> {
    return Promise.resolve();
  }

  draft(key: string, bytes: number): Promise<Draft> {
    let file: Uint8Array<ArrayBuffer>;
    try {
      file = new Uint8Array(bytes);
    } catch {
      return Promise.reject(new Error(`There is no memory for a model of ${bytes} bytes.`));
    }
    this.#files.set(key, file);
    return Promise.resolve({
      write: (piece, at) => {
        file.set(piece, at);
      },
      save: () => Promise.resolve(),
      close: () => undefined,
    });
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  file(key: string): Promise<File> {
    const bytes = this.#files.get(key);
    if (bytes === undefined) return Promise.reject(new Error("There is no such model."));
    this.#files.delete(key); // the file has a copy of its own
    return Promise.resolve(new File([bytes], `${key}.gguf`));
  }

  remove(key: string): Promise<void> {
    this.#files.delete(key);
    return Promise.resolve();
  }
}
