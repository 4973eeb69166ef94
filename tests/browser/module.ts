/** The wasm module by itself, without the page. */

import type { Page } from "@playwright/test";

export { GOLDEN } from "./golden";

/** The module's folder, as a page of {@link openModule} fetches it. */
export const MODULE = "web/wasm";

/** Serves files of the repository under the page's own origin, on an empty page. */
export async function openModule(page: Page): Promise<void> {
  await page.route("**/under-test/**", async (route) => {
    const path = new URL(route.request().url()).pathname.split("/under-test/")[1] ?? "";
    if (path === "") {
      await route.fulfill({ contentType: "text/html", body: "<!doctype html><title>test</title>" });
    } else {
      await route.fulfill({ path });
    }
  });
  await page.goto("./under-test/");
}
