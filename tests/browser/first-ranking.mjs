/**
 * Times the served page: `node tests/browser/first-ranking.mjs URL`. Prints JSON: milliseconds from
 * navigation to the first ranking, for a first visit and, model cached, the median of five more.
 */

import process from "node:process";

import { chromium } from "@playwright/test";

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: node tests/browser/first-ranking.mjs URL");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
const page = await browser.newPage();

/** Milliseconds by the page's own clock, which starts at navigation. */
async function visit() {
  await page.goto("about:blank");
  await page.goto(`${url}#scene=1`);
  await page.getByRole("region", { name: "Ranking" }).getByRole("listitem").first().waitFor();
  return page.evaluate(() => performance.now());
}

const first = await visit();
const warm = [];
for (let i = 0; i < 5; i++) warm.push(await visit());
await browser.close();
console.log(JSON.stringify({ first, warm: warm.sort((a, b) => a - b)[2] }, null, 2));
