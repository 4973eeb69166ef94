/**
 * A page's side of a worker, whatever the two talk about: a promise for each request, and one place
 * that learns of a crash. The page and the npm package both speak through it.
 */

/** Worker → page. */
export type ChannelReply<P> =
  | { kind: "progress"; id: number; progress: P }
  | { kind: "answer"; id: number; answer: unknown }
  /** The request could not be met; `message` is one sentence. The worker goes on. */
  | { kind: "refusal"; id: number; message: string }
  /** The module is unusable from here on; the worker must be replaced. */
  | { kind: "crash"; message: string };

/** What a channel needs of a worker; a `Worker` is one. */
export interface ChannelPort<P> {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<ChannelReply<P>>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** The request was understood and could not be met; the message is one sentence for a person. */
export class Refused extends Error {}

/** The worker is gone, and every pending request with it. */
export class Crashed extends Error {}

interface Pending<P> {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  onProgress: ((progress: P) => void) | undefined;
}

/**
 * @typeParam R by kind of request what is sent (`ask`) and what comes back (`answer`)
 * @typeParam P how far a request has come
 */
export class Channel<R extends Record<keyof R, { ask: unknown; answer: unknown }>, P> {
  #worker: ChannelPort<P> | null = null;
  #nextId = 1;
  readonly #pending = new Map<number, Pending<P>>();

  /**
   * @param start makes a fresh worker
   * @param onCrash hears once of each worker that died; nothing works until {@link restart}
   */
  constructor(
    private readonly start: () => ChannelPort<P>,
    private readonly onCrash: (message: string) => void,
  ) {
    this.restart();
  }

  /** Replaces the worker. Requests under way end with {@link Crashed}. */
  restart(): void {
    this.close("The engine was restarted.");
    const worker = this.start();
    worker.onmessage = (event) => {
      this.#receive(event.data);
    };
    worker.onerror = (event) => {
      this.#crash(event.message || "it could not be started");
    };
    this.#worker = worker;
  }

  /** Ends the worker. Requests under way, and later ones, end with {@link Crashed}. */
  close(message: string): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const pending of this.#pending.values()) pending.reject(new Crashed(message));
    this.#pending.clear();
  }

  /**
   * Asks the worker; ends with the answer, {@link Refused} or {@link Crashed}.
   *
   * @param signal where it is aborted, the request ends at once with its reason, and the worker is told
   * by `{ id, kind: "cancel" }`
   */
  request<K extends keyof R>(
    kind: K,
    ask: R[K]["ask"],
    onProgress?: (progress: P) => void,
    signal?: AbortSignal,
  ): Promise<R[K]["answer"]> {
    const worker = this.#worker;
    if (worker === null) return Promise.reject(new Crashed("The engine has stopped."));
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const id = this.#nextId++;
    return new Promise<R[K]["answer"]>((resolve, reject) => {
      const abort = () => {
        this.#pending.delete(id);
        worker.postMessage({ id, kind: "cancel" });
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      const ended = () => {
        signal?.removeEventListener("abort", abort);
      };
      this.#pending.set(id, {
        resolve: (answer) => {
          ended();
          resolve(answer);
        },
        reject: (error) => {
          ended();
          reject(error);
        },
        onProgress,
      });
      worker.postMessage({ id, kind, ask });
    });
  }

  #receive(reply: ChannelReply<P>): void {
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
    this.close(message);
    this.onCrash(message);
  }
}
