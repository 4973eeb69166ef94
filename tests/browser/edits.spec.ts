import { expect, test } from "./bench";

test("hard negatives, positives and generalisations come by key and by button", async ({
  bench,
  page,
}) => {
  await bench.open("scene=1&caption=a+large+red+dog+and+a+small+blue+cat");
  await bench.captions.first().focus();
  await page.keyboard.press("Alt+n");
  await expect.poll(() => bench.captions.count()).toBeGreaterThan(1);
  await expect(bench.captions.first()).toBeFocused();
  await expect(bench.ranked.getByText(/^hard negative: /).first()).toBeVisible();

  await page.getByRole("button", { name: "Make captions of caption 1", exact: true }).click();
  const offers = page.getByRole("group", { name: "Made of caption 1" });
  await offers.getByRole("button", { name: "Hard positives" }).click();
  await expect(bench.ranked.getByText(/^hard positive: /).first()).toBeVisible();
  await expect(bench.ranked.locator(".caption")).toHaveCount(await bench.captions.count());
  // A triple is there: the verdict stands in the ranking.
  await expect(
    page.getByText(/original (right|wrong), augmented (right|wrong)/).first(),
  ).toBeVisible();

  await bench.captions.first().focus();
  await page.keyboard.press("Alt+g");
  await expect(bench.ranked.getByText(/^generalisation: /).first()).toBeVisible();
  await page.keyboard.press("Alt+s");
  await expect(bench.ranked.getByText(/^shuffled: /).first()).toBeVisible();
});

test("what was made of what travels in the link", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+large+red+dog+and+a+small+blue+cat");
  await bench.captions.first().focus();
  await page.keyboard.press("Alt+n");
  await page.keyboard.press("Alt+p");
  await expect(bench.ranked.getByText(/^hard positive: /).first()).toBeVisible();
  const tags = bench.ranked.getByText(/^hard (negative|positive): /);
  await bench.answered();
  const before = await tags.allTextContents();
  const verdicts = await page.getByText(/original (right|wrong), augmented/).allTextContents();
  await expect.poll(() => bench.fragment()).toMatch(/&mark=1\.[np]\.[a-z-]+\.0&/);
  await expect.poll(() => bench.fragment().split("mark=").length - 1).toBe(before.length);
  const url = page.url();
  await page.goto("about:blank");
  await page.goto(url);
  await bench.answered();
  await expect(tags).toHaveText(before);
  expect(await page.getByText(/original (right|wrong), augmented/).allTextContents()).toEqual(
    verdicts,
  );
  // What is not there is said, and the rest is shown.
  await bench.open("scene=1&caption=a+dog&mark=7.n.swap-objects.0");
  await expect(bench.alerts).toHaveText(
    /“mark” is of a caption that is not there; it was left out/,
  );
});

test("the lexicon is fetched when it is first needed, and its absence is said", async ({
  bench,
  page,
}) => {
  const fetched: string[] = [];
  page.on("request", (request) => {
    if (/wordnet/.test(request.url())) fetched.push(request.url());
  });
  await bench.open("scene=1&caption=a+red+dog+and+a+blue+cat");
  expect(fetched).toEqual([]);
  await page.route(/wordnet/, (route) => route.fulfill({ body: "<!doctype html>" }));
  await bench.captions.first().focus();
  await page.keyboard.press("Alt+n");
  await expect(bench.alerts).toHaveText(/The lexicon's text has 15 bytes/);
  await page.unroute(/wordnet/);
  await page.keyboard.press("Alt+n");
  await expect(bench.ranked.getByText(/^hard negative: /).first()).toBeVisible();
});

test("what cannot be edited says why", async ({ bench, page }) => {
  await bench.open("scene=1&caption=quickly");
  await bench.captions.first().focus();
  await page.keyboard.press("Alt+p");
  await expect(bench.alerts).toHaveText(/^The caption has no two conjuncts/);
  await expect(bench.captions).toHaveCount(1);
});

test("each word, its order and each patch are looked at", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+red+dog+left+of+a+blue+cat&caption=a+cat");
  const panel = page.getByRole("region", { name: "Which word matters" });
  await panel.getByRole("button", { name: "Leave out each word" }).click();
  const words = panel.getByRole("list", { name: /^What each word adds/ }).getByRole("listitem");
  await expect(words).toHaveCount(8);
  await expect(words.first()).toHaveText(/^a\s*[+−]?0\.\d{4}$/);
  await expect(
    panel.getByText(/Of 100 other orders of its words the caption is above/),
  ).toBeVisible();
  await panel.getByLabel(/its lead over/).selectOption("a cat");
  await panel.getByRole("button", { name: "Hide each patch" }).click();
  await expect(panel.getByText(/The patch that matters most is in row \d+/)).toBeVisible();
});
