/** A model between two others: which two, how far, and what a small set says along the way. */

import { HASH_DIGITS, type LinkState } from "../link/link-state";
import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import type { KeptModel } from "../hub/shelf";
import type { BlendChoice, FileChoice } from "../worker/protocol";
import { type Client, Crashed } from "../worker/client";
import { Curve } from "./curve.svelte";

/** A model that can be one of the two. */
export interface End {
  sha256: string;
  name: string;
}

type PatchLink = LinkState["patch"];

export const ALPHA_STEP = 0.01;

export class Patch {
  /** SHA-256 of the two models; `null` where none is chosen. */
  a = $state<string | null>(null);
  b = $state<string | null>(null);
  /** 0 is A, 1 is B. */
  alpha = $state(0.5);
  /** Why nothing was blended, in one sentence. */
  problem = $state<string | null>(null);
  readonly curve: Curve;

  /** A model of the person's own files, as long as they are at hand. */
  #own = $state.raw<{ end: End; choice: FileChoice } | null>(null);
  /** The two models as the worker is told of them. */
  #pair: { a: FileChoice; b: FileChoice; key: string } | null = null;
  #turn = 0;
  #loading: Promise<void> = Promise.resolve();

  constructor(
    client: Client,
    private readonly model: Model,
    /** Models that were fetched by name. */
    private readonly kept: () => readonly KeptModel[],
  ) {
    this.curve = new Curve(client, (alpha) => this.#choice(alpha));
  }

  /** The models to choose two from. */
  get ends(): End[] {
    const { loaded, files, name, offered } = this.model;
    const known: End[] = [...offered, ...this.kept()];
    if (loaded !== null && files?.kind === "own") known.push({ sha256: loaded.info.sha256, name });
    else if (this.#own !== null) known.push(this.#own.end);
    return known.filter(
      ({ sha256 }, at) => known.findIndex((other) => other.sha256 === sha256) === at,
    );
  }

  /** Whether the model that is loading, or else is in use, lies between two. */
  get isOn(): boolean {
    return this.model.blend !== null;
  }

  /** What the two models are called. */
  get names(): { a: string; b: string } {
    return { a: this.#name(this.a), b: this.#name(this.b) };
  }

  #name(sha256: string | null): string {
    return this.ends.find((end) => end.sha256 === sha256)?.name ?? "";
  }

  /** Whether two different models are chosen. */
  get isReady(): boolean {
    return this.a !== null && this.b !== null && this.a !== this.b;
  }

  /** Blends the two as far as `alpha` says, and puts the result in use. */
  async start(alpha: number = this.alpha): Promise<void> {
    this.alpha = alpha;
    this.problem = null;
    const turn = ++this.#turn;
    try {
      const choice = await this.#choice(alpha);
      // The slider has gone on meanwhile.
      if (turn !== this.#turn) return;
      this.#loading = this.model.loadBlend(choice);
      await this.#loading;
    } catch (error) {
      if (turn === this.#turn && !(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }

  /** Ends the blend under way; the slider goes back to the model in use. */
  async cancel(): Promise<void> {
    this.#turn += 1;
    await this.model.cancelLoad();
    await this.#loading;
    this.alpha = this.model.blend?.alpha ?? this.alpha;
  }

  /** Puts A back in use. */
  async stop(): Promise<void> {
    this.#turn += 1;
    const pair = await this.#models();
    await this.model.loadFiles(pair.a);
  }

  async #choice(alpha: number): Promise<BlendChoice> {
    const { a, b } = await this.#models();
    const { names } = this;
    return { kind: "blend", name: `${names.a} ${alpha} ${names.b}`, a, b, alpha };
  }

  async #models(): Promise<{ a: FileChoice; b: FileChoice }> {
    const { a, b } = this;
    if (a === null || b === null) throw new Error("Choose two models.");
    const key = `${a} ${b}`;
    if (this.#pair?.key !== key) {
      this.#pair = { a: await this.#files(a), b: await this.#files(b), key };
    }
    return this.#pair;
  }

  async #files(sha256: string): Promise<FileChoice> {
    const { loaded, files, name } = this.model;
    if (loaded?.info.sha256 === sha256 && files?.kind === "own") {
      this.#own = { end: { sha256, name }, choice: files };
      return files;
    }
    if (this.#own?.end.sha256 === sha256) return this.#own.choice;
    const found = await this.model.find(sha256);
    if (found === null) throw new Error("One of the two models is not in this browser any more.");
    return found;
  }

  /** What a link says of the two models and how far; `null` where another model is in use. */
  get link(): PatchLink {
    const { a, b, alpha } = this;
    if (!this.isOn || a === null || b === null) return null;
    return { a: a.slice(0, HASH_DIGITS), b: b.slice(0, HASH_DIGITS), alpha };
  }

  /** Takes up a link's two models. Says whether this page has both. */
  async open(link: NonNullable<PatchLink>): Promise<boolean> {
    const [a, b] = [await this.#whole(link.a), await this.#whole(link.b)];
    if (a === null || b === null) return false;
    this.a = a;
    this.b = b;
    await this.start(link.alpha);
    return true;
  }

  /** The SHA-256 of which these are the first digits. */
  async #whole(digits: string): Promise<string | null> {
    const own = this.ends.find(({ sha256 }) => sha256.startsWith(digits));
    if (own !== undefined) return own.sha256;
    const found = await this.model.find(digits).catch(() => null);
    return found === null || found.kind === "own" ? null : found.model.sha256;
  }
}
