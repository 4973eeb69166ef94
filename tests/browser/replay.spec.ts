import { expect, test } from "./bench";

test("a link brings its numbers, and they are the same here", async ({ bench, page }) => {
  await bench.open("scene=1&caption=a+red+dog&caption=a+blue+cat");
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByText(/^Copied\. The link has [\d,]+ characters\.$/)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/&answer=c[\w-]{8}$/);
  await page.getByRole("button", { name: "Copy as CSV" }).click();
  await expect(page.getByText("The ranking is copied.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^place,caption,cosine,margin,image,model_sha256,engine\r\n1,a (red dog|blue cat),0\.\d+,/,
  );
  await bench.open(new URL(link).hash.slice(1));
  const banner = page.getByRole("region", { name: "Replay of a link" });
  await expect(banner.getByRole("status")).toHaveText(
    /^The same model as the sender’s\. All 2 cosines equal the sender’s within 2e-5/,
  );
  await bench.captions.first().fill("another question");
  await expect(banner).toHaveCount(0);
});

test("other numbers are shown one by one, and broken ones are left out", async ({
  bench,
  page,
}) => {
  await bench.open(
    "scene=1&caption=a+red+dog&caption=a+blue+cat&model=0123456789ab&answer=cAAAAAAAA",
  );
  const banner = page.getByRole("region", { name: "Replay of a link" });
  await expect(banner.getByRole("status")).toHaveText(
    /^Another model than the sender’s.*0 of 2 cosines equal/,
  );
  await banner.getByText("Each number").click();
  await expect(banner.getByRole("row").nth(1)).toContainText("a red dog");
  await banner.getByRole("button", { name: "Dismiss" }).click();
  await expect(banner).toHaveCount(0);
  await bench.open("scene=1&caption=a+red+dog&answer=%3Cb%3E");
  await expect(bench.alerts).toHaveText(/“answer” holds no cosines; it was left out/);
});
