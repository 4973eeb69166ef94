import { violations } from "./axe";
import { expect, test } from "./bench";
import { offerSiblings } from "./siblings";

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

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in edits, words and a replay in ${colorScheme}`, async ({
    bench,
    page,
  }) => {
    await page.emulateMedia({ colorScheme });
    await bench.open(
      "scene=1&caption=a+large+red+dog+and+a+small+blue+cat&model=0123456789ab&answer=cAAAA",
    );
    await page.getByText("Each number").click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Make captions of caption 1", exact: true }).click();
    await page.getByRole("button", { name: "Hard negatives" }).click();
    await page.getByRole("button", { name: "Hard positives" }).click();
    await expect(bench.ranked.getByText(/^hard positive: /).first()).toBeVisible();
    const panel = page.getByRole("region", { name: "Which word matters" });
    await panel.getByRole("button", { name: "Leave out each word" }).click();
    await expect(panel.getByText(/Of \d+ other orders of its words/)).toBeVisible();
    await panel.getByRole("button", { name: "Hide each patch" }).click();
    await expect(panel.getByText(/The patch that matters most is in row \d+/)).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });

  test(`axe finds nothing in problems of models, scenes and chains in ${colorScheme}`, async ({
    bench,
    page,
  }) => {
    await page.emulateMedia({ colorScheme });
    const chain = ["an animal", "a cat", "a pink cat", "a pink cat inside a brown cup"]
      .map((text) => `tier=${text.replaceAll(" ", "+")}`)
      .join("&");
    await bench.open(`scene=33&${chain}&against=a+vehicle&against=a+dog&against=a+blue+cat`);
    await bench.view("Models");
    await bench.openFiles("Open files…", [{ name: "bad.gguf", buffer: Buffer.from("GGUF? no") }]);
    await expect(bench.alerts).toHaveText(/The model before is still in use/);
    expect(await violations(page)).toEqual([]);
    await bench.view("Hierarchy");
    await expect(page.getByRole("table", { name: /order τ/ })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await bench.view("Compose");
    await bench.answered();
    await page.getByLabel(/^The .* shall be/).selectOption("riding");
    await page.getByRole("button", { name: "Relate" }).click();
    await expect(bench.alerts.filter({ hasText: "In this world no" })).toBeVisible();
    await page.getByRole("button", { name: "Make the model fail" }).click();
    await expect(page.getByText(/is false and wins|a true caption won/)).toBeVisible();
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

  test("the focus goes down each view, as it is read in one column", async ({ bench, page }) => {
    await bench.open("scene=1&caption=a+dog&caption=a+cat");
    for (const view of ["Probe", "Hierarchy", "Compose", "Benchmarks", "Models"] as const) {
      await bench.view(view);
      if (view === "Hierarchy" || view === "Compose") {
        await expect(page.getByRole("main").getByRole("region").first()).toBeVisible();
      }
      let before = { html: "", top: 0 };
      let stops = 0;
      for (let press = 0; press < 120; press += 1) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => {
          const element = document.activeElement;
          if (element === null || element.closest("main") === null) return null;
          const { top, bottom } = element.getBoundingClientRect();
          // Things of a scene lie where they lie, and what scrolls by itself moves below the focus.
          if (element.closest("[role='group'], svg") !== null) return "elsewhere";
          for (let box = element.parentElement; box !== null; box = box.parentElement) {
            if (box.tagName === "MAIN") break;
            if (box.scrollHeight > box.clientHeight + 1) return "elsewhere";
          }
          return {
            html: element.outerHTML.slice(0, 80),
            top: top + scrollY,
            bottom: bottom + scrollY,
          };
        });
        // The head of the page comes before, its foot after.
        if (focused === null && stops === 0) continue;
        if (focused === null) break;
        stops += 1;
        if (focused === "elsewhere") continue;
        expect(focused.bottom, `${focused.html} after ${before.html}`).toBeGreaterThan(before.top);
        before = focused;
      }
      expect(stops, view).toBeGreaterThan(5);
      await page.evaluate(() => {
        scrollTo(0, 0);
      });
    }
  });

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
