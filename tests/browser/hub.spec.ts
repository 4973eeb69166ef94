import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { violations } from "./axe";
import { type Bench, expect, test } from "./bench";
import { COMMIT, give, HUB, playHub, status } from "./hub";

const TINY = "acme/tiny_a_quickgelu";
/** Of `cliprobe quantize tests/golden/tiny_a_quickgelu --type Q8_0 --out …`. */
const TINY_Q8_0_SHA256 = "3c52cf1514bb50065d34cda5ec497e08b875703163df09e4bc0e461cb8c59df3";

const panel = (page: Page) => page.getByRole("region", { name: "Any CLIP by name" });
const kept = (page: Page) => page.getByRole("list", { name: "Kept in this browser" });

async function openPanel(bench: Bench): Promise<void> {
  await bench.open("scene=1");
  await bench.view("Models");
}

async function ask(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name or address").fill(name);
  await page.keyboard.press("Enter");
}

async function keptSha256(page: Page): Promise<string> {
  const download = page.waitForEvent("download");
  await kept(page)
    .getByRole("button", { name: /^Download/ })
    .click();
  const bytes = await readFile(await (await download).path());
  return createHash("sha256").update(bytes).digest("hex");
}

test("a model is fetched by its name, converted, kept and used", async ({ bench, page }) => {
  const hub = await playHub(page);
  await bench.open("scene=1");
  const before = await bench.cosines();
  await bench.view("Models");
  expect(hub.asked).toEqual([]); // not before a person asks
  await expect(panel(page)).toContainText("huggingface.co");
  await ask(page, TINY);
  await expect(panel(page).getByRole("status")).toHaveText(
    "tiny_a_quickgelu is kept in this browser.",
  );
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  await bench.view("Probe");
  await expect.poll(() => bench.cosines()).not.toEqual(before);
  const answer = await bench.cosines();

  await bench.view("Models");
  await kept(page).getByText("Where it is from").click();
  for (const fact of [
    `${TINY} on huggingface.co`,
    COMMIT,
    "QuickGELU: hidden_act in config.json",
    "1.91 MB",
    TINY_Q8_0_SHA256,
  ]) {
    await expect(kept(page)).toContainText(fact);
  }
  expect(await keptSha256(page)).toBe(TINY_Q8_0_SHA256);

  // A link that names the model finds it here, without the hub.
  const asked = hub.asked.length;
  // The address is written a moment after what it says; it named the model before until then.
  const named = `model=${TINY_Q8_0_SHA256.slice(0, 12)}`;
  await expect.poll(() => bench.fragment()).toContain(named);
  expect(bench.fragment()).toContain("view=models");
  const link = `#${bench.fragment()}`;
  await page.goto("about:blank");
  await page.goto(`./${link}`);
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  await bench.view("Probe");
  await bench.answered();
  expect(await bench.cosines()).toEqual(answer);
  expect(hub.asked).toHaveLength(asked);
  await bench.view("Models");

  await kept(page)
    .getByRole("button", { name: /^Delete/ })
    .click();
  await expect(kept(page)).toHaveCount(0);
});

test("OpenCLIP’s files, another type, and a file’s own address", async ({ bench, page }) => {
  await playHub(page);
  await openPanel(bench);
  await panel(page).getByText("Options").click();
  await panel(page).getByLabel("Keep its weights as").selectOption("F16");
  await ask(page, `${HUB}/acme/tiny_b_gelu_openclip/blob/main/open_clip_model.safetensors`);
  await expect(page.getByText("tiny_b_gelu_openclip fetched from huggingface.co")).toBeVisible();
  await expect(kept(page)).toContainText("F16");
});

test("a download that breaks goes on from where it was", async ({ bench, page }) => {
  const hub = await playHub(page);
  let broken = 0;
  hub.misfortune = async (name, range, route) => {
    if (name !== "model.safetensors" || range === null || range.to < 100_000) return false;
    broken += 1;
    if (broken > 3) return false;
    if (broken === 2) await status(route, 503);
    else if (broken === 3) await route.abort("connectionreset");
    else await give(route, await readFile(`tests/golden/tiny_a_quickgelu/${name}`), 700_000);
    return true;
  };
  await openPanel(bench);
  await ask(page, TINY);
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  expect(hub.asked.filter((address) => address.includes("bytes=700000-"))).not.toEqual([]);
  expect(await keptSha256(page)).toBe(TINY_Q8_0_SHA256);
});

