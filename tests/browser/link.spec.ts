import { readFile } from "node:fs/promises";

import { expect, GOLDEN_IMAGES, test } from "./bench";

test("a copied link asks the same question and gets the same answer", async ({ bench, page }) => {
  await bench.open("scene=42");
  await bench.add("something that is not in the scene's list");
  await expect(bench.ranked.filter({ hasText: "not in the scene" })).toBeVisible();
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByText("Copied.")).toBeVisible();
  const [order, cosines] = [await bench.order(), await bench.cosines()];
  const link = await page.evaluate(() => navigator.clipboard.readText());

  await page.goto("about:blank");
  await page.goto(link);
  await bench.settled();
  expect(await bench.order()).toEqual(order);
  expect(await bench.cosines()).toEqual(cosines);
  await expect(bench.image).toHaveAttribute("alt", /scene 42/);
});

test("a link that cannot be copied is shown", async ({ bench, page }) => {
  await bench.open("scene=1");
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("denied"));
  });
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("textbox", { name: "Link to this question" })).toHaveValue(/scene=1/);
});

test("a hand-edited fragment loses what cannot be read and says which", async ({ bench }) => {
  await bench.open("scene=minus+one&softmax=perhaps&caption=a+dog&nonsense=1&caption=%zz");
  await expect(bench.alerts).toHaveText([/“caption”/, /“scene”/, /“softmax”/]);
  expect(await bench.order()).toEqual(["a dog"]);
  await bench.page.getByRole("button", { name: "Dismiss" }).first().click();
  await expect(bench.alerts).toHaveText([/“scene”/, /“softmax”/]);
});

test("a fragment edited in place is taken up", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+dog");
  await page.evaluate(() => {
    location.hash = "scene=2&caption=a+cat&caption=a+cow";
  });
  await expect(bench.image).toHaveAttribute("alt", /scene 2/);
  await expect(bench.ranked).toHaveCount(2);
});

test("a photo is asked for again by name", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/01_landscape_640x427.png`]);
  await expect.poll(() => bench.fragment()).toContain("photo=01_landscape");
  await bench.answered();
  const cosines = await bench.cosines();
  const url = page.url();

  await page.goto("about:blank");
  await page.goto(url);
  await expect(page.getByText(/made with the photo “01_landscape_640x427.png”/)).toBeVisible();
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/02_portrait_300x500.png`]);
  await expect(page.getByText(/not the photo that the link was made with/)).toBeVisible();

  await page.goto("about:blank");
  await page.goto(url);
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/01_landscape_640x427.png`]);
  await bench.answered();
  expect(await bench.cosines()).toEqual(cosines);
  await expect(page.getByText(/not the photo that the link was made with/)).toHaveCount(0);
});

test("a small copy of a photo travels in the link when asked to", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/01_landscape_640x427.png`]);
  await page.getByRole("checkbox", { name: /Embed a small copy/ }).check();
  await expect.poll(() => bench.fragment()).toContain("copy=");
  const url = page.url();
  expect(url.length).toBeLessThan(33_000);
  // How long it is stands there before it is copied.
  await expect(
    page.getByText(/^(With the image the|The) link will have [\d,]+ characters/),
  ).toBeVisible();

  await page.goto("about:blank");
  await page.goto(url);
  await bench.answered();
  await expect(page.getByText(/the link’s small copy of “01_landscape_640x427.png”/)).toBeVisible();
  await page.getByRole("checkbox", { name: /Embed a small copy/ }).uncheck();
  await expect.poll(() => bench.fragment()).not.toContain("copy=");
});

test("a link made with another model says so", async ({ bench, page }) => {
  await bench.open("scene=1&model=0123456789ab");
  await expect(
    page.getByText(/made with another model, which this page does not offer/),
  ).toBeVisible();
});

test("a question that is too long for a link travels as a file, and opens in every view", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1&caption=a+red+dog");
  const save = page.getByRole("button", { name: "Save as a file" });
  await expect(save).toHaveCount(0);
  await bench.add(
    Array.from({ length: 10 }, (_, n) => `${n} ${"a red dog ".repeat(90)}`).join("\n"),
  );
  await expect(page.getByText(/link will have [\d,]+ characters: some/)).toBeVisible();
  await expect(save).toHaveCount(0);
  const long = Array.from({ length: 80 }, (_, n) => `${n} ${"a blue cat ".repeat(80)}`);
  await bench.add(long.join("\n"));
  await expect(page.getByText(/more than most\s+programs take/)).toBeVisible();
  await bench.answered();
  const cosines = await bench.cosines();
  const download = page.waitForEvent("download");
  await save.click();
  const path = await (await download).path();
  expect((await download).suggestedFilename()).toBe("question.cliprobe.json");
  const text = await readFile(path, "utf8");
  expect(JSON.parse(text)).toMatchObject({ cliprobe: "question", version: 3 });

  await bench.open("scene=2&caption=a+cat");
  const buffer = Buffer.from(text);
  await bench.openFiles("Open a question…", [{ name: "question.cliprobe.json", buffer }]);
  await expect(bench.captions).toHaveCount(91);
  await expect(
    page.getByRole("region", { name: "Replay of a link" }).getByRole("status"),
  ).toHaveText(/^The same model as the sender’s\. All 91 cosines equal/);
  await bench.answered();
  expect(await bench.cosines()).toEqual(cosines);
});

test("a saved question is dropped on any view", async ({ bench, page }) => {
  const values = { scene: ["1"], caption: ["a red dog", "a blue cat", "a car"] };
  const text = JSON.stringify({ cliprobe: "question", version: 3, values });
  await bench.open("scene=2&caption=a+cat");
  for (const view of ["Probe", "Hierarchy", "Compose", "Benchmarks", "Models"] as const) {
    await bench.view(view);
    const transfer = await page.evaluateHandle((content) => {
      const made = new DataTransfer();
      made.items.add(new File([content], "question.cliprobe.json"));
      return made;
    }, text);
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await expect(bench.image).toHaveAttribute("alt", /scene 1/);
    await expect(bench.captions).toHaveCount(3);
    await bench.answered();
    // The address is written a moment after what it says; the same one again would be no change.
    await expect.poll(() => bench.fragment()).toContain("scene=1");
    await page.evaluate(() => {
      location.hash = "scene=2&caption=a+cat";
    });
    await expect(bench.captions).toHaveCount(1);
  }
});

test("a file that is no question is refused, and the question stays", async ({ bench }) => {
  await bench.open("scene=1&caption=a+dog");
  for (const [content, sentence] of [
    ["{", /“a\.cliprobe\.json” is not a saved question: it is not JSON/],
    ['{"cliprobe":"question","version":3,"values":{"scene":[4]}}', /“scene” in its “values”/],
  ] as const) {
    const buffer = Buffer.from(content);
    await bench.openFiles("Open a question…", [{ name: "a.cliprobe.json", buffer }]);
    await expect(bench.alerts).toHaveText(sentence);
    expect(await bench.order()).toEqual(["a dog"]);
  }
  const newer = '{"cliprobe":"question","version":9,"values":{"caption":["a cat"],"new":["1"]}}';
  const buffer = Buffer.from(newer);
  await bench.openFiles("Open a question…", [{ name: "b.cliprobe.json", buffer }]);
  await expect(bench.alerts).toHaveText(/newer version of this page/);
  await expect.poll(() => bench.order()).toEqual(["a cat"]);
});
