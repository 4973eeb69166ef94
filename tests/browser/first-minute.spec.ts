/** What a newcomer meets: guided probes, then a photo of their own. */

import { expect, GOLDEN_IMAGES, test } from "./bench";

const PHOTO = `${GOLDEN_IMAGES}/01_landscape_640x427.png`;

test("guided probes open, with captions of known truth", async ({ bench, page }) => {
  await bench.open();
  const strip = page.getByRole("navigation", { name: "Guided probes" }).getByRole("link");
  await expect(strip).toHaveCount(5);
  for (const title of ["Which thing has which colour?", "Left or right?", "Who does what?"]) {
    await strip.filter({ hasText: title }).click();
    await expect(bench.captions).toHaveCount(3);
    await expect(bench.ranked).toHaveCount(3);
    await expect(bench.ranked.filter({ hasText: "✓ true" }).first()).toBeVisible();
    await expect(bench.ranked.filter({ hasText: "✗ false" }).first()).toBeVisible();
  }
  await strip.filter({ hasText: "General before specific?" }).click();
  await expect(page.getByRole("region", { name: /^Radial map/ })).toBeVisible();
});

test("with a photo the scene's captions step aside, and starters are offered", async ({
  bench,
  page,
}) => {
  await bench.open("scene=16");
  const before = await bench.captions.count();
  await bench.openFiles("Open a photo…", [PHOTO]);
  await expect(bench.captions).toHaveCount(0);
  await page.getByRole("button", { name: "a photo of a person" }).click();
  await page.getByRole("button", { name: "a photo of an animal" }).click();
  await expect(bench.ranked).toHaveCount(2);
  await expect(page.getByText(/never saw a photograph/)).toBeVisible();
  await page.getByRole("button", { name: "Bring them back" }).click();
  await expect(bench.captions).toHaveCount(before + 2);
  await expect(page.getByRole("button", { name: "Bring them back" })).toHaveCount(0);
  await page.getByRole("button", { name: "Get a model for photos" }).click();
  await expect(page.getByRole("heading", { name: "Use your own model" })).toBeVisible();
});
