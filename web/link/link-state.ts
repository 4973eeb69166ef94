/**
 * What a link carries: everything that is needed to ask the same question again, in the URL's
 * fragment. One table says, for each property, its key and how it is written and read; a hand-edited
 * fragment never fails, it loses what cannot be read and says which key that was.
 */

import { type Mark, readMark, writeMark } from "../edits/marks";
import { MAX_CAPTION_CHARACTERS, MAX_CAPTIONS } from "../probe/caption-list";
import { readAnswer, type SentAnswer, writeAnswer } from "../replay/replay";
import { fromBase64Url, toBase64Url } from "./base64url";

/** The order of the navigation. */
export const VIEWS = ["probe", "hierarchy", "compose", "benchmarks", "models"] as const;
export type View = (typeof VIEWS)[number];

/** Views of older links that are part of another view now. */
const FORMER_VIEWS: Record<string, View> = { speed: "models" };

/**
 * The version of what a link can say. A link without a version is of version 1. It grows when a
 * property is added, so that an older page can say that it does not understand all of a newer link.
 */
export const LINK_VERSION = 3;
export const VERSION_KEY = "v";

export interface LinkState {
  view: View;
  /** A scene's seed, in decimal, or a whole scene as JSON. */
  scene: string | null;
  /** A photo's file name. The photo itself is not in the link, save for `copy`. */
  photo: string | null;
  /** First digits of the photo's SHA-256, to recognise it by. */
  hash: string | null;
  /** A small JPEG copy of the photo, when the person chose to embed one. */
  copy: Uint8Array<ArrayBuffer> | null;
  /** `null` stands for the scene's own captions. */
  captions: string[] | null;
  /** Which of `captions` were made of others, and how; `null` for none. */
  marks: Mark[] | null;
  /** First digits of the model file's SHA-256. */
  model: string | null;
  softmax: boolean;
  /** The benchmark's sets that are chosen, and how many questions of each; `null` for all. */
  sets: string[];
  items: number | null;
  /** The pasted candidates of the hierarchy's traversal; `null` for another source. */
  candidates: string[] | null;
  /** Four tiers of one's own chain, some perhaps empty; `null` for none. */
  own: string[] | null;
  /** Three texts that contradict the chain, some perhaps empty; `null` for none. */
  contradictions: string[] | null;
  /** Levels of the traversal; `null` for the usual number. */
  levels: number | null;
  /** The distance that the traversal goes by. */
  radius: "euclidean" | "cosine";
  /** First digits of the second model's SHA-256. */
  other: string | null;
  /** The model lies between two others: first digits of their SHA-256, and how far, from 0 (A) to 1 (B). */
  patch: { a: string; b: string; alpha: number } | null;
  /** What the sender saw, a cosine for each caption. */
  answer: SentAnswer | null;
}

export const HASH_DIGITS = 12;
export const MAX_COPY_BYTES = 24_576;
export const MAX_NAME_CHARACTERS = 200;
/** More candidates belong in a file. */
export const MAX_LINK_CANDIDATES = 300;
export const MAX_LEVELS = 500;
const TIERS = 4;
/** A scene of three things takes half of it. */
const MAX_SCENE_CHARACTERS = 1500;
const MAX_SETS = 100;
const MAX_ITEMS = 1_000_000;
const MAX_SEED = 2n ** 64n - 1n;

/** How one property stands in the fragment: as any number of values under its key. */
interface Property<T> {
  key: string;
  absent: T;
  write(value: T): string[];
  /** Throws an `Error` that ends the sentence “In the link, “key” …”. Never gets an empty list. */
  read(values: string[]): T;
}

type Table = { [K in keyof LinkState]: Property<LinkState[K]> };

