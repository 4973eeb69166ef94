/**
 * A model of real size through the converter, by hand: `LARGE_MODEL` names a folder with config.json,
 * model.safetensors and tokenizer.json, such as `random_model ViT-B-32 TOKENIZER_DIR OUT_DIR` writes.
 */
import { open, readFile, stat } from "node:fs/promises";

import { expect, test } from "./bench";
import { COMMIT, HUB } from "./hub";

const folder = process.env["LARGE_MODEL"];
const AT_A_TIME = 16_000_000;

test.skip(folder === undefined, "LARGE_MODEL names no folder");

test("the converter's memory stays small", async ({ bench, page }) => {
  test.setTimeout(580_000);
  const names = ["config.json", "model.safetensors", "tokenizer.json"];
  await page.route(`${HUB}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const headers = { "access-control-allow-origin": "*" };
    if (pathname.startsWith("/api/")) {
      const siblings = names.map((rfilename) => ({ rfilename }));
      await route.fulfill({ headers, body: JSON.stringify({ sha: COMMIT, siblings }) });
      return;
    }
    const path = `${folder ?? ""}/${pathname.split("/").pop() ?? ""}`;
    const [, from, to] = /(\d+)-(\d+)/.exec(route.request().headers()["range"] ?? "") ?? [];
    if (from === undefined) {
      await route.fulfill({ headers, body: await readFile(path) });
      return;
    }
    // Never the whole rest: the connection breaks, and is taken up again, every 16 MB.
    const length = Math.min(Number(to) + 1 - Number(from), AT_A_TIME);
    const file = await open(path);
    const body = Buffer.alloc(length);
    await file.read(body, 0, length, Number(from));
    await file.close();
    await route.fulfill({ status: 206, headers, body });
  });
  await bench.open("scene=1");
  await bench.view("Models");
  await page.getByLabel("Name or address").fill("acme/large");
  await page.keyboard.press("Enter");
  const kept = page.getByRole("list", { name: "Kept in this browser" });
  await expect(kept).toBeVisible({ timeout: 500_000 });
  await kept.getByText("Where it is from").click();
  const facts = await kept.innerText();
  console.log((await stat(`${folder ?? ""}/model.safetensors`)).size, facts);
  const heap = Number(/with ([\d.]+) MB of memory/.exec(facts)?.[1]);
  expect(heap).toBeLessThanOrEqual(64 * 1.048576);
});
