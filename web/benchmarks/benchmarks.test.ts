import { describe, expect, test } from "vitest";

import { Model } from "../model/model.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Benchmarks, DEFAULT_ITEMS } from "./benchmarks.svelte";

const SET = "tableau/swap_attribute";
const file = (path: string, content: string) => ({ path, file: new File([content], path) });

async function ready() {
  const { port, record, calls } = fakeWorker();
  const crashes: string[] = [];
  const client = new Client(
    () => port,
    (message) => crashes.push(message),
  );
  client.restart();
  const model = new Model(client, BASE);
  const benchmarks = new Benchmarks(client, model);
  await model.loadDefault();
  await benchmarks.listSets();
  return { benchmarks, model, client, calls, record };
}

/** Lets the worker answer some calls. */
async function steps(calls: string[], count: number): Promise<void> {
  const seen = () => calls.filter((kind) => kind === "benchmark-step").length;
  const wanted = seen() + count;
  while (seen() < wanted) await new Promise((resolve) => setTimeout(resolve, 0));
}

describe("a run", () => {
  test("ends with a result and its failures", async () => {
    const { benchmarks } = await ready();
    benchmarks.choose([SET]);
    expect(benchmarks.items).toBe(DEFAULT_ITEMS);
    benchmarks.items = 60;
    await benchmarks.run();
    expect(benchmarks.phase).toBe("done");
    expect(benchmarks.result?.overview.sets[0]?.metrics[0]?.value).toBeCloseTo(2 / 3);
    expect(benchmarks.result?.model).toBe("fake");
    expect(benchmarks.answers.total).toBe(20);
    expect(benchmarks.answers.list).toHaveLength(12);
    expect(benchmarks.itemsPerSecond).toBeGreaterThan(0);
    await benchmarks.answers.show(0, "all", 48);
    expect(benchmarks.answers.list.map(({ id }) => id)).toEqual(
      Array.from({ length: 12 }, (_, place) => String(48 + place)),
    );
  });

  test("pauses, asks nothing meanwhile, and goes on where it was", async () => {
    const { benchmarks, calls, client } = await ready();
    benchmarks.choose([SET]);
    benchmarks.items = 500;
    void benchmarks.run();
    await steps(calls, 3);
    benchmarks.pause();
    expect(benchmarks.phase).toBe("paused");
    const asked = calls.length;
    // The worker does one thing after the other: when this is answered, the step under way has ended.
    await client.request("verify", {});
    expect(calls).toHaveLength(asked + 1);
    await benchmarks.continue();
    expect(benchmarks.phase).toBe("done");
    expect(benchmarks.encoded).toEqual({ images: 500, texts: 1000, failed: 0 });
    expect(calls.filter((kind) => kind === "benchmark-open")).toHaveLength(1);
  });

  test("pausing and going on at once does not run it twice", async () => {
    const { benchmarks, calls } = await ready();
    benchmarks.choose([SET]);
    benchmarks.items = 500;
    void benchmarks.run();
    await steps(calls, 2);
    benchmarks.pause();
    await benchmarks.continue();
    expect(benchmarks.phase).toBe("done");
    expect(calls.filter((kind) => kind === "benchmark-evaluate")).toHaveLength(1);
  });

  test("stops for good, and can be run again", async () => {
    const { benchmarks, calls } = await ready();
    benchmarks.choose([SET]);
    benchmarks.items = 500;
    const run = benchmarks.run();
    await steps(calls, 2);
    benchmarks.stop();
    await run;
    expect(benchmarks.phase).toBe("idle");
    expect(benchmarks.result).toBeNull();
    benchmarks.items = 9;
    await benchmarks.run();
    expect(benchmarks.result?.overview.sets[0]?.items).toBe(9);
    expect(benchmarks.earlier).toEqual([]);
    benchmarks.items = 6;
    await benchmarks.run();
    expect(benchmarks.earlier.map(({ overview }) => overview.sets[0]?.items)).toEqual([9]);
  });

  test("ends with a sentence when the model is changed", async () => {
    const { benchmarks, model, calls } = await ready();
    benchmarks.choose([SET]);
    benchmarks.items = 5000;
    const run = benchmarks.run();
    await steps(calls, 2);
    await model.loadDefault();
    await run;
    expect(benchmarks.phase).toBe("idle");
    expect(benchmarks.problem).toMatch(/model was changed/);
  });

  test("is lost with the engine, and can be run again after it", async () => {
    const { benchmarks, client, model, calls } = await ready();
    benchmarks.choose([SET]);
    benchmarks.items = 5000;
    const run = benchmarks.run();
    await steps(calls, 2);
    client.restart();
    benchmarks.reset();
    await run;
    expect(benchmarks.phase).toBe("idle");
    await model.reload();
    benchmarks.items = 3;
    await benchmarks.run();
    expect(benchmarks.phase).toBe("done");
  });
});

