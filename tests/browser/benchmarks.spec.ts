import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { type Bench, expect, GOLDEN_IMAGES, test } from "./bench";

const SET = "view=benchmarks&set=tableau/swap_attribute";

/** Opens the view and waits until the default model can be used. */
async function open({ page }: Bench, fragment: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`./#${fragment}`);
  await expect(page.getByRole("button", { name: "Run" })).toBeEnabled();
}

const run = (page: Page) => page.getByRole("button", { name: "Run" }).click();
const result = (page: Page) => page.getByRole("region", { name: "Result" });
const answers = (page: Page) => page.getByRole("region", { name: "Answers" });

async function finished(page: Page): Promise<void> {
  await expect(result(page).getByRole("table").first()).toBeVisible();
}

/** A tiny probe file over images of the golden files, with one that is not there. */
const PROBES = {
  name: "tiny.json",
  mimeType: "application/json",
  buffer: Buffer.from(
    JSON.stringify({
      format: "cliprobe-probes",
      version: 1,
      kind: "caption_choice",
      name: "tiny",
      items: [
        { image: "01_landscape_640x427.png", captions: ["a red cat", "a tree"], correct: 0 },
        { image: "02_portrait_300x500.png", captions: ["a red cat", "a tree"], correct: 1 },
        { image: "gone.png", captions: ["a red cat", "a tree"], correct: 1 },
      ],
    }),
  ),
};
const image = (name: string) => ({
  name,
  mimeType: "image/png",
  buffer: readFileSync(`${GOLDEN_IMAGES}/${name}`),
});

test("runs a Tableau set, shows its numbers and failures, and saves them", async ({
  bench,
  page,
}) => {
  await open(bench, `${SET}&items=60`);
  await run(page);
  await finished(page);
  await expect(result(page).getByText("60 of 60 items scored")).toBeVisible();
  const row = result(page).getByRole("row", { name: /^accuracy/ });
  await expect(row.getByRole("cell")).toContainText(["", /%$/, /–/, "50.0 %", "60", /^\d+$/]);

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save JSON" }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe("tableau-swap_attribute.json");
  const file = JSON.parse(readFileSync(await download.path(), "utf8")) as {
    format: string;
    runs: { model: Record<string, unknown>; sets: Record<string, unknown>[] }[];
  };
  expect(file.format).toBe("cliprobe-results");
  const [first] = file.runs;
  expect(first?.model).toMatchObject({ activation: "quick_gelu", dtype: "f32" });
  expect(first?.model["engine"]).toMatch(/^(cpu|gpu)$/);
  expect(first?.sets[0]).toMatchObject({ set: "tableau/swap_attribute", items: 60, scored: 60 });
  expect(first?.sets[0]?.["answers"]).toHaveLength(60);

  const csv = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save CSV" }).click();
  const lines = readFileSync(await (await csv).path(), "utf8").split("\n");
  expect(lines[0]).toMatch(
    /^model,set,metric,value,low,high,chance,n,ties,unit,better,items,scored$/,
  );
  expect(lines[1]).toContain("tableau/swap_attribute,accuracy,");
});

test("any answer opens in Probe, with its scene, captions and their truth", async ({
  bench,
  page,
}) => {
  await open(bench, `${SET}&items=20`);
  await run(page);
  await finished(page);
  await answers(page).getByRole("button", { name: "All" }).click();
  const card = answers(page).getByRole("listitem").first();
  const texts = await card.locator(".words").allTextContents();
  const cosines = await card.locator(".cosines").allTextContents();
  await card.getByRole("button", { name: /in Probe$/ }).click();
  await bench.answered();
  expect((await bench.order()).toSorted()).toEqual(texts.toSorted());
  const shown = (await bench.cosines()).map((cosine) => cosine.toFixed(4));
  expect(shown.toSorted()).toEqual(cosines.map((text) => text.trim().replace("−", "-")).toSorted());
  await expect(bench.ranked.filter({ hasText: "✓ true" })).toHaveCount(1);
  await expect(bench.ranked.filter({ hasText: "✗ false" })).toHaveCount(1);

  // The scene is in the link: another tab asks the same.
  await expect.poll(() => bench.fragment()).toContain("scene=%7B");
  const url = page.url();
  await page.goto("about:blank");
  await page.goto(url);
  await bench.settled();
  expect((await bench.order()).toSorted()).toEqual(texts.toSorted());
});

