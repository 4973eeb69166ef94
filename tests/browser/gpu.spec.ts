/** The page on WebGPU: SwiftShader here, so right and slow. */

import { expect, test } from "./bench";

/** SwiftShader compiles and runs the kernels some hundred times slower than a GPU does. */
const PATIENCE = { timeout: 150_000 };

test("the default model ranks alike on both engines", async ({ bench, page }) => {
  test.slow();
  await bench.open("scene=1");
  const model = page.getByRole("region", { name: "Model" });
  const [order, cosines] = [await bench.order(), await bench.cosines()];
  await bench.view("Models");
  await expect(model.getByText("CPU (WebAssembly)")).toBeVisible();
  await page.getByLabel("Run on").selectOption("GPU");
  await expect(model.getByText(/^GPU \(WebGPU/)).toBeVisible(PATIENCE);
  await expect(page.getByTestId("engine-story")).toHaveText(/max \|Δ\| between them \d/);
  await expect(page.getByText(/Verified on this device/)).toBeVisible(PATIENCE);
  await bench.view("Probe");
  await expect(page.getByRole("region", { name: "Ranking" })).toHaveAttribute(
    "aria-busy",
    "false",
    PATIENCE,
  );
  expect(await bench.order()).toEqual(order);
  const there = await bench.cosines();
  there.forEach((cosine, i) => {
    expect(cosine).toBeCloseTo(cosines[i] ?? NaN, 3);
  });

  await bench.view("Models");
  await model.getByText("All about this model").click();
  await page.getByRole("button", { name: "Copy a device report" }).click();
  await expect(model.getByText("Copied.")).toBeVisible();
  const report = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as {
    engine: string;
    gpu: { backend: string };
  };
  // SwiftShader has subgroups, and the browser tells and gives them.
  expect(report).toMatchObject({ engine: "gpu", gpu: { backend: "webgpu", subgroups: true } });
});

test("the GPU multiplies in 8-bit numbers, as wished for on an earlier visit", async ({
  bench,
  page,
}) => {
  test.slow();
  await bench.open("scene=1");
  const cosines = await bench.cosines();
  await page.evaluate(() => {
    localStorage.setItem("cliprobe-engine", "gpu");
    localStorage.setItem("cliprobe-arithmetic", "int8");
  });
  await page.reload();
  await bench.view("Models");
  const model = page.getByRole("region", { name: "Model" });
  await expect(model.getByText(/^GPU \(WebGPU.*\) in int8$/)).toBeVisible(PATIENCE);
  await expect(page.getByTestId("engine-story")).toHaveText(/is allowed in int8/);
  await expect(page.getByText(/Verified on this device/)).toBeVisible(PATIENCE);
  await bench.view("Probe");
  await expect(page.getByRole("region", { name: "Ranking" })).toHaveAttribute(
    "aria-busy",
    "false",
    PATIENCE,
  );
  for (const [i, cosine] of (await bench.cosines()).entries()) {
    expect(Math.abs(cosine - (cosines[i] ?? NaN))).toBeLessThan(0.02);
  }
  await bench.view("Models");
  const numbers = page.getByLabel("The GPU multiplies in");
  await expect(numbers).toHaveValue("int8");
  // SwiftShader has no f16.
  const half = numbers.locator("option[value=f16]");
  await expect(half).toBeDisabled();
  await expect(half).toHaveText(/this GPU does not offer shader-f16/);
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
  await bench.inModels(() => page.getByLabel("Run on").selectOption("GPU"));
  await expect(bench.alerts).toHaveText(
    /No usable GPU was found.*The model before is still in use/s,
  );
  expect(await bench.cosines()).toEqual(before);
});
