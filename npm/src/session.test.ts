import { expect, test } from "vitest";

import type { ModelInfo } from "../../web/wasm/cliprobe.js";
import { type ClipModule, ModelSession, type SessionClip } from "./session.js";

const DIM = 2;

/** A module whose embeddings are made of lengths, and which waits for nobody. */
function fake() {
  const encoded: string[][] = [];
  const clip: Partial<SessionClip> = {
    info: () => ({ embeddingDim: DIM }) as ModelInfo,
    encodeText: (texts) => {
      encoded.push(texts);
      return Promise.resolve({
        embeddings: Float32Array.from(texts.flatMap((text) => [text.length, 1])),
        dim: DIM,
        truncated: texts.map(() => false),
        tokenCounts: texts.map((text) => text.length),
      });
    },
    encodeImage: (file) => {
      if (file.length === 0) return Promise.reject(new Error("the file is empty"));
      return Promise.resolve({
        embedding: new Float32Array([file.length, 0]),
        width: 1,
        height: 1,
      });
    },
    encodeRgba: (rgba, width, height) =>
      Promise.resolve({ embedding: new Float32Array([0, rgba.length]), width, height }),
  };
  const lexicons: string[] = [];
  const module: Partial<ClipModule> = {
    Clip: { load: () => Promise.resolve(clip as SessionClip) },
    installLexicon: (text) => lexicons.push(text),
    edits: (caption, group) =>
      group === "order"
        ? { edits: [], none: "It has one word." }
        : { edits: [{ text: `not ${caption}`, kind: "replace", group }], none: null },
  };
  return { module: module as ClipModule, encoded, lexicons };
}

async function loaded(lexicon: () => Promise<string> = () => Promise.resolve("words")) {
  const made = fake();
  const session = new ModelSession(Promise.resolve(made.module), lexicon);
  let id = 0;
  const ask = (kind: string, asked: object) => {
    id += 1;
    const call = { id, kind, ask: asked } as Parameters<ModelSession["answer"]>[0];
    return { id, answer: session.answer(call, () => undefined) };
  };
  await ask("load", { files: {}, sha256: null, engine: "cpu", arithmetic: "f32" }).answer;
  return { ...made, session, ask };
}

test("texts are embedded a few at a time, in their order", async () => {
  const { ask, encoded } = await loaded();
  const texts = Array.from({ length: 20 }, (_, index) => "x".repeat(index));
  const answer = (await ask("encode-text", { texts }).answer) as { data: Float32Array };
  expect(encoded.map((batch) => batch.length)).toEqual([16, 4]);
  expect([...answer.data.slice(36)]).toEqual([18, 1, 19, 1]);
});

test("a cancelled call ends between two batches, and one in the queue never begins", async () => {
  const { ask, encoded, session } = await loaded();
  const texts = Array.from({ length: 200 }, String);
  const running = ask("encode-text", { texts });
  const queued = ask("encode-text", { texts: ["queued"] });
  const after = ask("encode-text", { texts: ["after"] });
  session.cancel(queued.id);
  while (encoded.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  session.cancel(running.id);
  expect(await running.answer).toBeNull();
  expect(await queued.answer).toBeNull();
  expect(await after.answer).toMatchObject({ tokenCounts: [5] });
  expect(encoded.length).toBeLessThan(5);
  expect(encoded.flat()).not.toContain("queued");
});

test("images are files, blobs or pixels, and one that fails leaves the next", async () => {
  const { ask } = await loaded();
  const images = [
    new Uint8Array(3),
    new Blob([new Uint8Array(5)]),
    { width: 1, height: 2, rgba: new Uint8Array(8) },
  ];
  const answer = (await ask("encode-image", { images }).answer) as { data: Float32Array };
  expect([...answer.data]).toEqual([3, 0, 5, 0, 0, 8]);
  await expect(ask("encode-image", { images: [new Uint8Array(0)] }).answer).rejects.toThrow(
    "empty",
  );
  expect(await ask("encode-image", { images: [new Uint8Array(1)] }).answer).toMatchObject({
    dim: 2,
  });
});

test("the lexicon is fetched once, and again where that failed", async () => {
  let fetched = 0;
  const { ask, lexicons } = await loaded(() => {
    fetched += 1;
    return fetched === 1 ? Promise.reject(new Error("no network")) : Promise.resolve("words");
  });
  const edits = () =>
    ask("edits", { caption: "a dog", groups: ["hard-negative", "order"], seed: 0 });
  await expect(edits().answer).rejects.toThrow("no network");
  const answer = await edits().answer;
  expect(answer).toEqual({
    edits: [{ text: "not a dog", kind: "replace", group: "hard-negative" }],
    none: { order: "It has one word." },
  });
  await edits().answer;
  expect([fetched, lexicons]).toEqual([2, ["words"]]);
});
