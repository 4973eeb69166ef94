/**
 * The package as npm packs it, in an application that Vite built: its embeddings against the golden
 * values of the Rust side. `cargo xtask test package` builds and serves the application.
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { expect, type Page, test } from "@playwright/test";

import { readGolden } from "../browser/golden.ts";
import { give, playHub } from "../browser/hub.ts";

const MODEL = "tiny_b_gelu_openclip";
/** The smallest of the page's models. */
const GGUF = "models/dense.gguf";
/** Of the CPU engine against the reference, an element of an embedding. */
const TOLERANCE = 1e-5;

interface Consumer {
  byName(name: string, captions: string[], images: string[]): Promise<ByName>;
  byAddress(
    address: string,
    captions: string[],
  ): Promise<{ stages: string[]; texts: number[]; sha256: string }>;
  more(address: string, image: string): Promise<More>;
}

interface ByName {
  textShape: number[];
  texts: number[];
  truncated: boolean[];
  imageShape: number[];
  images: number[];
  ofPixels: number[];
  ranking: { caption: string; cosine: number }[];
  engine: string;
}

interface More {
  edits: { edits: { text: string; group: string }[] };
  radii: number[];
  angles: number[];
  steps: number | undefined;
  score: { recall: number } | null | undefined;
  imageRadius: number | undefined;
  failures: Record<string, [kind: string, message: string]>;
}

/** Opens the application; files of the repository lie below `under-test/`. */
async function open(page: Page): Promise<{ asked: string[] }> {
  const asked: string[] = [];
  await page.route("**/under-test/**", async (route) => {
    const path = new URL(route.request().url()).pathname.split("/under-test/")[1] ?? "";
    asked.push(path);
    await give(route, await readFile(path));
  });
  await page.goto("./");
  await page.waitForFunction(() => "consumer" in window);
  return { asked };
}

function worst(computed: number[], expected: number[]): number {
  expect(computed).toHaveLength(expected.length);
  return Math.max(...computed.map((value, index) => Math.abs(value - (expected[index] ?? NaN))));
}

test("a model by its name gives the reference's embeddings", async ({ page }) => {
  const golden = await readGolden(MODEL);
  await playHub(page);
  await open(page);
  const found = await page.evaluate(
    ({ name, captions, images }) =>
      (window as unknown as { consumer: Consumer }).consumer.byName(name, captions, images),
    {
      name: `acme/${MODEL}`,
      captions: golden.captions,
      images: golden.images.map((name) => `under-test/tests/golden/images/${basename(name)}`),
    },
  );
  expect(found.engine).toBe("cpu");
  expect(found.textShape).toEqual([8, 64]);
  expect(found.imageShape).toEqual([10, 64]);
  expect(worst(found.texts, golden.text)).toBeLessThanOrEqual(TOLERANCE);
  expect(worst(found.images, golden.image)).toBeLessThanOrEqual(TOLERANCE);
  expect(worst(found.ofPixels, golden.image.slice(0, 64))).toBeLessThanOrEqual(TOLERANCE);
  expect(found.truncated.filter(Boolean)).toHaveLength(1);
  // The ranking is by the cosines of these rows.
  const cosines = golden.captions.map((_, row) =>
    found.texts
      .slice(row * 64, (row + 1) * 64)
      .reduce((sum, value, at) => sum + value * (found.images[at] ?? NaN), 0),
  );
  const order = golden.captions
    .map((caption, index) => ({ caption, cosine: cosines[index] ?? NaN }))
    .sort((a, b) => b.cosine - a.cosine);
  expect(found.ranking.map(({ caption }) => caption)).toEqual(order.map(({ caption }) => caption));
  found.ranking.forEach(({ cosine }, index) => {
    expect(Math.abs(cosine - (order[index]?.cosine ?? NaN))).toBeLessThan(1e-6);
  });
});

test("a model by its address is kept, and gives the command's embeddings", async ({ page }) => {
  const golden = JSON.parse(await readFile("models/dense.golden.json", "utf8")) as {
    texts: string[];
    textEmbeddings: number[][];
    tolerance: number;
  };
  const { asked } = await open(page);
  const address = new URL(`under-test/${GGUF}`, page.url()).href;
  const ask = () =>
    page.evaluate(
      ({ address, captions }) =>
        (window as unknown as { consumer: Consumer }).consumer.byAddress(address, captions),
      { address, captions: golden.texts },
    );
  const first = await ask();
  expect(worst(first.texts, golden.textEmbeddings.flat())).toBeLessThanOrEqual(golden.tolerance);
  expect(first.stages).toEqual(expect.arrayContaining(["asking", "weights", "checking", "build"]));
  const requests = asked.length;
  expect(requests).toBeGreaterThan(0);
  const again = await ask();
  expect(again).toEqual({ ...first, stages: ["asking", "read", "build"] });
  expect(asked).toHaveLength(requests);
});

test("edits, hierarchy, cancelling, errors and disposal", async ({ page }) => {
  await open(page);
  const found = await page.evaluate(
    ({ address, image }) =>
      (window as unknown as { consumer: Consumer }).consumer.more(address, image),
    {
      address: new URL(`under-test/${GGUF}`, page.url()).href,
      image: "under-test/tests/golden/images/03_small_100x80.png",
    },
  );
  const groups = new Set(found.edits.edits.map(({ group }) => group));
  expect(groups).toContain("hard-negative");
  expect(groups).toContain("order");
  expect(found.radii).toHaveLength(5);
  expect(Math.min(...found.radii)).toBeGreaterThan(0);
  expect(Math.max(...found.radii)).toBeLessThan(2);
  expect(found.angles).toHaveLength(3);
  expect(found.steps).toBeGreaterThan(0);
  expect(found.score).not.toBeNull();
  expect(found.imageRadius).toBeGreaterThan(0);
  const { failures } = found;
  expect(failures["running"]?.[0]).toBe("AbortError");
  expect(failures["queued"]?.[0]).toBe("AbortError");
  expect(failures["after"]?.[0]).toBe("1");
  expect(failures["image"]?.[0]).toBe("RequestError");
  expect(failures["image"]?.[1]).toMatch(/^[^.]+\.$/);
  expect(failures["name"]).toEqual(["LoadError", expect.stringContaining("no name of a model")]);
  expect(failures["file"]?.[0]).toBe("LoadError");
  expect(failures["aborted"]?.[0]).toBe("AbortError");
  expect(failures["pending"]).toEqual(["DisposedError", "The model was disposed of."]);
  expect(failures["disposed"]).toEqual(["DisposedError", "The model was disposed of."]);
});
