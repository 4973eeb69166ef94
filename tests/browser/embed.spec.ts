/** One probe inside another page. */

import { violations } from "./axe";
import { expect, test } from "./bench";

test("what is copied for embedding shows the probe in another page", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+red+dog&caption=a+blue+cat");
  const [order, cosines] = [await bench.order(), await bench.cosines()];
  await page.getByRole("button", { name: "Copy for embedding" }).click();
  await expect(page.getByText("A frame for another page is copied.")).toBeVisible();
  const snippet = await page.evaluate(() => navigator.clipboard.readText());
  expect(snippet).toMatch(/^<iframe src="http:[^"<>]*\/\?embed#v=3&amp;[^"<>]*" title="cliprobe/);

  await page.route("**/another-page", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><html lang="en"><title>Notes</title><main>${snippet}</main></html>`,
    }),
  );
  await page.goto("./another-page");
  const frame = page.frameLocator("iframe");
  const ranked = frame.getByRole("region", { name: "Ranking" }).getByRole("listitem");
  await expect(ranked).toHaveCount(2);
  expect(await ranked.locator(".caption").allTextContents()).toEqual(order);
  const shown = await ranked.locator(".cosine").allTextContents();
  expect(shown.map((text) => Number(text.replace("cosine", "").replace("−", "-")))).toEqual(
    cosines,
  );
  await expect(frame.getByRole("navigation")).toHaveCount(0);
  await expect(frame.getByText(/^cliprobe at /)).toContainText(new URL(page.url()).host);
  await expect(
    frame.getByRole("region", { name: "Replay of a link" }).getByRole("status"),
  ).toHaveText(/^The same model as the sender’s\. All 2 cosines equal/);
  const link = frame.getByRole("link", { name: "Open the full page" });
  await expect(link).toHaveAttribute("target", "_blank");
  const address = await link.getAttribute("href");
  expect(address).toMatch(/\/#v=3&.*caption=a\+red\+dog/);
  await page.goto("about:blank");
  await page.goto(address ?? "");
  await bench.settled();
  expect(await bench.order()).toEqual(order);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in an embedded probe in ${colorScheme}`, async ({ bench, page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("./?embed#scene=1&caption=a+red+dog&caption=a+blue+cat&caption=%3Cb%3E");
    await bench.answered();
    expect(await violations(page)).toEqual([]);
  });
}

test("an embedded probe fits a narrow column, and a broken link says so in it", async ({
  bench,
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 600 });
  await page.goto("./?embed#scene=minus+one&caption=a+dog");
  await bench.answered();
  await expect(bench.alerts).toHaveText(/“scene” is not a whole number/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

test("the ranking is copied as an image", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+red+dog&caption=a+blue+cat");
  await page.getByRole("button", { name: "Copy as PNG" }).click();
  await expect(page.getByText("The ranking is copied.")).toBeVisible();
  const size = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const bitmap = await createImageBitmap((await item?.getType("image/png")) ?? new Blob());
    return [bitmap.width, bitmap.height];
  });
  expect(size[0]).toBe(1000);
  expect(size[1]).toBeGreaterThan(300);
});
