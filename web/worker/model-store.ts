/**
 * The files of the models that the page offers: downloaded from its own origin, checked, and kept
 * in the browser's Cache Storage.
 *
 * A body is stored only after its SHA-256 was found right, under a cache name that carries the
 * storage layout's version and that hash, so that a new model never meets an old one's bytes. It is a
 * `Blob` all the way, which the browser keeps outside this page's memory: it is read in parts.
 */

import type { LoadProgress } from "../wasm/cliprobe.js";
import { MODEL_LIST, type ModelList, type OfferedModel, readModelList } from "./model-list";
import type { Storage } from "./protocol";

const CACHE_PREFIX = "cliprobe-model-";
/** What loads found about GPUs' tiles; small, and kept until the browser drops it. */
const TILES_CACHE = "cliprobe-gpu-tiles-v1";
const TILES_URL = "https://cliprobe.invalid/gpu-tiles.json";
/** Raise it when what is stored, or under which key, changes. */
const CACHE_VERSION = 1;

/** A model's file of golden values: what its embeddings should be. */
export interface GoldenValues {
  texts: string[];
  /** One normalised row a text. */
  textEmbeddings: number[][];
  sceneSeeds: string[];
  /** Pixels a side at which the scenes are drawn. */
  sceneSize: number;
  /** One normalised row a scene. */
  imageEmbeddings: number[][];
  /** Largest absolute difference that counts as equal. */
  tolerance: number;
}

export interface StoredModel {
  file: Blob;
  storage: Storage;
}

/** SHA-256 in lower-case hexadecimal. */
export type Hash = (file: Blob) => Promise<string>;

/** The browser's own services; an insecure context hides its caches. */
export interface Browser {
  fetch: typeof fetch;
  caches: CacheStorage | undefined;
}

export class ModelStore {
  constructor(private readonly browser: Browser) {}

  /** Reads the list of models below `base`, and forgets what is stored of models that left it. */
  async offered(base: string): Promise<ModelList> {
    const models = readModelList(await this.#json(new URL(MODEL_LIST, base)));
    await this.#deleteCaches(models.map(cacheName)).catch(() => undefined);
    return models;
  }

  /** Reads golden values, from the file that a model's entry names. */
  async golden(base: string, file: string): Promise<GoldenValues> {
    const golden = await this.#json(fileUrl(base, file));
    if (!isGolden(golden)) {
      throw new Error(`models/${file} does not hold golden values.`);
    }
    return golden;
  }

  /** The model's file, from the cache when it is there and right, else from the network. */
  async model(
    base: string,
    model: OfferedModel,
    hash: Hash,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<StoredModel> {
    const url = fileUrl(base, model.file);
    const { cache, reason } = await this.#openCache(model);
    const found = await cache?.match(url);
    if (found !== undefined) {
      const file = await found.blob();
      // Pages that share this origin can write to its caches, so what is found is checked too.
      if ((await hash(file)) === model.sha256) return { file, storage: { kind: "found" } };
      await cache?.delete(url);
    }
    const file = await this.#download(url, model, hash, onProgress);
    if (cache === null) return { file, storage: { kind: "refused", reason } };
    return { file, storage: await keep(cache, url, file) };
  }

  /** What loads before this one found about GPUs' tiles. */
  async knownTiles(): Promise<Record<string, string>> {
    try {
      const cache = await this.browser.caches?.open(TILES_CACHE);
      const found: unknown = await (await cache?.match(new URL(TILES_URL)))?.json();
      return isRecord(found) && Object.values(found).every(isString)
        ? (found as Record<string, string>)
        : {};
    } catch {
      return {}; // the next load times them again
    }
  }

  /** Replaces what is known about GPUs' tiles. */
  async keepTiles(tiles: Record<string, string>): Promise<void> {
    try {
      const cache = await this.browser.caches?.open(TILES_CACHE);
      await cache?.put(new URL(TILES_URL), new Response(JSON.stringify(tiles)));
    } catch {
      // A browser that stores nothing costs the next load a short timed run.
    }
  }

  /** Bytes that all stored models take. */
  async storedBytes(): Promise<number> {
    let total = 0;
    for (const cache of await this.#ownCaches()) {
      for (const response of await cache.matchAll()) {
        total += Number(response.headers.get("content-length") ?? 0);
      }
    }
    return total;
  }

  /** Deletes every stored model. */
  delete(): Promise<void> {
    return this.#deleteCaches([]);
  }

  /** Deletes the models' caches, those of older layouts too, save the ones under these names. */
  async #deleteCaches(except: string[]): Promise<void> {
    const { caches } = this.browser;
    if (caches === undefined) return;
    for (const name of await caches.keys()) {
      if (name.startsWith(CACHE_PREFIX) && !except.includes(name)) await caches.delete(name);
    }
  }

  async #json(url: URL): Promise<unknown> {
    const response = await this.#get(url);
    try {
      return await response.json();
    } catch {
      throw new Error(`${shown(url)} is not JSON.`);
    }
  }

