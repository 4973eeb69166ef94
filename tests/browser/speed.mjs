/**
 * Times the wasm module in Chromium: `node tests/browser/speed.mjs MODEL.gguf`. Prints JSON, times in
 * milliseconds. The module is taken from web/wasm (`cargo xtask build`), one thread.
 */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";

import { chromium } from "@playwright/test";

const [model] = process.argv.slice(2);
if (model === undefined) {
  console.error("usage: node tests/browser/speed.mjs MODEL.gguf");
  process.exit(2);
}

/** What is served, by path: its type and its file. */
const files = {
  "/": ["text/html", "tests/browser/empty.html"],
  "/cliprobe.js": ["text/javascript", "web/wasm/cliprobe.js"],
  "/cliprobe_bg.wasm": ["application/wasm", "web/wasm/cliprobe_bg.wasm"],
  "/model": ["application/octet-stream", model],
  "/picture": ["image/png", "tests/golden/images/01_landscape_640x427.png"],
};
const server = createServer((request, response) => {
  const [type, file] = files[request.url ?? ""] ?? [];
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("Content-Type", type);
  createReadStream(file).pipe(response);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const report = await page.evaluate(async () => {
  const { default: init, Clip } = await import("/cliprobe.js");
  const wasm = await init();
  const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const model = await bytes("/model");
  const picture = await bytes("/picture");
  let start = performance.now();
  const clip = await Clip.load({ "model.gguf": model });
  const load = performance.now() - start;

  /** Median of several runs, after one to warm up. */
  const time = async (run) => {
    const times = [];
    for (let i = 0; i < 6; i++) {
      start = performance.now();
      await run(i);
      if (i > 0) times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[2];
  };
  const captions = (n, i) =>
    Array.from({ length: n }, (_, j) => `a photo of ${j} cats and ${i} dogs`);
  const counts = (await clip.encodeText(captions(1, 1))).tokenCounts;
  return {
    model: clip.info().name,
    load,
    tokensOfACaption: counts[0],
    onePicture: await time(() => clip.encodeImage(picture)),
    oneCaption: await time((i) => clip.encodeText(captions(1, i))),
    eightCaptions: await time((i) => clip.encodeText(captions(8, i))),
    wasmMegabytes: wasm.memory.buffer.byteLength / 1e6,
  };
});
await browser.close();
server.close();
console.log(JSON.stringify(report, null, 2));
