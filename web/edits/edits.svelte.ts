/** Captions made of others: asked for, put after their original, remembered as what they are. */

import { SvelteMap } from "svelte/reactivity";

import { messageOf } from "../message-of";
import type { Captions } from "../probe/captions.svelte";
import type { Caption } from "../probe/caption-list";
import type { EditGroup } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import { GROUPS, type MadeFrom, type Mark } from "./marks";

export class Edits {
  /** What the last request did, in one sentence; for everyone to hear. */
  said = $state("");
  /** Why it did nothing, in one sentence. */
  problem = $state<string | null>(null);

  /** By the caption's text: an edited one is no longer what it was made as. */
  readonly #made = new SvelteMap<string, MadeFrom>();
  /** How often each caption was asked about: the next time other edits are drawn. */
  readonly #asked: Record<string, number> = {};

  constructor(
    private readonly client: Client,
    private readonly captions: Captions,
  ) {}

  /** What a caption was made of, and how; `null` of one that a person or a scene's grammar wrote. */
  madeFrom(text: string): MadeFrom | null {
    return this.#made.get(text) ?? null;
  }

  /** What a link says of these captions; `null` where none was made of another. */
  marks(texts: readonly string[]): Mark[] | null {
    const marks = texts.flatMap((text, at): Mark[] => {
      const made = this.#made.get(text);
      if (made === undefined) return [];
      const { group, kind, of } = made;
      const place = texts.indexOf(of);
      return [{ at, group, kind, of: place < 0 ? of : place }];
    });
    return marks.length === 0 ? null : marks;
  }

  /** Takes up a link's marks of its captions. */
  open(marks: readonly Mark[], texts: readonly string[]): void {
    for (const { at, group, kind, of } of marks) {
      const text = texts[at];
      const original = typeof of === "string" ? of : texts[of];
      if (text === undefined || original === undefined) continue;
      this.#made.set(text, { text, group, kind, of: original });
    }
  }

  /** Puts the edits of a group after their caption, but those that the list has already. */
  async make(caption: Caption, group: EditGroup): Promise<void> {
    this.problem = null;
    const { text } = caption;
    const times = this.#asked[group + text] ?? 0;
    this.#asked[group + text] = times + 1;
    try {
      const { edits, none } = await this.client.request("edits", {
        caption: text,
        group,
        seed: times,
      });
      const known = this.captions.list.map((other) => other.text);
      const fresh = edits.filter((edit) => !known.includes(edit.text));
      const at = this.captions.list.findIndex(({ id }) => id === caption.id);
      // Deleted meanwhile: nobody waits for these any more.
      if (at < 0) return;
      const { plural } = GROUPS[group];
      if (fresh.length === 0) {
        this.problem =
          none === null ? `All ${plural.toLowerCase()} of it are there already.` : messageOf(none);
        return;
      }
      for (const edit of fresh) this.#made.set(edit.text, { ...edit, of: text });
      this.captions.insert(
        fresh.map((edit) => edit.text),
        at + 1,
      );
      this.said = `${plural} of “${text}”: ${fresh.map((edit) => `“${edit.text}”`).join(", ")}.`;
    } catch (error) {
      if (!(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }
}
