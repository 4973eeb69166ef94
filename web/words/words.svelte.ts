/** Which word matters, whether their order does, and which part of the image: asked a few at a time. */

import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import type { Probe } from "../probe/probe.svelte";
import { type Client, Crashed } from "../worker/client";
import type { ImageContent } from "../worker/protocol";
import { coarseFirst, withoutEach } from "./attribution";

/** Orders tried. */
const SHUFFLES = 100;
/** Captions, and hidden cells, asked for at a time: in between others have their turn. */
const TEXTS_AT_A_TIME = 8;
const CELLS_AT_A_TIME = 4;

export interface WordChange {
  word: string;
  /** Cosine of the whole caption minus that without the word; `null` until it is known. */
  change: number | null;
}

export interface PatchMap {
  /** Cells a side: the image encoder's patches. */
  side: number;
  /** What hiding each cell takes away: of the caption's cosine, or of its lead over the other. */
  changes: (number | null)[];
  /** The caption whose lead is explained, where there are two. */
  other: string | null;
}

export class Words {
  /** The caption that is looked at. */
  caption = $state<string | null>(null);
  cosine = $state<number | null>(null);
  words = $state.raw<WordChange[]>([]);
  /** Cosines of the caption's other orders, as they come. */
  orders = $state.raw<number[]>([]);
  /** How many orders there are to come in all; `null` while that is not known. */
  ordersOf = $state<number | null>(null);
  map = $state.raw<PatchMap | null>(null);
  busy = $state<"words" | "map" | null>(null);
  problem = $state<string | null>(null);

  #turn = 0;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly probe: Probe,
  ) {}

  /** Looks at a caption's words and their order. */
  async look(caption: string): Promise<void> {
    const turn = this.#begin("words");
    const image = this.#image();
    this.caption = caption;
    this.cosine = null;
    this.map = null;
    this.orders = [];
    this.ordersOf = null;
    const parts = withoutEach(caption);
    this.words = parts.map(({ word }) => ({ word, change: null }));
    if (image === null) return;
    await this.#during(turn, async () => {
      const [own] = await this.#cosines(image, [caption]);
      if (own === undefined || turn !== this.#turn) return;
      this.cosine = own;
      for (let first = 0; first < parts.length; first += TEXTS_AT_A_TIME) {
        const some = parts.slice(first, first + TEXTS_AT_A_TIME);
        const cosines = await this.#cosines(
          image,
          some.map(({ without }) => without),
        );
        if (turn !== this.#turn) return;
        this.words = this.words.map((word, index) => {
          const without = cosines[index - first];
          return without === undefined ? word : { ...word, change: own - without };
        });
      }
      const orders = await this.client.request("shuffles", { caption, count: SHUFFLES, seed: 0 });
      if (turn !== this.#turn) return;
      this.ordersOf = orders.length;
      for (let first = 0; first < orders.length; first += TEXTS_AT_A_TIME) {
        const cosines = await this.#cosines(image, orders.slice(first, first + TEXTS_AT_A_TIME));
        if (turn !== this.#turn) return;
        this.orders = [...this.orders, ...cosines];
      }
    });
  }

  /** Hides one patch of the image after the other; with another caption, for the lead over that. */
  async hide(caption: string, other: string | null): Promise<void> {
    const turn = this.#begin("map");
    const image = this.#image();
    this.map = null;
    if (image === null) return;
    await this.#during(turn, async () => {
      const captions = other === null ? [caption] : [caption, other];
      const { side, cosines } = await this.client.request("hide-nothing", { image, captions });
      if (turn !== this.#turn) return;
      const lead = ([of = NaN, over = 0]: number[]) => of - over;
      const whole = lead(cosines);
      const cells = coarseFirst(side);
      const changes: (number | null)[] = Array<null>(side * side).fill(null);
      this.map = { side, other, changes: [...changes] };
      for (let first = 0; first < cells.length; first += CELLS_AT_A_TIME) {
        const some = cells.slice(first, first + CELLS_AT_A_TIME);
        const hidden = await this.client.request("hide", { captions, cells: some });
        if (turn !== this.#turn) return;
        some.forEach((cell, index) => {
          changes[cell] = whole - lead(hidden[index] ?? []);
        });
        this.map = { side, other, changes: [...changes] };
      }
    });
  }

  /** What has come so far stays. */
  stop(): void {
    this.#turn += 1;
    this.busy = null;
  }

  /** Another image, model or list of captions: what was found is of the one before. */
  forget(): void {
    this.stop();
    this.caption = null;
    this.words = [];
    this.orders = [];
    this.ordersOf = null;
    this.map = null;
    this.problem = null;
  }

  #begin(busy: "words" | "map"): number {
    this.problem = null;
    this.busy = busy;
    return ++this.#turn;
  }

  async #during(turn: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (turn === this.#turn && !(error instanceof Crashed)) this.problem = messageOf(error);
    } finally {
      if (turn === this.#turn) this.busy = null;
    }
  }

  #image(): ImageContent | null {
    const { current } = this.probe.image;
    if (this.model.loaded !== null && current?.kind === "scene") {
      return { kind: "scene", seed: current.view.seed };
    }
    if (this.model.loaded !== null && current?.kind === "photo") {
      return { kind: "photo", bytes: current.bytes };
    }
    this.busy = null;
    return null;
  }

  /** An empty text is a text, too: a caption of one word without it. */
  async #cosines(image: ImageContent, captions: string[]): Promise<number[]> {
    const { current } = this.probe.image;
    const source =
      image.kind === "scene"
        ? image
        : ({ kind: "photo", key: current?.kind === "photo" ? current.key : "" } as const);
    return this.client.request("cosines", { image: source, captions });
  }
}
