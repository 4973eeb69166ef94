import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { MAX_CAPTION_CHARACTERS, MAX_CAPTIONS } from "../probe/caption-list";
import type { Mark } from "../edits/marks";
import {
  emptyLinkState,
  HASH_DIGITS,
  type LinkState,
  MAX_COPY_BYTES,
  MAX_NAME_CHARACTERS,
  readFragment,
  VIEWS,
  writeFragment,
} from "./link-state";

const hash = fc.stringMatching(new RegExp(`^[0-9a-f]{${HASH_DIGITS}}$`));
const text = (maxLength: number) =>
  fc.string({ unit: "grapheme", minLength: 1, maxLength }).filter((s) => s.length <= maxLength);
const caption = text(60).filter((line) => line.trim() !== "");

/** Any state the page can be in. */
const linkState: fc.Arbitrary<LinkState> = fc
  .record({
    image: fc.oneof(
      fc.constant({}),
      fc.record({ scene: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String) }),
      fc.record({ scene: fc.json({ maxDepth: 2 }).filter((json) => /^\{.{0,1400}$/.test(json)) }),
      fc.record({
        photo: text(MAX_NAME_CHARACTERS),
        hash: fc.option(hash),
        copy: fc.option(
          fc.uint8Array({ maxLength: 64 }).map((tail) => new Uint8Array([0xff, 0xd8, ...tail])),
        ),
      }),
    ),
    captions: fc.option(fc.array(caption, { maxLength: 12 })),
    model: fc.option(hash),
    softmax: fc.boolean(),
    view: fc.constantFrom(...VIEWS),
    sets: fc.array(text(MAX_NAME_CHARACTERS), { maxLength: 5 }),
    items: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
    candidates: fc.option(fc.array(caption, { maxLength: 12 })),
    own: fc.option(fc.array(fc.oneof(caption, fc.constant("")), { minLength: 4, maxLength: 4 })),
    contradictions: fc.option(
      fc.array(fc.oneof(caption, fc.constant("")), { minLength: 3, maxLength: 3 }),
    ),
    levels: fc.option(fc.integer({ min: 2, max: 500 })),
    radius: fc.constantFrom("euclidean" as const, "cosine" as const),
    other: fc.option(hash),
    patch: fc.option(
      fc.record({ a: hash, b: hash, alpha: fc.constantFrom(0, 0.01, 0.4, 0.9999, 1) }),
    ),
    answer: fc.option(
      fc.record({
        engine: fc.constantFrom("cpu" as const, "gpu" as const),
        // Exact in the three bytes that a cosine takes.
        cosines: fc.array(fc.constantFrom(-1, 0, 1), { maxLength: 12 }),
      }),
    ),
  })
  .map(({ image, ...rest }) => ({ ...emptyLinkState(), ...image, ...rest }))
  .chain((state) => marksOf(state.captions ?? []).map((marks) => ({ ...state, marks })));

/** Marks of some of these captions; `null` for none. */
function marksOf(captions: string[]): fc.Arbitrary<Mark[] | null> {
  if (captions.length === 0) return fc.constant(null);
  const place = fc.integer({ min: 0, max: captions.length - 1 });
  const mark: fc.Arbitrary<Mark> = fc.record({
    at: place,
    group: fc.constantFrom("hard-negative", "hard-positive", "generalisation", "order"),
    kind: fc.constantFrom("swap-objects", "positive-passive", "shuffle-all"),
    of: fc.oneof(place, caption),
  });
  return fc.option(fc.array(mark, { minLength: 1, maxLength: 5 }));
}