  async #get(url: URL): Promise<Response> {
    let response: Response;
    try {
      response = await this.browser.fetch(url);
    } catch {
      throw new Error(`${shown(url)} could not be downloaded: the network gave no answer.`);
    }
    if (!response.ok) {
      throw new Error(`${shown(url)} could not be downloaded: status ${response.status}.`);
    }
    return response;
  }

  async #openCache(
    model: OfferedModel,
  ): Promise<{ cache: Cache; reason: "" } | { cache: null; reason: string }> {
    const { caches } = this.browser;
    if (caches === undefined) {
      const reason = "This address is not secure (https), so the browser offers no storage.";
      return { cache: null, reason };
    }
    try {
      return { cache: await caches.open(cacheName(model)), reason: "" };
    } catch (error) {
      return { cache: null, reason: refusal(error) };
    }
  }

  async #download(
    url: URL,
    { bytes, sha256 }: OfferedModel,
    hash: Hash,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Blob> {
    const response = await this.#get(url);
    const file = await readBody(response, bytes, (loaded) => {
      onProgress({ stage: "download", loaded, total: bytes });
    });
    if (file === null) {
      throw new Error(`${shown(url)} is not ${bytes} bytes long as ${MODEL_LIST} says.`);
    }
    if ((await hash(file)) !== sha256) {
      throw new Error(
        `${shown(url)} arrived damaged: its SHA-256 is not the one in ${MODEL_LIST}.`,
      );
    }
    return file;
  }

  async #ownCaches(): Promise<Cache[]> {
    const { caches } = this.browser;
    if (caches === undefined) return [];
    const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
    return Promise.all(names.map((name) => caches.open(name)));
  }
}

/** Reads a body of exactly `length` bytes; `null` when it is longer or shorter. */
async function readBody(
  response: Response,
  length: number,
  onLoaded: (loaded: number) => void,
): Promise<Blob | null> {
  let loaded = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      loaded += chunk.length;
      if (loaded > length) {
        controller.terminate(); // no more than was promised is taken
        return;
      }
      onLoaded(loaded);
      controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
    },
  });
  const body = response.body?.pipeThrough(counted);
  // Whoever ends a stream early makes the pipe into it fail, too; the count tells.
  const file = await new Response(body ?? null).blob();
  return loaded === length ? file : null;
}

async function keep(cache: Cache, url: URL, file: Blob): Promise<Storage> {
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(file.size),
  };
  try {
    await cache.put(url, new Response(file, { headers }));
    return { kind: "kept" };
  } catch (error) {
    return { kind: "refused", reason: refusal(error) };
  }
}

function refusal(error: unknown): string {
  return error instanceof DOMException && error.name === "QuotaExceededError"
    ? "The browser has no room left for this page."
    : "The browser refused to store it.";
}

function cacheName({ sha256 }: OfferedModel): string {
  return `${CACHE_PREFIX}v${CACHE_VERSION}-${sha256}`;
}

function fileUrl(base: string, file: string): URL {
  return new URL(file, new URL("models/", base));
}

/** What a person recognises of a URL on this origin. */
function shown(url: URL): string {
  return url.pathname.split("/").slice(-2).join("/");
}

function isGolden(value: unknown): value is GoldenValues {
  return (
    isRecord(value) &&
    isArrayOf(value["texts"], isString) &&
    isArrayOf(value["textEmbeddings"], isRow) &&
    value["textEmbeddings"].length === value["texts"].length &&
    isArrayOf(value["sceneSeeds"], isString) &&
    typeof value["sceneSize"] === "number" &&
    isArrayOf(value["imageEmbeddings"], isRow) &&
    value["imageEmbeddings"].length === value["sceneSeeds"].length &&
    typeof value["tolerance"] === "number"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isArrayOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isRow(value: unknown): value is number[] {
  return isArrayOf(value, (item): item is number => typeof item === "number");
}
