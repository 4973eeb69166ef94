/** Models of other servers: what is asked for, what arrives, what is kept. */

import { messageOf } from "../message-of";
import type { WeightType } from "../wasm/cliprobe.js";
import { host as hostOf } from "./network";
import type { FetchProgress, FetchReply, Order } from "./protocol";
import { type KeptModel, Shelf } from "./shelf";
import { DEFAULT_ENDPOINT, readEndpoint, readWish } from "./wish";

/** What is used of a worker; a `Worker` is one. */
export interface FetchWorker {
  postMessage: (order: Order) => void;
  terminate: () => void;
  onmessage: ((event: MessageEvent<FetchReply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export class Hub {
  /** What the person typed. */
  text = $state("");
  endpoint = $state(DEFAULT_ENDPOINT);
  type = $state<WeightType>("Q8_0");
  activation = $state<Order["activation"]>(null);
  /** What is being fetched. */
  fetching = $state<string | null>(null);
  progress = $state.raw<FetchProgress | null>(null);
  /** Why nothing was fetched, in one sentence. */
  problem = $state<string | null>(null);
  /** What came of the last order, in one sentence. */
  outcome = $state<string | null>(null);
  kept = $state.raw<KeptModel[]>([]);

  #worker: FetchWorker | null = null;

  /**
   * @param start makes a fresh worker
   * @param use takes up a model that has just been fetched
   */
  constructor(
    private readonly start: () => FetchWorker,
    private readonly shelf: Shelf,
    private readonly use: (model: KeptModel, file: File) => Promise<void>,
  ) {}

  /** The server that would be asked; `null` while there is no good address. */
  get host(): string | null {
    try {
      const endpoint = readEndpoint(this.endpoint);
      const wish = this.text.trim() === "" ? null : readWish(this.text, endpoint);
      return hostOf(wish?.kind === "file" ? wish.url : endpoint);
    } catch {
      return null;
    }
  }

  /** Looks at what is kept. */
  async look(): Promise<void> {
    this.kept = await this.shelf.list().catch(() => []);
  }

  /** A kept model with its file, by the first digits of its hash. */
  async find(hash: string): Promise<{ model: KeptModel; file: File } | null> {
    await this.look();
    const model = this.kept.find(({ sha256 }) => sha256.startsWith(hash));
    if (model === undefined) return null;
    const file = await this.shelf.file(model.key).catch(() => null);
    return file === null ? null : { model, file };
  }

  /** Fetches what was typed. */
  fetch(): void {
    this.problem = null;
    this.outcome = null;
    let order: Order;
    try {
      const endpoint = readEndpoint(this.endpoint);
      const wish = readWish(this.text, endpoint);
      order = { wish, endpoint, type: this.type, activation: this.activation };
    } catch (error) {
      this.problem = messageOf(error);
      return;
    }
    this.#end();
    this.fetching = this.text.trim();
    const worker = this.start();
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      if (worker === this.#worker) void this.#receive(data);
    };
    worker.onerror = () => {
      if (worker !== this.#worker) return;
      this.#end();
      this.problem = "The converter stopped: fetch again, and it goes on from where it was.";
    };
    worker.postMessage(order);
  }

  /** Stops; the next order for the same goes on from there. */
  cancel(): void {
    if (this.fetching === null) return;
    this.#end();
    this.outcome = "Stopped. Fetch it again to go on from there.";
  }

  async take(model: KeptModel): Promise<void> {
    this.problem = null;
    try {
      await this.use(model, await this.shelf.file(model.key));
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  /** The file, to be saved by the browser. */
  async download(model: KeptModel): Promise<void> {
    this.problem = null;
    try {
      const url = URL.createObjectURL(await this.shelf.file(model.key));
      const link = document.createElement("a");
      link.href = url;
      link.download = `${model.name}${model.type === null ? "" : `-${model.type}`}.gguf`;
      link.click();
      // The download has taken hold of the file by then.
      setTimeout(() => {
        URL.revokeObjectURL(url);
      }, 60_000);
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  async remove(model: KeptModel): Promise<void> {
    this.problem = null;
    try {
      await this.shelf.remove(model.key);
      this.outcome = `${model.name} was deleted from this browser.`;
    } catch (error) {
      this.problem = messageOf(error);
    }
    await this.look();
  }

  async #receive(reply: FetchReply): Promise<void> {
    switch (reply.kind) {
      case "progress":
        this.progress = reply.progress;
        return;
      case "refused":
        this.#end();
        this.problem = messageOf(reply.message) + this.#advice(reply.message);
        return;
      case "done":
        this.#end();
        this.outcome = `${reply.model.name} is kept in this browser.`;
        await this.look();
        await this.take(reply.model);
    }
  }

  /** What a person can do here about a refusal of the library, which knows no buttons. */
  #advice(message: string): string {
    if (/QuickGELU or GELU/.test(message)) return " Choose it under Options, and fetch again.";
    if (/has no tokenizer/.test(message)) {
      return " Download the model and open its files together with a tokenizer.";
    }
    return "";
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.fetching = null;
    this.progress = null;
  }
}
