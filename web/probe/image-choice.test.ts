import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Captions } from "./captions.svelte";
import { ImageChoice, SAMPLE_SEEDS } from "./image-choice.svelte";

async function ready() {
  const { port, calls } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  await model.loadDefault();
  const captions = new Captions();
  return { choice: new ImageChoice(client, model, captions), captions, model, calls };
}

const png = (name: string, content = "pixels") => new File([content], name, { type: "image/png" });

test("samples are drawn in small, in their order", async () => {
  const { choice } = await ready();
  await choice.drawSamples();
  expect(choice.samples.map(({ seed }) => seed)).toEqual([...SAMPLE_SEEDS]);
});

test("of a photo and a scene the one asked for last is shown", async () => {
  const { choice } = await ready();
  const photo = choice.showPhoto(png("p.png"));
  const scene = choice.showScene("3");
  await Promise.all([photo, scene]);
  expect(choice.current).toMatchObject({ kind: "scene", view: { seed: "3" } });
});

test("a photo without a name is called one, and is embedded when it is shown", async () => {
  const { choice, calls } = await ready();
  await choice.showPhoto(png(""));
  expect(choice.current).toMatchObject({ kind: "photo", name: "photo", isCopy: false });
  expect(calls).toContain("photo");
});

test("a photo is embedded again for another model, and only then", async () => {
  const { choice, model, calls } = await ready();
  await choice.showPhoto(png("p.png"));
  const { current } = choice;
  const { loaded } = model;
  if (current?.kind !== "photo" || loaded === null) throw new Error("nothing is there");
  await choice.embed(current, loaded);
  expect(calls.filter((kind) => kind === "photo")).toHaveLength(1);
  await model.loadDefault();
  if (model.loaded !== null) await choice.embed(current, model.loaded);
  expect(calls.filter((kind) => kind === "photo")).toHaveLength(2);
});

test("another image ends what was said of the one before", async () => {
  const { choice } = await ready();
  choice.openPhoto("mine.png", "0123456789ab", null);
  await choice.showPhoto(png("other.png"));
  expect(choice.note).toMatch(/not the photo/);
  await choice.showScene("nonsense");
  expect(choice.problem).toMatch(/^The seed/);
  expect(choice.current).toMatchObject({ kind: "photo" });
  await choice.showScene("1");
  expect([choice.note, choice.problem, choice.copy]).toEqual([null, null, null]);
});
