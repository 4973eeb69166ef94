/**
 * The default model's files: downloaded from the page's own origin, checked, and kept in the
 * browser's Cache Storage.
 *
 * A body is stored only after its SHA-256 was found right, under a cache name that carries the
 * storage layout's version and that hash, so that a new model never meets an old one's bytes. It is a
 * `Blob` all the way, which the browser keeps outside this page's memory: it is read in parts.
 */

import type { LoadProgress } from "../wasm/cliprobe.js";
import type { Storage } from "./protocol";

const CACHE_PREFIX = "cliprobe-model-";
/** What loads found about GPUs' tiles; small, and kept until the browser drops it. */
const TILES_CACHE = "cliprobe-gpu-tiles-v1";
const TILES_URL = "https://cliprobe.invalid/gpu-tiles.json";
/** Raise it when what is stored, or under which key, changes. */
const CACHE_VERSION = 1;

/** `models/default.json`. */
export interface ModelManifest {
  name: string;
  /** The model file, relative to the manifest. */
  file: string;
  bytes: number;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The golden values, relative to the manifest; absent where nobody made any. */
  golden?: string;
}

/** `models/default.golden.json`: what the model's embeddings should be. */
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

  /** Reads `models/default.json` below `base`. */
  async manifest(base: string): Promise<ModelManifest> {
    const manifest = await this.#json(new URL("models/default.json", base));
    if (!isManifest(manifest)) {
      throw new Error("models/default.json does not describe a model.");
    }
    return manifest;
  }

  /** Reads golden values, from the file that a manifest names. */
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
    manifest: ModelManifest,
    hash: Hash,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<StoredModel> {
    const url = fileUrl(base, manifest.file);
    const { cache, reason } = await this.#openCache(manifest);
    const found = await cache?.match(url);
    if (found !== undefined) {
      const file = await found.blob();
      // Pages that share this origin can write to its caches, so what is found is checked too.
      if ((await hash(file)) === manifest.sha256) return { file, storage: { kind: "found" } };
      await cache?.delete(url);
    }
    const file = await this.#download(url, manifest, hash, onProgress);
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

  /** Deletes every stored model, or all but the one under `except`. */
  async delete(except?: string): Promise<void> {
    const { caches } = this.browser;
    if (caches === undefined) return;
    for (const name of await caches.keys()) {
      if (name.startsWith(CACHE_PREFIX) && name !== except) await caches.delete(name);
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

  /** Opens this model's cache and drops those of other models and older layouts. */
  async #openCache(
    manifest: ModelManifest,
  ): Promise<{ cache: Cache; reason: "" } | { cache: null; reason: string }> {
    const { caches } = this.browser;
    if (caches === undefined) {
      const reason = "This address is not secure (https), so the browser offers no storage.";
      return { cache: null, reason };
    }
    const name = `${CACHE_PREFIX}v${CACHE_VERSION}-${manifest.sha256}`;
    try {
      await this.delete(name);
      return { cache: await caches.open(name), reason: "" };
    } catch (error) {
      return { cache: null, reason: refusal(error) };
    }
  }

  async #download(
    url: URL,
    manifest: ModelManifest,
    hash: Hash,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Blob> {
    const response = await this.#get(url);
    const file = await readBody(response, manifest.bytes, (loaded) => {
      onProgress({ stage: "download", loaded, total: manifest.bytes });
    });
    if (file === null) {
      throw new Error(
        `${shown(url)} is not ${manifest.bytes} bytes long as models/default.json says.`,
      );
    }
    if ((await hash(file)) !== manifest.sha256) {
      throw new Error(`${shown(url)} arrived damaged: its SHA-256 is not that of the manifest.`);
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

function fileUrl(base: string, file: string): URL {
  return new URL(file, new URL("models/", base));
}

/** What a person recognises of a URL on this origin. */
function shown(url: URL): string {
  return url.pathname.split("/").slice(-2).join("/");
}

function isManifest(value: unknown): value is ModelManifest {
  return (
    isRecord(value) &&
    typeof value["name"] === "string" &&
    typeof value["file"] === "string" &&
    Number.isSafeInteger(value["bytes"]) &&
    Number(value["bytes"]) > 0 &&
    typeof value["sha256"] === "string" &&
    /^[0-9a-f]{64}$/.test(value["sha256"]) &&
    (value["golden"] === undefined || typeof value["golden"] === "string")
  );
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
