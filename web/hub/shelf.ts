/**
 * The models that were fetched by name: GGUF files in the page's private file system (OPFS), each with
 * a description beside it. A file without its description is unfinished.
 */

import type { WeightType } from "../wasm/cliprobe.js";

/** What is known of a fetched model. */
export interface KeptModel {
  /** Names its files. */
  key: string;
  name: string;
  /** What was asked for: a name with its revision, or an address. */
  source: string;
  /** The server that was asked. */
  host: string;
  commit: string | null;
  /** `null` of a GGUF file, which was kept as it came. */
  type: WeightType | null;
  activation: string | null;
  activationSource: string | null;
  parameters: number | null;
  /** What was downloaded, and its SHA-256. */
  sourceBytes: number;
  sourceSha256: string | null;
  /** The file that is kept, and its SHA-256. */
  bytes: number;
  sha256: string;
  /** From the request to the finished file, without what an earlier visit had fetched. */
  seconds: number;
  /** The converter's memory: what the module had at the end, which never shrinks. */
  heapBytes: number;
  note: string | null;
}

/** Where an unfinished file can be gone on with. */
export interface Unfinished {
  /** Bytes of the finished file. */
  bytes: number;
  /** A `Conversion`'s mark, or the number of bytes that came of a GGUF file. */
  mark: string;
}

/** An open file. */
export interface Draft {
  write: (bytes: Uint8Array, at: number) => void;
  /** Keeps what was written so far, and from where to go on. */
  save: (unfinished: Unfinished) => Promise<void>;
  close: () => void;
}

/** What workers have beside what the types of pages know. */
interface SyncFile {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}

const DIRECTORY = "cliprobe-models";

/** What fetching a model needs of a shelf. */
export type ModelShelf = Pick<
  Shelf,
  "find" | "file" | "remove" | "unfinished" | "makeSure" | "draft" | "finish"
>;

export class Shelf {
  /** @param storage the browser's; absent in insecure contexts, whatever the types say */
  constructor(private readonly storage: StorageManager | undefined) {}

  /** Every finished model, by name. */
  async list(): Promise<KeptModel[]> {
    const directory = await this.#directory().catch(() => null);
    if (directory === null) return [];
    const models: KeptModel[] = [];
    for await (const name of directory.keys()) {
      if (!name.endsWith(".json") || name.endsWith(".part.json")) continue;
      const model = await readJson<KeptModel>(directory, name);
      if (model !== null && typeof model.sha256 === "string") models.push(model);
    }
    return models.sort((a, b) => a.name.localeCompare(b.name) || a.key.localeCompare(b.key));
  }

  /** A finished model; `null` where there is none. */
  async find(key: string): Promise<KeptModel | null> {
    return readJson<KeptModel>(await this.#directory(), `${key}.json`);
  }

  /** The GGUF file, which stays on disk until it is read. */
  async file(key: string): Promise<File> {
    const directory = await this.#directory();
    const handle = await directory.getFileHandle(`${key}.gguf`).catch(() => {
      throw new Error("The browser has deleted the model’s file: fetch it again.");
    });
    return handle.getFile();
  }

  async remove(key: string): Promise<void> {
    const directory = await this.#directory();
    for (const end of [".json", ".part.json", ".gguf"]) {
      await directory.removeEntry(key + end).catch((error: unknown) => {
        if ((error as DOMException).name === "NotFoundError") return;
        throw new Error("The browser does not delete the file while it is in use.");
      });
    }
  }

  /** Where an earlier visit stopped. */
  async unfinished(key: string): Promise<Unfinished | null> {
    return readJson<Unfinished>(await this.#directory(), `${key}.part.json`);
  }

  /** Throws an `Error` with one sentence where so many more bytes have no room. */
  async makeSure(bytes: number, shown: (bytes: number) => string): Promise<void> {
    const { quota, usage } = (await this.storage?.estimate().catch(() => null)) ?? {};
    if (quota === undefined || usage === undefined || quota - usage >= bytes) return;
    throw new Error(
      `There is no room: the file takes ${shown(bytes)}, and the browser gives this page ${shown(Math.max(quota - usage, 0))} more.`,
    );
  }

  /** Opens a file for writing; in a worker only. */
  async draft(key: string, bytes: number): Promise<Draft> {
    const directory = await this.#directory();
    const handle = await directory.getFileHandle(`${key}.gguf`, { create: true });
    let file: SyncFile;
    try {
      file = await opened(handle);
    } catch {
      throw new Error("This model is being fetched, or is in use, in another tab of this page.");
    }
    try {
      file.truncate(bytes);
    } catch (error) {
      file.close();
      throw full(error);
    }
    return {
      write: (piece, at) => {
        try {
          if (file.write(piece, { at }) !== piece.length) {
            throw full(null);
          }
        } catch (error) {
          throw full(error);
        }
      },
      save: async (unfinished) => {
        file.flush();
        await writeJson(directory, `${key}.part.json`, unfinished);
      },
      close: () => {
        file.close();
      },
    };
  }

  /** Puts the description beside a file, which is finished by that. */
  async finish(model: KeptModel): Promise<void> {
    const directory = await this.#directory();
    await writeJson(directory, `${model.key}.json`, model);
    await directory.removeEntry(`${model.key}.part.json`).catch(() => undefined);
  }

  async #directory(): Promise<FileSystemDirectoryHandle> {
    try {
      if (this.storage === undefined) throw new Error();
      const root = await this.storage.getDirectory();
      return await root.getDirectoryHandle(DIRECTORY, { create: true });
    } catch {
      throw new Error(
        "The browser keeps no files for this page (in a private window, or without https), and a fetched model needs one.",
      );
    }
  }
}

function opened(handle: FileSystemFileHandle): Promise<SyncFile> {
  return (
    handle as FileSystemFileHandle & { createSyncAccessHandle: () => Promise<SyncFile> }
  ).createSyncAccessHandle();
}

function full(error: unknown): Error {
  return error instanceof DOMException && error.name !== "QuotaExceededError"
    ? new Error(`The browser could not write the model’s file (${error.name}).`)
    : new Error("The browser has no room left for the model’s file.");
}

async function readJson<T>(directory: FileSystemDirectoryHandle, name: string): Promise<T | null> {
  try {
    const handle = await directory.getFileHandle(name);
    return JSON.parse(await (await handle.getFile()).text()) as T;
  } catch {
    return null; // not there, or half written
  }
}

/** By a synchronous handle, for Safari has no other way of writing. */
async function writeJson(
  directory: FileSystemDirectoryHandle,
  name: string,
  value: unknown,
): Promise<void> {
  const handle = await directory.getFileHandle(name, { create: true });
  const file = await opened(handle);
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    file.truncate(bytes.length);
    file.write(bytes, { at: 0 });
    file.flush();
  } finally {
    file.close();
  }
}
