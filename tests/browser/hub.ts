/** A hub that a test plays, at the address of the real one: the golden models, and ways to fail. */

import { readdir, readFile } from "node:fs/promises";

import type { Page, Route } from "@playwright/test";

export const HUB = "https://huggingface.co";
const GOLDEN = "tests/golden";
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** What happens to a request for a file, in place of the usual answer; `null` for that. */
export type Misfortune = (
  name: string,
  range: { from: number; to: number } | null,
  route: Route,
) => Promise<boolean> | boolean;

export interface Played {
  /** Addresses that were asked for, with their ranges. */
  asked: string[];
  /** What goes wrong; a test puts its own here. */
  misfortune: Misfortune | null;
}

/** Answers with bytes as the hub does: to any page, in parts where they are asked for. */
export async function give(route: Route, bytes: Buffer, cut = bytes.length): Promise<void> {
  const range = rangeOf(route);
  const { from, to } = range ?? { from: 0, to: bytes.length };
  const end = Math.min(to, bytes.length);
  await route.fulfill({
    status: range === null ? 200 : 206,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "Content-Range",
      ...(range === null ? {} : { "content-range": `bytes ${from}-${end - 1}/${bytes.length}` }),
    },
    contentType: "application/octet-stream",
    body: bytes.subarray(from, Math.min(end, Math.max(cut, from))),
  });
}

function rangeOf(route: Route): { from: number; to: number } | null {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(route.request().headers()["range"] ?? "") ?? [];
  return from === undefined ? null : { from: Number(from), to: Number(to) + 1 };
}

export async function status(route: Route, code: number, headers = {}): Promise<void> {
  await route.fulfill({
    status: code,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "X-Error-Code, Retry-After",
      ...headers,
    },
    body: "no",
  });
}

/** Plays `acme/<golden model>`, of which `pickled` has no weights that a page reads. */
export async function playHub(page: Page): Promise<Played> {
  const played: Played = { asked: [], misfortune: null };
  await page.route(`${HUB}/**`, async (route) => {
    const url = new URL(route.request().url());
    const range = route.request().headers()["range"];
    played.asked.push(url.pathname + (range === undefined ? "" : ` ${range}`));
    const [, id = "", rest] = /^\/(?:api\/models\/)?acme\/([\w-]+)\/(.*)$/.exec(url.pathname) ?? [];
    const name = rest?.split("/").pop() ?? "";
    if ((await played.misfortune?.(name, rangeOf(route), route)) === true) return;
    if (url.pathname.startsWith("/api/")) {
      if (id === "pickled" && rest?.startsWith("revision/") === true) {
        const siblings = ["config.json", "pytorch_model.bin"].map((rfilename) => ({ rfilename }));
        await give(route, Buffer.from(JSON.stringify({ sha: COMMIT, siblings })));
        return;
      }
      const names = await readdir(`${GOLDEN}/${id}`).catch(() => null);
      if (names === null || rest?.startsWith("revision/") !== true) {
        await status(route, 404);
        return;
      }
      const siblings = await Promise.all(
        names.map(async (rfilename) => ({
          rfilename,
          size: (await readFile(`${GOLDEN}/${id}/${rfilename}`)).length,
        })),
      );
      await give(route, Buffer.from(JSON.stringify({ sha: COMMIT, siblings })));
      return;
    }
    const bytes = await readFile(`${GOLDEN}/${id}/${name}`).catch(() => null);
    if (bytes === null) await status(route, 404);
    else await give(route, bytes);
  });
  return played;
}
