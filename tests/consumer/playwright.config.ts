/**
 * The tests of the npm package, in the browser and with the settings of the page's own.
 *
 * CONSUMER            the folder of the application that Vite built
 * PAGE_URL            where it is served
 */
import { defineConfig } from "@playwright/test";

import page from "../../playwright.config.ts";

const url = process.env["PAGE_URL"] ?? "http://127.0.0.1:4174/";
const consumer = process.env["CONSUMER"] ?? "target/consumer";

export default defineConfig({
  ...page,
  testDir: ".",
  outputDir: "../../test-results",
  use: { ...page.use, baseURL: url },
  webServer: {
    command: `npx vite preview ${consumer} --host 127.0.0.1 --port ${new URL(url).port} --strictPort`,
    cwd: "../..",
    url,
    reuseExistingServer: false,
  },
});
