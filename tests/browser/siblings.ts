/** Gives the page's default model siblings that answer otherwise. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import type { OfferedModel } from "../../web/worker/model-list";

/** Of the file's end, the last weights. */
const CHANGED_BYTES = 8192;

export interface Siblings {
  default: OfferedModel;
  /** “first sibling” and “second sibling”. */
  others: [OfferedModel, OfferedModel];
  /** Files of siblings that were downloaded, in order. */
  downloads: string[];
}

/**
 * Serves a list of the default model and two copies of it whose last weights were changed.
 *
 * @param damaged whether the second sibling's file is not what the list says
 */
export async function offerSiblings(page: Page, { damaged = false } = {}): Promise<Siblings> {
  const [original] = JSON.parse(await readFile("models/models.json", "utf8")) as [OfferedModel];
  const weights = await readFile(`models/${original.file}`);
  const files = new Map<string, Buffer>();
  const sibling = (name: string, mask: number): OfferedModel => {
    const content = Buffer.from(weights);
    // The lowest bits, so that no scale of a block becomes infinite.
    for (let at = content.length - CHANGED_BYTES; at < content.length; at += 1) {
      content[at] = (content[at] ?? 0) ^ mask;
    }
    const file = `${name.replaceAll(" ", "-")}.gguf`;
    files.set(file, content);
    return {
      name,
      about: `The default model with its last weights changed, to stand for the ${name}.`,
      file,
      bytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    };
  };
  const others: [OfferedModel, OfferedModel] = [
    sibling("first sibling", 1),
    sibling("second sibling", 3),
  ];
  if (damaged) files.set(others[1].file, Buffer.from(weights));
  const downloads: string[] = [];
  await page.route("**/models/models.json", (route) =>
    route.fulfill({ json: [original, ...others] }),
  );
  await page.route("**/models/*-sibling.gguf", async (route) => {
    const file = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    downloads.push(file);
    await route.fulfill({ body: files.get(file) ?? "", contentType: "application/octet-stream" });
  });
  return { default: original, others, downloads };
}
