/** What captions that were made of others are called. */

import type { CaptionEdit, EditGroup } from "../wasm/cliprobe.js";

/** An edit, and the caption that it was made of. */
export interface MadeFrom extends CaptionEdit {
  of: string;
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
