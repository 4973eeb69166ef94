/** The loaded model as the page shows it, and what can be done with models. */

import type { KeptModel } from "../hub/shelf";
import { messageOf } from "../message-of";
import type { Arithmetic, EngineWish, LoadProgress, ModelInfo } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { ModelList, OfferedModel } from "../worker/model-list";
import type {
  BlendChoice,
  FileChoice,
  LoadedModel,
  ModelChoice,
  OfferedChoice,
  Parity,
} from "../worker/protocol";
import { ARITHMETICS } from "./arithmetic";

export type ParityCheck =
  | { kind: "none" }
  | { kind: "running" }
  | { kind: "done"; parity: Parity }
  | { kind: "failed"; message: string };

/** What the last computations took. */
export interface Timings {
  /** One image's embedding. */
  image: number | null;
  /** One caption's embedding, as the mean of those encoded together. */
  caption: number | null;
}

export class Model {
  /** The model in use; it stays while another is loading, and when that fails. */
  loaded = $state.raw<LoadedModel | null>(null);
  /** What the model in use says of itself since its engine changed; `null` before. */
  moved = $state.raw<ModelInfo | null>(null);
  /** File name of an own model in use, `null` for one that comes with the page. */
  ownName = $state<string | null>(null);
  loading = $state(false);
  progress = $state.raw<LoadProgress | null>(null);
  /** Why the last load failed, in one sentence. */
  problem = $state<string | null>(null);
  parity = $state.raw<ParityCheck>({ kind: "none" });
  timings = $state<Timings>({ image: null, caption: null });
  /** Bytes that the browser stores for this page; `null` until counted. */
  storedBytes = $state<number | null>(null);
  storageProblem = $state<string | null>(null);

  /** Where models shall run: as the person wished it, on an earlier visit too. */
  engine = $state<EngineWish>(remembered(ENGINE_KEY, ENGINES));
  /** What a GPU's products shall be computed in, where it can: wished for likewise. */
  arithmetic = $state<Arithmetic>(remembered(ARITHMETIC_KEY, ARITHMETICS));
  /** Why the model does not run where it was wished on an earlier visit, in one sentence. */
  notice = $state<string | null>(null);

  /** `null` until it was read. */
  #list = $state.raw<ModelList | null>(null);
  /** The model in use, and the one being loaded. */
  #choice = $state.raw<ModelChoice | null>(null);
  #next = $state.raw<ModelChoice | null>(null);
  /** Finds what was asked for last, to be tried again. */
  #wish: Wish = () => this.#find(null);
  #turn = 0;
  /** The load that a person ended. */
  #cancelled = 0;

  constructor(
    private readonly client: Client,
    private readonly base: string,
    /** Finds a model that was fetched by name, by the first digits of its file's SHA-256. */
    private readonly findKept: FindKept = () => Promise.resolve(null),
  ) {}

  /** The models that come with the page, the default first; empty until their list was read. */
  get offered(): readonly OfferedModel[] {
    return this.#list ?? [];
  }

  /** The model of the page's list that is being loaded, or else is in use. */
  get chosen(): OfferedModel | null {
    const choice = this.#next ?? this.#choice;
    return choice?.kind === "offered" ? choice.model : null;
  }

  /** How the model that is being loaded, or else is in use, lies between two; `null` of another. */
  get blend(): BlendChoice | null {
    const choice = this.#next ?? this.#choice;
    return choice?.kind === "blend" ? choice : null;
  }

  /** Where the model in use comes from; `null` of one between two others, and of none. */
  get files(): FileChoice | null {
    return this.#choice?.kind === "blend" ? null : this.#choice;
  }

  /** What to call the model that is being loaded. */
  get nextName(): string {
    const next = this.#next;
    if (next === null) return "model";
    switch (next.kind) {
      case "own":
        return ownName(next.files);
      case "blend":
        return next.name;
      default:
        return next.model.name;
    }
  }

  /** The server that the model in use was fetched from by name; `null` of another. */
  get fetchedFrom(): string | null {
    return this.#choice?.kind === "kept" ? this.#choice.model.host : null;
  }

  /** Whether the page offers a model whose file's SHA-256 begins so. */
  offers(hash: string): boolean {
    return this.#named(hash) !== undefined;
  }

  /** What to call the model in use: an own one by its file or folder. */
  get name(): string {
    return this.ownName ?? this.loaded?.name ?? "";
  }

