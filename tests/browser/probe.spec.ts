import { expect, GOLDEN_IMAGES, test } from "./bench";

test("loads, verifies the model and ranks a scene's captions", async ({ bench, page }) => {
  await bench.open("scene=1");
  await expect(page.getByText("verified on this device")).toBeVisible();
  const cosines = await bench.cosines();
  expect(cosines.length).toBeGreaterThan(1);
  expect(cosines).toEqual(cosines.toSorted((a, b) => b - a));
  await expect(bench.image).toHaveAttribute("alt", /^Generated scene 1: /);
  await expect(page.getByText(/true–false pairs in the right order/)).toBeVisible();
  await expect(bench.ranked.filter({ hasText: "✓ true" }).first()).toBeVisible();
  await expect(bench.ranked.filter({ hasText: "✗ false" }).first()).toBeVisible();
});

test("asks nothing of any other origin", async ({ bench, page }) => {
  const origins = new Set<string>();
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http")) origins.add(origin);
  });
  await bench.open();
  expect([...origins]).toEqual([new URL(page.url()).origin]);
});

test("typing ranks again", async ({ bench }) => {
  await bench.open("scene=1&caption=a+red+thing&caption=a+blue+thing");
  const before = await bench.cosines();
  await bench.captions.nth(1).fill("nothing of the kind");
  await expect(bench.ranked.filter({ hasText: "nothing of the kind" })).toBeVisible();
  await bench.answered();
  expect(await bench.order()).toHaveLength(2);
  expect(await bench.cosines()).not.toEqual(before);
});

test("many captions can be pasted at once", async ({ bench, page }) => {
  await bench.open("scene=1&caption=first");
  await bench.captions.first().focus();
  await page.evaluate(() => navigator.clipboard.writeText("second\n\nthird\n"));
  await page.keyboard.press("ControlOrMeta+v");
  await expect(bench.captions).toHaveCount(3);
  await expect(bench.captions.nth(2)).toHaveValue("third");
  await expect(bench.captions.nth(2)).toBeFocused();
  await expect(bench.ranked).toHaveCount(3);
});

test("a new scene brings its own captions and leaves the person's", async ({ bench, page }) => {
  await bench.open("scene=1");
  await bench.add("a caption of my own");
  const before = await bench.captions.first().inputValue();
  await page.getByRole("button", { name: "New scene" }).click();
  await expect(bench.captions.first()).not.toHaveValue(before);
  await expect(bench.captions.last()).toHaveValue("a caption of my own");
  await expect(bench.ranked.filter({ hasText: "a caption of my own" })).toBeVisible();
});

test("a bad seed is named and the scene stays", async ({ bench, page }) => {
  await bench.open("scene=1");
  await page.getByRole("textbox", { name: "Scene", exact: true }).fill("-5");
  await page.getByRole("button", { name: "Draw" }).click();
  await expect(bench.alerts).toHaveText(/The seed is not a whole number/);
  await expect(bench.image).toHaveAttribute("alt", /scene 1/);
});

test("a photo can be opened and ranked", async ({ bench }) => {
  await bench.open("scene=1&caption=a+dog&caption=a+cat");
  const before = await bench.cosines();
  await bench.openFiles("Open a photo…", [`${GOLDEN_IMAGES}/11_exif6_400x300.jpg`]);
  await expect(bench.image).toHaveAttribute("alt", "The photo “11_exif6_400x300.jpg”");
  await expect.poll(() => bench.cosines()).not.toEqual(before);
});

test("an unreadable photo is refused and the image stays", async ({ bench }) => {
  await bench.open("scene=1");
  const buffer = Buffer.from("this is no image");
  await bench.openFiles("Open a photo…", [{ name: "broken.png", buffer }]);
  await expect(bench.alerts).toHaveText(/broken\.png/);
  await expect(bench.image).toHaveAttribute("alt", /scene 1/);
  await expect(bench.ranked.first()).toBeVisible();
});

test("a pasted image is taken, wherever the focus is", async ({ bench, page }) => {
  await bench.open("scene=1");
  await page.evaluate(async () => {
    const source = document.querySelector<HTMLImageElement>("figure img");
    const blob = await new Promise<Blob | null>((resolve) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 64;
      if (source !== null) canvas.getContext("2d")?.drawImage(source, 0, 0, 64, 64);
      canvas.toBlob(resolve);
    });
    if (blob === null) throw new Error("the canvas gave no image");
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
  });
  await page.keyboard.press("ControlOrMeta+v");
  await expect(bench.image).toHaveAttribute("alt", /^The photo/);
  // The scene's captions stepped aside.
  await bench.add("a caption of my own");
  await bench.answered();
  await expect(bench.ranked).toHaveCount(1);
});

test("an empty list and an overlong caption say what to do", async ({ bench }) => {
  await bench.open("scene=1&caption=a+dog");
  await bench.add("x".repeat(10_000));
  await expect(bench.alerts).toHaveText(/has 10000 characters and is not ranked/);
  await expect(bench.ranked).toHaveCount(1);
  await bench.page.getByRole("button", { name: "Delete caption 2" }).click();
  await expect(bench.alerts).toHaveCount(0);
  await bench.page.getByRole("button", { name: "Delete caption 1" }).click();
  await expect(bench.alerts).toHaveText(/add a caption/);
  await bench.add("a dog");
  await expect(bench.ranked).toHaveCount(1);
});

test("a caption longer than the context is flagged", async ({ bench }) => {
  await bench.open("scene=1&caption=a+dog");
  await bench.add("a red dog ".repeat(90).trim());
  await expect(bench.ranked.filter({ hasText: "cut at the model’s context" })).toHaveCount(1);
});

test("softmax is shown on request only", async ({ bench, page }) => {
  await bench.open("scene=1");
  const column = page.getByRole("region", { name: "Ranking" }).getByText(/%$/);
  await expect(column).toHaveCount(0);
  await page.getByRole("checkbox", { name: /Softmax/ }).check();
  await expect(column).toHaveCount(await bench.ranked.count());
  await expect.poll(() => bench.fragment()).toContain("softmax=1");
});

test("works below any path", async ({ bench, page }) => {
  await page.route("**/some/where/**", (route) =>
    route.continue({ url: route.request().url().replace("/some/where/", "/") }),
  );
  await page.goto("./some/where/#scene=1");
  await bench.settled();
});
