import { expect, test } from "vitest";

import { fakeDescription, fakeWords as words } from "../testing/fake-module";
import { added, changed, layered, moved, nearby, removed, SIDE } from "./scene-edit";

const scene = fakeDescription(1);
const places = (of: typeof scene) => of.things.map(({ x, y }) => [x, y]);

test("a holder takes what it holds along, a held thing leaves its holder", () => {
  const holder = moved(scene, 0, 10, -20);
  expect(places(holder)).toEqual([
    [310, 580],
    [330, 480],
    [800, 700],
  ]);
  expect(holder.things[1]?.host).not.toBeNull();
  const held = moved(scene, 1, 10, 0);
  expect(held.things[1]).toMatchObject({ x: 330, host: null });
  expect(held.things[0]).toEqual(scene.things[0]);
});

test("nothing leaves the image", () => {
  expect(places(moved(scene, 2, 5000, -5000))[2]).toEqual([SIDE, 0]);
  // The one that is nearest to the edge stops the other.
  expect(places(moved(scene, 0, 0, -5000)).slice(0, 2)).toEqual([
    [300, 100],
    [320, 0],
  ]);
});

test("another noun or size frees what is held, another colour does not", () => {
  expect(changed(scene, 0, { colour: "green" }, words).things[1]?.host).not.toBeNull();
  const sized = changed(scene, 0, { size: "medium-sized" }, words);
  expect(sized.things[0]).toMatchObject({ size: "medium-sized", radius: 140 });
  expect(sized.things[1]?.host).toBeNull();
  expect(changed(scene, 1, { noun: "tree" }, words).things[1]?.host).toBeNull();
});

test("things are added up to the most, and all but the last removed", () => {
  const four = added(scene, words);
  expect(four.things).toHaveLength(4);
  expect(added(four, words)).toBe(four);
  const two = removed(scene, 0);
  expect(two.things.map(({ noun, host }) => [noun, host])).toEqual([
    ["cat", null],
    ["car", null],
  ]);
  const one = removed(two, 0);
  expect(removed(one, 0)).toBe(one);
  expect(removed(scene, 2).things[1]?.host).toEqual({ thing: 0, hold: "carried" });
});

test("layers change places, and a held thing stays held while it follows its holder", () => {
  const front = layered(scene, 1, 1);
  expect(front.things.map(({ noun }) => noun)).toEqual(["dog", "car", "cat"]);
  expect(front.things[2]?.host).toEqual({ thing: 0, hold: "carried" });
  const behind = layered(scene, 1, -1);
  expect(behind.things.map(({ noun }) => noun)).toEqual(["cat", "dog", "car"]);
  expect(behind.things[0]?.host).toBeNull();
  expect(layered(scene, 2, 1)).toBe(scene);
});

test("nearby scenes are the same for the same number, and hold the same number of things", () => {
  for (let number = 0; number < 200; number += 1) {
    const near = nearby(scene, words, number);
    expect(nearby(scene, words, number)).toEqual(near);
    expect(near.things).toHaveLength(3);
    for (const { x, y } of near.things) {
      expect(Number.isInteger(x) && Number.isInteger(y)).toBe(true);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x, y)).toBeLessThanOrEqual(SIDE);
    }
  }
});
