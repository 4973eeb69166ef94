import { afterEach, expect, test, vi } from "vitest";

import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Model } from "./model.svelte";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A browser that keeps what is given. */
function keeping(kept: Record<string, string>): Record<string, string> {
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => (kept[key] = value),
  });
  return kept;
}

async function model() {
  const { port, record } = await fakeWorker();
  const made = new Model(
    new Client(
      () => port,
      () => undefined,
    ),
    BASE,
  );
  return { model: made, record };
}

/** Node's `File` has no `webkitRelativePath`, which browsers leave empty outside folders. */
function gguf(content: string, webkitRelativePath = ""): File[] {
  return [Object.assign(new File([content], "mine.gguf"), { webkitRelativePath })];
}

test("the default model is loaded, checked and stored", async () => {
  const { model: made } = await model();
  const loading = made.loadDefault();
  expect(made.loading).toBe(true);
  await loading;
  expect(made.loading).toBe(false);
  expect(made.isDefault).toBe(true);
  expect(made.parity).toMatchObject({ kind: "done", parity: { tolerance: 1e-4 } });
  expect(made.loaded?.storage).toEqual({ kind: "kept" });
  expect(made.storedBytes).toBe(4);
});

test("an own model takes its place and is not checked", async () => {
  const { model: made } = await model();
  await made.loadDefault();
  await made.loadOwn(gguf("GGUF"));
  expect(made.isDefault).toBe(false);
  expect(made.ownName).toBe("mine.gguf");
  expect(made.parity).toEqual({ kind: "none" });
});

test("a model from a folder is called by the folder's name", async () => {
  const { model: made } = await model();
  await made.loadOwn(gguf("GGUF", "my-clip/mine.gguf"));
  expect(made.ownName).toBe("my-clip");
});

test("a model that does not load leaves the one before, and its check, in place", async () => {
  const { model: made } = await model();
  await made.loadDefault();
  const { loaded, parity } = made;
  await made.loadOwn(gguf("!"));
  expect(made.problem).toBe("This is not a GGUF file: it begins with “!”.");
  expect(made.loaded).toBe(loaded);
  expect(made.parity).toBe(parity);
  expect(made.loading).toBe(false);
});

test("of two loads at once the newer one counts", async () => {
  const { model: made, record } = await model();
  await Promise.all([made.loadDefault(), made.loadOwn(gguf("GGUF"))]);
  expect(made.ownName).toBe("mine.gguf");
  expect(made.parity).toEqual({ kind: "none" });
  expect(record.loaded.map((clip) => clip.freed)).toEqual([true, false]);
});

test("after a restart the model that was in use is loaded again", async () => {
  const { model: made, record } = await model();
  await made.loadOwn(gguf("GGUF"));
  await made.reload();
  expect(made.ownName).toBe("mine.gguf");
  expect(record.sources).toHaveLength(2);
});

test("stored models can be deleted while one is in use", async () => {
  const { model: made } = await model();
  await made.loadDefault();
  await made.deleteStored();
  expect(made.storedBytes).toBe(0);
  expect(made.loaded).not.toBeNull();
});

test("the engine that was wished for is kept, unless it is not there", async () => {
  const kept = keeping({});
  const { model: made } = await model();
  await made.loadDefault();
  await made.prefer("gpu");
  expect(made.problem).toBe("No usable GPU was found.");
  expect([made.engine, kept]).toEqual(["auto", {}]);
  await made.prefer("cpu");
  expect(kept).toEqual({ "cliprobe-engine": "cpu" });
  expect((await model()).model.engine).toBe("cpu");
});

test("a GPU that is gone since the last visit leaves a model all the same", async () => {
  keeping({ "cliprobe-engine": "gpu" });
  const { model: made } = await model();
  expect(made.engine).toBe("gpu");
  await made.loadDefault();
  expect(made.loaded).not.toBeNull();
  expect([made.engine, made.problem, made.notice]).toEqual([
    "auto",
    null,
    "No usable GPU was found.",
  ]);
});
