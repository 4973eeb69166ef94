/** Answers to one of the scored sets, a page at a time, with their images. */

import { messageOf } from "../message-of";
import type { AnswerFilter, ShownAnswer } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";

/** Few enough that their images, whole photos perhaps, do not fill the tab. */
export const PAGE = 12;
/** Pixels a side of scenes. */
const SCENE_SIZE = 224;

export class Answers {
  /** Which set, by its place in the overview. */
  set = $state(0);
  filter = $state<AnswerFilter>("wrong");
  offset = $state(0);
  /** How many pass the filter; `null` before anything was asked. */
  total = $state<number | null>(null);
  list = $state.raw<ShownAnswer[]>([]);
  problem = $state<string | null>(null);

  #newest = 0;

  constructor(private readonly client: Client) {}

  /** Shows a page; only the newest that was asked for counts. */
  async show(set: number, filter: AnswerFilter, offset: number): Promise<void> {
    const turn = ++this.#newest;
    try {
      const page = await this.client.request("benchmark-answers", {
        set,
        filter,
        offset,
        limit: PAGE,
      });
      if (turn !== this.#newest) return;
      this.set = set;
      this.filter = filter;
      this.offset = offset;
      this.total = page.total;
      this.list = page.answers;
      this.problem = null;
    } catch (error) {
      if (turn === this.#newest && !(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }

  forget(): void {
    this.#newest += 1;
    this.total = null;
    this.list = [];
    this.problem = null;
  }

  /** An image's file, scenes drawn in small; `null` where there is none. */
  async image(index: number): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const { set } = this;
      return await this.client.request("benchmark-image", { set, index, size: SCENE_SIZE });
    } catch {
      // An image that cannot be read has no answer either; the gallery shows its name.
      return null;
    }
  }
}
