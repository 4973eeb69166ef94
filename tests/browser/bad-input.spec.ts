/**
 * What a page is given that it should not be: each is said in one sentence, and the page goes on.
 * A hub that answers badly is in hub.spec.ts, a GPU that is lost in gpu-trust.spec.ts, a crashed engine
 * in model.spec.ts.
 */

import { deflateSync } from "node:zlib";

import type { Page } from "@playwright/test";

import { Bench, expect, test } from "./bench";
import { playHub } from "./hub";

const TINY = "acme/tiny_a_quickgelu";
const hubPanel = (page: Page) => page.getByRole("region", { name: "Any CLIP by name" });

async function ask(page: Page, name: string): Promise<void> {
  await hubPanel(page).getByLabel("Name or address").fill(name);
  await page.keyboard.press("Enter");
}

/** Puts code before that of the page's workers, which no init script reaches. */
async function inWorkers(page: Page, code: string): Promise<void> {
  await page.route("**/assets/worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code}\n${await response.text()}` });
  });
}

test("a link of a newer page shows what is understood of it", async ({ bench, page }) => {
  await bench.open("v=99&scene=1&caption=a+dog&colour-of-tomorrow=1");
  await expect(bench.alerts).toHaveText(/^This link was made by a newer version of this page/);
  expect(await bench.order()).toEqual(["a dog"]);
  await expect(page.getByRole("img", { name: /^Generated scene 1/ })).toBeVisible();
});

test("a link of two megabytes is read at once, and what is too long is left out", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1&caption=a+dog");
  for (const part of [`caption=${"x".repeat(1_999_000)}`, "caption=x&".repeat(199_000)]) {
    await page.evaluate((fragment) => {
      location.hash = fragment;
    }, `scene=2&${part}`);
    await expect(bench.alerts).toHaveText(/^In the link, “caption” .*; it was left out\./);
    await bench.answered();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => bench.fragment().length).toBeLessThan(1000);
  }
  await expect(bench.image).toHaveAttribute("alt", /scene 2/);
});

test("markup in captions is text", async ({ bench, page }) => {
  const caption = '<img src=x onerror="window.hacked=1"><b>a dog</b>';
  await bench.open(`scene=1&caption=${encodeURIComponent(caption)}&caption=a+cat`);
  expect((await bench.order()).toSorted()).toEqual([caption, "a cat"].toSorted());
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await expect(page.getByText("The ranking is copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
    String.raw`\<img src=x`,
  );
  await bench.view("Hierarchy");
  await expect(page.getByRole("region", { name: /^Radial map/ })).toBeVisible();
  await expect(page.getByText(caption).first()).toBeAttached();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
});

test("a caption list takes 200 of 5,000 pasted lines and says how many were left", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1&caption=a+dog");
  const lines = Array.from({ length: 5000 }, (_, index) => `caption number ${index}`).join("\n");
  await page.evaluate((text) => navigator.clipboard.writeText(text), lines);
  await page.getByRole("textbox", { name: "New captions, one a line" }).focus();
  await page.keyboard.press("ControlOrMeta+v");
  await expect(bench.alerts).toHaveText("The list holds at most 200 captions; 4801 were left out.");
  await expect(bench.captions).toHaveCount(200);
  await bench.answered();
  await page.getByRole("button", { name: "Delete caption 2", exact: true }).click();
  await expect(bench.alerts).toHaveCount(0);
});

