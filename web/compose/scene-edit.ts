/** Edits of a scene: pure functions that return a new one. What they cannot know the module refuses. */

import type { SceneDescription, SceneThing, SceneVocabulary } from "../wasm/cliprobe.js";

/** The image's side in the unit of all places. */
export const SIDE = 1000;

export function thingName({ colour, noun }: SceneThing): string {
  return `${colour} ${noun}`;
}

/** Moves a thing, and what it holds with it, as far as the image goes. A held thing leaves its holder. */
export function moved(
  scene: SceneDescription,
  index: number,
  dx: number,
  dy: number,
): SceneDescription {
  const isInGroup = (thing: SceneThing, at: number) => at === index || thing.host?.thing === index;
  const group = scene.things.filter(isInGroup);
  const shift = (by: number, places: number[]) =>
    Math.round(Math.min(Math.max(by, -Math.min(...places)), SIDE - Math.max(...places)));
  const x = shift(
    dx,
    group.map((thing) => thing.x),
  );
  const y = shift(
    dy,
    group.map((thing) => thing.y),
  );
  return {
    ...scene,
    things: scene.things.map((thing, at) =>
      isInGroup(thing, at)
        ? {
            ...thing,
            x: thing.x + x,
            y: thing.y + y,
            host: at === index ? null : thing.host,
          }
        : thing,
    ),
  };
}

/** Changes a thing. A new noun or size ends that it is held and that it holds: the places differ. */
export function changed(
  scene: SceneDescription,
  index: number,
  change: Partial<Pick<SceneThing, "noun" | "colour" | "pattern" | "mirrored">> & { size?: string },
  { sizes }: SceneVocabulary,
): SceneDescription {
  const range = sizes.find(({ size }) => size === change.size);
  const frees = change.noun !== undefined || change.size !== undefined;
  return {
    ...scene,
    things: scene.things.map((thing, at) => {
      if (at !== index) return frees && thing.host?.thing === index ? freed(thing) : thing;
      const radius = range === undefined ? {} : { radius: middle(range) };
      return { ...thing, ...change, ...radius, host: frees ? null : thing.host };
    }),
  };
}

/** A scene with one more thing, in the middle and in front; the same scene where there is no room. */
export function added(scene: SceneDescription, words: SceneVocabulary): SceneDescription {
  if (scene.things.length >= words.mostThings) return scene;
  const range = words.sizes[1] ?? { size: "medium-sized", least: 130, most: 150 };
  const used = scene.things.map(({ colour }) => colour);
  const thing: SceneThing = {
    noun: words.nouns[scene.things.length] ?? "",
    colour: words.colours.find((colour) => !used.includes(colour)) ?? words.colours[0] ?? "",
    pattern: words.patterns[0] ?? "",
    size: range.size,
    x: SIDE / 2,
    y: SIDE / 2,
    radius: middle(range),
    turn: 0,
    mirrored: false,
    shade: 0,
    moving: false,
    host: null,
  };
  return { ...scene, things: [...scene.things, thing] };
}

/** A scene without a thing; the same scene where it is the only one. */
export function removed(scene: SceneDescription, index: number): SceneDescription {
  if (scene.things.length <= 1) return scene;
  return reordered(
    scene,
    scene.things.map((_, at) => at).filter((at) => at !== index),
  );
}

/** A scene with a thing one layer nearer (`by` 1) or farther (−1); the same scene at the ends. */
export function layered(scene: SceneDescription, index: number, by: 1 | -1): SceneDescription {
  const other = index + by;
  if (other < 0 || other >= scene.things.length) return scene;
  const order = scene.things.map((_, at) => (at === index ? other : at === other ? index : at));
  return reordered(scene, order);
}

/** The things at the places given, in that order; a thing that no longer follows its holder is freed. */
function reordered(scene: SceneDescription, order: number[]): SceneDescription {
  const things = order.flatMap((from, at) => {
    const thing = scene.things[from];
    if (thing === undefined) return [];
    if (thing.host === null) return [thing];
    const holder = order.indexOf(thing.host.thing);
    const isHeld = holder >= 0 && holder < at;
    return [isHeld ? { ...thing, host: { ...thing.host, thing: holder } } : freed(thing)];
  });
  return { ...scene, things };
}

/** The furthest that a nearby scene's thing is moved, in thousandths. */
const NEARBY = 220;

/**
 * A scene near another: a thing moved, a thing in another colour, or two things in each other's
 * places. The same number gives the same scene.
 */
export function nearby(
  scene: SceneDescription,
  words: SceneVocabulary,
  number: number,
): SceneDescription {
  const random = generator(number);
  const pick = (count: number) => Math.min(Math.floor(random() * count), count - 1);
  let found = scene;
  for (let edits = 1 + pick(2); edits > 0; edits -= 1) {
    const index = pick(found.things.length);
    const other = pick(found.things.length);
    const [one, two] = [found.things[index], found.things[other]];
    const kind = pick(3);
    if (kind === 0 || one === undefined || two === undefined || index === other) {
      found = moved(found, index, (random() * 2 - 1) * NEARBY, (random() * 2 - 1) * NEARBY);
    } else if (kind === 1) {
      const used = found.things.map(({ colour }) => colour);
      const free = words.colours.filter((colour) => !used.includes(colour));
      found = changed(found, index, { colour: free[pick(free.length)] ?? one.colour }, words);
    } else {
      const [dx, dy] = [two.x - one.x, two.y - one.y];
      found = moved(moved(found, index, dx, dy), other, -dx, -dy);
    }
  }
  return found;
}

/** Mulberry32, from 0 to below 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function freed(thing: SceneThing): SceneThing {
  return { ...thing, host: null };
}

function middle({ least, most }: { least: number; most: number }): number {
  return Math.round((least + most) / 2);
}
