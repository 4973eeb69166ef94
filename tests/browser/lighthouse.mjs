/**
 * Lighthouse on the served page: `npm run lighthouse -- URL`. Prints JSON: scores of performance,
 * accessibility and best practices from 0 to 100, for a phone on a slow network (Lighthouse's usual
 * throttling) and for a desktop, with the layout shift and the time until the largest content is painted.
 */

import process from "node:process";

import { chromium } from "@playwright/test";
import lighthouse, { desktopConfig } from "lighthouse";

const PORT = 9333;

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: npm run lighthouse -- URL");
  process.exit(2);
}

const report = {};
for (const [form, config] of [
  ["phone", undefined],
  ["desktop", desktopConfig],
]) {
  // A browser of its own for each: the first visit, nothing cached.
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", `--remote-debugging-port=${PORT}`],
  });
  const flags = { port: PORT, onlyCategories: ["performance", "accessibility", "best-practices"] };
  const { lhr } = await lighthouse(url, flags, config);
  await browser.close();
  const score = (category) => Math.round(100 * lhr.categories[category].score);
  report[form] = {
    performance: score("performance"),
    accessibility: score("accessibility"),
    bestPractices: score("best-practices"),
    layoutShift: lhr.audits["cumulative-layout-shift"].numericValue,
    largestPaintMs: Math.round(lhr.audits["largest-contentful-paint"].numericValue),
  };
}
console.log(JSON.stringify(report, null, 2));
