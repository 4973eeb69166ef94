/** Choosing sets, running them, and their results. */

import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import type {
  AnswerFilter,
  BenchmarkInfo,
  BenchmarkOverview,
  SetChange,
} from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { LoadedModel } from "../worker/protocol";
import { Answers } from "./answers.svelte";
import type { GivenFile } from "./given-files";
import { Pace } from "./pace";
import type { Encoded, FilesAtHand, OfferedSet, SetChoice } from "./requests";

/** Questions of a Tableau set that are asked unless a person says otherwise: a minute's work. */
export const DEFAULT_ITEMS = 200;
export const MAX_ITEMS = 10_000;

const MAX_EARLIER = 50;

export type Phase =
  /** Nothing runs: before the first run, and after one was stopped. */
  | "idle"
  /** The sets are being read. */
  | "opening"
  | "running"
  | "paused"
  | "scoring"
  | "done";

/** Sets that were scored, and the model that answered. */
export interface Result {
  overview: BenchmarkOverview;
  model: string;
  opened: BenchmarkInfo;
  /** How the answers differ from those of another model's run before. */
  changes: { before: string; sets: SetChange[]; problem: string | null } | null;
}

export class Benchmarks {
  /** The sets that come with the page. */
  tableau = $state.raw<OfferedSet[]>([]);
  /** What the person's files hold. */
  atHand = $state.raw<FilesAtHand>({ sets: [], images: 0, problems: [] });
  /** Whether given files are being looked through. */
  giving = $state(false);
  /** The sets that are chosen. */
  sets = $state.raw<string[]>([]);
  /** How many questions of each are asked; `null` for all of a given set, and the usual number of others. */
  items = $state<number | null>(DEFAULT_ITEMS);

  phase = $state<Phase>("idle");
  opened = $state.raw<BenchmarkInfo | null>(null);
  encoded = $state.raw<Encoded>({ images: 0, texts: 0, failed: 0 });
  itemsPerSecond = $state<number | null>(null);
  /** Milliseconds of computing that are left. */
  left = $state<number | null>(null);
  result = $state.raw<Result | null>(null);
  /** What was scored before it, the newest first: numbers only, their answers are gone. */
  earlier = $state.raw<Result[]>([]);
  /** Why there is no result, in one sentence. */
  problem = $state<string | null>(null);
  /** Why files or a file to save could not be had. */
  fileProblem = $state<string | null>(null);
  readonly answers: Answers;