/** A grey image of so many pixels a side, all of them black: some kilobytes as a file. */
function blackPng(side: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // a bit a pixel
  const rows = Buffer.alloc(side * (1 + Math.ceil(side / 8)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** As PNG defines it; Node has one from 20.15 and 22.2 on only. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test("an image of 100 megapixels is ranked, one of 196 is refused by its size", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  await bench.openFiles("Open a photo…", [{ name: "huge.png", buffer: blackPng(14_000) }]);
  await expect(bench.alerts).toHaveText(
    /“huge\.png” could not be read as an image: .*14000×14000 pixels is over the limit/,
  );
  await expect(bench.image).toHaveAttribute("alt", /scene 1/);
  await bench.openFiles("Open a photo…", [{ name: "large.png", buffer: blackPng(10_000) }]);
  await expect(bench.image).toHaveAttribute("alt", "The photo “large.png”", { timeout: 120_000 });
  await bench.answered();
  await bench.captions.first().fill("still answering");
  await expect(bench.ranked.filter({ hasText: "still answering" })).toBeVisible();
  await expect(page.getByText(/engine stopped/)).toHaveCount(0);
});

test("two tabs share one store: neither takes the other's file", async ({
  bench,
  page,
  context,
}) => {
  const hub = await playHub(page);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.misfortune = async (name, range) => {
    if (name === "model.safetensors" && range !== null && range.to > 100_000) await held;
    return false;
  };
  await bench.open("scene=1");
  await bench.view("Models");
  await ask(page, TINY);
  await expect(hubPanel(page).getByRole("status")).toHaveText(/Converting the weights/);

  const other = await context.newPage();
  await playHub(other);
  const second = new Bench(other);
  await second.open("scene=1");
  await second.view("Models");
  await ask(other, TINY);
  await expect(second.alerts).toHaveText(
    "This model is being fetched, or is in use, in another tab of this page.",
  );
  release();
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  // What the one tab fetched the other finds; what the other deletes the one goes on using.
  await ask(other, TINY);
  await expect(other.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  await other.getByRole("button", { name: "Delete", exact: true }).click();
  await bench.view("Probe");
  await bench.captions.first().fill("still answering");
  await expect(bench.ranked.filter({ hasText: "still answering" })).toBeVisible();
});

test("a store that is full leaves the model in memory, and refuses what does not fit", async ({
  bench,
  page,
}) => {
  await playHub(page);
  await page.goto("./");
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
  await bench.open("scene=1");
  await bench.view("Models");
  await expect(
    page.getByText("The model was not kept for the next visit. The browser has no room left"),
  ).toBeVisible();
  await ask(page, TINY);
  await expect(bench.alerts).toHaveText(
    /^(There is no room: the file takes .* more|The browser has no room left for the model’s file)\.$/,
  );
  await bench.view("Probe");
  await bench.answered();
});

test("a browser that stores nothing is told, and the page works from memory", async ({
  bench,
  page,
}) => {
  await inWorkers(
    page,
    `const denied = () => Promise.reject(new DOMException("denied", "SecurityError"));
     CacheStorage.prototype.open = denied;
     StorageManager.prototype.getDirectory = denied;`,
  );
  await page.addInitScript(() => {
    const denied = () => Promise.reject(new DOMException("denied", "SecurityError"));
    // It runs on about:blank, too, which has none.
    if ("StorageManager" in window) StorageManager.prototype.getDirectory = denied;
  });
  await playHub(page);
  await bench.open("scene=1");
  await bench.view("Models");
  await expect(
    page.getByText("The model was not kept for the next visit. The browser refused to store it."),
  ).toBeVisible();
  await ask(page, TINY);
  await expect(bench.alerts).toHaveText(/^The browser keeps no files for this page/);
  await bench.view("Probe");
  await bench.answered();
});

test("a converter that stops says so, and the next fetch goes on", async ({ page }) => {
  // Without the fixture, which holds that no page logs an error: this one is meant to.
  const bench = new Bench(page);
  const hub = await playHub(page);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.misfortune = async (name, range) => {
    if (name === "model.safetensors" && range !== null && range.to > 100_000) await held;
    return false;
  };
  await bench.open("scene=1");
  await bench.view("Models");
  const before = page.workers();
  await ask(page, TINY);
  await expect(hubPanel(page).getByRole("status")).toHaveText(/Converting the weights/);
  const converter = page.workers().find((worker) => !before.includes(worker));
  await converter?.evaluate(() => {
    setTimeout(() => {
      throw new Error("out of luck");
    });
  });
  await expect(bench.alerts).toHaveText(
    "The converter stopped: fetch again, and it goes on from where it was.",
  );
  release();
  await ask(page, TINY);
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
});
