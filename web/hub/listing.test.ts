import { expect, test } from "vitest";

import { listAddress, listRepository } from "./listing";
import { Network } from "./network";

const HUB = "https://hub.example";

/** A hub whose addresses answer with JSON; all others with 404. */
function hub(answers: Record<string, unknown>): Network {
  return new Network({
    fetch: (input) => {
      const url = new URL(input as string);
      const answer = answers[url.pathname + url.search];
      return Promise.resolve(
        answer === undefined ? new Response("", { status: 404 }) : Response.json(answer),
      );
    },
    wait: () => Promise.resolve(),
  });
}

const MAIN = "/api/models/acme/tiny/revision/main?blobs=true";
const info = (...names: string[]) => ({
  sha: "c0ffee",
  siblings: names.map((rfilename) => ({ rfilename, size: 7 })),
});

test("Transformers’ files come first, at the commit that the hub names", async () => {
  const answer = {
    sha: "c0ffee",
    siblings: [
      { rfilename: "config.json" },
      { rfilename: "open_clip_config.json" },
      { rfilename: "open_clip_model.safetensors" },
      { rfilename: "tokenizer.json" },
      { rfilename: "vocab.json" },
      { rfilename: "model.safetensors", size: 7, lfs: { sha256: "ab", size: 605 } },
    ],
  };
  const listing = await listRepository(hub({ [MAIN]: answer }), HUB, "acme/tiny", "main");
  const url = (name: string) => `${HUB}/acme/tiny/resolve/c0ffee/${name}`;
  expect(listing).toEqual({
    name: "tiny",
    source: "acme/tiny",
    commit: "c0ffee",
    small: ["config.json", "tokenizer.json"].map((name) => ({
      name,
      url: url(name),
      needed: true,
    })),
    weights: [
      { name: "model.safetensors", url: url("model.safetensors"), bytes: 605, sha256: "ab" },
    ],
    note: null,
  });
});

test("OpenCLIP’s files, and shards, are found", async () => {
  const open = info("open_clip_config.json", "open_clip_model.safetensors", "merges.txt");
  const listing = await listRepository(hub({ [MAIN]: open }), HUB, "acme/tiny", "main");
  expect(listing.weights.map(({ name }) => name)).toEqual(["open_clip_model.safetensors"]);
  expect(listing.small.map(({ name }) => name)).toEqual(["open_clip_config.json", "merges.txt"]);
  const shards = ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"];
  const sharded = info("config.json", "model.safetensors.index.json", ...shards);
  const large = await listRepository(hub({ [MAIN]: sharded }), HUB, "acme/tiny", "main");
  expect(large.weights.map(({ name }) => name)).toEqual(shards.reverse());
});

test("pickled weights alone are taken from the hub’s own conversion, and that is said", async () => {
  const pickled = info("config.json", "pytorch_model.bin");
  const discussions = {
    discussions: [
      { num: 3, title: "Typo", isPullRequest: true, author: { name: "SFconvertbot" } },
      {
        num: 12,
        title: "Adding `safetensors` variant of this model",
        isPullRequest: true,
        author: { name: "SFconvertbot" },
      },
    ],
  };
  const network = hub({
    [MAIN]: pickled,
    "/api/models/acme/tiny/discussions?author=SFconvertbot": discussions,
    "/api/models/acme/tiny/revision/refs%2Fpr%2F12?blobs=true": info(
      "config.json",
      "model.safetensors",
    ),
  });
  const listing = await listRepository(network, HUB, "acme/tiny", "main");
  expect(listing.source).toBe("acme/tiny@refs/pr/12");
  expect(listing.note).toMatch(/pickled weights only; these are from refs\/pr\/12/);
  await expect(listRepository(hub({ [MAIN]: pickled }), HUB, "acme/tiny", "main")).rejects.toThrow(
    "make a GGUF of it with “cliprobe quantize acme/tiny --type Q8_0",
  );
});

test.each([
  [{}, "hub.example has no model acme/tiny (status 404)."],
  [{ [MAIN]: { hello: 1 } }, "hub.example answers otherwise than the Hugging Face hub."],
  [{ [MAIN]: info("README.md") }, "acme/tiny has no CLIP in the form of Transformers"],
])("what is no CLIP is refused", async (answers, message) => {
  await expect(listRepository(hub(answers), HUB, "acme/tiny", "main")).rejects.toThrow(message);
});

test("beside the address of a file lies its configuration", () => {
  const listing = listAddress(`${HUB}/acme/tiny/resolve/main/open_clip_model.safetensors`);
  expect(listing.name).toBe("tiny");
  expect(listing.small[0]).toEqual({
    name: "open_clip_config.json",
    url: `${HUB}/acme/tiny/resolve/main/open_clip_config.json`,
    needed: false,
  });
  const gguf = listAddress(`${HUB}/files/some-clip.gguf`);
  expect(gguf.name).toBe("some-clip");
  expect(gguf.small).toEqual([]);
});
