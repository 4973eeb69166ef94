import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, test } from "./bench";
import { offerSiblings } from "./siblings";

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`,
  );
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in ${colorScheme}`, async ({ bench, page }) => {
    await page.emulateMedia({ colorScheme });
    await offerSiblings(page);
    await bench.open("scene=1&model=0123456789ab&softmax=1");
    await page.getByRole("button", { name: "Compare models" }).click();
    await expect(page.getByText("3 of 3 models have answered.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await bench.add("x".repeat(1001));
    await expect(bench.alerts).toHaveCount(1);
    expect(await violations(page)).toEqual([]);
    await bench.view("Models");
    await page.getByText("All about this model").click();
    expect(await violations(page)).toEqual([]);
    await bench.view("Benchmarks");
    expect(await violations(page)).toEqual([]);
  });
}

test("everything can be done by keyboard", async ({ bench, page }) => {
  await bench.open("scene=1&caption=first&caption=second");
  const press = (key: string) => page.keyboard.press(key);
  while (!(await bench.captions.first().evaluate((field) => field === document.activeElement))) {
    await press("Tab");
  }
  await press("End");
  await page.keyboard.type(" and more");
  await press("Enter");
  await page.keyboard.type("between");
  await expect(bench.captions).toHaveCount(3);
  await expect(bench.captions.nth(1)).toHaveValue("between");
  await press("Alt+ArrowDown");
  await expect(bench.captions.nth(2)).toHaveValue("between");
  await expect(bench.captions.nth(2)).toBeFocused();
  await expect(page.getByText("“between” is now 3 of 3.")).toBeAttached();
  await press("Alt+ArrowUp");
  await press("ControlOrMeta+a");
  await press("Backspace");
  await press("Backspace");
  await expect(bench.captions).toHaveCount(2);
  await expect(bench.captions.nth(1)).toBeFocused();
  await expect(bench.ranked.filter({ hasText: "first and more" })).toBeVisible();
});

test("the focus can be seen on every stop", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+dog");
  const seen = new Set<string>();
  for (let stop = 0; stop < 40; stop += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return { html: element.outerHTML.slice(0, 80), outlineStyle, outlineWidth };
    });
    if (focused === null) break;
    seen.add(focused.html);
    expect(focused).toMatchObject({ outlineStyle: "solid", outlineWidth: "3px" });
  }
  expect(seen.size).toBeGreaterThan(10);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test("nothing sticks out, and buttons are large enough for a finger", async ({ bench, page }) => {
    const long = "antidisestablishmentarianism".repeat(6);
    await offerSiblings(page);
    await bench.open(`scene=1&caption=${long}&caption=a+dog&softmax=1`);
    await page.getByRole("button", { name: "Compare models" }).click();
    await expect(page.getByText("3 of 3 models have answered.")).toBeVisible();
    await bench.captions.first().focus();
    const check = async () => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      for (const button of await page.getByRole("button").all()) {
        const box = await button.boundingBox();
        expect(box?.height, await button.innerText()).toBeGreaterThanOrEqual(44);
        expect(box?.width, await button.innerText()).toBeGreaterThanOrEqual(44);
      }
    };
    await check();
    await expect(page.getByRole("button", { name: "Take a photo" })).toBeVisible();
    await bench.view("Models");
    await page.getByText("All about this model").click();
    await check();
  });
});
