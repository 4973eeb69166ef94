/** The model between two others: it is blended in the page, and all views follow. */

import type { Page } from "@playwright/test";

import { violations } from "./axe";
import { type Bench, expect, test } from "./bench";
import { GOLDEN, MODULE, openModule } from "./module";

const panel = (page: Page) => page.getByRole("region", { name: "Between two models", exact: true });
const bar = (page: Page) => page.getByRole("region", { name: "How far between two models" });
const slider = (page: Page) => page.getByRole("slider", { name: /^α, from/ });
const line = (page: Page, name: string) =>
  page.getByRole("button", { name: `Model: ${name}`, exact: true });

async function between(bench: Bench, a = "contrastive", b = "hard-positives"): Promise<void> {
  await bench.view("Models");
  await panel(bench.page).getByLabel("A, at α = 0").selectOption(a);
  await panel(bench.page).getByLabel("B, at α = 1").selectOption(b);
  await panel(bench.page).getByRole("button", { name: "Use the model between" }).click();
  await inUse(bench.page, `${a} 0.5 ${b}`);
}

/** Waits until a model is in use: while it loads, the line names it already. */
async function inUse(page: Page, name: string): Promise<void> {
  await expect(line(page, name)).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Model loading" })).toHaveCount(0);
}

/** Moves the slider as a key does, until it stands there. */
async function slideTo(page: Page, alpha: number): Promise<void> {
  await slider(page).fill(String(alpha));
  await expect(slider(page)).toHaveValue(String(alpha));
}

test("its ends are the two models, and what is between lies between", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+red+dog&caption=a+blue+cat");
  await between(bench);
  await bench.view("Probe");
  const cosinesAt = async (alpha: number) => {
    await slideTo(page, alpha);
    await inUse(page, `contrastive ${alpha} hard-positives`);
    await bench.answered();
    return bench.cosines();
  };
  const [a, half, b] = [await cosinesAt(0), await cosinesAt(0.5), await cosinesAt(1)];
  await bench.inModels(async () => {
    await page.getByRole("radio", { name: /^contrastive/ }).check();
    await inUse(page, "contrastive");
  });
  await expect(slider(page)).toHaveCount(0);
  await bench.answered();
  // Quantising a blend again at its ends gives the two files' own weights.
  expect(await bench.cosines()).toEqual(a);
  await bench.inModels(async () => {
    await page.getByRole("radio", { name: /^hard-positives/ }).check();
    await inUse(page, "hard-positives");
  });
  await bench.answered();
  expect(await bench.cosines()).toEqual(b);
  expect(half).not.toEqual(a);
  expect(half).not.toEqual(b);
});

test("the slider goes by keyboard, all views follow, and the link has it", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1");
  await between(bench);
  await expect(bar(page)).toContainText("dequantised, blended and quantised to Q8_0 again");
  await slider(page).focus();
  await page.keyboard.press("ArrowRight");
  await inUse(page, "contrastive 0.51 hard-positives");
  await expect(slider(page)).toBeFocused();
  await page.keyboard.press("End");
  await inUse(page, "contrastive 1 hard-positives");
  await slideTo(page, 0.4);
  await expect(slider(page)).toHaveAttribute(
    "aria-valuetext",
    "0.4: 60 % contrastive, 40 % hard-positives",
  );
  await bench.view("Hierarchy");
  await expect(page.getByRole("region", { name: /^Radial map/ })).toBeVisible();
  await expect(slider(page)).toHaveValue("0.4");
  await bench.view("Compose");
  await bench.answered();
  await bench.view("Probe");
  await inUse(page, "contrastive 0.4 hard-positives");
  await bench.answered();
  await expect.poll(() => bench.fragment()).toMatch(/patch=[0-9a-f]{12}-[0-9a-f]{12}-0\.4(&|$)/);
  const cosines = await bench.cosines();
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByText(/^Copied\./)).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());

  await page.goto("about:blank");
  await page.goto(copied);
  await inUse(page, "contrastive 0.4 hard-positives");
  await bench.answered();
  expect(await bench.cosines()).toEqual(cosines);
  await expect(
    page.getByRole("region", { name: "Replay of a link" }).getByRole("status"),
  ).toHaveText(/^The same model as the sender’s\. All \d+ cosines equal/);
  await page.getByRole("button", { name: "Back to contrastive" }).click();
  await inUse(page, "contrastive");
  await expect(slider(page)).toHaveCount(0);
});

