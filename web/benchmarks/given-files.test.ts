import { expect, test } from "vitest";

import { droppedTree, pickedFiles } from "./given-files";

const file = (name: string) => new File(["x"], name);

function fileEntry(name: string): FileSystemEntry {
  const entry = {
    name,
    isFile: true,
    file: (done: (file: File) => void) => {
      done(file(name));
    },
  };
  return entry as unknown as FileSystemEntry;
}

/** A folder whose entries come two at a time, as browsers give a hundred. */
function folderEntry(name: string, inside: FileSystemEntry[]): FileSystemEntry {
  const createReader = () => {
    let next = 0;
    return {
      readEntries(done: (entries: FileSystemEntry[]) => void) {
        done(inside.slice(next, (next += 2)));
      },
    };
  };
  return { name, isFile: false, createReader } as unknown as FileSystemEntry;
}

function transfer(entries: (FileSystemEntry | null)[], files: File[]): DataTransfer {
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
  return { items, files } as unknown as DataTransfer;
}

test("a drop's folders are looked through at any depth", async () => {
  const images = folderEntry("images", ["a.png", "b.png", "c.png"].map(fileEntry));
  const root = folderEntry("sugar", [fileEntry("list.json"), images]);
  const given = await droppedTree(transfer([root, fileEntry("more.csv")], []));
  expect(given.map(({ path }) => path)).toEqual([
    "sugar/list.json",
    "sugar/images/a.png",
    "sugar/images/b.png",
    "sugar/images/c.png",
    "more.csv",
  ]);
});

test("a drop without entries gives its files", async () => {
  const given = await droppedTree(transfer([null], [file("a.json")]));
  expect(given.map(({ path }) => path)).toEqual(["a.json"]);
});

test("a picked folder's files keep their paths", () => {
  const inside = file("a.png");
  Object.defineProperty(inside, "webkitRelativePath", { value: "folder/a.png" });
  expect(pickedFiles([inside, file("b.png")]).map(({ path }) => path)).toEqual([
    "folder/a.png",
    "b.png",
  ]);
});
