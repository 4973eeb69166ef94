/** The page on WebGPU: SwiftShader here, so right and slow. */

import { expect, test } from "./bench";

test("the default model ranks alike on both engines", async ({ bench, page }) => {
  await bench.open("scene=1");
  const model = page.getByRole("region", { name: "Model" });
  await expect(model.getByText("CPU (WebAssembly)")).toBeVisible();
  const [order, cosines] = [await bench.order(), await bench.cosines()];
  await page.getByLabel("Run on").selectOption("GPU");
  await expect(model.getByText(/^GPU \(WebGPU/)).toBeVisible();
  await expect(page.getByTestId("engine-story")).toHaveText(/max \|Δ\| between them \d/);
  await bench.settled();
  expect(await bench.order()).toEqual(order);
  const there = await bench.cosines();
  there.forEach((cosine, i) => {
    expect(cosine).toBeCloseTo(cosines[i] ?? NaN, 3);
  });

  await model.getByText("All about this model").click();
  await page.getByRole("button", { name: "Copy a device report" }).click();
  await expect(model.getByText("Copied.")).toBeVisible();
  const report = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as {
    engine: string;
    gpu: { backend: string };
  };
  expect(report).toMatchObject({ engine: "gpu", gpu: { backend: "webgpu" } });
});

test("without WebGPU the page says so and goes on", async ({ bench, page }) => {
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }),
  );
  await page.route("**/*worker*.js", async (route) => {
    const response = await route.fetch();
    const without =
      'Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined });';
    await route.fulfill({ response, body: without + (await response.text()) });
  });
  await bench.open("scene=1");
  const before = await bench.cosines();
  await page.getByLabel("Run on").selectOption("GPU");
  await expect(bench.alerts).toHaveText(/no usable GPU.*The model before is still in use/s);
  expect(await bench.cosines()).toEqual(before);
});
