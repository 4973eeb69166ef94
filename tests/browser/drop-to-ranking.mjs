/**
 * Times the view Compose of the served page: `node tests/browser/drop-to-ranking.mjs URL`. Prints JSON:
 * milliseconds from letting a thing go to the last change of its ranking, median and slowest of twenty
 * drags, with the default model on the CPU.
 */

import process from "node:process";

import { chromium } from "@playwright/test";

const DRAGS = 20;
/** Longer than any of these rankings takes. */
const WATCHED_MS = 1500;

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: node tests/browser/drop-to-ranking.mjs URL");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
const page = await browser.newPage();
await page.addInitScript(() => {
  localStorage.setItem("cliprobe-engine", "cpu");
});
await page.goto(`${url}#view=compose&scene=18`);
const thing = page.getByRole("button", { name: /arrow keys move it$/ }).first();
await page.getByText("verified on this device", { exact: true }).waitFor();
await page.locator("ol .cosine").first().waitFor();

const times = [];
for (let drag = 0; drag < DRAGS; drag += 1) {
  const box = await thing.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const way = drag % 2 === 0 ? 1 : -1;
  for (let step = 1; step <= 10; step += 1) {
    await page.mouse.move(x + way * 6 * step, y + way * step);
  }
  const time = page.evaluate(
    (watched) =>
      new Promise((resolve) => {
        let dropped = null;
        let last = null;
        const ranking = document.querySelector("ol .cosine").closest("section");
        new MutationObserver(() => {
          last = performance.now();
        }).observe(ranking, { subtree: true, childList: true, characterData: true });
        addEventListener(
          "pointerup",
          () => {
            dropped = performance.now();
            last = null;
            setTimeout(() => {
              resolve(last === null ? 0 : last - dropped);
            }, watched);
          },
          { once: true, capture: true },
        );
      }),
    WATCHED_MS,
  );
  await page.waitForTimeout(20);
  await page.mouse.up();
  times.push(await time);
}
await browser.close();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ median: times[DRAGS / 2], slowest: times.at(-1) }, null, 2));