test("several sets are run together, and each can be looked at", async () => {
  const { benchmarks, calls } = await ready();
  await benchmarks.give([file("mine.json", "a.png\nb.png\nc.png"), file("a.png", "x")]);
  benchmarks.choose(["tableau/noun", SET, "mine.json"]);
  expect(benchmarks.items).toBeNull();
  await benchmarks.run();
  const sets = benchmarks.result?.overview.sets ?? [];
  expect(sets.map(({ set, items }) => [set, items])).toEqual([
    ["tableau/noun", DEFAULT_ITEMS],
    [SET, DEFAULT_ITEMS],
    ["mine.json", 3],
  ]);
  expect(benchmarks.encoded.images).toBe(2 * DEFAULT_ITEMS + 3);
  expect(calls.filter((kind) => kind === "benchmark-open")).toHaveLength(1);
  expect(benchmarks.answers.set).toBe(0);
  await benchmarks.look(2, "all");
  expect(benchmarks.answers.total).toBe(3);
  expect(await benchmarks.answers.image(0)).toEqual(new TextEncoder().encode("x"));
  expect((await benchmarks.export("csv"))?.name).toBe("3-sets.csv");
  expect(benchmarks.earlier).toEqual([]);
});

test("another model on the same set is compared with the one before", async () => {
  const { benchmarks, model } = await ready();
  benchmarks.choose([SET]);
  benchmarks.items = 3;
  await benchmarks.run();
  expect(benchmarks.result?.changes).toBeNull();
  await benchmarks.run();
  // The same model: there is nothing to compare.
  expect(benchmarks.result?.changes).toBeNull();
  await model.loadOwn([new File(["GGUF"], "other.gguf")]);
  benchmarks.choose(["tableau/noun", SET]);
  await benchmarks.run();
  expect(benchmarks.result?.changes?.before).toBe("fake");
  expect(benchmarks.result?.changes?.sets.map(({ set }) => set)).toEqual([SET]);
});

test("of chosen sets whose files are forgotten the others stay", async () => {
  const { benchmarks } = await ready();
  await benchmarks.give([file("mine.json", "a.png")]);
  benchmarks.choose([SET, "mine.json"]);
  await benchmarks.forget();
  expect(benchmarks.sets).toEqual([SET]);
  benchmarks.choose([]);
  await benchmarks.run();
  expect(benchmarks.phase).toBe("idle");
});

describe("files", () => {
  test("bring their sets, are asked whole, and miss images by name", async () => {
    const { benchmarks } = await ready();
    await benchmarks.give([file("mine/probes.json", "a.png\nb.png\nc.png")]);
    expect(benchmarks.sets).toEqual(["mine/probes.json"]);
    expect(benchmarks.items).toBeNull();
    await benchmarks.give([file("mine/images/a.png", "x"), file("mine/images/c.png", "y")]);
    expect(benchmarks.atHand.images).toBe(2);
    await benchmarks.run();
    expect(benchmarks.opened?.sets[0]?.missing).toEqual(["b.png"]);
    expect(benchmarks.result?.overview.sets[0]).toMatchObject({
      items: 3,
      scored: 2,
      skippedCount: 1,
    });
    expect(benchmarks.result?.overview.sets[0]?.skipped[0]?.why).toMatch(/^b\.png is not among/);
    expect(await benchmarks.answers.image(0)).toEqual(new TextEncoder().encode("x"));
    expect(await benchmarks.answers.image(1)).toBeNull();
  });

  test("that are no set are refused by name", async () => {
    const { benchmarks } = await ready();
    await benchmarks.give([file("broken.json", "!")]);
    await benchmarks.run();
    expect(benchmarks.phase).toBe("idle");
    expect(benchmarks.problem).toMatch(/broken\.json: not the JSON expected/);
  });

  test("without any use are said to be", async () => {
    const { benchmarks } = await ready();
    await benchmarks.give([file("readme.md", "x")]);
    expect(benchmarks.fileProblem).toMatch(/neither a benchmark’s list/);
    expect(benchmarks.sets).toEqual(["tableau/noun"]);
  });

  test("can be forgotten", async () => {
    const { benchmarks } = await ready();
    await benchmarks.give([file("mine.json", "a.png")]);
    await benchmarks.forget();
    expect(benchmarks.atHand.sets).toEqual([]);
    expect(benchmarks.sets).toEqual(["tableau/noun"]);
    expect(benchmarks.items).toBe(DEFAULT_ITEMS);
  });
});

test("the result is saved as a file named by its set", async () => {
  const { benchmarks } = await ready();
  expect(await benchmarks.export("json")).toBeNull();
  benchmarks.choose([SET]);
  benchmarks.items = 3;
  await benchmarks.run();
  const json = await benchmarks.export("json");
  expect(json?.name).toBe("tableau-swap_attribute.json");
  expect(JSON.parse((await json?.text()) ?? "")).toEqual({ sets: [SET] });
  expect((await benchmarks.export("csv"))?.name).toBe("tableau-swap_attribute.csv");
});
