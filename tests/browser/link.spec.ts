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
