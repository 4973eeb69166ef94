import { afterEach, expect, test, vi } from "vitest";

import { BASE, fakeWorker, MODELS } from "../testing/fake-worker";
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

function model(files?: Record<string, string>) {
  const { port, record } = fakeWorker(files);
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
  const { model: made } = model();
  const loading = made.loadDefault();
  expect(made.loading).toBe(true);
  await loading;
  expect(made.loading).toBe(false);
  expect(made.offered).toEqual(MODELS);
  expect(made.chosen).toBe(made.offered[0]);
  expect(made.ownName).toBeNull();
  expect(made.parity).toMatchObject({ kind: "done", parity: { tolerance: 1e-4 } });
  expect(made.loaded?.storage).toEqual({ kind: "kept" });
  expect(made.storedBytes).toBe(4);
});

test("an own model takes its place and is not checked", async () => {
  const { model: made } = model();
  await made.loadDefault();
  await made.loadOwn(gguf("GGUF"));
  expect(made.chosen).toBeNull();
  expect(made.ownName).toBe("mine.gguf");
  expect(made.parity).toEqual({ kind: "none" });
});

test("a model from a folder is called by the folder's name", async () => {
  const { model: made } = model();
  await made.loadOwn(gguf("GGUF", "my-clip/mine.gguf"));
  expect(made.ownName).toBe("my-clip");
});

test("a model that does not load leaves the one before, and its check, in place", async () => {
  const { model: made } = model();
  await made.loadDefault();
  const { loaded, parity } = made;
  await made.loadOwn(gguf("!"));
  expect(made.problem).toBe("This is not a GGUF file: it begins with “!”.");
  expect(made.loaded).toBe(loaded);
  expect(made.parity).toBe(parity);
  expect(made.loading).toBe(false);
});

test("a sibling takes the default's place, and is what is loaded after a restart", async () => {
  const { model: made } = model();
  await made.loadDefault();
  const choosing = made.choose(MODELS[1]);
  await Promise.resolve();
  expect(made.chosen).toBe(MODELS[1]);
  expect(made.loaded?.name).toBe("fake");
  await choosing;
  expect([made.name, made.ownName]).toEqual(["sibling", null]);
  expect(made.parity).toEqual({ kind: "none" });
  await made.reload();
  expect(made.name).toBe("sibling");
});

test("a sibling that does not load leaves the default chosen", async () => {
  const { model: made } = model({ "/models/n.gguf": "GGUF of a swindler" });
  await made.loadDefault();
  await made.choose(MODELS[1]);
  expect(made.problem).toMatch(
    /^models\/n\.gguf is not 17 bytes long as models\/models\.json says/,
  );
  expect(made.chosen?.name).toBe("fake");
});

test("a link's model is loaded where it is offered", async () => {
  const { model: made, record } = model();
  const asked = MODELS[1].sha256.slice(0, 12);
  await made.open(asked);
  expect(made.name).toBe("sibling");
  await made.open(asked);
  await made.open(null);
  await made.open("0123456789ab");
  expect(made.name).toBe("sibling");
  expect(record.loaded).toHaveLength(1);
  await made.open(MODELS[0].sha256.slice(0, 12));
  expect(made.name).toBe("fake");
});

test("a link's model that is not offered leaves the default", async () => {
  const { model: made } = model();
  await made.open("0123456789ab");
  expect(made.name).toBe("fake");
  expect(made.offers("0123456789ab")).toBe(false);
  expect(made.offers(MODELS[1].sha256.slice(0, 12))).toBe(true);
});

test("a list that cannot be read says so, and can be tried again", async () => {
  const files: Record<string, string> = { "/models/models.json": "[{}]" };
  const { model: made } = model(files);
  await made.open(MODELS[1].sha256);
  expect(made.problem).toBe("Model 1 of models/models.json has no “name”.");
  expect([made.loaded, made.loading]).toEqual([null, false]);
});

test("of two loads at once the newer one counts", async () => {
  const { model: made, record } = model();
  await Promise.all([made.loadDefault(), made.loadOwn(gguf("GGUF"))]);
  expect(made.ownName).toBe("mine.gguf");
  expect(made.parity).toEqual({ kind: "none" });
  expect(record.loaded.map((clip) => clip.freed)).toEqual([false]);
});

test("after a restart the model that was in use is loaded again", async () => {
  const { model: made, record } = model();
  await made.loadOwn(gguf("GGUF"));
  await made.reload();
  expect(made.ownName).toBe("mine.gguf");
  expect(record.sources).toHaveLength(2);
});

test("stored models can be deleted while one is in use", async () => {
  const { model: made } = model();
  await made.loadDefault();
  await made.deleteStored();
  expect(made.storedBytes).toBe(0);
  expect(made.loaded).not.toBeNull();
});

test("the engine that was wished for is kept, unless it is not there", async () => {
  const kept = keeping({});
  const { model: made } = model();
  await made.loadDefault();
  await made.prefer("gpu");
  expect(made.problem).toBe("No usable GPU was found.");
  expect([made.engine, kept]).toEqual(["auto", {}]);
  await made.prefer("cpu");
  expect(kept).toEqual({ "cliprobe-engine": "cpu" });
  expect(model().model.engine).toBe("cpu");
});

test("what the GPU multiplies in is kept, and told to the module", async () => {
  const kept = keeping({ "cliprobe-arithmetic": "something else" });
  const { model: made, record } = model();
  expect(made.arithmetic).toBe("f32");
  await made.loadDefault();
  await made.computeIn("f16");
  expect(kept).toEqual({ "cliprobe-arithmetic": "f16" });
  expect(record.arithmetics).toEqual(["f32", "f16"]);
  expect(model().model.arithmetic).toBe("f16");
});

test("a GPU that is gone since the last visit leaves a model all the same", async () => {
  keeping({ "cliprobe-engine": "gpu" });
  const { model: made } = model();
  expect(made.engine).toBe("gpu");
  await made.loadDefault();
  expect(made.loaded).not.toBeNull();
  expect([made.engine, made.problem, made.notice]).toEqual([
    "auto",
    null,
    "No usable GPU was found.",
  ]);
});
