import { expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { BASE, fakeWorker, MODELS } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { ALPHAS } from "./curve.svelte";
import { Patch } from "./patch.svelte";
import { roundingNote } from "./rounding";

const [A, B] = MODELS;

async function lab(files?: Record<string, string>) {
  const { port, record, calls } = fakeWorker(files);
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  await model.loadDefault();
  const patch = new Patch(client, model, () => []);
  patch.a = A.sha256;
  patch.b = B.sha256;
  return { model, patch, record, calls };
}

test("a model between two takes their place, is named after them, and is in the link", async () => {
  const { model, patch, record } = await lab();
  expect(patch.link).toBeNull();
  await patch.start(0.4);
  expect(model.problem).toBeNull();
  expect(model.name).toBe("fake 0.4 sibling");
  expect(model.loaded?.blended?.type).toBe("Q8_0");
  expect(model.sawOnlyDrawings).toBe(true);
  expect(patch.link).toEqual({
    a: A.sha256.slice(0, 12),
    b: B.sha256.slice(0, 12),
    alpha: 0.4,
  });
  await patch.stop();
  expect(model.name).toBe("fake");
  expect(patch.isOn).toBe(false);
  // All memory but that of the model in use came back.
  expect(record.loaded.map(({ freed }) => freed)).toEqual([true, true, false]);
  expect(record.freedBlends).toBe(record.blends.length);
});

test("of a slider's many places the last counts", async () => {
  const { model, patch, record } = await lab();
  await Promise.all([patch.start(0.1), patch.start(0.2), patch.start(0.3)]);
  expect(model.name).toBe("fake 0.3 sibling");
  expect(record.loaded.filter(({ freed }) => !freed)).toHaveLength(1);
  expect(record.freedBlends).toBe(record.blends.length);
});

test("what cannot be blended says so, and the model before stays", async () => {
  const { model, patch } = await lab({ "/models/n.gguf": "GGUF of a siblin?" });
  await patch.start(0.5);
  expect(model.problem).toMatch(/^models\/n\.gguf arrived damaged/);
  expect(model.name).toBe("fake");
  expect(patch.isOn).toBe(false);
});

test("a cancelled blend leaves the slider at the model in use", async () => {
  const { model, patch } = await lab();
  await patch.start(0.25);
  const moving = patch.start(0.75);
  await Promise.resolve();
  await patch.cancel();
  await moving;
  expect(model.name).toBe("fake 0.25 sibling");
  expect([patch.alpha, model.loading]).toEqual([0.25, false]);
});

test("a link's two models are found by their first digits, or are not", async () => {
  const { model, patch } = await lab();
  const [a, b] = [A.sha256.slice(0, 12), B.sha256.slice(0, 12)];
  expect(await patch.open({ a: b, b: a, alpha: 0.75 })).toBe(true);
  expect(model.name).toBe("sibling 0.75 fake");
  expect(await patch.open({ a: "0123456789ab", b: a, alpha: 0.5 })).toBe(false);
});

test("the curve asks six models and leaves the one in use", async () => {
  const { model, patch, record } = await lab();
  const { curve } = patch;
  curve.items = 6;
  await curve.run("A to B");
  expect(curve.problem).toBeNull();
  expect(curve.found?.points.map(({ alpha }) => alpha)).toEqual([...ALPHAS]);
  expect(curve.found?.points[0]?.metrics[0]).toMatchObject({ name: "accuracy", n: 6 });
  expect(record.blends).toEqual([...ALPHAS]);
  expect(model.name).toBe("fake");
  expect(record.loaded.filter(({ freed }) => !freed)).toHaveLength(1);
});

test("a curve that is stopped keeps its points and asks no further", async () => {
  const { patch } = await lab();
  const { curve } = patch;
  const running = curve.run("A to B");
  await expect.poll(() => curve.found?.points.length).toBe(1);
  await curve.cancel();
  await running;
  expect(curve.running).toBe(false);
  expect(curve.found?.points.length).toBeLessThan(ALPHAS.length);
  expect(curve.problem).toBeNull();
});

test("what is rounded is said", () => {
  expect(roundingNote({ type: "F32", types: ["F32", "Q8_0"], pieces: 1 })).toBe("");
  expect(roundingNote({ type: "Q8_0", types: ["Q8_0", "Q8_0"], pieces: 1 })).toMatch(
    /^Both models’ matrices are Q8_0: they are dequantised, blended and quantised to Q8_0 again/,
  );
  expect(roundingNote({ type: "F16", types: ["Q8_0", "F16"], pieces: 1 })).toMatch(
    /are Q8_0 and F16: the sums are rounded to F16 again/,
  );
});
