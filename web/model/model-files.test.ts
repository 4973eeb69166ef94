import { expect, test } from "vitest";

import { modelFiles, whatIsGiven } from "./model-files";

const files = (...names: string[]) => names.map((name) => new File(["x"], name));
const names = (list: File[]) => list.map((file) => file.name);

test("a picture is known by its type or its name", () => {
  const typed = new File(["x"], "clipboard", { type: "image/png" });
  expect(whatIsGiven([typed])).toEqual({ kind: "photo", file: typed });
  const [named] = files("IMG_1.JPG");
  expect(whatIsGiven(named ? [named] : [])).toEqual({ kind: "photo", file: named });
});

test("a model is known by its weights or its configuration", () => {
  expect(whatIsGiven(files("m.gguf")).kind).toBe("model");
  expect(whatIsGiven(files("logo.png", "config.json", "model.safetensors")).kind).toBe("model");
});

test("anything else is named in the refusal", () => {
  expect(whatIsGiven(files("paper.pdf"))).toEqual({
    kind: "neither",
    message: "“paper.pdf” is neither a picture nor a model file.",
  });
  expect(whatIsGiven([]).kind).toBe("neither");
});

test("only what a model is read from is taken of a directory", () => {
  const directory = files(
    "config.json",
    "merges.txt",
    "model.safetensors",
    "flax_model.msgpack",
    "a.png",
  );
  expect(names(modelFiles(directory))).toEqual(["config.json", "merges.txt", "model.safetensors"]);
  expect(names(modelFiles(files("config.json", "m.GGUF")))).toEqual(["m.GGUF"]);
});
