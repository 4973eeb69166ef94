/**
 * Runs a large set in the served page: `node tests/browser/benchmark-frames.mjs URL [ITEMS]`. Prints JSON:
 * how long the run took, and the longest gap between two frames, in milliseconds, while it ran and in the
 * three seconds after it, when the results and the first answers appear.
 */

import process from "node:process";

import { chromium } from "@playwright/test";

const [url, items = "10000"] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: node tests/browser/benchmark-frames.mjs URL [ITEMS]");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
const page = await browser.newPage();
page.setDefaultTimeout(0);
await page.addInitScript(() => {
  localStorage.setItem("cliprobe-engine", "cpu");
  window.frames_ = { last: 0, longest: 0 };
  const frame = (now) => {
    const { last } = window.frames_;
    if (last > 0) window.frames_.longest = Math.max(window.frames_.longest, now - last);
    window.frames_.last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});
await page.goto(`${url}#view=benchmarks&set=tableau/noun&items=${items}`);
const run = page.getByRole("button", { name: "Run" });
await run.waitFor();
await page.waitForFunction(() =>
  [...document.querySelectorAll("button")].some((b) => b.textContent === "Run" && !b.disabled),
);

/** The longest gap since this was last asked. */
const longest = () =>
  page.evaluate(() => {
    const found = window.frames_.longest;
    window.frames_.longest = 0;
    return Number(found.toFixed(1));
  });

await longest();
const started = Date.now();
await run.click();
await page.getByRole("button", { name: "Pause" }).waitFor();
await page.waitForFunction(() => document.querySelector("progress")?.value >= 0.98);
const running = await longest();
await page.getByRole("region", { name: "Result" }).getByRole("table").first().waitFor();
const seconds = (Date.now() - started) / 1000;
await page.waitForTimeout(3000);
const ending = await longest();
await browser.close();
console.log(JSON.stringify({ items: Number(items), seconds, running, ending }, null, 2));
