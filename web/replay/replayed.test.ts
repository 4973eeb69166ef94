import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { Probe } from "../probe/probe.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Replayed } from "./replayed.svelte";

async function lab() {
  const { port } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  const probe = new Probe(client, model);
  await model.loadDefault();
  await probe.image.showScene("1", ["a red dog", "a blue dog"]);
  const replayed = new Replayed(model);
  const answer = async () => {
    if (probe.question !== null) await probe.ask(probe.question);
    replayed.see(probe.answer);
  };
  return { probe, replayed, answer };
}

test("the first answer is compared, and another question ends it", async () => {
  const { probe, replayed, answer } = await lab();
  replayed.open({ engine: "cpu", cosines: [0.5, 0.25] }, "ffffffffffff");
  expect(replayed.own).toBeNull();
  await answer();
  expect(replayed.own?.cosines).toHaveLength(2);
  expect(replayed.texts).toEqual(["a red dog", "a blue dog"]);
  await answer();
  expect(replayed.sent).not.toBeNull();
  probe.captions.add("another");
  await answer();
  expect(replayed.sent).toBeNull();
});

test("numbers of another count of captions are dropped", async () => {
  const { replayed, answer } = await lab();
  replayed.open({ engine: "cpu", cosines: [0.5] }, null);
  await answer();
  expect(replayed.sent).toBeNull();
});
