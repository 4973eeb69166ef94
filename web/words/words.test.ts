import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { Probe } from "../probe/probe.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { fakeEmbedding, fakeScene } from "../testing/fake-module";
import { Client } from "../worker/client";
import { Words } from "./words.svelte";

async function lab() {
  const { port, calls } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  const probe = new Probe(client, model);
  await model.loadDefault();
  await probe.image.showScene("1", ["a red dog", "a blue dog"]);
  return { words: new Words(client, model, probe), probe, calls };
}

const cosine = (image: Uint8Array, caption: string): number => {
  const [a, b] = [fakeEmbedding(image), fakeEmbedding(new TextEncoder().encode(caption))];
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
};

test("each word’s share is the cosine with it minus that without", async () => {
  const { words } = await lab();
  await words.look("a red dog");
  const { png } = fakeScene("1", 32);
  const whole = cosine(png, "a red dog");
  const shares = ["red dog", "a dog", "a red"].map((without) => whole - cosine(png, without));
  expect(words.cosine).toBeCloseTo(whole, 6);
  words.words.forEach(({ change }, index) => {
    expect(change).toBeCloseTo(shares[index] ?? NaN, 6);
  });
  expect(words.ordersOf).toBe(2);
  expect(words.orders).toHaveLength(2);
  expect(words.busy).toBeNull();
});

test("a caption of one word has no other order, and is compared with nothing", async () => {
  const { words } = await lab();
  await words.look("dog");
  expect(words.words).toHaveLength(1);
  expect(words.ordersOf).toBe(0);
});

test("every patch is hidden once, and another question ends the one before", async () => {
  const { words, calls } = await lab();
  await words.hide("a red dog", "a blue dog");
  // 32 pixels in patches of 8.
  expect(words.map?.side).toBe(4);
  expect(words.map?.changes.every((change) => change !== null)).toBe(true);
  expect(calls.filter((kind) => kind === "hide")).toHaveLength(4);
  const first = words.hide("a red dog", null);
  words.stop();
  await first;
  expect(words.busy).toBeNull();
  expect(calls.filter((kind) => kind === "hide")).toHaveLength(4);
});
