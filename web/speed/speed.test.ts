import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Speed } from "./speed.svelte";
import { CASES } from "./speed-report";

test("every case is measured where the model runs, and it stays where it was", async () => {
  const { port, record } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  await model.loadDefault();
  const speed = new Speed(client, model, 0);
  const run = speed.run();
  expect(speed.running).toBe(true);
  await run;
  expect(speed.running).toBe(false);
  expect(speed.doing).toBeNull();
  expect(speed.runs.map(({ info }) => info.engine)).toEqual(["cpu"]);
  const [cpu] = speed.runs;
  expect(cpu?.rows.map(({ kind, batch }) => ({ kind, batch }))).toEqual(CASES);
  expect(cpu?.rows.every(({ milliseconds }) => milliseconds !== null)).toBe(true);
  expect(speed.problems).toEqual(["Not measured on the GPU: No usable GPU was found."]);
  expect(model.engine).toBe("auto");
  // Captions of a batch differ from their first word on.
  const largest = record.encodedTexts.find((texts) => texts.length === 64) ?? [];
  expect(new Set(largest.map((text) => text.split(" ")[0])).size).toBe(64);
});