  /**
   * Whether the model in use was trained on Tableau's drawings alone: as its file says, if it does.
   * All models that come with the page were, and what lies between two of them; of others their
   * recipe tells.
   */
  get sawOnlyDrawings(): boolean {
    if (this.loaded === null) return false;
    const { sha256, provenance, trainedOn } = this.loaded.info;
    if (trainedOn !== null) return trainedOn === "drawings";
    const choice = this.#choice;
    if (choice?.kind === "blend" && choice.a.kind === "offered" && choice.b.kind === "offered") {
      return true;
    }
    return this.offers(sha256) || /tableau/i.test(provenance ?? "");
  }

  loadDefault(): Promise<void> {
    return this.#load(() => this.#find(null));
  }

  /**
   * Loads the model of a link, by the first digits of its hash, where the page offers it; else the
   * default, unless a model is in use. A model that was fetched by name is found, too.
   */
  async open(hash: string | null): Promise<void> {
    if (this.loaded === null || this.loading) {
      await this.#load(() => this.#find(hash));
      return;
    }
    if (hash === null || this.loaded.info.sha256.startsWith(hash)) return;
    const named = this.#named(hash);
    if (named !== undefined) {
      await this.choose(named);
      return;
    }
    const kept = await this.findKept(hash);
    if (kept !== null) await this.loadKept(kept.model, kept.file);
  }

  /** Loads one of the offered models. */
  choose(model: OfferedModel): Promise<void> {
    return this.#load(() => this.choiceOf(model));
  }

  loadOwn(files: File[]): Promise<void> {
    return this.#load(() => ({ kind: "own", files }));
  }

  /** Loads a model that was fetched by name. */
  loadKept(model: KeptModel, file: File): Promise<void> {
    return this.#load(() => ({ kind: "kept", model, file }));
  }

  /** Blends two models and loads what lies between them. */
  loadBlend(choice: BlendChoice): Promise<void> {
    return this.#load(() => choice);
  }

  /** Loads a model again that was in use before. */
  loadFiles(choice: FileChoice): Promise<void> {
    return this.#load(() => choice);
  }

  /** Ends what is being loaded, if it is not loaded by then; the model before stays in use. */
  async cancelLoad(): Promise<void> {
    if (!this.loading) return;
    this.#cancelled = this.#turn;
    await this.client.request("cancel-load", {}).catch(() => undefined);
  }

  /** A model of the page's list or one that was fetched by name, by the first digits of its hash. */
  async find(hash: string): Promise<FileChoice | null> {
    this.#list ??= await this.client.request("models", { base: this.base });
    const named = this.#named(hash);
    if (named !== undefined) return this.choiceOf(named);
    const kept = await this.findKept(hash);
    return kept === null ? null : { kind: "kept", ...kept };
  }

  /** Tries again what failed. */
  retry(): Promise<void> {
    return this.#load(this.#wish);
  }

  /** After a crash, with a fresh worker: loads what was in use. */
  reload(): Promise<void> {
    this.loaded = null;
    return this.#load(this.#again);
  }

  /** Loads the model in use again, elsewhere; where that fails it stays where it is. */
  async runOn(engine: EngineWish): Promise<void> {
    const before = this.engine;
    this.engine = engine;
    await this.#load(this.#again);
    if (this.problem !== null) this.engine = before;
  }

  /** How the worker is told of an offered model. */
  choiceOf(model: OfferedModel): OfferedChoice {
    return { kind: "offered", base: this.base, model };
  }

  /** As {@link runOn}, and so on later visits. */
  async prefer(engine: EngineWish): Promise<void> {
    await this.runOn(engine);
    if (this.problem === null) remember(ENGINE_KEY, engine);
  }

  /** Loads the model in use again, with a GPU's products in other numbers, as on later visits. */
  async computeIn(arithmetic: Arithmetic): Promise<void> {
    const before = this.arithmetic;
    this.arithmetic = arithmetic;
    await this.#load(this.#again);
    if (this.problem === null) remember(ARITHMETIC_KEY, arithmetic);
    else this.arithmetic = before;
  }

  async deleteStored(): Promise<void> {
    try {
      await this.client.request("delete-stored", {});
      this.storageProblem = null;
    } catch (error) {
      if (!(error instanceof Crashed)) this.storageProblem = messageOf(error);
    }
    await this.countStored();
  }

