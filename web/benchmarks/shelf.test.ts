import { expect, test } from "vitest";

import { Shelf } from "./shelf";

const given = (path: string, content: BlobPart) => ({ path, file: new File([content], path) });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** `pictures/a.png` (stored) and `list.json` (deflated), as Python’s zipfile writes them. */
const ZIP =
  "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAJAAAAcGljdHVyZXMvUEsDBBQAAAAAAAAAIQDAJtEcCQAAAAkAAAAOAA" +
  "AAcGljdHVyZXMvYS5wbmdub3QgYSBwbmdQSwMEFAAAAAgAAAAhAKoeALURAAAA1AAAAAkAAABsaXN0Lmpzb26rVsrJ" +
  "LC5RslJQShwmQKkWAFBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAAJAAAAAAAAAAAAAACAAQAAAABwaWN0dXJlcy" +
  "9QSwECFAMUAAAAAAAAACEAwCbRHAkAAAAJAAAADgAAAAAAAAAAAAAAgAEnAAAAcGljdHVyZXMvYS5wbmdQSwECFAMU" +
  "AAAACAAAACEAqh4AtREAAADUAAAACQAAAAAAAAAAAAAAgAFcAAAAbGlzdC5qc29uUEsFBgAAAAADAAMAqgAAAJQAAA" +
  "AAAA==";

test("files are sorted into lists and pictures; others are left", async () => {
  const shelf = new Shelf();
  const files = [given("b/list.json", "{}"), given("b/a.JPG", "x"), given("b/readme.md", "no")];
  expect(await shelf.add(files)).toEqual([]);
  expect(shelf.lists).toEqual(["b/list.json"]);
  expect(shelf.pictures).toEqual(["b/a.JPG"]);
  expect(text(await shelf.readList(0))).toBe("{}");
  expect(text(await shelf.readPicture(0))).toBe("x");
  shelf.clear();
  expect(shelf.lists).toEqual([]);
  await expect(shelf.readPicture(0)).rejects.toThrow("not at hand");
});

test("an archive that is none is named", async () => {
  const shelf = new Shelf();
  const [problem] = await shelf.add([given("photos.zip", "PK and nothing else")]);
  expect(problem).toMatch(/^“photos\.zip” cannot be read as a zip archive: /);
  expect(shelf.pictures).toEqual([]);
});

test("an archive's files are read one by one", async () => {
  const shelf = new Shelf();
  const bytes = Uint8Array.from(atob(ZIP), (letter) => letter.charCodeAt(0));
  expect(await shelf.add([given("all.zip", bytes)])).toEqual([]);
  expect(shelf.pictures).toEqual(["all.zip/pictures/a.png"]);
  expect(shelf.lists).toEqual(["all.zip/list.json"]);
  expect(text(await shelf.readPicture(0))).toBe("not a png");
  expect(text(await shelf.readList(0))).toMatch(/^\{"list": "a{200}"\}$/);
});

test("an archive that claims gigabytes is refused before they are asked for", async () => {
  const shelf = new Shelf();
  const bytes = Uint8Array.from(atob(ZIP), (letter) => letter.charCodeAt(0));
  // The uncompressed size of the second file in the table of contents: claims 4 GB.
  const central = bytes.findLastIndex(
    (_, at) => bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 1,
  );
  bytes.set([0xfe, 0xff, 0xff, 0xff], central + 24);
  await shelf.add([given("liar.zip", bytes)]);
  await expect(shelf.readList(0)).rejects.toThrow(/too large for this page/);
});
