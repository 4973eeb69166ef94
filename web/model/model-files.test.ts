import { expect, test } from "vitest";

import { droppedFiles, modelFiles, whatIsGiven } from "./model-files";

const files = (...names: string[]) => names.map((name) => new File(["x"], name));
const names = (list: File[]) => list.map((file) => file.name);

test("an image is known by its type or its name", () => {
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
    message: "“paper.pdf” is neither an image, a model file nor a saved question.",
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

/** As much of a drop as is read: entries of files and of directories that list in two batches. */
function drop(...entries: (File | { directory: File[] })[]): DataTransfer {
  const fileEntry = (file: File) => ({
    isFile: true,
    isDirectory: false,
    file: (found: (file: File) => void) => {
      found(file);
    },
  });
  const directoryEntry = (inside: File[]) => ({
    isFile: false,
    isDirectory: true,
    createReader() {
      const batches = [inside.slice(0, 1), inside.slice(1), []].map((batch) =>
        batch.map(fileEntry),
      );
      return {
        readEntries(found: (entries: object[]) => void) {
          found(batches.shift() ?? []);
        },
      };
    },
  });
  return {
    files: entries.filter((entry) => entry instanceof File),
    items: entries.map((entry) => ({
      webkitGetAsEntry: () =>
        entry instanceof File ? fileEntry(entry) : directoryEntry(entry.directory),
    })),
  } as unknown as DataTransfer;
}

test("a drop gives its files, and those inside its folders", async () => {
  const [a, b, c] = files("a.png", "config.json", "model.safetensors") as [File, File, File];
  expect(await droppedFiles(drop(a))).toEqual([a]);
  expect(names(await droppedFiles(drop({ directory: [b, c] }, a)))).toEqual([
    "config.json",
    "model.safetensors",
    "a.png",
  ]);
});
