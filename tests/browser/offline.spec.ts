import { expect, test } from "./bench";

test.use({ serviceWorkers: "allow" });

test("the page opens and ranks without a network", async ({ bench, page, context }) => {
  await bench.open("scene=1");
  const online = await bench.cosines();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await bench.open("scene=1");
  expect(await bench.cosines()).toEqual(online);
});

test("what the page keeps of itself is one build, whole", async ({ bench, page }) => {
  await bench.open();
  const kept = await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const names = (await caches.keys()).filter((name) => name.startsWith("cliprobe-page-"));
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.map((list) => list.map(({ url }) => new URL(url).pathname));
  });
  expect(kept).toHaveLength(1);
  expect(kept[0]).toContain("/index.html");
  expect(kept[0]?.some((path) => path.endsWith(".wasm"))).toBe(true);
  expect(kept[0]).toContain("/models/models.json");
  // Models have caches of their own.
  expect(kept[0]?.filter((path) => path.endsWith(".gguf"))).toEqual([]);
});
