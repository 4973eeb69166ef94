/**
 * Photographs the served page: `node tests/browser/screenshots.mjs URL FOLDER [VIEW…]`. Writes each
 * view in light, in dark and on a phone, as VIEW-light.png and so on.
 */

import process from "node:process";

import { chromium } from "@playwright/test";

const [url, folder, ...only] = process.argv.slice(2);
if (url === undefined || folder === undefined) {
  console.error("usage: node tests/browser/screenshots.mjs URL FOLDER [VIEW…]");
  process.exit(2);
}

const CHAIN = ["an animal", "a cat", "a pink cat", "a pink cat inside a brown cup"]
  .map((text) => `tier=${text.replaceAll(" ", "+")}`)
  .join("&");

/** Fragment of each view, and what is there when it is ready. */
const VIEWS = {
  probe: { fragment: "scene=33", ready: (page) => page.locator("ol .cosine").first() },
  hierarchy: {
    fragment: `view=hierarchy&scene=33&${CHAIN}&against=a+vehicle&against=a+dog&against=a+blue+cat`,
    ready: (page) => page.getByRole("table", { name: /order τ/ }),
  },
  compose: {
    fragment: "view=compose&scene=33",
    ready: (page) => page.getByRole("button", { name: /arrow keys move it/ }).first(),
  },
  benchmarks: {
    fragment: "view=benchmarks&set=tableau/swap_attribute&items=60",
    ready: (page) => page.getByRole("button", { name: "Run", exact: true }),
  },
  models: {
    fragment: "view=models",
    ready: (page) => page.getByText(/Verified on this device/),
  },
  patch: {
    fragment: "view=models",
    ready: (page) => page.getByText(/Verified on this device/),
    prepare: async (page) => {
      const panel = page.getByRole("region", { name: "Between two models", exact: true });
      await panel.getByLabel("A, at α = 0").selectOption("contrastive");
      await panel.getByLabel("B, at α = 1").selectOption("hard-positives");
      await panel.getByRole("button", { name: "Use the model between" }).click();
      await panel.getByLabel("Questions of").selectOption("tableau/synonyms");
      await panel.getByRole("button", { name: "Draw the curve" }).click();
      await panel.getByText("6 of 6 points.").waitFor();
      await page.getByRole("slider").fill("0.4");
      const name = "Model: contrastive 0.4 hard-positives";
      await page.getByRole("button", { name, exact: true }).waitFor();
      // The line names a model that is still loading, too.
      await page.getByRole("progressbar", { name: "Model loading" }).waitFor({ state: "detached" });
    },
  },
  embed: {
    query: "?embed",
    fragment: "scene=33",
    ready: (page) => page.locator("ol .cosine").first(),
  },
};

const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1350, height: 940 } },
  dark: { colorScheme: "dark", viewport: { width: 1350, height: 940 } },
  phone: {
    colorScheme: "light",
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
for (const [look, options] of Object.entries(LOOKS)) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  for (const [view, { query = "", fragment, ready, prepare }] of Object.entries(VIEWS)) {
    if (only.length > 0 && !only.includes(view)) continue;
    await page.goto("about:blank");
    await page.goto(`${url}${query}#${fragment}`);
    await ready(page).waitFor();
    if (query === "") {
      await page.getByText("verified on this device", { exact: true }).waitFor();
    }
    await prepare?.(page);
    await page.screenshot({ path: `${folder}/${view}-${look}.png`, fullPage: true });
  }
  await context.close();
}
await browser.close();