test("models that cannot be blended say why, and the one before stays", async ({ bench, page }) => {
  await bench.open("scene=1");
  const folder = "tests/golden/tiny_a_quickgelu";
  await bench.view("Models");
  await bench.openFiles("Open files…", [
    `${folder}/config.json`,
    `${folder}/model.safetensors`,
    `${folder}/preprocessor_config.json`,
    `${folder}/tokenizer.json`,
  ]);
  await inUse(page, "config.json");
  await panel(page).getByLabel("A, at α = 0").selectOption("config.json");
  await panel(page).getByLabel("B, at α = 1").selectOption("dense");
  await panel(page).getByRole("button", { name: "Use the model between" }).click();
  await expect(bench.alerts).toHaveText(
    /^The weights of dense cannot be blended with those of .*: .* is .* in one and .* in the other.*The model before is still in use\.$/,
  );
  await inUse(page, "config.json");
});

test("the curve is drawn, cancelled, and its numbers stand in a table", async ({ bench, page }) => {
  await bench.open("scene=1");
  await between(bench);
  await panel(page).getByLabel("How many").fill("20");
  await panel(page).getByLabel("How many").blur();
  await panel(page).getByRole("button", { name: "Draw the curve" }).click();
  await panel(page).getByRole("button", { name: "Cancel" }).click();
  await expect(panel(page).getByRole("button", { name: "Draw the curve" })).toBeEnabled();
  await panel(page).getByRole("button", { name: "Draw the curve" }).click();
  await expect(panel(page).getByText("6 of 6 points.")).toBeVisible();
  const rows = panel(page).getByRole("table", { name: /by α$/ }).locator("tbody tr");
  await expect(rows.getByRole("rowheader")).toHaveText(["0", "0.2", "0.4", "0.6", "0.8", "1"]);
  await expect(rows.first().getByRole("cell").first()).toHaveText(/^\d+\.\d %/);
  await inUse(page, "contrastive 0.5 hard-positives");
});

test("a link to models that are not here says so", async ({ bench, page }) => {
  await bench.open("scene=1&model=0123456789ab&patch=0123456789ab-ba9876543210-0.4");
  await expect(page.getByText(/made with another model/)).toBeVisible();
  await expect(slider(page)).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the patch slider in ${colorScheme}`, async ({ bench, page }) => {
    await page.emulateMedia({ colorScheme });
    await bench.open("scene=1");
    await between(bench);
    await panel(page).getByLabel("How many").fill("10");
    await panel(page).getByRole("button", { name: "Draw the curve" }).click();
    await expect(panel(page).getByText("6 of 6 points.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await bench.openFiles("Open files…", [{ name: "bad.gguf", buffer: Buffer.from("GGUF? no") }]);
    await expect(bench.alerts).toHaveCount(1);
    expect(await violations(page)).toEqual([]);
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("nothing sticks out", async ({ bench, page }) => {
    await bench.open("scene=1");
    await between(bench);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await bench.view("Probe");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
});

test("the module blends as the command does", async ({ page }) => {
  await openModule(page);
  const found = await page.evaluate(
    async ([module = "", golden = ""]) => {
      const {
        default: init,
        Blend,
        Clip,
      } = (await import(
        `/under-test/${module}/cliprobe.js`
      )) as typeof import("../../web/wasm/cliprobe.js") & { default: () => Promise<unknown> };
      await init();
      const files: Record<string, Uint8Array> = {};
      for (const name of [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
      ]) {
        const response = await fetch(`/under-test/${golden}/tiny_a_quickgelu/${name}`);
        files[name] = new Uint8Array(await response.arrayBuffer());
      }
      const blend = await Blend.start("half", files, files, 0.5);
      const plan = blend.plan();
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for (let piece = blend.next(); piece !== undefined; piece = blend.next()) pieces.push(piece);
      blend.free();
      const load = async (source: Record<string, Uint8Array | Blob>) => {
        const clip = await Clip.load(source, { engine: "cpu" });
        const { embeddings } = await clip.encodeText(["a red dog"]);
        const { name, provenance } = clip.info();
        clip.free();
        return { embedding: [...embeddings], name, provenance };
      };
      const whole = new Uint8Array(await new Blob(pieces).arrayBuffer());
      return {
        plan,
        pieces: pieces.length,
        half: await load({ "half.gguf": whole }),
        a: await load(files),
      };
    },
    [MODULE, GOLDEN],
  );
  expect(found.plan).toMatchObject({ type: "F32", types: ["F32", "F32"], pieces: found.pieces });
  expect(found.half.name).toBe("half");
  expect(found.half.provenance).toMatch(/^weights blended: 0\.5 × .* \+ 0\.5 × /);
  // Half of a model and half of it again is that model, to the last bit.
  expect(found.half.embedding).toEqual(found.a.embedding);
});
