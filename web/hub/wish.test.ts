import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { DEFAULT_ENDPOINT, readEndpoint, readWish } from "./wish";

beforeEach(() => {
  vi.stubGlobal("location", { origin: "http://127.0.0.1:8080" });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const repository = (id: string, revision = "main") => ({ kind: "repository", id, revision });

test.each([
  ["openai/clip-vit-base-patch32", repository("openai/clip-vit-base-patch32")],
  [" hf-hub:laion/CLIP-ViT-B-32 ", repository("laion/CLIP-ViT-B-32")],
  ["acme/tiny@v1.0", repository("acme/tiny", "v1.0")],
  ["acme/tiny@refs/pr/3", repository("acme/tiny", "refs/pr/3")],
  ["https://huggingface.co/acme/tiny", repository("acme/tiny")],
  ["https://huggingface.co/acme/tiny/tree/refs%2Fpr%2F3", repository("acme/tiny", "refs/pr/3")],
  [
    "https://huggingface.co/acme/tiny/blob/main/model.safetensors",
    { kind: "file", url: "https://huggingface.co/acme/tiny/resolve/main/model.safetensors" },
  ],
  ["https://example.org/a.gguf#x", { kind: "file", url: "https://example.org/a.gguf" }],
  [
    "http://127.0.0.1:8080/a.gguf",
    { kind: "file", url: "http://127.0.0.1:8080/a.gguf" }, // the page's own server
  ],
])("%s is understood", (text, wish) => {
  expect(readWish(text, DEFAULT_ENDPOINT)).toEqual(wish);
});

test.each([
  ["", "Give a model’s name"],
  ["clip", "“clip” is no name of a model"],
  ["a/b/c", "“a/b/c” is no name of a model"],
  ["acme/../x", "no name of a model"],
  ["acme/tiny@a@b", "“acme/tiny@a@b” is no name of a model"],
  ["acme/tiny@../x", "no name of a model"],
  ["<b>/x", "no name of a model"],
  ["http://example.org/a.gguf", "only asks servers with https"],
  ["https://example.org/a.bin", "neither a model on huggingface.co nor"],
  ["https://", "is no address"],
])("%s is refused in one sentence", (text, message) => {
  expect(() => readWish(text, DEFAULT_ENDPOINT)).toThrow(message);
});

test("a hub has an address", () => {
  expect(readEndpoint(" https://hub.example/mirror/ ")).toBe("https://hub.example/mirror");
  expect(() => readEndpoint("hub")).toThrow("is no address");
});
