/** What captions that were made of others are called. */

import type { CaptionEdit, EditGroup } from "../wasm/cliprobe.js";

/** An edit, and the caption that it was made of. */
export interface MadeFrom extends CaptionEdit {
  of: string;
}

/** As a link carries it: the caption by its place, counted from 0; what it was made of by place or in words. */
export interface Mark {
  at: number;
  group: EditGroup;
  kind: string;
  of: number | string;
}

/** “3.n.swap-objects.0”, or “3.n.swap-objects.~a dog” where the original is not in the list. */
export function writeMark({ at, group, kind, of }: Mark): string {
  const letter = GROUPS[group].key.toLowerCase();
  return `${at}.${letter}.${kind}.${typeof of === "number" ? of : `~${of}`}`;
}

/** Reads what {@link writeMark} wrote. Throws an `Error` that ends the sentence “… “mark” …”. */
export function readMark(text: string): Mark {
  const found = /^(\d{1,3})\.([a-z])\.([a-z0-9-]{1,40})\.(?:(\d{1,3})|~([^]{1,1000}))$/.exec(text);
  const [, at, letter, kind = "", place, words = ""] = found ?? [];
  const group = Object.entries(GROUPS).find(([, { key }]) => key.toLowerCase() === letter)?.[0];
  if (at === undefined || group === undefined)
    throw new Error("does not say how a caption was made");
  return {
    at: Number(at),
    group: group as EditGroup,
    kind,
    of: place === undefined ? words : Number(place),
  };
}

/** The groups as a person chooses among them, with the key that does it. */
export const GROUPS: Record<EditGroup, { name: string; plural: string; key: string }> = {
  "hard-negative": { name: "hard negative", plural: "Hard negatives", key: "N" },
  "hard-positive": { name: "hard positive", plural: "Hard positives", key: "P" },
  generalisation: { name: "generalisation", plural: "Generalisations", key: "G" },
  order: { name: "shuffled", plural: "Shuffles", key: "S" },
};

/** “hard negative: replace modifier”. */
export function edited({ group, kind }: CaptionEdit): string {
  const words = kind.replace(/^(positive|shuffle)-/, "").replaceAll("-", " ");
  return `${GROUPS[group].name}: ${words}`;
}

/** The group that a key press asks for, held with Alt. */
export function groupOfKey({ altKey, ctrlKey, metaKey, code }: KeyboardEvent): EditGroup | null {
  if (!altKey || ctrlKey || metaKey) return null;
  const found = Object.entries(GROUPS).find(([, { key }]) => code === `Key${key}`);
  return found === undefined ? null : (found[0] as EditGroup);
}
