import { expect, test } from "vitest";

import { type ArchiveModule, FileStore } from "./file-store";

const given = (path: string, content: BlobPart) => ({ path, file: new File([content], path) });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** Takes every archive for one that is cut off after `s0.cls` and `s0.png`. */
const module: Promise<ArchiveModule> = Promise.resolve({
  tarContents: (name) =>
    Promise.resolve({
      files: [
        { name: "s0.cls", offset: 2, size: 1 },
        { name: "s0.png", offset: 5, size: 3 },
      ],
      damage: `${name} is cut off after 2 files; download it again`,
    }),
});

/** `images/a.png` (stored) and `list.json` (deflated), as Python’s zipfile writes them. */
const ZIP =
  "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAJAAAAcGljdHVyZXMvUEsDBBQAAAAAAAAAIQDAJtEcCQAAAAkAAAAOAA" +
  "AAcGljdHVyZXMvYS5wbmdub3QgYSBwbmdQSwMEFAAAAAgAAAAhAKoeALURAAAA1AAAAAkAAABsaXN0Lmpzb26rVsrJ" +
  "LC5RslJQShwmQKkWAFBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAAJAAAAAAAAAAAAAACAAQAAAABwaWN0dXJlcy" +
  "9QSwECFAMUAAAAAAAAACEAwCbRHAkAAAAJAAAADgAAAAAAAAAAAAAAgAEnAAAAcGljdHVyZXMvYS5wbmdQSwECFAMU" +
  "AAAACAAAACEAqh4AtREAAADUAAAACQAAAAAAAAAAAAAAgAFcAAAAbGlzdC5qc29uUEsFBgAAAAADAAMAqgAAAJQAAA" +
  "AAAA==";

test("files are sorted into lists, images and others", async () => {
  const store = new FileStore(module);
  const files = [given("b/list.json", "{}"), given("b/a.JPG", "x"), given("b/readme.md", "no")];
  expect(await store.add(files)).toEqual([]);
  expect(store.lists).toEqual(["b/list.json"]);
  expect(store.images).toEqual(["b/a.JPG"]);
  expect(store.others).toEqual(["b/readme.md"]);
  expect(text(await store.readList(0))).toBe("{}");
  expect(text(await store.readImage(0))).toBe("x");
  store.clear();
  expect(store.lists).toEqual([]);
  await expect(store.readImage(0)).rejects.toThrow("not at hand");
});

test("an archive that is none is named", async () => {
  const store = new FileStore(module);
  const [problem] = await store.add([given("photos.zip", "PK and nothing else")]);
  expect(problem).toMatch(/^“photos\.zip” cannot be read as a zip archive: /);
  expect(store.images).toEqual([]);
});

test("an archive's files are read one by one", async () => {
  const store = new FileStore(module);
  const bytes = Uint8Array.from(atob(ZIP), (letter) => letter.charCodeAt(0));
  expect(await store.add([given("all.zip", bytes)])).toEqual([]);
  expect(store.images).toEqual(["all.zip/pictures/a.png"]);
  expect(store.lists).toEqual(["all.zip/list.json"]);
  expect(text(await store.readImage(0))).toBe("not a png");
  expect(text(await store.readList(0))).toMatch(/^\{"list": "a{200}"\}$/);
});

test("an archive that claims gigabytes is refused before they are asked for", async () => {
  const store = new FileStore(module);
  const bytes = Uint8Array.from(atob(ZIP), (letter) => letter.charCodeAt(0));
  // The uncompressed size of the second file in the table of contents: claims 4 GB.
  const central = bytes.findLastIndex(
    (_, at) => bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 1,
  );
  bytes.set([0xfe, 0xff, 0xff, 0xff], central + 24);
  await store.add([given("liar.zip", bytes)]);
  await expect(store.readList(0)).rejects.toThrow(/too large for this page/);
});

test("a tar archive's files are read where they lie, and what is wrong with it is said", async () => {
  const store = new FileStore(module);
  expect(await store.add([given("w/0.tar", "..1..png")])).toEqual([
    "w/0.tar is cut off after 2 files; download it again.",
  ]);
  expect([store.images, store.others]).toEqual([["w/0.tar/s0.png"], ["w/0.tar/s0.cls"]]);
  expect(text(await store.readImage(0))).toBe("png");
  expect(text(await store.readOther(0))).toBe("1");
});