const TABLE: Table = {
  view: {
    key: "view",
    absent: "probe",
    write: (view) => [view],
    read(values) {
      const text = only(values);
      const view = VIEWS.find((name) => name === text) ?? FORMER_VIEWS[text];
      if (view === undefined) throw new Error("names no view of this page");
      return view;
    },
  },
  scene: optional("scene", readScene),
  photo: optional("photo", (text) => {
    const length = text.length;
    if (length === 0 || length > MAX_NAME_CHARACTERS) throw new Error("is not a file's name");
    return text;
  }),
  hash: optional("hash", readHash),
  copy: {
    key: "copy",
    absent: null,
    write: (copy) => (copy === null ? [] : [toBase64Url(copy)]),
    read(values) {
      const bytes = fromBase64Url(only(values));
      if (bytes === null || bytes[0] !== 0xff || bytes[1] !== 0xd8) {
        throw new Error("is not a JPEG image");
      }
      if (bytes.length > MAX_COPY_BYTES) throw new Error("is too large for an embedded image");
      return bytes;
    },
  },
  captions: texts("caption", MAX_CAPTIONS),
  marks: {
    key: "mark",
    absent: null,
    write: (marks) => (marks ?? []).map(writeMark),
    read(values) {
      if (values.length > MAX_CAPTIONS) throw new Error(`stands more than ${MAX_CAPTIONS} times`);
      return values.map(readMark);
    },
  },
  model: optional("model", readHash),
  softmax: {
    key: "softmax",
    absent: false,
    write: (softmax) => (softmax ? ["1"] : []),
    read(values) {
      const text = only(values);
      if (text !== "0" && text !== "1") throw new Error("is neither 0 nor 1");
      return text === "1";
    },
  },
  sets: {
    key: "set",
    absent: [],
    write: (sets) => sets,
    read(values) {
      if (values.length > MAX_SETS) throw new Error(`names more than ${MAX_SETS} sets`);
      if (values.some((name) => name.length > MAX_NAME_CHARACTERS)) {
        throw new Error("is not a set’s name");
      }
      return values;
    },
  },
  items: {
    key: "items",
    absent: null,
    write: (items) => (items === null ? [] : [String(items)]),
    read(values) {
      const text = only(values);
      const items = Number(text);
      if (!/^\d{1,9}$/.test(text) || items < 1 || items > MAX_ITEMS) {
        throw new Error(`is not a whole number from 1 to ${MAX_ITEMS}`);
      }
      return items;
    },
  },
  candidates: texts("candidate", MAX_LINK_CANDIDATES),
  own: fields("tier", TIERS),
  contradictions: fields("against", TIERS - 1),
  levels: {
    key: "levels",
    absent: null,
    write: (levels) => (levels === null ? [] : [String(levels)]),
    read(values) {
      const text = only(values);
      if (!/^\d{1,3}$/.test(text) || Number(text) < 2 || Number(text) > MAX_LEVELS) {
        throw new Error(`is not a whole number from 2 to ${MAX_LEVELS}`);
      }
      return Number(text);
    },
  },
  radius: {
    key: "radius",
    absent: "euclidean",
    write: (radius) => (radius === "euclidean" ? [] : [radius]),
    read(values) {
      const text = only(values);
      if (text !== "euclidean" && text !== "cosine") {
        throw new Error("is neither euclidean nor cosine");
      }
      return text;
    },
  },
  other: optional("b", readHash),
  patch: {
    key: "patch",
    absent: null,
    write: (patch) => (patch === null ? [] : [`${patch.a}-${patch.b}-${patch.alpha}`]),
    read(values) {
      const found = /^([0-9a-f]{8,64})-([0-9a-f]{8,64})-([01]|0\.\d{1,4})$/.exec(only(values));
      const [, a = "", b = "", alpha = ""] = found ?? [];
      if (found === null) throw new Error("does not name two models and a number from 0 to 1");
      return { a, b, alpha: Number(alpha) };
    },
  },
  answer: {
    key: "answer",
    absent: null,
    write: (answer) => (answer === null ? [] : [writeAnswer(answer)]),
    read(values) {
      const answer = readAnswer(only(values));
      if (answer.cosines.length > MAX_CAPTIONS) throw new Error("holds too many cosines");
      return answer;
    },
  },
};

const NAMES = Object.keys(TABLE) as (keyof LinkState)[];

/** The state of a link that says nothing. */
export function emptyLinkState(): LinkState {
  return Object.fromEntries(
    NAMES.map((name) => [name, TABLE[name].absent]),
  ) as unknown as LinkState;
}

/** The fragment for a state, without `#`; properties that are absent are not written. */
export function writeFragment(state: LinkState): string {
  return [[VERSION_KEY, String(LINK_VERSION)], ...writePairs(state)]
    .map(([key = "", value = ""]) => `${key}=${encode(value)}`)
    .join("&");
}

/** A state as keys with values, in the table's order; a key with several values comes several times. */
export function writePairs(state: LinkState): [key: string, value: string][] {
  return NAMES.flatMap((name) => written(name, state));
}

export interface ReadLink {
  state: LinkState;
  /** One sentence for each key that could not be read. */
  problems: string[];
}

