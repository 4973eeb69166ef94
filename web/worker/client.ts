/** The page's side of the worker: a promise for each request, and one place that learns of a crash. */

import type { LoadProgress } from "../wasm/cliprobe.js";
import type { Answer, Ask, Reply, RequestKind } from "./protocol";

/** What a client needs of a worker; a `Worker` is one. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<Reply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** The request was understood and could not be met; the message is one sentence for a person. */
export class Refused extends Error {}

/** The worker is gone, and every pending request with it. */
export class Crashed extends Error {}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  onProgress: ((progress: LoadProgress) => void) | undefined;
}

export class Client {
  #worker: WorkerPort | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending>();

  /**
   * @param start makes a fresh worker
   * @param onCrash hears once of each worker that died; nothing works until {@link restart}
   */
  constructor(
    private readonly start: () => WorkerPort,
    private readonly onCrash: (message: string) => void,
  ) {
    this.restart();
  }

  /** Replaces the worker. Requests under way end with {@link Crashed}. */
  restart(): void {
    this.#end("The engine was restarted.");
    const worker = this.start();
    worker.onmessage = (event) => {
      this.#receive(event.data);
    };
    worker.onerror = (event) => {
      this.#crash(event.message || "it could not be started");
    };
    this.#worker = worker;
  }

  /** Asks the worker; ends with the answer, {@link Refused} or {@link Crashed}. */
  request<K extends RequestKind>(
    kind: K,
    ask: Ask<K>,
    onProgress?: (progress: LoadProgress) => void,
  ): Promise<Answer<K>> {
    const worker = this.#worker;
    if (worker === null) return Promise.reject(new Crashed("The engine has stopped."));
    const id = this.#nextId++;
    return new Promise<Answer<K>>((resolve, reject) => {
      this.#pending.set(id, {
        resolve: resolve,
        reject,
        onProgress,
      });
      worker.postMessage({ id, kind, ask });
    });
  }

  #receive(reply: Reply): void {
    if (reply.kind === "crash") {
      this.#crash(reply.message);
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (reply.kind === "progress") {
      pending?.onProgress?.(reply.progress);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.kind === "answer") pending?.resolve(reply.answer);
    else pending?.reject(new Refused(reply.message));
  }

  #crash(message: string): void {
    if (this.#worker === null) return;
    this.#end(message);
    this.onCrash(message);
  }

  #end(message: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const pending of this.#pending.values()) pending.reject(new Crashed(message));
    this.#pending.clear();
  }
}