  /** The model in use, or while there is none what was asked for last. */
  get #again(): Wish {
    const choice = this.#choice;
    return choice === null ? this.#wish : () => choice;
  }

  /** As {@link find}; the default where there is none. */
  async #find(hash: string | null): Promise<ModelChoice> {
    const list = (this.#list ??= await this.client.request("models", { base: this.base }));
    return (hash === null ? null : await this.find(hash)) ?? this.choiceOf(list[0]);
  }

  #named(hash: string | null): OfferedModel | undefined {
    return hash === null ? undefined : this.offered.find(({ sha256 }) => sha256.startsWith(hash));
  }

  async #load(wish: Wish): Promise<void> {
    // Only the newest load counts, here and in the worker.
    const turn = ++this.#turn;
    this.#wish = wish;
    this.loading = true;
    this.#next = null;
    this.progress = null;
    this.problem = null;
    this.notice = null;
    try {
      const choice = await wish();
      if (turn !== this.#turn) return;
      if (turn === this.#cancelled) throw new Error("The load was ended.");
      this.#next = choice;
      const loaded = await this.client.request(
        "load",
        { choice, engine: this.#engineFor(choice), arithmetic: this.arithmetic },
        (progress) => {
          if (turn === this.#turn) this.progress = progress;
        },
      );
      if (turn !== this.#turn) return;
      this.#choice = choice;
      this.loaded = loaded;
      this.moved = null;
      this.ownName = choice.kind === "own" ? ownName(choice.files) : null;
      this.timings = { image: null, caption: null };
      this.#next = null;
      this.loading = false;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#next = null;
      this.loading = false;
      if (error instanceof Crashed || turn === this.#cancelled) return;
      if (this.engine === "gpu" && this.loaded === null) {
        // Nobody asked for it on this visit, and without a model the page is of no use.
        this.engine = "auto";
        await this.#load(wish);
        // What the second attempt found, too, has nothing to do with the GPU.
        if ((this.problem as string | null) === null) this.notice = messageOf(error);
        return;
      }
      this.problem = messageOf(error);
      return;
    }
    await Promise.all([this.#verify(), this.countStored()]);
  }

  /** A slider's next place needs no new trial of the GPU where the place before lost it. */
  #engineFor(choice: ModelChoice): EngineWish {
    const isNext = choice.kind === "blend" && this.engine === "auto";
    return isNext && this.loaded?.info.engine === "cpu" ? "cpu" : this.engine;
  }

  async #verify(): Promise<void> {
    const turn = this.#turn;
    const verifiable = this.loaded?.verifiable === true;
    this.parity = { kind: verifiable ? "running" : "none" };
    if (!verifiable) return;
    const parity = await this.client.request("verify", {}).then(
      (found): ParityCheck => ({ kind: "done", parity: found }),
      (error: unknown): ParityCheck => ({ kind: "failed", message: messageOf(error) }),
    );
    if (turn === this.#turn) this.parity = parity;
  }

  /** Looks again at how much the browser stores. */
  async countStored(): Promise<void> {
    try {
      this.storedBytes = await this.client.request("stored-bytes", {});
    } catch {
      // The size is a courtesy; without it the page shows none.
      this.storedBytes = null;
    }
  }
}

export type FindKept = (hash: string) => Promise<{ model: KeptModel; file: File } | null>;

/** Says which model is to be loaded, perhaps after a look at the list. */
type Wish = () => ModelChoice | Promise<ModelChoice>;

const ENGINE_KEY = "cliprobe-engine";
const ENGINES = ["auto", "cpu", "gpu"] as const satisfies readonly EngineWish[];
const ARITHMETIC_KEY = "cliprobe-arithmetic";

/** What was kept under a name, if it is one of the words; else the first of them. */
function remembered<T extends string>(key: string, words: readonly [T, ...T[]]): T {
  try {
    const kept = localStorage.getItem(key);
    return words.find((word) => word === kept) ?? words[0];
  } catch {
    return words[0]; // the browser keeps nothing for this page
  }
}

function remember(key: string, word: string): void {
  try {
    localStorage.setItem(key, word);
  } catch {
    // Then the next visit begins with what is usual.
  }
}

/** The file's name, or the directory's where the browser tells it. */
function ownName(files: File[]): string {
  const [first] = files;
  const [directory] = first?.webkitRelativePath.split("/") ?? [];
  return directory || (first?.name ?? "");
}
