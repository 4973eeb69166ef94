import { expect, test } from "vitest";

import { Captions } from "../probe/captions.svelte";
import { fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Edits } from "./edits.svelte";
import { readMark, writeMark } from "./marks";

function edits() {
  const { port } = fakeWorker();
  const captions = new Captions();
  const client = new Client(
    () => port,
    () => undefined,
  );
  return { captions, edits: new Edits(client, captions) };
}

test("marks travel with their captions", async () => {
  const { captions, edits: sender } = edits();
  captions.replaceAll(["a dog", "a cat"]);
  const [first] = captions.list;
  if (first !== undefined) await sender.make(first, "hard-negative");
  const { texts } = captions;
  const marks = sender.marks(texts);
  expect(marks).toEqual([{ at: 1, group: "hard-negative", kind: "swap-objects", of: 0 }]);
  const { edits: receiver } = edits();
  receiver.open(marks ?? [], texts);
  expect(receiver.madeFrom(texts[1] ?? "")).toEqual(sender.madeFrom(texts[1] ?? ""));
  // The original was deleted: its words travel instead of its place.
  expect(sender.marks(texts.slice(1))).toEqual([
    { at: 0, group: "hard-negative", kind: "swap-objects", of: "a dog" },
  ]);
  expect(sender.marks(["a dog"])).toBeNull();
});

test("a mark reads back as what was written", () => {
  const mark = { at: 12, group: "order", kind: "shuffle-all", of: "a ~dog.0" } as const;
  expect(writeMark(mark)).toBe("12.s.shuffle-all.~a ~dog.0");
  expect(readMark(writeMark(mark))).toEqual(mark);
  expect(() => readMark("1.n.swap")).toThrow("does not say how a caption was made");
});
