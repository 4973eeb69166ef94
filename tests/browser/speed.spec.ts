/** The part of Models that measures both engines. What it finds here says nothing: SwiftShader is no GPU. */

import { expect, test } from "./bench";

interface Found {
  model: { sha256: string };
  engines: {
    engine: string;
    gpuTiles: string | null;
    trial: { textDifference: number } | null;
    rows: { kind: string; batch: number; perSecond: number | null }[];
  }[];
}

test("speed is measured on both engines and copied as JSON", async ({ bench, page }) => {
  test.setTimeout(600_000);
  await bench.open("scene=1");
  await bench.view("Models");
  await expect.poll(() => bench.fragment()).toContain("view=models");
  await page.getByRole("button", { name: "Measure", exact: true }).click();
  await expect(page.getByTestId("speed-cpu").getByRole("row")).toHaveCount(7, { timeout: 60_000 });
  await expect(page.getByTestId("speed-gpu").getByRole("row")).toHaveCount(7, { timeout: 400_000 });
  await page.getByRole("button", { name: "Copy as JSON" }).click({ timeout: 60_000 });
  await expect(page.getByText("Copied.")).toBeVisible();
  const found = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as Found;
  expect(found.engines.map(({ engine }) => engine)).toEqual(["cpu", "gpu"]);
  const [cpu, gpu] = found.engines;
  expect(cpu?.rows.every(({ perSecond }) => (perSecond ?? 0) > 1)).toBe(true);
  expect(gpu?.gpuTiles).toMatch(/^thin=/);
  expect(gpu?.trial?.textDifference).toBeLessThanOrEqual(1e-4);
  await expect(
    page.getByRole("region", { name: "Model", exact: true }).getByText("CPU (WebAssembly)"),
  ).toBeVisible();
});
