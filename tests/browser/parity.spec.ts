/** The wasm module by itself, without the page, against the golden values of the two tiny models. */

import { basename } from "node:path";

import { expect, test } from "@playwright/test";

import { GOLDEN, readGolden } from "./golden";
import { MODULE, openModule } from "./module";

/** Largest difference of a normalised embedding's element from the reference. */
const TOLERANCE = { cpu: 1e-5, gpu: 1e-4 };

const MODELS = [
  {
    form: "Hugging Face, QuickGELU, legacy pooling",
    model: "tiny_a_quickgelu",
    files: ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"],
  },
  {
    form: "Hugging Face, GELU",
    model: "tiny_b_gelu_openclip",
    files: ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"],
  },
  {
    form: "OpenCLIP, GELU",
    model: "tiny_b_gelu_openclip",
    files: ["open_clip_config.json", "open_clip_model.safetensors", "vocab.json", "merges.txt"],
  },
];

/** On the GPU once for each model: the forms differ in reading alone, and SwiftShader is slow. */
const CASES = [
  ...MODELS.map((model) => ({ ...model, engine: "cpu" as const })),
  ...MODELS.slice(0, 2).map((model) => ({ ...model, engine: "gpu" as const })),
];

for (const { form, model, files, engine } of CASES) {
  test(`embeddings equal the reference: ${form}, ${engine}`, async ({ page }) => {
    const golden = await readGolden(model);
    await openModule(page);
    const computed = await page.evaluate(
      async ({ module, paths, captions, images, engine }) => {
        const bytes = async (path: string) =>
          new Uint8Array(await (await fetch(path)).arrayBuffer());
        const { default: init, Clip } = (await import(
          `${location.pathname}${module}/cliprobe.js`
        )) as typeof import("../../web/wasm/cliprobe.js");
        await init();
        const source: Record<string, Uint8Array> = {};
        for (const path of paths) source[path.split("/").at(-1) ?? ""] = await bytes(path);
        const clip = await Clip.load(source, { engine });
        const text = [...(await clip.encodeText(captions)).embeddings];
        const image: number[] = [];
        for (const path of images)
          image.push(...(await clip.encodeImage(await bytes(path))).embedding);
        const used = clip.info();
        clip.free();
        return { text, image, used };
      },
      {
        module: MODULE,
        paths: files.map((file) => `${GOLDEN}/${model}/${file}`),
        captions: golden.captions,
        images: golden.images.map((name) => `${GOLDEN}/images/${basename(name)}`),
        engine,
      },
    );
    expect(computed.used.engine, JSON.stringify(computed.used.choice)).toBe(engine);
    for (const kind of ["text", "image"] as const) {
      expect(computed[kind]).toHaveLength(golden[kind].length);
      const worst = Math.max(
        ...computed[kind].map((value, i) => Math.abs(value - (golden[kind][i] ?? NaN))),
      );
      test.info().annotations.push({ type: `largest ${kind} difference`, description: `${worst}` });
      expect(worst).toBeLessThanOrEqual(TOLERANCE[engine]);
    }
  });
}