test("what the hub refuses is said in one sentence, and the page goes on", async ({ page }) => {
  // Without the fixture: the browser logs each of these answers as an error.
  const { Bench } = await import("./bench");
  const bench = new Bench(page);
  const hub = await playHub(page);
  await openPanel(bench);
  const problem = panel(page).getByRole("alert");
  await ask(page, "acme/unknown");
  await expect(problem).toHaveText("huggingface.co has no model acme/unknown (status 404).");
  await ask(page, "acme/pickled");
  await expect(problem).toHaveText(/pickled weights only.*cliprobe quantize acme\/pickled/);
  await ask(page, "clip");
  await expect(problem).toHaveText(/“clip” is no name of a model/);
  const cases: [Parameters<typeof status>[1], object, RegExp][] = [
    [401, {}, /refuses it \(status 401\)/],
    [403, { "x-error-code": "GatedRepo" }, /The model is gated/],
    [429, { "retry-after": "60" }, /try again in 60 seconds/],
  ];
  for (const [code, headers, message] of cases) {
    hub.misfortune = async (_name, _range, route) => {
      await status(route, code, headers);
      return true;
    };
    await ask(page, TINY);
    await expect(problem).toHaveText(message);
  }
  hub.misfortune = async (name, _range, route) => {
    if (name !== "model.safetensors") return false;
    await give(route, Buffer.from("<!doctype html><title>Log in</title>".repeat(9)));
    return true;
  };
  await ask(page, TINY);
  await expect(problem).toHaveText(/is a web page, not a file of weights/);
  hub.misfortune = async (name, _range, route) => {
    if (name !== "model.safetensors") return false;
    // What a page is told of an answer without CORS: nothing, as of no answer at all.
    await route.abort("failed");
    return true;
  };
  await ask(page, TINY);
  await expect(problem).toHaveText(/does not allow other pages to read it \(CORS\)/);
  hub.misfortune = async (name, range, route) => {
    if (name !== "model.safetensors" || range === null || range.to < 100_000) return false;
    // Half a file, whatever is asked for.
    await give(route, await readFile(`tests/golden/tiny_a_quickgelu/${name}`), 500_000);
    return true;
  };
  await ask(page, TINY);
  await expect(problem).toHaveText(/ended 5 times at 500 kB of 1.91 MB/);
  await expect(page.getByText(/Verified on this device/)).toBeVisible();

  hub.misfortune = null;
  await ask(page, TINY);
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
  expect(await keptSha256(page)).toBe(TINY_Q8_0_SHA256);
});

test("a fetch can be stopped, and goes on later", async ({ bench, page }) => {
  const hub = await playHub(page);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.misfortune = async (name, range) => {
    if (name === "model.safetensors" && range !== null && range.to > 100_000) await held;
    return false;
  };
  await openPanel(bench);
  await panel(page).getByLabel("Name or address").fill(TINY);
  await panel(page).getByRole("button", { name: "Fetch" }).click();
  await expect(panel(page).getByRole("status")).toHaveText(/Converting the weights/);
  expect(await violations(page)).toEqual([]);
  await panel(page).getByRole("button", { name: "Stop" }).click();
  await expect(panel(page).getByRole("status")).toHaveText(/^Stopped/);
  release();
  await ask(page, TINY);
  await expect(page.getByText("tiny_a_quickgelu fetched from huggingface.co")).toBeVisible();
});

test("a suggestion is one click", async ({ bench, page }) => {
  const hub = await playHub(page);
  await openPanel(bench);
  hub.misfortune = async (_name, _range, route) => {
    await give(route, Buffer.from("{}"));
    return true;
  };
  await panel(page)
    .getByRole("button", { name: /^openai\/clip-vit-base-patch32/ })
    .click();
  await expect(panel(page).getByRole("alert")).toHaveText(
    "huggingface.co answers otherwise than the Hugging Face hub.",
  );
  expect(hub.asked).toEqual(["/api/models/openai/clip-vit-base-patch32/revision/main"]);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in what is kept, in ${colorScheme}`, async ({ bench, page }) => {
    await page.emulateMedia({ colorScheme });
    await playHub(page);
    await openPanel(bench);
    await panel(page).getByText("Options").click();
    await ask(page, TINY);
    await expect(kept(page)).toBeVisible();
    await kept(page).getByText("Where it is from").click();
    await ask(page, "clip");
    await expect(panel(page).getByRole("alert")).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}
