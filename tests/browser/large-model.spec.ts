/**
 * A model of ViT-B/32's size on WebGPU, through the page: network, cache, GPU, and never whole in the
 * module's memory. Needs `LARGE_MODEL`, a GGUF file (docs/gpu.md says how one is made), and minutes:
 * SwiftShader is no GPU.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

import { expect, GOLDEN_IMAGES, test } from "./bench";

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const MODEL = process.env["LARGE_MODEL"];
const PHOTO = "01_landscape_640x427.png";
const PATIENCE = { timeout: 600_000 };
/** What of the device report is looked at. */
interface Report {
  engine: string;
  gpuWeightBytes: number;
  trial: { textDifference: number; imageDifference: number } | null;
}

/** Bytes of wasm memory while such a model is loaded and used. */
const MOST_HEAP = 40e6;

test("a model of ViT-B/32's size ranks captions for a photo on WebGPU", async ({ bench, page }) => {
  test.skip(MODEL === undefined, "LARGE_MODEL names no GGUF file");
  test.setTimeout(1_200_000);
  const path = MODEL ?? "";
  const { size } = await stat(path);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  const entry = {
    name: "large",
    file: "large.gguf",
    bytes: size,
    sha256: hash.digest("hex"),
  };
  let downloads = 0;
  // A server of its own: what a test answers to a request would go through its memory and fail.
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = asked === "/" ? "index.html" : normalize(asked).replace(/^\/+/, "");
    response.setHeader("Content-Type", TYPES[extname(name)] ?? "application/octet-stream");
    if (name === "models/models.json") {
      response.end(JSON.stringify([entry]));
    } else if (name === "models/large.gguf") {
      downloads += 1;
      response.setHeader("Content-Length", size);
      createReadStream(path).pipe(response);
    } else {
      createReadStream(join("dist", name))
        .on("error", () => response.writeHead(404).end())
        .pipe(response);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  // The worker tells its module's memory, which never shrinks, to whoever asks.
  await page.route("**/assets/worker*.js", async (route) => {
    const response = await route.fetch();
    const watch = `
      const Memory = [];
      for (const name of ["instantiate", "instantiateStreaming"]) {
        const original = WebAssembly[name];
        WebAssembly[name] = async (...given) => {
          const made = await original.apply(WebAssembly, given);
          Memory.push((made.instance ?? made).exports.memory);
          return made;
        };
      }
      self.wasmBytes = () => Memory.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
    `;
    await route.fulfill({ response, body: watch + (await response.text()) });
  });
  const heap = async () => {
    const [worker] = page.workers();
    return (
      (await worker?.evaluate(() =>
        (self as unknown as { wasmBytes: () => number }).wasmBytes(),
      )) ?? NaN
    );
  };

  const captions = ["a cat on a mat", "two dogs in the snow", "a red car", "nobody at the sea"];
  const link = `photo=${PHOTO}${captions.map((text) => `&caption=${encodeURIComponent(text)}`).join("")}`;
  const visit = async (engine: "cpu" | "gpu") => {
    await page.addInitScript((wish) => {
      if (location.protocol !== "about:") localStorage.setItem("cliprobe-engine", wish);
    }, engine);
    await page.goto("about:blank");
    await page.goto(`${origin}#${link}`);
    const label = engine === "gpu" ? /^GPU \(WebGPU/ : "CPU (WebAssembly)";
    await bench.view("Models");
    await expect(page.getByText(label).or(bench.alerts)).toBeVisible(PATIENCE);
    await expect(bench.alerts).toHaveCount(0);
    await bench.view("Probe");
    const ranking = page.getByRole("region", { name: "Ranking" });
    await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/${PHOTO}`]);
    // It is shown once the model has seen it.
    await expect(bench.image).toBeVisible(PATIENCE);
    await expect(ranking).toHaveAttribute("aria-busy", "false", PATIENCE);
    await expect(bench.ranked).toHaveCount(captions.length);
    await bench.inModels(async () => {
      await page.getByText("All about this model").click();
      await page.getByRole("button", { name: "Copy a device report" }).click();
      await expect(page.getByText("Copied.")).toBeVisible();
    });
    const report = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as Report;
    return {
      order: await bench.order(),
      cosines: await bench.cosines(),
      heap: await heap(),
      report,
    };
  };
  const gpu = await visit("gpu");
  console.log(JSON.stringify({ file: size, ...gpu }, null, 1));
  const cpu = await visit("cpu");
  server.close();
  console.log(JSON.stringify(cpu, null, 1));

  expect(downloads).toBe(1);
  expect(gpu.heap).toBeLessThanOrEqual(MOST_HEAP);
  expect(cpu.heap).toBeGreaterThan(size);
  expect(gpu.report.engine).toBe("gpu");
  expect(gpu.report.trial?.textDifference).toBeLessThanOrEqual(1e-4);
  expect(gpu.report.trial?.imageDifference).toBeLessThanOrEqual(1e-4);
  // Types stay as they are in the file; what is added is the rounding of buffers' sizes.
  expect(gpu.report.gpuWeightBytes).toBeLessThan(1.01 * size);
  expect(gpu.order).toEqual(cpu.order);
  gpu.cosines.forEach((cosine, i) => {
    expect(cosine).toBeCloseTo(cpu.cosines[i] ?? NaN, 3);
  });
});
