import { describe, expect, test } from "vitest";

import { sha256 } from "../sha256";
import { fakeBrowser } from "../testing/fake-browser";
import { cosinesAsked } from "../probe/ranking";
import { FAKE_CONTEXT, fakeEmbedding, fakeModule, fakeScene } from "../testing/fake-module";
import { type GoldenValues, ModelStore } from "./model-store";
import type { Answer, Ask, Call, OfferedChoice, RequestKind } from "./protocol";
import { Session } from "./session";

const BASE = "https://example.org/";
const MODEL = new TextEncoder().encode("GGUF");
const text = (value: string) => new TextEncoder().encode(value);

const GOLDEN: GoldenValues = {
  texts: ["a dog"],
  textEmbeddings: [[...fakeEmbedding(text("a dog"))]],
  sceneSeeds: ["1"],
  sceneSize: 32,
  imageEmbeddings: [[...fakeEmbedding(fakeScene("1", 32).png)]],
  tolerance: 1e-4,
};

async function offered(file: string, content: Uint8Array<ArrayBuffer>): Promise<OfferedChoice> {
  const hash = (await sha256(content)) ?? "";
  const model = { name: "t", file, bytes: content.length, sha256: hash, golden: "g.json" };
  return { kind: "offered", base: BASE, model };
}

const DEFAULT = await offered("m.gguf", MODEL);
const SIBLING = await offered("n.gguf", text("GGUF 2"));

function session(golden = GOLDEN) {
  const { browser } = fakeBrowser({
    "/models/m.gguf": MODEL,
    "/models/n.gguf": text("GGUF 2"),
    "/models/g.json": JSON.stringify(golden),
  });
  const { module, record } = fakeModule();
  const opened = new Session(Promise.resolve(module), new ModelStore(browser), () =>
    Promise.resolve(""),
  );
  let id = 0;
  const ask = <K extends RequestKind>(kind: K, what: Ask<K>): Promise<Answer<K>> =>
    Promise.resolve(opened.answer({ id: ++id, kind, ask: what } as Call, () => undefined));
  return { ask, record };
}

async function loaded(golden = GOLDEN) {
  const opened = session(golden);
  await opened.ask("load", { choice: DEFAULT });
  return opened;
}

const scene = { kind: "scene", seed: "5" } as const;

describe("rank", () => {
  test("answers cosines in the order asked", async () => {
    const { ask } = await loaded();
    const image = fakeEmbedding(fakeScene("5", 32).png);
    const answer = await ask("rank", { image: scene, captions: ["a", "b", "a"] });
    const cosine = (caption: string) =>
      Math.fround(fakeEmbedding(text(caption)).reduce((sum, x, i) => sum + x * (image[i] ?? 0), 0));
    expect(cosinesAsked(answer?.ranking ?? [])).toEqual([cosine("a"), cosine("b"), cosine("a")]);
  });

  test("encodes each caption and image once", async () => {
    const { ask, record } = await loaded();
    await ask("rank", { image: scene, captions: ["a", "b"] });
    const again = await ask("rank", { image: scene, captions: ["b", "c", "a"] });
    expect(record.encodedTexts).toEqual([["a", "b"], ["c"]]);
    expect(record.encodedImages).toBe(1);
    expect(again?.text.encoded).toBe(1);
    expect(again?.imageMilliseconds).toBeNull();
  });

  test("flags captions that the model cannot read to their end", async () => {
    const { ask } = await loaded();
    const captions = ["short", "x".repeat(FAKE_CONTEXT + 1)];
    const answer = await ask("rank", { image: scene, captions });
    expect(answer?.truncated).toEqual([false, true]);
  });

  test("gives way to a newer ranking, keeping what was encoded", async () => {
    const { ask, record } = await loaded();
    const many = Array.from({ length: 30 }, (_, index) => `caption ${index}`);
    const older = ask("rank", { image: scene, captions: many });
    const newer = ask("rank", { image: scene, captions: ["caption 0", "new"] });
    expect(await older).toBeNull();
    expect((await newer)?.ranking).toHaveLength(2);
    expect(record.encodedTexts.flat().length).toBeLessThan(many.length);
  });

  test("needs a model, and a photo that was sent", async () => {
    const opened = session();
    await expect(opened.ask("rank", { image: scene, captions: ["a"] })).rejects.toThrow(
      "No model is loaded yet.",
    );
    const { ask } = await loaded();
    const image = { kind: "photo", key: "1" } as const;
    await expect(ask("rank", { image, captions: ["a"] })).rejects.toThrow(
      "The photo has to be given again.",
    );
    await ask("photo", { key: "1", bytes: text("jpeg") });
    expect((await ask("rank", { image, captions: ["a"] }))?.ranking).toHaveLength(1);
  });
});

