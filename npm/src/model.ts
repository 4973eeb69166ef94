/** A loaded model. */

import type { HierarchyAnswer } from "../../web/hierarchy/answer.js";
import { messageOf } from "../../web/message-of.js";
import type { CaptionEdit, EditGroup, ModelInfo, Scored } from "../../web/wasm/cliprobe.js";
import { Channel, Crashed, Refused } from "../../web/worker/channel.js";
import { Embeddings, TextEmbeddings } from "./embeddings.js";
import { DisposedError, LoadError, RequestError, WorkerError } from "./errors.js";
import { fetchModel } from "./fetch.js";
import type { Requests, SentImage } from "./protocol.js";
import { startModelWorker } from "./start.js";
import type {
  CallOptions,
  HierarchyOptions,
  ImageInput,
  LoadOptions,
  ModelSource,
  Progress,
} from "./types.js";

type ModelChannel = Channel<Requests, Progress>;

/** Every group of {@link Model.edits}. */
const EDIT_GROUPS: EditGroup[] = ["hard-negative", "hard-positive", "generalisation", "order"];
/** HierarCaps' own number. */
const LEVELS = 50;

/**
 * Loads a CLIP model into a worker of its own.
 *
 * Rejects with a {@link LoadError}, or with the signal's reason.
 *
 * @example
 * ```ts
 * const model = await load("openai/clip-vit-base-patch32", { onProgress: console.log });
 * const ranking = await model.score(file, ["a cat on a table", "a table on a cat"]);
 * model.dispose();
 * ```
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const { engine = "auto", arithmetic = "f32", onProgress, signal } = options;
  signal?.throwIfAborted();
  const { files, sha256 } = await filesOf(source, options);
  let ended: Error | null = null;
  const channel: ModelChannel = new Channel<Requests, Progress>(startModelWorker, (message) => {
    ended = new WorkerError(messageOf(message));
  });
  try {
    const ask = { files, sha256, engine, arithmetic };
    const info = await channel.request("load", ask, onProgress, signal);
    return new Model(channel, info, () => ended);
  } catch (error) {
    channel.close("The model was not loaded.");
    if (error instanceof Refused || error instanceof Crashed) {
      throw new LoadError(messageOf(error), { cause: error });
    }
    throw error;
  }
}

async function filesOf(
  source: ModelSource,
  options: LoadOptions,
): Promise<{ files: Record<string, Blob | Uint8Array>; sha256: string | null }> {
  if (typeof source === "string" || source instanceof URL) {
    const { file, sha256 } = await fetchModel(String(source), options);
    return { files: { [file.name]: file }, sha256 };
  }
  if (source instanceof Blob) {
    return {
      files: { [source instanceof File ? source.name : "model.gguf"]: source },
      sha256: null,
    };
  }
  if (source instanceof ArrayBuffer) {
    return { files: { "model.gguf": new Uint8Array(source) }, sha256: null };
  }
  if (source instanceof Uint8Array) return { files: { "model.gguf": source }, sha256: null };
  return { files: source, sha256: null };
}

/**
 * A CLIP model in a worker. Calls are answered one at a time, in the order in which they are made; each
 * can be cancelled by its signal. A call rejects with a {@link RequestError} where it cannot be met,
 * with a {@link WorkerError} where the worker died, and with a {@link DisposedError} after
 * {@link dispose}.
 */
export class Model {
  readonly #channel: ModelChannel;
  readonly #crash: () => Error | null;
  #disposed = false;

  /** @internal */
  constructor(
    channel: ModelChannel,
    /** What the model is, and where it computes. */
    readonly info: ModelInfo,
    crash: () => Error | null,
  ) {
    this.#channel = channel;
    this.#crash = crash;
  }

  /** Embeds texts: a row each, in their order. */
  async encodeText(texts: readonly string[], options: CallOptions = {}): Promise<TextEmbeddings> {
    const { data, dim, truncated, tokenCounts } = await this.#ask(
      "encode-text",
      { texts: [...texts] },
      options,
    );
    return new TextEmbeddings(data, [texts.length, dim], truncated, tokenCounts);
  }

  /** Embeds an image, or several: a row each, in their order. */
  async encodeImage(
    images: ImageInput | readonly ImageInput[],
    options: CallOptions = {},
  ): Promise<Embeddings> {
    const sent = (isList(images) ? images : [images]).map(sentImage);
    const { data, dim } = await this.#ask("encode-image", { images: sent }, options);
    return new Embeddings(data, [sent.length, dim]);
  }

  /** Ranks captions for an image by their cosine with it, best first. */
  score(
    image: ImageInput,
    captions: readonly string[],
    options: CallOptions = {},
  ): Promise<Scored[]> {
    return this.#ask("score", { image: sentImage(image), captions: [...captions] }, options);
  }

  /**
   * Makes captions of a caption: hard negatives, hard positives, generalisations, other word orders. The
   * same seed makes the same. `none` says for a group that has none why.
   */
  edits(
    caption: string,
    options: CallOptions & { groups?: readonly EditGroup[]; seed?: number } = {},
  ): Promise<{ edits: CaptionEdit[]; none: Partial<Record<EditGroup, string>> }> {
    const { groups = EDIT_GROUPS, seed = 0 } = options;
    return this.#ask("edits", { caption, groups: [...groups], seed }, options);
  }

  /**
   * Measures texts, and perhaps an image, around the root, the embedding of the empty text: radii, the
   * exterior angles of chains, and the traversal from the root to the image over the candidates.
   */
  hierarchy(options: HierarchyOptions): Promise<HierarchyAnswer> {
    const { image, onProgress } = options;
    const ask = {
      image: image === undefined ? null : sentImage(image),
      candidates: options.candidates ?? [],
      captions: options.captions ?? [],
      truth: options.truth ?? [],
      own: options.own ?? [],
      contradictions: options.contradictions ?? [],
      levels: options.levels ?? LEVELS,
      radius: options.radius ?? "euclidean",
    };
    return this.#ask("hierarchy", ask, options, onProgress);
  }

  /** Ends the worker and gives its memory back. Calls under way, and later ones, reject. */
  dispose(): void {
    this.#disposed = true;
    this.#channel.close("The model was disposed of.");
  }

  async #ask<K extends keyof Requests>(
    kind: K,
    ask: Requests[K]["ask"],
    { signal }: CallOptions,
    onProgress?: (progress: Progress) => void,
  ): Promise<Requests[K]["answer"]> {
    try {
      return await this.#channel.request(kind, ask, onProgress, signal);
    } catch (error) {
      if (error instanceof Refused) throw new RequestError(messageOf(error), { cause: error });
      if (error instanceof Crashed) {
        throw this.#disposed
          ? new DisposedError("The model was disposed of.")
          : (this.#crash() ?? new WorkerError(messageOf(error), { cause: error }));
      }
      throw error;
    }
  }
}

function isList(images: ImageInput | readonly ImageInput[]): images is readonly ImageInput[] {
  return Array.isArray(images);
}

function sentImage(image: ImageInput): SentImage {
  if (image instanceof Blob || image instanceof Uint8Array) return image;
  if (image instanceof ArrayBuffer) return new Uint8Array(image);
  const { data, width, height } = image;
  return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
