import type { Page } from "@playwright/test";

import { expect, GOLDEN_IMAGES, test } from "./bench";
import { offerSiblings } from "./siblings";

const radio = (page: Page, name: string) => page.getByRole("radio", { name });
const inUse = (page: Page, name: string) =>
  page.getByRole("button", { name: `Model: ${name}`, exact: true });
const compare = (page: Page) => page.getByRole("button", { name: "Compare models" });
const table = (page: Page) => page.getByRole("table", { name: /^Cosine and place/ });

/** Cosines of the comparison's table, by caption and model. */
async function compared(page: Page): Promise<number[][]> {
  const rows = await table(page).locator("tbody tr").all();
  return Promise.all(
    rows.map(async (row) => {
      const texts = await row.locator(".cosine").allTextContents();
      return texts.map((text) => Number(text.replace("−", "-")));
    }),
  );
}

test("a sibling is downloaded when it is chosen, and answers the same question", async ({
  bench,
  page,
}) => {
  const { default: original, downloads } = await offerSiblings(page);
  await bench.open("scene=1");
  const before = await bench.cosines();
  expect(downloads).toEqual([]);
  await bench.inModels(async () => {
    await expect(radio(page, original.name)).toBeChecked();
    await expect(radio(page, "first sibling")).toHaveAccessibleDescription(/last weights changed/);
    await radio(page, "first sibling").check();
    await expect(inUse(page, "first sibling")).toBeVisible();
  });
  await expect.poll(() => bench.cosines()).not.toEqual(before);
  expect(downloads).toEqual(["first-sibling.gguf"]);

  await bench.inModels(() => radio(page, original.name).check());
  await expect.poll(() => bench.cosines()).toEqual(before);
  await bench.inModels(() => radio(page, "first sibling").check());
  await expect(inUse(page, "first sibling")).toBeVisible();
  expect(downloads, "what was chosen once is kept").toHaveLength(1);
});

test("models are chosen by keyboard", async ({ bench, page }) => {
  const { default: original } = await offerSiblings(page);
  await bench.open("scene=1");
  await bench.view("Models");
  await radio(page, original.name).focus();
  await page.keyboard.press("ArrowDown");
  await expect(radio(page, "first sibling")).toBeFocused();
  await expect(inUse(page, "first sibling")).toBeVisible();
});

test("a sibling that arrives damaged says so, and the model before stays chosen", async ({
  bench,
  page,
}) => {
  const { default: original } = await offerSiblings(page, { damaged: true });
  await bench.open("scene=1");
  await bench.view("Models");
  await radio(page, "second sibling").click();
  await expect(bench.alerts).toHaveText(/second-sibling\.gguf arrived damaged.*still in use/);
  await expect(radio(page, original.name)).toBeChecked();
});

test("a link names its model, which is loaded with it", async ({ bench, page }) => {
  const { default: original, others } = await offerSiblings(page);
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  await bench.inModels(() => radio(page, "first sibling").check());
  const hash = others[0].sha256.slice(0, 12);
  await expect.poll(() => bench.fragment()).toContain(`model=${hash}`);
  await bench.answered();
  const cosines = await bench.cosines();
  const url = page.url();

  await page.goto("about:blank");
  await page.goto(url);
  await expect(inUse(page, "first sibling")).toBeVisible();
  await bench.answered();
  expect(await bench.cosines()).toEqual(cosines);
  await expect(page.getByText(/made with another model/)).toHaveCount(0);

  await page.evaluate(
    (fragment) => {
      location.hash = fragment;
    },
    `scene=1&model=${original.sha256.slice(0, 12)}`,
  );
  await expect(inUse(page, original.name)).toBeVisible();
  await bench.inModels(() => expect(radio(page, original.name)).toBeChecked());
});

test("models are compared on the same question", async ({ bench, page }) => {
  const { default: original } = await offerSiblings(page);
  await bench.open("scene=1");
  const ranked = await bench.cosines();
  await compare(page).click();
  await expect(page.getByText("3 of 3 models have answered.")).toBeVisible();
  await expect(table(page).getByRole("columnheader")).toHaveText([
    "Caption",
    `${original.name} in use`,
    "first sibling",
    "second sibling",
  ]);
  await expect(table(page).getByRole("rowheader", { name: "✓ true" })).not.toHaveCount(0);
  const cosines = await compared(page);
  const column = (place: number) => cosines.map((row) => row[place] ?? NaN);
  expect(column(0).toSorted((a, b) => b - a)).toEqual(ranked);
  expect(column(1)).not.toEqual(column(0));
  expect(column(2)).not.toEqual(column(1));

  // In use, a sibling answers as it did here.
  await bench.inModels(() => radio(page, "second sibling").check());
  await expect(inUse(page, "second sibling")).toBeVisible();
  await expect.poll(() => bench.cosines()).toEqual(column(2).toSorted((a, b) => b - a));

  await bench.captions.first().fill("another question");
  await expect(table(page)).toHaveCount(0);
});

test("a photo is compared, and a model that does not load is named", async ({ bench, page }) => {
  await offerSiblings(page, { damaged: true });
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/01_landscape_640x427.png`]);
  await expect(bench.image).toHaveAttribute("alt", /^The photo/);
  await bench.answered();
  await compare(page).click();
  await expect(page.getByText("2 of 3 models have answered.")).toBeVisible();
  await expect(bench.alerts).toHaveText(/second sibling gave no answer\. .*arrived damaged/);
  expect((await compared(page)).map((row) => row.length)).toEqual([2, 2]);
});

test("a comparison can be cancelled", async ({ bench, page }) => {
  const { others } = await offerSiblings(page);
  await bench.open("scene=1");
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route(`**/${others[1].file}`, async (route) => {
    await held;
    await route.fallback();
  });
  await compare(page).click();
  await expect(page.getByText(/Asking second sibling, model 3 of 3/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("2 of 3 models have answered.")).toBeVisible();
  await expect(compare(page)).toBeFocused();
  // The ranking did not wait for it.
  await bench.captions.first().fill("still answering");
  await expect(bench.ranked.filter({ hasText: "still answering" })).toBeVisible();
  go();
});