describe("a fragment", () => {
  test("reads back as what was written", () => {
    fc.assert(
      fc.property(linkState, (state) => {
        expect(readFragment(writeFragment(state))).toEqual({ state, problems: [] });
      }),
    );
  });

  test("of any text reads without throwing, and what was read writes and reads the same", () => {
    const key = fc.constantFrom(
      "scene",
      "photo",
      "hash",
      "copy",
      "caption",
      "model",
      "softmax",
      "items",
    );
    const pairs = fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.tuple(key, fc.string({ unit: "binary" })).map(([k, v]) => `${k}=${v}`),
      ),
    );
    fc.assert(
      fc.property(
        pairs.map((parts) => parts.join("&")),
        (garbage) => {
          const { state } = readFragment(garbage);
          expect(readFragment(writeFragment(state))).toEqual({ state, problems: [] });
        },
      ),
    );
  }, 60_000); // seconds of work, and more where others work too

  test("survives the URL parser, which browsers apply to it", () => {
    fc.assert(
      fc.property(linkState, (state) => {
        const url = new URL(`https://example.org/x/#${writeFragment(state)}`);
        expect(readFragment(url.hash).state).toEqual(state);
      }),
    );
  });

  test("is short and legible for a plain question", () => {
    const state = { ...emptyLinkState(), scene: "7", captions: ["a red dog", "ein Hund"] };
    expect(writeFragment(state)).toBe("v=3&view=probe&scene=7&caption=a+red+dog&caption=ein+Hund");
  });

  test("tells an empty list of captions from none given", () => {
    expect(readFragment("caption=").state.captions).toEqual([]);
    expect(readFragment("scene=1").state.captions).toBeNull();
  });

  test("writes half a surrogate pair as a replacement character", () => {
    const state = { ...emptyLinkState(), captions: ["a \ud800 b"] };
    expect(readFragment(writeFragment(state)).state.captions).toEqual(["a \ufffd b"]);
  });

  test.each([
    ["scene=-1", "scene"],
    ["scene=18446744073709551616", "scene"],
    ["scene=1e3", "scene"],
    ["scene=1&scene=2", "scene"],
    ["scene=%zz", "scene"],
    ["view=atlas", "view"],
    ["softmax=yes", "softmax"],
    ["model=XYZ", "model"],
    ["photo=", "photo"],
    ["hash=12", "hash"],
    ["copy=!!!", "copy"],
    ["copy=AAAA", "copy"],
    ["scene=1&photo=a.jpg", "photo"],
    ["patch=0123456789ab-0123456789ab-2", "patch"],
    ["patch=0123456789ab-0.5", "patch"],
    ["caption=a&mark=0.x.swap.0", "mark"],
    ["caption=a&mark=0.n.swap.1", "mark"],
    ["caption=a&mark=%3Cb%3E", "mark"],
    [`caption=${"x".repeat(MAX_CAPTION_CHARACTERS + 1)}`, "caption"],
    ["caption=x&".repeat(MAX_CAPTIONS + 1), "caption"],
    ["caption=x&".repeat(200_000), "caption"],
    [`caption=${"x".repeat(2_000_000)}`, "caption"],
  ])("names the key that it cannot read: %.40s", (fragment, key) => {
    const { problems } = readFragment(`#${fragment}&unknown=1`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`“${key}”`);
  });

  test("refuses an embedded image over the limit", () => {
    const copy = new Uint8Array(MAX_COPY_BYTES + 1);
    copy.set([0xff, 0xd8]);
    const { state, problems } = readFragment(
      writeFragment({ ...emptyLinkState(), photo: "a", copy }),
    );
    expect(state.copy).toBeNull();
    expect(problems).toHaveLength(1);
  });

  test("keeps the good keys beside a bad one", () => {
    const { state } = readFragment("#scene=oops&caption=a+cat&softmax=1");
    expect(state).toEqual({ ...emptyLinkState(), captions: ["a cat"], softmax: true });
  });
});

describe("the version of a link", () => {
  test.each([
    // What earlier pages wrote.
    ["scene=7&caption=a+red+dog&softmax=1", { scene: "7", captions: ["a red dog"], softmax: true }],
    [
      "v=2&view=hierarchy&scene=7&levels=9&radius=cosine&b=0123456789ab",
      { view: "hierarchy", scene: "7", levels: 9, radius: "cosine", other: "0123456789ab" },
    ],
    [
      "v=2&view=benchmarks&set=tableau/noun&items=9",
      { view: "benchmarks", sets: ["tableau/noun"], items: 9 },
    ],
  ])("opens as before: %s", (fragment, said) => {
    expect(readFragment(fragment)).toEqual({
      state: { ...emptyLinkState(), ...said },
      problems: [],
    });
  });

  test("is written, and links without one still open", () => {
    expect(writeFragment(emptyLinkState())).toMatch(/^v=3&/);
    expect(readFragment("scene=4&softmax=1")).toEqual({
      state: { ...emptyLinkState(), scene: "4", softmax: true },
      problems: [],
    });
  });

  test("of a newer page is said, and what is understood is taken", () => {
    const { state, problems } = readFragment("v=4&scene=4&future=1");
    expect(state.scene).toBe("4");
    expect(problems).toEqual([expect.stringMatching(/^This link was made by a newer version/)]);
    expect(readFragment("v=new").problems).toEqual([expect.stringMatching(/“v” is not a version/)]);
  });

  test("the former view of speed is part of Models", () => {
    expect(readFragment("view=speed")).toEqual({
      state: { ...emptyLinkState(), view: "models" },
      problems: [],
    });
  });
});