/** Reads a fragment, with or without `#`. Unknown keys are dropped; nothing throws. */
export function readFragment(fragment: string): ReadLink {
  const { values, problems } = decodePairs(fragment.replace(/^#/, ""));
  return readValues(values, problems);
}

/** Reads values by key, the version among them; `problems` are those found before. */
export function readValues(values: Map<string, string[]>, problems: string[] = []): ReadLink {
  const state = emptyLinkState();
  const version = values.get(VERSION_KEY)?.[0] ?? "1";
  if (!/^\d{1,4}$/.test(version)) {
    problems.push(sentence(VERSION_KEY, "is not a version number"));
  } else if (Number(version) > LINK_VERSION) {
    problems.push(
      "This link was made by a newer version of this page; reload the page to get that version. " +
        "What this version understands of the link is shown.",
    );
  }
  for (const name of NAMES) {
    try {
      read(name, values, state);
    } catch (error) {
      problems.push(sentence(TABLE[name].key, (error as Error).message));
    }
  }
  if (state.scene !== null && state.photo !== null) {
    Object.assign(state, { photo: null, hash: null, copy: null });
    problems.push(sentence("photo", "stands beside a scene, which was taken instead"));
  }
  const { captions, marks } = state;
  if (marks !== null) {
    const count = captions?.length ?? 0;
    const isThere = (place: number) => place < count;
    const good = marks.filter(
      ({ at, of }) => isThere(at) && (typeof of === "string" || isThere(of)),
    );
    if (good.length < marks.length) {
      problems.push(sentence("mark", "is of a caption that is not there"));
    }
    state.marks = good.length === 0 ? null : good;
  }
  return { state, problems };
}

/** A seed as it is written, or an `Error` that ends “The seed …”. */
export function readSeed(text: string): string {
  if (!/^\d{1,30}$/.test(text) || BigInt(text) > MAX_SEED) {
    throw new Error(`is not a whole number from 0 to ${MAX_SEED.toString()}`);
  }
  return BigInt(text).toString();
}

/** A seed, or a scene as JSON, which the module reads: here it only has to be small and an object. */
export function readScene(text: string): string {
  if (!text.startsWith("{")) return readSeed(text);
  if (text.length > MAX_SCENE_CHARACTERS) throw new Error("is too long for a scene");
  try {
    JSON.parse(text);
  } catch {
    throw new Error("is not a scene as JSON");
  }
  return text; // as it came: its seed may be more than a JavaScript number holds
}

function readHash(text: string): string {
  if (!/^[0-9a-f]{8,64}$/.test(text)) throw new Error("is not 8 to 64 hexadecimal digits");
  return text;
}

function optional(key: string, readText: (text: string) => string): Property<string | null> {
  return {
    key,
    absent: null,
    write: (value) => (value === null ? [] : [value]),
    read: (values) => readText(only(values)),
  };
}

/** Texts, none of them empty. */
function texts(key: string, most: number): Property<string[] | null> {
  return {
    key,
    absent: null,
    // An empty list is written as one empty text, which reading drops.
    write: (list) => (list?.length === 0 ? [""] : (list ?? [])),
    read(values) {
      checkTexts(values, most);
      return values.filter((text) => text.trim() !== "");
    },
  };
}

/** A fixed number of texts, some perhaps empty. */
function fields(key: string, count: number): Property<string[] | null> {
  return {
    key,
    absent: null,
    write: (list) => list ?? [],
    read(values) {
      checkTexts(values, count);
      return Array.from({ length: count }, (_, index) => values[index] ?? "");
    },
  };
}

function checkTexts(values: string[], most: number): void {
  if (values.length > most) throw new Error(`stands more than ${most} times`);
  if (values.some((text) => text.length > MAX_CAPTION_CHARACTERS)) {
    throw new Error(`holds more than ${MAX_CAPTION_CHARACTERS} characters`);
  }
}

function only(values: string[]): string {
  const [value] = values;
  if (value === undefined || values.length > 1) throw new Error("stands more than once");
  return value;
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- K ties a property to its own type
function written<K extends keyof LinkState>(name: K, state: LinkState): [string, string][] {
  const property = TABLE[name];
  return property.write(state[name]).map((value) => [property.key, value]);
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as above
function read<K extends keyof LinkState>(
  name: K,
  values: Map<string, string[]>,
  state: LinkState,
): void {
  const own = values.get(TABLE[name].key);
  if (own !== undefined) state[name] = TABLE[name].read(own);
}

function decodePairs(fragment: string): { values: Map<string, string[]>; problems: string[] } {
  const known = new Set<string>([VERSION_KEY, ...NAMES.map((name) => TABLE[name].key)]);
  const values = new Map<string, string[]>();
  const problems: string[] = [];
  for (const pair of fragment.split("&")) {
    const [key = "", ...rest] = pair.split("=");
    if (!known.has(key)) continue;
    const value = decode(rest.join("="));
    if (value === null) problems.push(sentence(key, "holds a broken percent code"));
    else {
      const before = values.get(key);
      if (before === undefined) values.set(key, [value]);
      else before.push(value);
    }
  }
  return { values, problems };
}

function sentence(key: string, problem: string): string {
  return `In the link, “${key}” ${problem}; it was left out.`;
}

function encode(value: string): string {
  // Half of a surrogate pair cannot be percent-encoded.
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\ufffd")).replaceAll("%20", "+");
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return null;
  }
}