describe("load", () => {
  test("of another model frees the one before and forgets its embeddings", async () => {
    const { ask, record } = await loaded();
    await ask("rank", { image: scene, captions: ["a"] });
    await ask("load", { choice: { kind: "own", files: [new File(["GGUF"], "mine.GGUF")] } });
    await ask("rank", { image: scene, captions: ["a"] });
    expect(record.loaded.map((clip) => clip.freed)).toEqual([true, false]);
    expect(record.encodedTexts).toEqual([["a"], ["a"]]);
    expect(record.encodedImages).toBe(2);
  });

  test("that fails leaves the model before in place", async () => {
    const { ask, record } = await loaded();
    const files = [new File(["!"], "bad.gguf")];
    await expect(ask("load", { choice: { kind: "own", files } })).rejects.toThrow("GGUF");
    expect(record.loaded.map((clip) => clip.freed)).toEqual([false]);
    expect((await ask("rank", { image: scene, captions: ["a"] }))?.ranking).toHaveLength(1);
  });

  test("leaves the model before at work while files arrive, and gives way to a newer load", async () => {
    const { ask, record } = await loaded();
    const older = ask("load", { choice: SIBLING });
    const newer = ask("load", { choice: { kind: "own", files: [new File(["GGUF"], "m.gguf")] } });
    const ranked = ask("rank", { image: scene, captions: ["a"] });
    await expect(older).rejects.toThrow("Another model was asked for meanwhile.");
    expect((await ranked)?.ranking).toHaveLength(1);
    expect((await newer).name).toBeNull();
    expect(record.loaded.map((clip) => clip.freed)).toEqual([true, false]);
  });

  test("hands a directory over by file name", async () => {
    const { ask, record } = session();
    const [config, weights] = [
      new File(["{}"], "config.json"),
      new File(["st"], "model.safetensors"),
    ];
    await ask("load", { choice: { kind: "own", files: [config, weights] } });
    expect(record.sources).toEqual([{ "config.json": config, "model.safetensors": weights }]);
  });
});

describe("compare", () => {
  test("answers as a ranking by that model would, and leaves the loaded one", async () => {
    const { ask, record } = await loaded();
    const captions = ["a dog", "x".repeat(FAKE_CONTEXT + 1)];
    const before = await ask("rank", { image: scene, captions });
    const compared = await ask("compare", { choice: SIBLING, image: scene, captions });
    expect(record.loaded.map((clip) => clip.freed)).toEqual([false, true]);
    expect((await ask("rank", { image: scene, captions }))?.ranking).toEqual(before?.ranking);
    await ask("load", { choice: SIBLING });
    const after = await ask("rank", { image: scene, captions });
    expect(compared).toEqual({ ranking: after?.ranking, truncated: [false, true] });
    expect(compared.ranking).not.toEqual(before?.ranking);
  });

  test("takes a photo's bytes, and frees the model where they are no image", async () => {
    const { ask, record } = await loaded();
    const photo = (content: string) =>
      ask("compare", {
        choice: SIBLING,
        image: { kind: "photo", bytes: text(content) },
        captions: ["a"],
      });
    expect((await photo("jpeg")).ranking).toHaveLength(1);
    await expect(photo("")).rejects.toThrow("The image could not be read.");
    expect(record.loaded.map((clip) => clip.freed)).toEqual([false, true, true]);
  });
});

describe("verify", () => {
  test("reports the largest difference from the golden values", async () => {
    const off = structuredClone(GOLDEN);
    const [row] = off.textEmbeddings;
    if (row?.[0] !== undefined) row[0] += 0.25;
    const parity = await (await loaded(off)).ask("verify", {});
    expect(parity).toMatchObject({ tolerance: 1e-4, texts: 1, images: 1 });
    expect(parity.maxDifference).toBeCloseTo(0.25, 6);
    expect((await (await loaded()).ask("verify", {})).maxDifference).toBeLessThan(1e-7);
  });

  test("lets a ranking that comes meanwhile go first", async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `golden ${index}`);
    const textEmbeddings = texts.map((golden) => [...fakeEmbedding(text(golden))]);
    const { ask, record } = await loaded({ ...GOLDEN, texts, textEmbeddings });
    const verified = ask("verify", {});
    await ask("rank", { image: scene, captions: ["a"] });
    expect(record.encodedTexts.length).toBeLessThan(texts.length);
    expect((await verified).maxDifference).toBeLessThan(1e-7);
  });

  test("ends when another model is loaded meanwhile", async () => {
    const { ask } = await loaded();
    const verified = ask("verify", {});
    const files = [new File(["GGUF"], "m.gguf")];
    await Promise.all([
      ask("load", { choice: { kind: "own", files } }),
      expect(verified).rejects.toThrow("Another model was loaded meanwhile."),
    ]);
  });

  test("of a model with other dimensions fails by any tolerance", async () => {
    const short = { ...GOLDEN, textEmbeddings: [[1]] };
    expect((await (await loaded(short)).ask("verify", {})).maxDifference).toBe(Infinity);
  });

  test("is refused where there is nothing to compare with", async () => {
    const { ask } = session();
    await ask("load", { choice: { kind: "own", files: [new File(["GGUF"], "m.gguf")] } });
    await expect(ask("verify", {})).rejects.toThrow("No golden values come with this model.");
  });
});

test("scenes are drawn before any model is loaded", async () => {
  const { ask } = session();
  expect(await ask("scene", { seed: "3", size: 8 })).toEqual(fakeScene("3", 8));
});

test("stored models can be measured and deleted", async () => {
  const { ask } = await loaded();
  expect(await ask("stored-bytes", {})).toBe(MODEL.length);
  await ask("delete-stored", {});
  expect(await ask("stored-bytes", {})).toBe(0);
});
