import { readFile } from "node:fs/promises";

import { expect, test } from "./bench";

const TINY = "tests/golden/tiny_b_gelu_openclip";
const TINY_FILES = ["open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json"];

test("the default model is downloaded once and can be deleted", async ({ bench, page }) => {
  const downloads: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith(".gguf")) downloads.push(request.url());
  });
  await bench.open();
  await bench.inModels(() => expect(page.getByText(/kept in this browser/)).toBeVisible());
  await bench.open();
  expect(downloads).toHaveLength(1);
  await bench.inModels(async () => {
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await expect(page.getByText("Deleted from this browser.")).toBeVisible();
  });
  await bench.open();
  expect(downloads).toHaveLength(2);
});

test("a damaged download is refused, not stored, and can be tried again", async ({ page }) => {
  await page.route("**/*.gguf", async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    await route.fulfill({ response, body });
  });
  await page.goto("./#scene=1");
  await expect(page.getByRole("alert")).toHaveText(/arrived damaged/);
  await expect(page.getByRole("region", { name: "Image" }).locator("figure img")).toBeVisible();
  await page.unroute("**/*.gguf");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText(/verified on this device/)).toBeVisible();
});

test("an own model of several files is loaded, and left again", async ({ bench, page }) => {
  await bench.open("scene=1");
  const before = await bench.cosines();
  await bench.inModels(async () => {
    await bench.openFiles(
      "Open files…",
      TINY_FILES.map((file) => `${TINY}/${file}`),
    );
    await expect(page.getByText("No reference values come with this model.")).toBeVisible();
  });
  await expect.poll(() => bench.cosines()).not.toEqual(before);
  await bench.inModels(async () => {
    await page.getByRole("button", { name: "Back to the default model" }).click();
    await expect(page.getByText(/Verified on this device: max \|Δ\|/)).toBeVisible();
  });
  await expect.poll(() => bench.cosines()).toEqual(before);
});

test("a dropped GGUF is loaded", async ({ bench, page }) => {
  await bench.open("scene=1");
  const before = await bench.cosines();
  const base64 = (await readFile("models/default.gguf")).toString("base64");
  const transfer = await page.evaluateHandle((data) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const made = new DataTransfer();
    made.items.add(new File([bytes], "mine.gguf"));
    return made;
  }, base64);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await expect(page.getByRole("button", { name: "Model: mine.gguf" })).toBeVisible();
  await bench.answered();
  expect(await bench.cosines()).toEqual(before);
});

test("a bad model file is refused and the model before stays", async ({ bench, page }) => {
  await bench.open("scene=1");
  const buffer = Buffer.from("GGUF? not at all");
  await bench.inModels(() => bench.openFiles("Open files…", [{ name: "bad.gguf", buffer }]));
  await expect(bench.alerts).toHaveText(/The model before is still in use/);
  await bench.captions.first().fill("still answering");
  await expect(bench.ranked.filter({ hasText: "still answering" })).toBeVisible();
  await expect(page.getByText(/verified on this device/)).toBeVisible();
});

test("what is neither an image nor a model is named", async ({ bench, page }) => {
  await bench.open("scene=1");
  const transfer = await page.evaluateHandle(() => {
    const made = new DataTransfer();
    made.items.add(new File(["%PDF"], "paper.pdf"));
    return made;
  });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await expect(bench.alerts).toHaveText(/“paper.pdf” is neither/);
});

test("an engine that does not start says so, and can be started again", async ({ page }) => {
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto("./#scene=1");
  await expect(page.getByRole("alert")).toHaveText(/The engine stopped\. The module could not/);
  await page.unroute("**/*.wasm");
  await page.getByRole("button", { name: "Restart the engine" }).click();
  await expect(page.getByText(/verified on this device/)).toBeVisible();
  await expect(page.getByRole("img", { name: /^Generated scene 1/ })).toBeVisible();
});

test("a crashed engine can be restarted, and the work is kept", async ({ page }) => {
  // Without the fixture, which holds that no page logs an error: this one is meant to.
  const { Bench } = await import("./bench");
  const bench = new Bench(page);
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  const cosines = await bench.cosines();
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error("out of luck");
    });
  });
  await expect(bench.alerts).toHaveText(/The engine stopped\. .*out of luck/);
  await bench.captions.first().fill("a dog again");
  await page.getByRole("button", { name: "Restart the engine" }).click();
  await expect(bench.ranked.filter({ hasText: "a dog again" })).toBeVisible();
  await bench.captions.first().fill("a dog");
  await expect.poll(() => bench.cosines()).toEqual(cosines);
  await expect(bench.alerts).toHaveCount(0);
});
