import { expect, test } from "vitest";

import { emptyLinkState } from "../link/link-state";
import { Model } from "../model/model.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Probe, type Question } from "./probe.svelte";

function probe() {
  const { port, record, calls } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  return { probe: new Probe(client, model), model, record, calls };
}

async function loaded() {
  const made = probe();
  await made.model.loadDefault();
  return made;
}

function question(of: Probe): Question {
  if (of.question === null) throw new Error("there is nothing to ask");
  return of.question;
}

const texts = (of: Probe) => of.captions.list.map((caption) => caption.text);
const png = (name: string, content = "pixels") => new File([content], name, { type: "image/png" });

test("a scene comes with its captions and their truth", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene(" 007 ");
  expect(texts(made)).toEqual(["a red dog 7", "a blue dog 7"]);
  expect(made.truthOf("a red dog 7")).toBe(true);
  expect(made.truthOf("a blue dog 7")).toBe(false);
  expect(made.truthOf("something else")).toBeNull();
  await made.ask(question(made));
  expect(made.ranking.map((ranked) => ranked.truth?.holds).toSorted()).toEqual([false, true]);
});

test("a question waits for all of its parts", async () => {
  const { probe: made, model } = probe();
  await made.image.showScene("1");
  expect(made.question).toBeNull();
  await model.loadDefault();
  expect(made.question?.captions).toHaveLength(2);
  made.captions.replaceAll(["  "]);
  expect(made.question).toBeNull();
});

test("only the newest question's answer counts", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene("1");
  made.captions.replaceAll(["older"]);
  const older = made.ask(question(made));
  made.captions.replaceAll(["newer"]);
  const newer = made.ask(question(made));
  await Promise.all([older, newer]);
  expect(made.ranking.map((ranked) => ranked.text)).toEqual(["newer"]);
  expect(made.busy).toBe(false);
});

test("an answer that comes after its question was dropped is dropped too", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene("1");
  const asked = made.ask(question(made));
  made.forget();
  await asked;
  expect(made.ranking).toEqual([]);
});

test("of two scenes drawn at once the newer one is shown", async () => {
  const { probe: made } = await loaded();
  await Promise.all([made.image.showScene("1"), made.image.showScene("2")]);
  expect(made.link.scene).toBe("2");
  expect(texts(made)).toEqual(["a red dog 2", "a blue dog 2"]);
});

test("a bad seed and an unreadable photo leave the image in place", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene("1");
  const { current } = made.image;
  await made.image.showScene("one");
  expect(made.image.problem).toMatch(/^The seed is not a whole number from 0 to \d+\.$/);
  await made.image.showPhoto(png("empty.png", ""));
  expect(made.image.problem).toMatch(/^“empty\.png” could not be read as an image: /);
  expect(made.image.current).toBe(current);
  await made.image.showScene("2");
  expect(made.image.problem).toBeNull();
});

test("a photo is sent once for each model", async () => {
  const { probe: made, model, calls } = await loaded();
  made.captions.replaceAll(["a"]);
  await made.image.showPhoto(png("p.png"));
  await made.ask(question(made));
  await made.ask(question(made));
  expect(calls.filter((kind) => kind === "photo")).toHaveLength(1);
  await model.loadDefault();
  await made.ask(question(made));
  expect(calls.filter((kind) => kind === "photo")).toHaveLength(2);
  expect(made.problem).toBeNull();
});

test("with a photo the scene's captions step aside, and one's own stay", async () => {
  const { probe: made, model } = await loaded();
  await made.image.showScene("1");
  made.captions.add("mine");
  expect(model.sawOnlyDrawings).toBe(true);
  await made.image.showPhoto(png("p.png"));
  expect(texts(made)).toEqual(["mine"]);
  made.captions.bringBack();
  expect(texts(made)).toEqual(["mine", "a red dog 1", "a blue dog 1"]);
});

test("an unreadable photo leaves the scene's captions where they are", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene("2");
  await made.image.showPhoto(png("empty.png", ""));
  expect(texts(made)).toEqual(["a red dog 2", "a blue dog 2"]);
});

test("a photo that turns out unreadable when the model is there says so", async () => {
  const { probe: made, model } = probe();
  made.captions.replaceAll(["a"]);
  await made.image.showPhoto(png("empty.png", ""));
  await model.loadDefault();
  await made.ask(question(made));
  expect(made.problem).toMatch(/“empty\.png” could not be read as an image/);
});

test("a link leaves out a scene's own captions, and keeps edited ones", async () => {
  const { probe: made } = await loaded();
  await made.image.showScene("1");
  expect(made.link).toMatchObject({ scene: "1", captions: null });
  made.captions.edit(made.captions.list[0]?.id ?? NaN, "mine");
  expect(made.link).toMatchObject({ scene: "1", captions: ["mine", "a blue dog 1"] });
});

test("a link opens to the question it was made of", async () => {
  const { probe: made } = await loaded();
  const link = { ...emptyLinkState(), scene: "9", captions: ["x", "y"], softmax: true };
  await made.open(link);
  expect(made.link).toEqual(link);
});

test("a link's photo is asked for, and another one noticed", async () => {
  const { probe: made } = await loaded();
  const photo = png("mine.png");
  await made.image.showPhoto(photo);
  const { hash } = made.link;
  expect(hash).toMatch(/^[0-9a-f]{12}$/);

  const link = { ...emptyLinkState(), photo: "mine.png", hash, captions: ["a"] };
  await made.open(link);
  expect(made.image.current).toEqual({ kind: "asked", name: "mine.png", hash });
  expect(made.question).toBeNull();
  expect(made.link).toEqual(link);
  await made.image.showPhoto(png("other.png", "other pixels"));
  expect(made.image.note).toMatch(/not the photo that the link was made with/);

  await made.open(link);
  await made.image.showPhoto(photo);
  expect(made.image.note).toBeNull();
});

test("a link's small copy stands in for the photo, and stays in the link", async () => {
  const { probe: made } = await loaded();
  const copy = new Uint8Array([0xff, 0xd8, 1, 2]);
  const link = { ...emptyLinkState(), photo: "p.jpg", hash: "0123456789ab", copy, captions: ["a"] };
  await made.open(link);
  expect(made.image.note).toMatch(/small copy of “p\.jpg”/);
  expect(made.link).toEqual(link);
  await made.ask(question(made));
  expect(made.ranking).toHaveLength(1);
  await made.image.embedCopy(false);
  expect(made.link.copy).toBeNull();
  await made.image.embedCopy(true);
  expect(made.link.copy).toEqual(copy);
});
