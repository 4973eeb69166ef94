import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { BASE, fakeWorker, MODELS } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { ModelComparison } from "./model-comparison.svelte";
import { Probe } from "./probe.svelte";

async function asked(files?: Record<string, string>) {
  const { port, calls } = fakeWorker(files);
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  const probe = new Probe(client, model);
  await model.loadDefault();
  await probe.image.showScene("1");
  await ask(probe);
  return { comparison: new ModelComparison(client, model, probe), model, probe, calls };
}

async function ask(probe: Probe): Promise<void> {
  if (probe.question === null) throw new Error("there is nothing to ask");
  await probe.ask(probe.question);
}

const names = ({ table }: ModelComparison) => table?.columns.map(({ name }) => name);

test("each model answers, the one in use as it has done", async () => {
  const { comparison, probe, calls } = await asked();
  expect(comparison.models).toBe(2);
  const running = comparison.run();
  expect(comparison.running).toBe(true);
  await running;
  expect([comparison.running, comparison.doing]).toEqual([false, ""]);
  expect(names(comparison)).toEqual(["fake", "sibling"]);
  const [first, second] = comparison.table?.columns ?? [];
  expect(first?.ranking).toEqual(probe.ranking);
  expect(second?.ranking.map(({ truth }) => truth?.holds).toSorted()).toEqual([false, true]);
  expect(second?.ranking).not.toEqual(first?.ranking);
  expect(calls.filter((kind) => kind === "compare")).toHaveLength(1);
});

test("what a model answers is what it answers when it is in use", async () => {
  const { comparison, model, probe } = await asked();
  await comparison.run();
  const compared = comparison.table?.columns[1]?.ranking;
  await model.choose(MODELS[1]);
  expect(names(comparison)).toEqual(["fake", "sibling"]);
  await ask(probe);
  expect(probe.ranking).toEqual(compared);
});

test("a photo is compared as a scene is", async () => {
  const { comparison, probe } = await asked();
  await probe.image.showPhoto(new File(["pixels"], "p.png", { type: "image/png" }));
  probe.captions.replaceAll(["a red dog", "a cat"]);
  await ask(probe);
  await comparison.run();
  expect(comparison.table?.columns.map(({ ranking }) => ranking.length)).toEqual([2, 2]);
});

test("an own model in use stands first", async () => {
  const { comparison, model, probe } = await asked();
  const file = Object.assign(new File(["GGUF own"], "mine.gguf"), { webkitRelativePath: "" });
  await model.loadOwn([file]);
  await ask(probe);
  expect(comparison.models).toBe(3);
  await comparison.run();
  expect(names(comparison)).toEqual(["mine.gguf", "fake", "sibling"]);
  expect(comparison.table?.columns[0]?.ranking).toEqual(probe.ranking);
});

test("a model that does not load is named, and the others answer", async () => {
  const { comparison } = await asked({ "/models/n.gguf": "GGUF of a swindler" });
  await comparison.run();
  expect(names(comparison)).toEqual(["fake"]);
  expect(comparison.table?.failures).toMatchObject([
    { name: "sibling", message: expect.stringMatching(/^models\/n\.gguf is not/) as string },
  ]);
});

test("cancelling keeps the answers that came", async () => {
  const { comparison } = await asked();
  const running = comparison.run();
  await Promise.resolve();
  expect(comparison.doing).toBe("Asking sibling, model 2 of 2");
  comparison.cancel();
  expect([comparison.running, comparison.doing]).toEqual([false, ""]);
  await running;
  expect(names(comparison)).toEqual(["fake"]);
});

test("answers go with their question", async () => {
  const { comparison, probe } = await asked();
  await comparison.run();
  const [caption] = probe.captions.list;
  if (caption === undefined) throw new Error("there is no caption");
  probe.captions.edit(caption.id, "another");
  expect(comparison.table).toBeNull();
  probe.captions.edit(caption.id, caption.text);
  expect(names(comparison)).toEqual(["fake", "sibling"]);
});

test("a question that changes meanwhile ends the comparison", async () => {
  const { comparison, probe } = await asked();
  const running = comparison.run();
  await probe.image.showScene("2");
  await running;
  expect([comparison.table, comparison.running]).toEqual([null, false]);
});
