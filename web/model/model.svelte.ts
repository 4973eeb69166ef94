/** The loaded model as the page shows it, and what can be done with models. */

import { messageOf } from "../message-of";
import type { EngineWish, LoadProgress, ModelInfo } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { LoadedModel, ModelChoice, Parity } from "../worker/protocol";

export type ParityCheck =
  | { kind: "none" }
  | { kind: "running" }
  | { kind: "done"; parity: Parity }
  | { kind: "failed"; message: string };

/** What the last computations took. */
export interface Timings {
  /** One picture's embedding. */
  image: number | null;
  /** One caption's embedding, as the mean of those encoded together. */
  caption: number | null;
}

export class Model {
  /** The model in use; it stays while another is loading, and when that fails. */
  loaded = $state.raw<LoadedModel | null>(null);
  /** What the model in use says of itself since its engine changed; `null` before. */
  moved = $state.raw<ModelInfo | null>(null);
  /** File name of an own model in use, `null` for the default. */
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
  engine = $state<EngineWish>(rememberedWish());
  /** Why the model does not run where it was wished on an earlier visit, in one sentence. */
  notice = $state<string | null>(null);

  /** What a restarted engine loads again. */
  #choice: ModelChoice;
  #turn = 0;

  constructor(
    private readonly client: Client,
    private readonly base: string,
  ) {
    this.#choice = { kind: "default", base };
  }

  /** Whether the model in use is the one that ships with the page. */
  get isDefault(): boolean {
    return this.loaded !== null && this.ownName === null;
  }

  /** What to call the model in use: an own one by its file or folder. */
  get name(): string {
    return this.ownName ?? this.loaded?.name ?? "";
  }

  loadDefault(): Promise<void> {
    return this.#load({ kind: "default", base: this.base });
  }

  loadOwn(files: File[]): Promise<void> {
    return this.#load({ kind: "own", files });
  }

  /** After a crash, with a fresh worker: loads what was in use. */
  reload(): Promise<void> {
    this.loaded = null;
    return this.#load(this.#choice);
  }

  /** Loads the model in use again, elsewhere; where that fails it stays where it is. */
  async runOn(engine: EngineWish): Promise<void> {
    const before = this.engine;
    this.engine = engine;
    await this.#load(this.#choice);
    if (this.problem !== null) this.engine = before;
  }

  /** As {@link runOn}, and so on later visits. */
  async prefer(engine: EngineWish): Promise<void> {
    await this.runOn(engine);
    if (this.problem === null) rememberWish(engine);
  }

  async deleteStored(): Promise<void> {
    try {
      await this.client.request("delete-stored", {});
      this.storageProblem = null;
    } catch (error) {
      if (!(error instanceof Crashed)) this.storageProblem = messageOf(error);
    }
    await this.#countStored();
  }

  async #load(choice: ModelChoice): Promise<void> {
    // The worker loads one model after the other; only the newest is reported.
    const turn = ++this.#turn;
    this.loading = true;
    this.progress = null;
    this.problem = null;
    this.notice = null;
    try {
      const loaded = await this.client.request(
        "load",
        { choice, engine: this.engine },
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
      this.loading = false;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.loading = false;
      if (error instanceof Crashed) return;
      if (this.engine === "gpu" && this.loaded === null) {
        // Nobody asked for it on this visit, and without a model the page is of no use.
        this.engine = "auto";
        await this.#load(choice);
        // What the second attempt found, too, has nothing to do with the GPU.
        if ((this.problem as string | null) === null) this.notice = messageOf(error);
        return;
      }
      this.problem = messageOf(error);
      return;
    }
    await Promise.all([this.#verify(), this.#countStored()]);
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

  async #countStored(): Promise<void> {
    try {
      this.storedBytes = await this.client.request("stored-bytes", {});
    } catch {
      // The size is a courtesy; without it the page shows none.
      this.storedBytes = null;
    }
  }
}

const WISH_KEY = "cliprobe-engine";

function rememberedWish(): EngineWish {
  try {
    const wish = localStorage.getItem(WISH_KEY);
    return wish === "cpu" || wish === "gpu" ? wish : "auto";
  } catch {
    return "auto"; // the browser keeps nothing for this page
  }
}

function rememberWish(wish: EngineWish): void {
  try {
    localStorage.setItem(WISH_KEY, wish);
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
