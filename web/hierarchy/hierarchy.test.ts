import { expect, test } from "vitest";

import { emptyLinkState } from "../link/link-state";
import { Model } from "../model/model.svelte";
import { Probe } from "../probe/probe.svelte";
import { BASE, fakeWorker, MODELS } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Hierarchy, Side } from "./hierarchy.svelte";
import type { HierarchyAsk } from "./requests";

async function loaded() {
  const { port, record, calls } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  const probe = new Probe(client, model);
  await model.loadDefault();
  await probe.image.showScene("1");
  return { hierarchy: new Hierarchy(client, model, probe), client, model, probe, record, calls };
}

function question(of: Hierarchy): HierarchyAsk {
  if (of.question === null) throw new Error("there is nothing to ask");
  return of.question;
}

test("an answer has every distinct text once, with all its roles", async () => {
  const { hierarchy, client } = await loaded();
  hierarchy.source = "lines";
  hierarchy.lines = "a red dog 1\n\nan animal\nan animal\nsomething";
  await hierarchy.a.ask(client, question(hierarchy));
  const { answer } = hierarchy.a;
  expect(answer?.texts.map(({ text }) => text)).toEqual([
    "a red dog 1",
    "an animal",
    "something",
    "a blue dog 1",
  ]);
  expect(answer?.texts[0]?.roles).toEqual(["candidate", "caption"]);
  expect(answer?.image).not.toBeNull();
  // Rows of all texts, the image and the root.
  expect(answer?.embeddings.length).toBe(6 * (answer?.dim ?? NaN));
  expect(answer?.traversal?.steps).toHaveLength(3);
  expect(hierarchy.a.busy).toBe(false);
});

test("texts are embedded once, and shared with the ranking", async () => {
  const { hierarchy, client, record } = await loaded();
  hierarchy.source = "lines";
  hierarchy.lines = "a\nb\nc";
  await hierarchy.a.ask(client, question(hierarchy));
  const before = record.encodedTexts.flat().length;
  hierarchy.lines = "a\nb\nc\nd";
  await hierarchy.a.ask(client, question(hierarchy));
  expect(record.encodedTexts.flat().slice(before)).toEqual(["d"]);
});

test("only the newest question's answer counts", async () => {
  const { hierarchy, client } = await loaded();
  hierarchy.source = "lines";
  hierarchy.lines = Array.from({ length: 60 }, (_, index) => `older ${index}`).join("\n");
  const older = hierarchy.a.ask(client, question(hierarchy));
  hierarchy.lines = "newer";
  const newer = hierarchy.a.ask(client, question(hierarchy));
  await Promise.all([older, newer]);
  expect(hierarchy.a.answer?.texts[0]?.text).toBe("newer");
  const forgotten = hierarchy.a.ask(client, question(hierarchy));
  hierarchy.a.forget();
  await forgotten;
  expect(hierarchy.a.answer).toBeNull();
});

test("another model answers beside the loaded one, and is given back", async () => {
  const { hierarchy, client, model, record } = await loaded();
  hierarchy.other = MODELS[1].sha256.slice(0, 12);
  expect(hierarchy.otherModel?.name).toBe("sibling");
  hierarchy.source = "lines";
  hierarchy.lines = "a\nb\nc";
  const asked = question(hierarchy);
  await Promise.all([
    hierarchy.a.ask(client, asked),
    hierarchy.b.ask(client, { ...asked, choice: model.choiceOf(MODELS[1]) }),
  ]);
  expect(hierarchy.a.answer?.embeddings).not.toEqual(hierarchy.b.answer?.embeddings);
  expect(record.loaded.map(({ freed }) => freed)).toEqual([false, true]);

  // What it embedded before is known: it is not loaded again.
  await hierarchy.b.ask(client, { ...asked, choice: model.choiceOf(MODELS[1]) });
  expect(record.loaded).toHaveLength(2);
  expect(hierarchy.b.problem).toBeNull();
});

test("a chain of one's own is measured when all tiers are written", async () => {
  const { hierarchy, client } = await loaded();
  hierarchy.own = ["a", "b", "c", " "];
  expect(question(hierarchy).own).toEqual([]);
  hierarchy.own = ["a", "b", "c", " d "];
  hierarchy.contradictions = ["x", "", "z"];
  expect(question(hierarchy)).toMatchObject({ own: ["a", "b", "c", "d"], contradictions: [] });
  hierarchy.contradictions = ["x", "y", "z"];
  await hierarchy.a.ask(client, question(hierarchy));
  expect(hierarchy.a.answer?.own?.losses).toHaveLength(3);
  expect(hierarchy.a.answer?.edges.map(({ kind }) => kind)).toEqual(["own", "own", "own"]);
});

test("a file of lines or HierarCaps' table brings candidates; a bad one says so", async () => {
  const { hierarchy, probe } = await loaded();
  await hierarchy.openFile(new File(["one\ntwo\n"], "texts.txt"));
  expect(hierarchy.candidates).toEqual(["one", "two"]);
  probe.captions.replaceAll(["a"]);
  await probe.image.showPhoto(new File(["pixels"], "p.png", { type: "image/png" }));
  await hierarchy.openFile(new File(["id,captions\n"], "hierarcaps_test.csv"));
  expect(hierarchy.candidates).toEqual(["a", "b", "c", "d"]);
  expect(hierarchy.fileChain, "the row is found by the photo's name").toBe(0);
  expect(hierarchy.truth).toEqual(["a", "b", "c", "d"]);
  await hierarchy.openFile(new File(["!"], "bad.csv"));
  expect(hierarchy.fileProblem).toMatch(/“bad.csv” was not taken: .*no column “captions”/);
  expect(hierarchy.candidates).toHaveLength(4);
  await hierarchy.openFile(new File([" \n"], "empty.txt"));
  expect(hierarchy.fileProblem).toMatch(/“empty.txt” holds no text/);
});

test("a link opens to what it was made of", async () => {
  const { hierarchy } = await loaded();
  hierarchy.source = "lines";
  hierarchy.lines = "one\ntwo";
  hierarchy.own = ["a", "", "", ""];
  hierarchy.levels = 7;
  hierarchy.radius = "cosine";
  hierarchy.other = MODELS[1].sha256;
  const { link } = hierarchy;
  expect(link.other).toHaveLength(12);
  const { hierarchy: opened } = await loaded();
  opened.open({ ...emptyLinkState(), ...link });
  expect(opened.link).toEqual(link);
  opened.open(emptyLinkState());
  expect(opened.link).toMatchObject({ candidates: null, own: null, levels: null, other: null });
});

test("a number of levels that is none is mended", async () => {
  const { hierarchy } = await loaded();
  for (const [given, taken] of [
    [NaN, 50],
    [0, 50],
    [1, 2],
    [7.6, 8],
    [9999, 500],
  ] as const) {
    hierarchy.levels = given;
    expect(hierarchy.levels).toBe(taken);
  }
});

test("a question that fails says why, and the next one heals", async () => {
  const { client, hierarchy } = await loaded();
  const side = new Side();
  const asked = question(hierarchy);
  await side.ask(client, {
    ...asked,
    imageKey: "photo broken",
    image: { kind: "photo", bytes: new Uint8Array() },
  });
  expect(side.problem).toMatch(/could not be read/);
  await side.ask(client, asked);
  expect(side.problem).toBeNull();
});