  /** Counts runs and their continuations: what belongs to an earlier one is dropped. */
  #turn = 0;
  #pace = new Pace(0);
  /** The model of the present run. */
  #loaded: LoadedModel | null = null;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
  ) {
    this.answers = new Answers(client);
  }

  /** All sets that can be run now. */
  get offered(): OfferedSet[] {
    return [...this.tableau, ...this.atHand.sets];
  }

  get isBusy(): boolean {
    return this.phase === "opening" || this.phase === "running" || this.phase === "scoring";
  }

  /** How much of the open sets is embedded, from 0 to 1. */
  get share(): number {
    if (this.opened === null) return 0;
    const all = this.opened.images + this.opened.texts;
    return all === 0 ? 1 : (this.encoded.images + this.encoded.texts) / all;
  }

  /** Asks which sets come with the page. */
  async listSets(): Promise<void> {
    try {
      this.tableau = await this.client.request("benchmark-sets", {});
      if (this.sets.length === 0) this.sets = this.#usual();
    } catch (error) {
      this.#refuse(error);
    }
  }

  async give(files: GivenFile[]): Promise<void> {
    this.giving = true;
    this.fileProblem = null;
    try {
      const before = this.atHand.sets.map(({ set }) => set);
      this.atHand = await this.client.request("benchmark-give", { files });
      const [first] = this.atHand.sets.filter(({ set }) => !before.includes(set));
      if (first !== undefined) this.choose([first.set]);
      if (this.atHand.sets.length + this.atHand.images === 0) {
        this.fileProblem =
          "There is neither a benchmark’s list (JSON, CSV) nor an image in what was given.";
      }
    } catch (error) {
      if (!(error instanceof Crashed)) this.fileProblem = messageOf(error);
    } finally {
      this.giving = false;
    }
  }

  async forget(): Promise<void> {
    try {
      this.atHand = await this.client.request("benchmark-forget", {});
      this.#dropGone();
      this.fileProblem = null;
    } catch (error) {
      if (!(error instanceof Crashed)) this.fileProblem = messageOf(error);
    }
  }

  /** Whether all chosen sets are drawn in this page, so that there is a most of their questions. */
  get areTableau(): boolean {
    return this.sets.every((set) => this.#isTableau(set));
  }

  /** Takes sets; the given ones are asked whole, unless a person says otherwise. */
  choose(sets: string[]): void {
    const was = this.areTableau;
    this.sets = sets;
    if (was !== this.areTableau) this.items = this.areTableau ? DEFAULT_ITEMS : null;
  }

  /** Opens the chosen sets and runs them with the loaded model. */
  async run(): Promise<void> {
    const { loaded } = this.model;
    const choices = this.sets.map((set) => this.#choice(set));
    if (choices.length === 0 || loaded === null || this.isBusy) return;
    const turn = ++this.#turn;
    this.phase = "opening";
    this.problem = null;
    this.#setAside();
    this.encoded = { images: 0, texts: 0, failed: 0 };
    this.itemsPerSecond = null;
    this.left = null;
    try {
      const opened = await this.client.request("benchmark-open", { choices });
      if (turn !== this.#turn) return;
      this.opened = opened;
      this.#loaded = loaded;
      this.#pace = new Pace(opened.sets.reduce((sum, { items }) => sum + items, 0));
      await this.#advance(turn);
    } catch (error) {
      if (turn === this.#turn) this.#refuse(error);
    }
  }

  pause(): void {
    if (this.phase !== "running") return;
    this.#turn += 1;
    this.phase = "paused";
  }

  async continue(): Promise<void> {
    if (this.phase !== "paused") return;
    const turn = ++this.#turn;
    try {
      await this.#advance(turn);
    } catch (error) {
      if (turn === this.#turn) this.#refuse(error);
    }
  }

  /** Ends the run; what it computed is forgotten with the next one. */
  stop(): void {
    this.#turn += 1;
    this.phase = "idle";
    this.opened = null;
  }

  /** After a crash: the fresh worker knows neither files nor sets. */
  reset(): void {
    this.stop();
    this.#setAside();
    if (this.atHand.sets.length + this.atHand.images > 0) {
      this.fileProblem = "The engine was restarted; give the benchmark’s files again.";
    }
    this.atHand = { sets: [], images: 0, problems: [] };
    if (this.tableau.length === 0) void this.listSets();
    this.#dropGone();
  }

  /** The result as a file. */
  async export(format: "json" | "csv"): Promise<File | null> {
    if (this.result === null) return null;
    try {
      const text = await this.client.request("benchmark-results", { format });
      const [first, ...others] = this.result.overview.sets;
      const name = others.length === 0 ? (first?.set ?? "") : `${others.length + 1} sets`;
      const file = `${name.replaceAll(/[^\w.-]+/g, "-")}.${format}`;
      const type = format === "json" ? "application/json" : "text/csv";
      return new File([text], file, { type });
    } catch (error) {
      if (!(error instanceof Crashed)) this.fileProblem = messageOf(error);
      return null;
    }
  }

  /** Looks at answers to a set of the result. */
  async look(set: number, filter: AnswerFilter): Promise<void> {
    await this.answers.show(set, filter, 0);
  }

  /** Embeds step by step until everything is, or until another turn begins. */
  async #advance(turn: number): Promise<void> {
    this.phase = "running";
    for (;;) {
      if (this.model.loaded !== this.#loaded) {
        throw new Error("The model was changed during the run; run it again.");
      }
      if (this.share >= 1) break;
      const start = performance.now();
      const encoded = await this.client.request("benchmark-step", {});
      if (turn !== this.#turn) return;
      this.encoded = encoded;
      this.#pace.stepped(performance.now() - start, this.share);
      this.itemsPerSecond = this.#pace.itemsPerSecond;
      this.left = this.#pace.left;
    }
    this.phase = "scoring";
    const overview = await this.client.request("benchmark-evaluate", {});
    if (turn !== this.#turn || this.opened === null) return;
    const changes = await this.#compared();
    if (turn !== this.#turn) return;
    this.result = { overview, model: this.model.name, opened: this.opened, changes };
    this.phase = "done";
    await this.look(0, "wrong");
  }

  /** The run before, where it was another model's on some of the same sets. */
  async #compared(): Promise<Result["changes"]> {
    const [before] = this.earlier;
    if (before === undefined || before.model === this.model.name) return null;
    try {
      const sets = await this.client.request("benchmark-compare", {});
      return sets.length === 0 ? null : { before: before.model, sets, problem: null };
    } catch (error) {
      // Sets of one name that ask differently; the result stands without a comparison, and says why.
      if (error instanceof Crashed) throw error;
      return { before: before.model, sets: [], problem: messageOf(error) };
    }
  }

  /** The answers of a result are the worker's, and go with the next run. */
  #setAside(): void {
    if (this.result !== null) this.earlier = [this.result, ...this.earlier].slice(0, MAX_EARLIER);
    this.result = null;
    this.answers.forget();
  }

  #choice(set: string): SetChoice {
    const { items } = this;
    if (!this.#isTableau(set)) return { kind: "given", set, items };
    return { kind: "tableau", set, items: Math.min(items ?? DEFAULT_ITEMS, MAX_ITEMS) };
  }

  /** What is chosen before a person chooses. */
  #usual(): string[] {
    return this.tableau.slice(0, 1).map(({ set }) => set);
  }

  /** Drops chosen sets that are no longer there. */
  #dropGone(): void {
    const there = this.sets.filter((name) => this.offered.some(({ set }) => set === name));
    if (there.length < this.sets.length) this.choose(there.length > 0 ? there : this.#usual());
  }

  #isTableau(name: string): boolean {
    return this.tableau.some(({ set }) => set === name);
  }

  #refuse(error: unknown): void {
    this.phase = "idle";
    this.opened = null;
    if (!(error instanceof Crashed)) this.problem = messageOf(error);
  }
}
