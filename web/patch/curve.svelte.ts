/** The trade-off curve: a small set of Tableau put to models along the way from A to B. */

import type { OfferedSet } from "../benchmarks/requests";
import { messageOf } from "../message-of";
import type { Metric } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { BlendChoice } from "../worker/protocol";

export const ALPHAS = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;
export const MOST_ITEMS = 1000;
const USUAL_ITEMS = 100;
/** Where hard negatives and hard positives pull apart. */
const USUAL_SET = "tableau/swap_attribute";

export interface Point {
  alpha: number;
  metrics: Metric[];
}

export class Curve {
  sets = $state.raw<readonly OfferedSet[]>([]);
  set = $state(USUAL_SET);
  #items = $state(USUAL_ITEMS);
  running = $state(false);
  /** What was asked, and the answers so far. */
  found = $state.raw<{ set: string; items: number; names: string; points: Point[] } | null>(null);
  /** Share of the present point that is done, from 0 to 1. */
  part = $state(0);
  problem = $state<string | null>(null);
  #turn = 0;

  /** @param model how the worker is told of the model at α */
  constructor(
    private readonly client: Client,
    private readonly model: (alpha: number) => Promise<BlendChoice>,
  ) {}

  get items(): number {
    return this.#items;
  }

  /** Takes what is no whole number from 1 on for the nearest one. */
  set items(items: number) {
    this.#items = Math.min(Math.max(Math.round(items) || USUAL_ITEMS, 1), MOST_ITEMS);
  }

  async listSets(): Promise<void> {
    if (this.sets.length > 0) return;
    this.sets = await this.client.request("benchmark-sets", {}).catch(() => []);
  }

  /** Asks along the way, the ends included. */
  async run(names: string): Promise<void> {
    const turn = ++this.#turn;
    const { set, items } = this;
    this.running = true;
    this.problem = null;
    this.found = { set, items, names, points: [] };
    try {
      for (const alpha of ALPHAS) {
        this.part = 0;
        const choice = await this.model(alpha);
        const metrics = await this.client.request(
          "patch-point",
          { choice, set, items },
          ({ stage, loaded, total }) => {
            if (turn === this.#turn && stage === "build") this.part = loaded / (total ?? Infinity);
          },
        );
        if (turn !== this.#turn) return;
        this.found = { ...this.found, points: [...this.found.points, { alpha, metrics }] };
      }
    } catch (error) {
      if (turn === this.#turn && !(error instanceof Crashed)) this.problem = messageOf(error);
    } finally {
      if (turn === this.#turn) this.running = false;
    }
  }

  /** Asks no further; the points that came stay. */
  async cancel(): Promise<void> {
    this.#turn += 1;
    this.running = false;
    await this.client.request("cancel-patch-point", {}).catch(() => undefined);
  }
}
