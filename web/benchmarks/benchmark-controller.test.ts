import { expect, test } from "vitest";

import { fakeModule } from "../testing/fake-module";
import type { SessionClip } from "../worker/session-clip";
import { adapted, BenchmarkController } from "./benchmark-controller";

async function ready() {
  const { module } = fakeModule();
  const clip: SessionClip = await module.Clip.load({ "m.gguf": new TextEncoder().encode("GGUF") });
  return { controller: new BenchmarkController(Promise.resolve(module)), clip };
}

const given = (path: string, content: string) => ({ path, file: new File([content], path) });

test("a set is opened, embedded step by step, and scored", async () => {
  const { controller, clip } = await ready();
  const ask = { choices: [{ kind: "tableau", set: "tableau/noun", items: 5 } as const] };
  const opened = await controller.answer({ id: 1, kind: "benchmark-open", ask }, null);
  expect(opened).toMatchObject({
    sets: [{ set: "tableau/noun", items: 5, missingCount: 0 }],
  });
  let encoded = { images: 0, texts: 0 };
  for (let step = 0; encoded.images + encoded.texts < 15; step += 1) {
    expect(step).toBeLessThan(15);
    encoded = (await controller.answer(
      { id: 2, kind: "benchmark-step", ask: {} },
      clip,
    )) as typeof encoded;
  }
  const overview = await controller.answer({ id: 3, kind: "benchmark-evaluate", ask: {} }, clip);
  expect(overview).toMatchObject({ sets: [{ items: 5, scored: 5 }] });
});

test("without a set or a model it says which is missing", async () => {
  const { controller, clip } = await ready();
  await expect(controller.answer({ id: 1, kind: "benchmark-step", ask: {} }, clip)).rejects.toThrow(
    "No set is open.",
  );
  await expect(controller.answer({ id: 2, kind: "benchmark-step", ask: {} }, null)).rejects.toThrow(
    "No model is loaded yet.",
  );
});

test("files stay at hand until they are forgotten, and missing images are named", async () => {
  const { controller } = await ready();
  const files = [given("list.json", "a.png\nb.png\n"), given("a.png", "pixels")];
  expect(
    await controller.answer({ id: 1, kind: "benchmark-give", ask: { files } }, null),
  ).toMatchObject({ sets: [{ set: "list.json" }], images: 1, problems: [] });
  const ask = { choices: [{ kind: "given", set: "list.json", items: null } as const] };
  expect(await controller.answer({ id: 2, kind: "benchmark-open", ask }, null)).toMatchObject({
    sets: [{ missing: ["b.png"], missingCount: 1 }],
  });
  await controller.answer({ id: 3, kind: "benchmark-forget", ask: {} }, null);
  await expect(controller.answer({ id: 4, kind: "benchmark-open", ask }, null)).rejects.toThrow(
    "The files of list.json are not at hand; give them again.",
  );
});

test("batches grow while steps are short, and shrink when they are long", () => {
  expect(adapted(4, 10, 32)).toBe(8);
  expect(adapted(32, 10, 32)).toBe(32);
  expect(adapted(8, 300, 32)).toBe(8);
  expect(adapted(8, 501, 32)).toBe(4);
  expect(adapted(1, 9999, 32)).toBe(1);
});
