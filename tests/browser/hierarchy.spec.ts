import { readFile } from "node:fs/promises";

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, test } from "./bench";

const OWN = ["an animal", "a dog", "a red dog", "a red dog on grass"];

const map = (page: Page) => page.getByRole("region", { name: /^Radial map/ });
const traversal = (page: Page) => page.getByRole("region", { name: /^Traversal/ });

async function open(page: Page, fragment = ""): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`./#view=hierarchy&${fragment}`);
  await expect(map(page).first().getByRole("option").first()).toBeVisible();
  await expect(map(page).first()).toHaveAttribute("aria-busy", "false");
}

async function saved(page: Page, button: string): Promise<Buffer> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: button, exact: true }).first().click();
  return readFile(await (await download).path());
}

test("a scene's captions stand around the root, and its chain is looked for", async ({
  bench: { page },
}) => {
  await open(page, "scene=4");
  await expect(traversal(page).getByRole("listitem").first()).toBeVisible();
  await expect(traversal(page).getByText("Recall")).toBeVisible();
  // The ladder goes from the root outwards.
  const numbers = await traversal(page).locator("ol").first().locator(".numbers").allTextContents();
  const levels = numbers.map((text) => Number(/level (\d+)/.exec(text)?.[1]));
  expect(levels).toEqual(levels.toSorted((a, b) => a - b));
  expect(levels.length).toBeGreaterThan(1);
  await page.getByRole("checkbox", { name: /straight line/ }).check();
  await expect(
    traversal(page)
      .getByText(/% of the way/)
      .first(),
  ).toBeVisible();
});

test("a caption that is added appears where it falls, and moves no other", async ({
  bench: { page },
}) => {
  await open(page, "scene=4&caption=a+dog");
  const dot = map(page)
    .getByRole("option", { name: /^“a dog”/ })
    .locator("circle");
  const before = [await dot.getAttribute("cx"), await dot.getAttribute("cy")];
  await page.getByLabel("Add a caption").fill("a green tree");
  await page.keyboard.press("Enter");
  await expect(map(page).getByRole("option", { name: /^“a green tree”/ })).toBeVisible();
  expect([await dot.getAttribute("cx"), await dot.getAttribute("cy")]).toEqual(before);
  await expect.poll(() => page.url()).toContain("caption=a+green+tree");
});

test("the map can be walked through by keyboard", async ({ bench: { page } }) => {
  await open(page, "scene=4&caption=a+dog&caption=a+cat");
  const list = map(page).getByRole("listbox");
  await list.focus();
  await expect(page.getByTestId("told")).toHaveText(/radius \d\.\d{4}/);
  const first = await list.getAttribute("aria-activedescendant");
  await page.keyboard.press("ArrowRight");
  expect(await list.getAttribute("aria-activedescendant")).not.toBe(first);
  await page.keyboard.press("Home");
  expect(await list.getAttribute("aria-activedescendant")).toBe(first);
});

test("a chain of one's own is measured, and is part of the link", async ({ bench, page }) => {
  await open(page, "scene=4");
  for (const [tier, text] of OWN.entries()) {
    await page.getByLabel(new RegExp(`^Tier ${tier + 1}`)).fill(text);
  }
  const table = page.getByRole("table", { name: /order τ/ });
  await expect(table.getByRole("row")).toHaveCount(5);
  for (const [tier, text] of ["a vehicle", "a cat", "a blue dog"].entries()) {
    await page.getByLabel(`Contradicts tier ${tier + 1}`).fill(text);
  }
  await expect(table.getByRole("columnheader", { name: "Loss" })).toBeVisible();
  await expect.poll(() => bench.fragment()).toContain("against=a+blue+dog");
  const rows = await table.innerText();
  const url = page.url();
  await page.goto("about:blank");
  await page.goto(url);
  await expect(table.getByRole("columnheader", { name: "Loss" })).toBeVisible();
  expect(await table.innerText()).toBe(rows);
});

test("candidates come from lines, a text file or HierarCaps' table", async ({ bench, page }) => {
  await open(page, "scene=4");
  await page.getByLabel("Candidates of the traversal").selectOption("lines");
  await page.getByLabel("Candidates, one a line").fill("a thing\na red thing\na dog");
  await expect(traversal(page).getByText(/image, of 3\./)).toBeVisible();
  await page.getByLabel("Candidates of the traversal").selectOption("file");
  await bench.openFiles("Open candidates…", [
    { name: "texts.txt", buffer: Buffer.from("an animal\na plant\na cow\na tree\n") },
  ]);
  await expect(traversal(page).getByText(/image, of 4\./)).toBeVisible();
  const csv = "id,captions,image_url\n1,a => a b => a b c => a b c d,http://x/1.jpg\n";
  await bench.openFiles("Open candidates…", [{ name: "h.csv", buffer: Buffer.from(csv) }]);
  await expect(page.getByLabel(/^Which row belongs/)).toBeVisible();
  await bench.openFiles("Open candidates…", [{ name: "bad.csv", buffer: Buffer.from("a,b\n") }]);
  await expect(bench.alerts).toHaveText(/“bad.csv” was not taken/);
});

test("two models stand beside each other on one scale", async ({ bench: { page } }) => {
  await open(page, "scene=4");
  await page.getByLabel("Compare with").selectOption({ label: "radial" });
  await expect(map(page)).toHaveCount(2);
  await expect(map(page).nth(1).getByRole("option").first()).toBeVisible();
  await expect.poll(() => page.url()).toContain("b=746ae2e5c538");
  const rings = (at: number) =>
    map(page)
      .nth(at)
      .locator(".ring")
      .evaluateAll((all) => all.map((ring) => ring.getAttribute("r")));
  expect(await rings(0)).toEqual(await rings(1));
});

test("the map and the numbers are saved as files", async ({ bench: { page } }) => {
  await open(page, "scene=4&caption=a+dog");
  const svg = (await saved(page, "Save SVG")).toString();
  expect(svg).toMatch(/^<svg[^>]* width="640"/);
  expect(svg).toContain("data:image/jpeg;base64,");
  expect(svg).not.toContain("var(--");
  const png = await saved(page, "Save PNG");
  expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  const csv = (await saved(page, "Save CSV")).toString();
  expect(csv).toMatch(/^text,roles,radius,/);
  const tensors = (await saved(page, "Save tensors.tsv")).toString().trimEnd().split("\n");
  const metadata = (await saved(page, "Save metadata.tsv")).toString().trimEnd().split("\n");
  expect(metadata).toHaveLength(tensors.length + 1);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in the hierarchy view in ${colorScheme}`, async ({ bench: { page } }) => {
    await page.emulateMedia({ colorScheme });
    await open(page, `scene=4&${OWN.map((text) => `tier=${text.replaceAll(" ", "+")}`).join("&")}`);
    await expect(page.getByRole("table", { name: /order τ/ })).toBeVisible();
    const found = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
      .analyze();
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("nothing sticks out", async ({ bench: { page } }) => {
    await open(page, "scene=4");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    for (const button of await page.getByRole("button").all()) {
      const box = await button.boundingBox();
      expect(box?.height, await button.innerText()).toBeGreaterThanOrEqual(44);
    }
  });
});
