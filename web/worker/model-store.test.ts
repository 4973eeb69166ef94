import { describe, expect, test } from "vitest";

import { sha256 } from "../sha256";
import { fakeBrowser } from "../testing/fake-browser";
import { type ModelManifest, ModelStore } from "./model-store";

const BASE = "https://example.org/lab/";
const MODEL = new TextEncoder().encode("GGUF and so on");
const MODEL_SHA256 = (await sha256(MODEL)) ?? "";
const MANIFEST: ModelManifest = {
  name: "tiny",
  file: "default.gguf",
  bytes: MODEL.length,
  sha256: MODEL_SHA256,
  golden: "default.golden.json",
};
const CACHE = `cliprobe-model-v1-${MODEL_SHA256}`;

function served(model: Uint8Array<ArrayBuffer> = MODEL) {
  const fake = fakeBrowser({
    "/lab/models/default.json": JSON.stringify(MANIFEST),
    "/lab/models/default.gguf": model,
  });
  return { ...fake, store: new ModelStore(fake.browser) };
}

const ignore = () => undefined;
const bytesOf = async (file: Blob) => new Uint8Array(await file.arrayBuffer());
const hash = async (file: Blob) => (await sha256(await bytesOf(file))) ?? "";

describe("the manifest", () => {
  test("is read below the page's own address", async () => {
    const { store, fetched } = served();
    expect(await store.manifest(BASE)).toEqual(MANIFEST);
    expect(fetched).toEqual(["/lab/models/default.json"]);
  });

  test.each([
    ["<!doctype html>", "models/default.json is not JSON."],
    ["[]", "models/default.json does not describe a model."],
    [JSON.stringify({ ...MANIFEST, bytes: -1 }), "does not describe a model"],
    [JSON.stringify({ ...MANIFEST, sha256: "ab" }), "does not describe a model"],
    [JSON.stringify({ ...MANIFEST, golden: null }), "does not describe a model"],
  ])("is refused when it is %s", async (text, message) => {
    const { browser } = fakeBrowser({ "/lab/models/default.json": text });
    await expect(new ModelStore(browser).manifest(BASE)).rejects.toThrow(message);
  });

  test("that is absent is named", async () => {
    const { browser } = fakeBrowser({});
    await expect(new ModelStore(browser).manifest(BASE)).rejects.toThrow(
      "models/default.json could not be downloaded: status 404.",
    );
  });
});

describe("the model", () => {
  test("is downloaded once, with progress, then found", async () => {
    const { store, fetched, caches } = served();
    const progress: number[] = [];
    const first = await store.model(BASE, MANIFEST, hash, (p) => progress.push(p.loaded));
    expect(first.storage).toEqual({ kind: "kept" });
    expect(await bytesOf(first.file)).toEqual(MODEL);
    expect(progress.at(-1)).toBe(MODEL.length);
    expect([...caches.named.keys()]).toEqual([CACHE]);

    const second = await store.model(BASE, MANIFEST, hash, ignore);
    expect(second.storage).toEqual({ kind: "found" });
    expect(await bytesOf(second.file)).toEqual(MODEL);
    expect(fetched).toEqual(["/lab/models/default.gguf"]);
    expect(await store.storedBytes()).toBe(MODEL.length);
  });

  test.each([
    ["damaged", MODEL.map((byte) => byte ^ 1), "arrived damaged"],
    ["cut short", MODEL.slice(1), "is not 14 bytes long"],
    ["too long", Uint8Array.from([...MODEL, 0]), "is not 14 bytes long"],
  ])("that is %s is never stored", async (_, body, message) => {
    const { store, caches } = served(body);
    await expect(store.model(BASE, MANIFEST, hash, ignore)).rejects.toThrow(message);
    expect(caches.named.get(CACHE)?.entries.size).toBe(0);
  });

  test("that was changed in the cache is downloaded again", async () => {
    const { store, caches, fetched } = served();
    const cache = await caches.open(CACHE);
    await cache.put(new URL("models/default.gguf", BASE), new Response("something else"));
    const { file, storage } = await store.model(BASE, MANIFEST, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toEqual({ kind: "kept" });
    expect(fetched).toHaveLength(1);
  });

  test("is used from memory when there is no room", async () => {
    const { store, caches } = served();
    caches.putError = new DOMException("full", "QuotaExceededError");
    const { file, storage } = await store.model(BASE, MANIFEST, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toEqual({
      kind: "refused",
      reason: "The browser has no room left for this page.",
    });
  });

  test("is used from memory where the browser offers no storage", async () => {
    const { browser } = served();
    const store = new ModelStore({ ...browser, caches: undefined });
    const { file, storage } = await store.model(BASE, MANIFEST, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toMatchObject({ kind: "refused" });
    expect(await store.storedBytes()).toBe(0);
  });

  test("replaces those stored before, and leaves other pages' caches alone", async () => {
    const { store, caches } = served();
    await caches.open("cliprobe-model-v0-old");
    await caches.open("another page");
    await store.model(BASE, MANIFEST, hash, ignore);
    expect([...caches.named.keys()].sort()).toEqual(["another page", CACHE]);
    await store.delete();
    expect([...caches.named.keys()]).toEqual(["another page"]);
  });
});

test("tiles are kept apart from models, and damaged ones are forgotten", async () => {
  const { store, caches } = served();
  expect(await store.knownTiles()).toEqual({});
  await store.keepTiles({ "a GPU": "some tiles" });
  await store.delete();
  expect(await store.knownTiles()).toEqual({ "a GPU": "some tiles" });
  const cache = await caches.open("cliprobe-gpu-tiles-v1");
  for (const [url] of cache.entries) await cache.put(new URL(url), new Response('{"a GPU":1}'));
  expect(await store.knownTiles()).toEqual({});
  expect(await new ModelStore({ fetch, caches: undefined }).knownTiles()).toEqual({});
});

test("golden values with a row missing are refused", async () => {
  const golden = {
    texts: ["a", "b"],
    textEmbeddings: [[1, 0]],
    sceneSeeds: [],
    sceneSize: 32,
    imageEmbeddings: [],
    tolerance: 1e-4,
  };
  const { browser } = fakeBrowser({
    "/lab/models/default.golden.json": JSON.stringify(golden),
  });
  await expect(new ModelStore(browser).golden(BASE, "default.golden.json")).rejects.toThrow(
    "models/default.golden.json does not hold golden values.",
  );
});
