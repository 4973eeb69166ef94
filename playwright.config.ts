/**
 * Browser tests run on the built page, in the Chromium that is installed.
 *
 * CHROMIUM_PATH       the browser, /usr/bin/chromium when unset
 * PAGE_SERVER         the command that serves dist/ at PAGE_URL, `vite preview` when unset
 * PAGE_URL            where it is served
 */
import { defineConfig, devices } from "@playwright/test";

const url = process.env["PAGE_URL"] ?? "http://127.0.0.1:4173/";

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 1, // each page computes on a thread of its own; more would only time each other out
  forbidOnly: process.env["CI"] !== undefined,
  timeout: 180_000,
  expect: { timeout: 40_000 },
  reporter: "list",
  use: {
    ...devices["Desktop Chrome"],
    baseURL: url,
    screenshot: "only-on-failure",
    serviceWorkers: "block", // a test's own answers to requests would not reach them
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // WebGPU on the processor: right, and slow.
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
      ],
    },
  },
  webServer: {
    command:
      process.env["PAGE_SERVER"] ?? "npx vite preview --host 127.0.0.1 --port 4173 --strictPort",
    url,
    reuseExistingServer: false,
  },
});
