/**
 * Watches the memory of the served page: `node tests/browser/memory.mjs URL`. Prints JSON: megabytes of
 * the page's JavaScript heap, after its garbage was collected, and of the module's memory, which never
 * shrinks; before, and after 500 probes, 20 switches of models, 20 blends and 200 drags. And the longest
 * frame of the drags, in milliseconds.
 */

import process from "node:process";

import { chromium } from "@playwright/test";

const PROBES = 500;
const SWITCHES = 20;
const DRAGS = 200;

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: node tests/browser/memory.mjs URL");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
const context = await browser.newContext({ serviceWorkers: "block" });
const page = await context.newPage();
// The worker keeps its module to itself: what makes it tells where its memory is.
await page.route("**/assets/worker-*.js", async (route) => {
  const response = await route.fetch();
  const hook = `for (const name of ["instantiate", "instantiateStreaming"]) {
    const make = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await make.apply(WebAssembly, given);
      self.moduleMemory ??= (made.instance ?? made).exports.memory;
      return made;
    };
  }`;
  await route.fulfill({ response, body: `${hook}\n${await response.text()}` });
});
await page.addInitScript(() => {
  localStorage.setItem("cliprobe-engine", "cpu");
});
const session = await context.newCDPSession(page);
await session.send("HeapProfiler.enable");

async function megabytes() {
  for (let time = 0; time < 3; time += 1) await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const modules = await Promise.all(
    page
      .workers()
      .map((worker) => worker.evaluate(() => self.moduleMemory?.buffer.byteLength ?? 0)),
  );
  return { page: round(usedSize), module: round(Math.max(0, ...modules)) };
}

function round(bytes) {
  return Number((bytes / 1e6).toFixed(2));
}

const ranking = page.getByRole("region", { name: "Ranking" });
async function answered() {
  await page.waitForFunction(() => {
    const section = document.querySelector("section[aria-labelledby='ranking-heading']");
    return section?.getAttribute("aria-busy") === "false" && section.querySelector("ol") !== null;
  });
}
const view = (name) =>
  page
    .getByRole("navigation", { name: "Views" })
    .getByRole("button", { name, exact: true })
    .click();

await page.goto(`${url}#scene=1&caption=a+dog&caption=a+cat`);
await page.getByText("verified on this device", { exact: true }).waitFor();
await answered();
await ranking.getByRole("listitem").first().waitFor();

const report = {};
/** Once to warm up, so that what is made once does not count as lost. */
async function probes(count, from) {
  for (let probe = 0; probe < count; probe += 1) {
    await page.evaluate((seed) => {
      location.hash = `scene=${seed}&caption=a+dog&caption=a+cat+${seed}&caption=a+red+bus`;
    }, from + probe);
    await page
      .getByRole("img", { name: new RegExp(`^Generated scene ${from + probe}:`) })
      .waitFor();
    await answered();
  }
}
await probes(20, 1000);
report.start = await megabytes();
await probes(PROBES, 2000);
report.probes = await megabytes();

const names = ["contrastive", "dense"];
async function switches(count) {
  await view("Models");
  for (let turn = 0; turn < count; turn += 1) {
    const name = names[turn % 2];
    await page.getByRole("radio", { name: new RegExp(`^${name}`) }).check();
    await page.getByRole("button", { name: `Model: ${name}`, exact: true }).waitFor();
    await page.getByText("verified on this device", { exact: true }).waitFor();
  }
}
await switches(2);
report.beforeSwitches = await megabytes();
await switches(SWITCHES);
report.switches = await megabytes();

const panel = page.getByRole("region", { name: "Between two models", exact: true });
await panel.getByLabel("A, at α = 0").selectOption("contrastive");
await panel.getByLabel("B, at α = 1").selectOption("dense");
await panel.getByRole("button", { name: "Use the model between" }).click();
await page.getByRole("slider").waitFor();
for (let turn = 1; turn <= SWITCHES; turn += 1) {
  const alpha = turn / SWITCHES;
  await page.getByRole("slider").fill(String(alpha));
  await page
    .getByRole("button", { name: `Model: contrastive ${alpha} dense`, exact: true })
    .waitFor();
}
await page.getByRole("button", { name: "Back to contrastive" }).click();
await page.getByRole("button", { name: "Model: contrastive", exact: true }).waitFor();
report.blends = await megabytes();

async function drags(count) {
  const thing = page.getByRole("button", { name: /arrow keys move it$/ }).first();
  for (let drag = 0; drag < count; drag += 1) {
    const box = await thing.boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const way = drag % 2 === 0 ? 1 : -1;
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let step = 1; step <= 5; step += 1)
      await page.mouse.move(x + way * 8 * step, y + way * step);
    await page.mouse.up();
    await answered();
  }
}
await page.evaluate(() => {
  location.hash = "view=compose&scene=18";
});
await page
  .getByRole("button", { name: /arrow keys move it$/ })
  .first()
  .waitFor();
await answered();
await drags(10);
report.beforeDrags = await megabytes();
await page.evaluate(() => {
  const frames = { longest: 0, last: performance.now() };
  Object.assign(window, { frames });
  const frame = (now) => {
    frames.longest = Math.max(frames.longest, now - frames.last);
    frames.last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});
await drags(DRAGS);
report.longestFrame = await page.evaluate(() => Math.round(window.frames.longest));
report.drags = await megabytes();

await browser.close();
console.log(JSON.stringify(report, null, 2));