test("pauses, goes on and stops; the page stays usable", async ({ bench, page }) => {
  await open(bench, `${SET}&items=10000`);
  await run(page);
  await expect(page.getByText(/items\/s, .* left/)).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  const progress = page.getByRole("progressbar", { name: "Progress of the run" });
  const paused = await progress.getAttribute("value");
  // The worker answers in order: when it has ranked this caption, the step under way has ended, too.
  await bench.view("Probe");
  await bench.add("a caption while the run is paused");
  await expect(bench.ranked.filter({ hasText: "while the run is paused" })).toBeVisible();
  await bench.view("Benchmarks");
  expect(await progress.getAttribute("value")).toBe(paused);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect.poll(() => progress.getAttribute("value")).not.toBe(paused);
  // While it runs a question of one's own is answered.
  await page.getByRole("button", { name: "Probe", exact: true }).click();
  await bench.answered();
  await bench.add("a caption of my own");
  await expect(bench.ranked.filter({ hasText: "a caption of my own" })).toBeVisible();
  await page.getByRole("button", { name: "Benchmarks" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByRole("button", { name: "Run" })).toBeEnabled();
  await expect(progress).toHaveCount(0);
});

test("a list and images of one's own are run, and what is missing is named", async ({
  bench,
  page,
}) => {
  await open(bench, "view=benchmarks");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Files…", exact: true }).click();
  const names = ["01_landscape_640x427.png", "02_portrait_300x500.png"];
  await (await chooser).setFiles([PROBES, ...names.map(image)]);
  await expect(page.getByText("At hand: 1 set and 2 images.")).toBeVisible();
  await run(page);
  await finished(page);
  await expect(result(page).getByText("2 of 3 items scored")).toBeVisible();
  await result(page).getByText("1 item skipped").click();
  await expect(result(page).getByText("gone.png is not among the given images")).toBeVisible();
  await answers(page).getByRole("button", { name: "All" }).click();
  await expect(answers(page).locator(".images img")).toHaveCount(2);
  await answers(page)
    .getByRole("button", { name: "Open 01_landscape_640x427.png in Probe" })
    .click();
  await expect(bench.image).toHaveAttribute("alt", "The photo “01_landscape_640x427.png”");
  await bench.answered();
  expect((await bench.order()).toSorted()).toEqual(["a red cat", "a tree"]);
});

test("several sets are run together, and a link names them all", async ({ bench, page }) => {
  await open(bench, "view=benchmarks&set=tableau/noun&items=20");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Files…", exact: true }).click();
  // SugarCrepe's form, and a few of its names.
  const list = (name: string, negative: string) => ({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(
      JSON.stringify({
        0: { filename: "01_landscape_640x427.png", caption: "a tree", negative_caption: negative },
        1: { filename: "02_portrait_300x500.png", caption: "a dog", negative_caption: negative },
      }),
    ),
  });
  const names = ["01_landscape_640x427.png", "02_portrait_300x500.png"];
  await (
    await chooser
  ).setFiles([
    list("swap_obj.json", "a car"),
    list("swap_att.json", "a red cat"),
    ...names.map(image),
  ]);
  await expect(page.getByText("At hand: 2 sets and 2 images.")).toBeVisible();
  await page.getByRole("checkbox", { name: "All of SugarCrepe" }).check();
  await page.getByRole("spinbutton", { name: "How many of each" }).fill("20");
  await page
    .locator("summary")
    .filter({ hasText: /^Tableau 20 sets/ })
    .click();
  await page.getByRole("checkbox", { name: "What is it?", exact: true }).check();
  await run(page);
  await finished(page);
  // Each image of the two lists is embedded once.
  await expect(
    result(page).getByText("3 sets with tableau-4: 24 of 24 items scored in"),
  ).toBeVisible();
  const sets = result(page).getByRole("table", { name: "Main metrics of the sets" });
  await expect(sets.getByRole("row")).toHaveCount(4);
  const chosen = result(page).getByRole("combobox", { name: "All metrics and answers of" });
  await chosen.selectOption("sugarcrepe/swap_att");
  await expect(result(page).getByText("2 of 2 items scored")).toBeVisible();
  await answers(page).getByRole("button", { name: "All" }).click();
  await expect(answers(page).getByText("a red cat").first()).toBeVisible();
  await expect(answers(page).locator(".images img")).toHaveCount(2);
  // CLIP's own numbers stand beside.
  await result(page)
    .getByText(/^Published numbers/)
    .click();
  await expect(
    result(page)
      .getByRole("row", { name: /CLIP ViT-B\/32 .*CLoVe/ })
      .first(),
  ).toBeVisible();

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save JSON" }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe("3-sets.json");
  const results = JSON.parse(readFileSync(await download.path(), "utf8")) as {
    runs: { encoding: { images: { distinct: number } }; sets: { set: string }[] }[];
  };
  const found = results.runs[0]?.sets.map(({ set }) => set).toSorted();
  expect(found).toEqual(["sugarcrepe/swap_att", "sugarcrepe/swap_obj", "tableau/noun"]);
  expect(results.runs[0]?.encoding.images.distinct).toBe(22);
  await expect.poll(() => bench.fragment()).toContain("set=sugarcrepe%2Fswap_att");
  expect(bench.fragment().match(/set=/g)).toHaveLength(3);
});

/** A tar archive as tar writes it: a header of 512 bytes before each file, two empty ones at the end. */
function tar(files: [name: string, contents: Buffer][]): Buffer {
  const blocks = files.flatMap(([name, contents]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write(`${contents.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0", 148);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, contents, Buffer.alloc((512 - (contents.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

test("class folders and webdatasets are classified", async ({ bench, page }, info) => {
  const photos = ["01_landscape_640x427.png", "02_portrait_300x500.png"].map((name) =>
    readFileSync(`${GOLDEN_IMAGES}/${name}`),
  );
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = photos;
  const data = info.outputPath("data");
  const write = (path: string, contents: Buffer | string) => {
    mkdirSync(dirname(`${data}/${path}`), { recursive: true });
    writeFileSync(`${data}/${path}`, contents);
  };
  write("animals/cat/0.png", first);
  write("animals/red_fox/0.png", second);
  write("broken/cat/0.png", first);
  write("broken/dog/0.png", first);
  write("broken/fox/0.bmp", "BM");
  write("wds/classnames.txt", "cat\nred fox\n");
  write("wds/zeroshot_classification_templates.txt", "a photo of a {c}\n");
  write(
    "wds/0.tar",
    tar([
      ["s0.png", first],
      ["s0.cls", Buffer.from("0")],
      ["s1.png", second],
      ["s1.cls", Buffer.from("1")],
    ]),
  );
  await open(bench, "view=benchmarks");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "A folder…" }).click();
  await (await chooser).setFiles(data);
  await expect(page.getByText("At hand: 3 sets and 6 images.")).toBeVisible();
  const choose = async (name: string) => {
    for (const box of await page.getByRole("checkbox", { checked: true }).all()) {
      await box.uncheck();
    }
    for (const group of ["Class folders", "webdataset"]) {
      const details = page.locator("details").filter({ hasText: group });
      if (!(await details.evaluate((element) => (element as HTMLDetailsElement).open))) {
        await details.locator("summary").click();
      }
    }
    await page.getByRole("checkbox", { name }).check();
  };
  await choose("data/animals");
  await run(page);
  await finished(page);
  await expect(result(page).getByText("2 of 2 items scored")).toBeVisible();
  await expect(result(page).getByRole("row", { name: /^top-1/ })).toBeVisible();
  await choose("data/wds");
  await run(page);
  await expect(page.getByRole("status").filter({ hasText: "Done." })).toBeAttached();
  await expect(result(page).getByText("wds with tableau-4: 2 of 2 items scored")).toBeVisible();
  await choose("data/broken");
  await run(page);
  await expect(page.getByRole("alert")).toHaveText(
    /the class fox has no image: it has 1 \.bmp, which is not read/,
  );
});

test("files can be dropped, and a list that is none is refused by name", async ({
  bench,
  page,
}) => {
  await open(bench, "view=benchmarks");
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['{"not": "probes"}'], "strange.json"));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
  });
  await expect(page.getByText("At hand: 1 set and 0 images.")).toBeVisible();
  await run(page);
  await expect(page.getByRole("alert")).toHaveText(
    /not the JSON expected here.*docs\/benchmarks\.md/,
  );
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in a result in ${colorScheme}`, async ({ bench, page }) => {
    await page.emulateMedia({ colorScheme });
    await open(bench, "view=benchmarks&set=tableau/swap_conjuncts&items=30");
    await run(page);
    await finished(page);
    await answers(page).getByRole("button", { name: "All" }).click();
    const found = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
      .analyze();
    expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual(
      [],
    );
    await page.screenshot({
      path: `test-results/benchmarks-${colorScheme}.png`,
      fullPage: true,
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("nothing sticks out, and buttons are large enough for a finger", async ({ bench, page }) => {
    await open(bench, "view=benchmarks&set=tableau/swap_conjuncts&items=16");
    await run(page);
    await finished(page);
    await answers(page).getByRole("button", { name: "All" }).click();
    await expect(answers(page).locator(".images img").first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    for (const button of await page.getByRole("button").all()) {
      const box = await button.boundingBox();
      expect(box?.height, await button.innerText()).toBeGreaterThanOrEqual(44);
    }
    await page.screenshot({ path: "test-results/benchmarks-phone.png", fullPage: true });
  });
});

test("can be run by keyboard alone", async ({ bench, page }) => {
  await open(bench, `${SET}&items=6`);
  const runButton = page.getByRole("button", { name: "Run" });
  while (!(await runButton.evaluate((button) => button === document.activeElement))) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await finished(page);
  await expect(page.getByRole("status").filter({ hasText: "Done." })).toBeAttached();
});
