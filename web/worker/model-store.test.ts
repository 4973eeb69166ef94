import { describe, expect, test } from "vitest";

import { sha256 } from "../sha256";
import { fakeBrowser } from "../testing/fake-browser";
import type { OfferedModel } from "./model-list";
import { ModelStore } from "./model-store";

const BASE = "https://example.org/lab/";
const MODEL = new TextEncoder().encode("GGUF and so on");
const MODEL_SHA256 = (await sha256(MODEL)) ?? "";
const ENTRY: OfferedModel = {
  name: "tiny",
  file: "default.gguf",
  bytes: MODEL.length,
  sha256: MODEL_SHA256,
  golden: "default.golden.json",
};
const CACHE = `cliprobe-model-v1-${MODEL_SHA256}`;

function served(model: Uint8Array<ArrayBuffer> = MODEL) {
  const fake = fakeBrowser({
    "/lab/models/models.json": JSON.stringify([ENTRY]),
    "/lab/models/default.gguf": model,
  });
  return { ...fake, store: new ModelStore(fake.browser) };
}

const ignore = () => undefined;
const bytesOf = async (file: Blob) => new Uint8Array(await file.arrayBuffer());
const hash = async (file: Blob) => (await sha256(await bytesOf(file))) ?? "";

describe("the list of models", () => {
  test("is read below the page's own address", async () => {
    const { store, fetched } = served();
    expect(await store.offered(BASE)).toEqual([ENTRY]);
    expect(fetched).toEqual(["/lab/models/models.json"]);
  });

  test("that is not JSON, or absent, is named", async () => {
    const { browser } = fakeBrowser({ "/lab/models/models.json": "<!doctype html>" });
    await expect(new ModelStore(browser).offered(BASE)).rejects.toThrow(
      "models/models.json is not JSON.",
    );
    await expect(new ModelStore(fakeBrowser({}).browser).offered(BASE)).rejects.toThrow(
      "models/models.json could not be downloaded: status 404.",
    );
  });

  test("has what is stored of other models deleted, and leaves other pages' caches alone", async () => {
    const { store, caches } = served();
    await caches.open("cliprobe-model-v0-old");
    await caches.open(CACHE);
    await caches.open("another page");
    await store.offered(BASE);
    expect([...caches.named.keys()].sort()).toEqual(["another page", CACHE]);
    await store.delete();
    expect([...caches.named.keys()]).toEqual(["another page"]);
  });
});

describe("the model", () => {
  test("is downloaded once, with progress, then found", async () => {
    const { store, fetched, caches } = served();
    const progress: number[] = [];
    const first = await store.model(BASE, ENTRY, hash, (p) => progress.push(p.loaded));
    expect(first.storage).toEqual({ kind: "kept" });
    expect(await bytesOf(first.file)).toEqual(MODEL);
    expect(progress.at(-1)).toBe(MODEL.length);
    expect([...caches.named.keys()]).toEqual([CACHE]);

    const second = await store.model(BASE, ENTRY, hash, ignore);
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
    await expect(store.model(BASE, ENTRY, hash, ignore)).rejects.toThrow(message);
    expect(caches.named.get(CACHE)?.entries.size).toBe(0);
  });

  test("that is absent is named", async () => {
    const { browser } = fakeBrowser({});
    await expect(new ModelStore(browser).model(BASE, ENTRY, hash, ignore)).rejects.toThrow(
      "models/default.gguf could not be downloaded: status 404.",
    );
  });

  test("that was changed in the cache is downloaded again", async () => {
    const { store, caches, fetched } = served();
    const cache = await caches.open(CACHE);
    await cache.put(new URL("models/default.gguf", BASE), new Response("something else"));
    const { file, storage } = await store.model(BASE, ENTRY, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toEqual({ kind: "kept" });
    expect(fetched).toHaveLength(1);
  });

  test("is kept beside its siblings", async () => {
    const { store, caches } = served();
    const sibling = { ...ENTRY, sha256: MODEL_SHA256.replace(/^./, "x") };
    await caches.open(`cliprobe-model-v1-${sibling.sha256}`);
    await store.model(BASE, ENTRY, hash, ignore);
    expect(caches.named.size).toBe(2);
  });

  test("is used from memory when there is no room", async () => {
    const { store, caches } = served();
    caches.putError = new DOMException("full", "QuotaExceededError");
    const { file, storage } = await store.model(BASE, ENTRY, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toEqual({
      kind: "refused",
      reason: "The browser has no room left for this page.",
    });
  });

  test("is used from memory where the browser offers no storage", async () => {
    const { browser } = served();
    const store = new ModelStore({ ...browser, caches: undefined });
    const { file, storage } = await store.model(BASE, ENTRY, hash, ignore);
    expect(await bytesOf(file)).toEqual(MODEL);
    expect(storage).toMatchObject({ kind: "refused" });
    expect(await store.storedBytes()).toBe(0);
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
