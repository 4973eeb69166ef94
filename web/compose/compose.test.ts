import { expect, test, vi } from "vitest";

import { Model } from "../model/model.svelte";
import { Probe } from "../probe/probe.svelte";
import { BASE, fakeWorker } from "../testing/fake-worker";
import { Client } from "../worker/client";
import { Compose, MOST_TRIES } from "./compose.svelte";

async function opened() {
  const { port, calls } = fakeWorker();
  const client = new Client(
    () => port,
    () => undefined,
  );
  const model = new Model(client, BASE);
  const probe = new Probe(client, model);
  await model.loadDefault();
  await probe.image.showScene("1");
  const compose = new Compose(client, probe);
  await compose.open("1");
  return { compose, probe, calls };
}

const shown = (probe: Probe) => probe.captions.texts[0];

test("captions and ranking follow an edit", async () => {
  const { compose, probe } = await opened();
  compose.move(0, 10, 0);
  await vi.waitFor(() => {
    expect(probe.ranking.map(({ text }) => text).toSorted()).toEqual([
      "a red dog at 310",
      "no red dog at 310",
    ]);
  });
  expect(probe.link.scene).toMatch(/^\{"seed":1/);
});

test("undo and redo go back and forth, and a new edit ends redo", async () => {
  const { compose, probe } = await opened();
  compose.move(0, 10, 0);
  compose.change({ colour: "blue" });
  expect(compose.scene?.things[0]).toMatchObject({ x: 310, colour: "blue" });
  compose.undo();
  expect(compose.scene?.things[0]).toMatchObject({ x: 310, colour: "red" });
  compose.undo();
  expect(compose.canUndo).toBe(false);
  compose.redo();
  expect(compose.scene?.things[0]?.x).toBe(310);
  compose.move(0, 1, 0);
  expect(compose.canRedo).toBe(false);
  await vi.waitFor(() => {
    expect(shown(probe)).toBe("a red dog at 311");
  });
});

test("a drag is one step for undo", async () => {
  const { compose } = await opened();
  compose.move(0, 1, 0, true);
  for (let at = 0; at < 20; at += 1) compose.move(0, 1, 0, false);
  compose.undo();
  expect(compose.scene?.things[0]?.x).toBe(300);
  expect(compose.canUndo).toBe(false);
});

test("while a scene is drawn only the newest of the others waits", async () => {
  const { compose, probe, calls } = await opened();
  const before = calls.filter((kind) => kind === "scene").length;
  for (let at = 0; at < 50; at += 1) compose.move(0, 1, 0, at === 0);
  await vi.waitFor(() => {
    expect(shown(probe)).toBe("a red dog at 350");
  });
  expect(calls.filter((kind) => kind === "scene").length - before).toBeLessThanOrEqual(3);
});

test("an edit that makes no scene is taken back, and says why", async () => {
  const { compose, probe } = await opened();
  compose.changeGround("snow");
  await vi.waitFor(() => {
    expect(compose.problem).toMatch(/no snow here/);
  });
  expect(compose.scene?.ground).toBe("grass");
  compose.move(0, 5, 0);
  await vi.waitFor(() => {
    expect(shown(probe)).toBe("a red dog at 305");
  });
  expect(compose.problem).toBeNull();
});

test("a search says how many scenes it tried, and shows the one that fails", async () => {
  const { compose, probe } = await opened();
  await compose.makeFail();
  expect(compose.search?.running).toBe(false);
  const { tried = 0, winner = null } = compose.search ?? {};
  expect(tried).toBeGreaterThan(0);
  expect(tried).toBeLessThanOrEqual(MOST_TRIES);
  if (winner !== null) {
    await vi.waitFor(() => {
      expect(probe.captions.texts).toContain(winner);
    });
    expect(compose.canUndo).toBe(true);
  }
});

test("a search can be stopped", async () => {
  const { compose } = await opened();
  const search = compose.makeFail();
  compose.stop();
  await search;
  expect(compose.search?.running).toBe(false);
});

test("a thing is placed where the relation holds, as one step; what cannot be is said", async () => {
  const { compose, probe } = await opened();
  await compose.relate("above", 2);
  expect(compose.scene?.things[2]?.y).toBe(800);
  await vi.waitFor(() => {
    expect(probe.link.scene).toContain('"y":800');
  });
  await compose.relate("on", 2);
  expect(compose.problem).toBe("In this world no car is on a dog.");
  compose.undo();
  expect(compose.scene?.things[2]?.y).toBe(700);
});
