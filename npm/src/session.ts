/** The worker's part: one model, and an answer to each call. Knows nothing of messages. */

import {
  type Embedder,
  type HierarchyModule,
  measureHierarchy,
} from "../../web/hierarchy/measure.js";
import type {
  CaptionEdit,
  Clip,
  EditGroup,
  LoadOptions,
  ModelSource,
} from "../../web/wasm/cliprobe.js";
import { messagesDelivered } from "../../web/worker/messages-delivered.js";
import type { Call, Requests, RequestKind, SentImage } from "./protocol.js";
import type { Progress } from "./types.js";

/** What is used of a loaded model. */
export type SessionClip = Pick<
  Clip,
  "info" | "encodeText" | "encodeImage" | "encodeRgba" | "rank" | "free"
>;

/** What is used of the wasm module. */
export interface ClipModule extends HierarchyModule {
  Clip: { load(source: ModelSource, options?: LoadOptions): Promise<SessionClip> };
  edits(
    caption: string,
    group: EditGroup,
    seed: number,
  ): { edits: CaptionEdit[]; none: string | null };
  installLexicon(text: string): void;
}

/** Texts embedded between two looks at whether the answer is still wanted. */
const TEXTS_AT_A_TIME = 16;

type Ask<K extends RequestKind> = Requests[K]["ask"];
type Answer<K extends RequestKind> = Requests[K]["answer"];

/** Ends a call that nobody waits for. */
class Cancelled extends Error {}

export class ModelSession {
  #clip: SessionClip | null = null;
  #withLexicon: Promise<ClipModule> | null = null;
  /** One call at a time, in the order in which they came. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #cancelled = new Set<number>();

  /** @param fetchLexicon fetches the text that edits draw on */
  constructor(
    private readonly module: Promise<ClipModule>,
    private readonly fetchLexicon: () => Promise<string>,
  ) {}

  /** Whoever made this call no longer waits for it. */
  cancel(id: number): void {
    this.#cancelled.add(id);
  }

  /** Answers a call when those before it are answered; `null` of a cancelled one. Throws one sentence. */
  answer(
    call: Exclude<Call, { kind: "cancel" }>,
    onProgress: (progress: Progress) => void,
  ): Promise<Answer<RequestKind> | null> {
    const result = this.#turn.then(async () => {
      try {
        await this.#stillWanted(call.id);
        return await this.#serve(call, onProgress);
      } catch (error) {
        if (error instanceof Cancelled) return null;
        throw error;
      } finally {
        this.#cancelled.delete(call.id);
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #serve(
    call: Exclude<Call, { kind: "cancel" }>,
    onProgress: (progress: Progress) => void,
  ): Promise<Answer<RequestKind>> {
    switch (call.kind) {
      case "load":
        return this.#load(call.ask, onProgress);
      case "encode-text":
        return this.#encodeText(call.id, call.ask);
      case "encode-image":
        return this.#encodeImages(call.id, call.ask);
      case "score":
        return this.#score(call.ask);
      case "edits":
        return this.#edits(call.ask);
      case "hierarchy":
        return this.#hierarchy(call.id, call.ask, onProgress);
    }
  }

  async #load(
    { files, sha256, engine, arithmetic }: Ask<"load">,
    onProgress: (progress: Progress) => void,
  ): Promise<Answer<"load">> {
    const { Clip } = await this.module;
    const options: LoadOptions = { engine, arithmetic, onProgress };
    if (sha256 !== null) options.sha256 = sha256;
    this.#clip = await Clip.load(files, options);
    return this.#clip.info();
  }

  async #encodeText(id: number, { texts }: Ask<"encode-text">): Promise<Answer<"encode-text">> {
    const clip = this.#loaded();
    const dim = clip.info().embeddingDim;
    const data = new Float32Array(texts.length * dim);
    const truncated: boolean[] = [];
    const tokenCounts: number[] = [];
    for (let first = 0; first < texts.length; first += TEXTS_AT_A_TIME) {
      if (first > 0) await this.#stillWanted(id);
      const found = await clip.encodeText(texts.slice(first, first + TEXTS_AT_A_TIME));
      data.set(found.embeddings, first * dim);
      truncated.push(...found.truncated);
      tokenCounts.push(...found.tokenCounts);
    }
    return { data, dim, truncated, tokenCounts };
  }

  async #encodeImages(
    id: number,
    { images }: Ask<"encode-image">,
  ): Promise<Answer<"encode-image">> {
    const dim = this.#loaded().info().embeddingDim;
    const data = new Float32Array(images.length * dim);
    for (const [index, image] of images.entries()) {
      if (index > 0) await this.#stillWanted(id);
      data.set(await this.#embed(image), index * dim);
    }
    return { data, dim };
  }

  async #score({ image, captions }: Ask<"score">): Promise<Answer<"score">> {
    const clip = this.#loaded();
    const embedding = await this.#embed(image);
    const { embeddings, truncated } = await clip.encodeText(captions);
    return clip.rank(embedding, embeddings).map((ranked) => ({
      ...ranked,
      caption: captions[ranked.index] ?? "",
      truncated: truncated[ranked.index] ?? false,
    }));
  }

  async #edits({ caption, groups, seed }: Ask<"edits">): Promise<Answer<"edits">> {
    const module = await this.#lexicon();
    const answer: Answer<"edits"> = { edits: [], none: {} };
    for (const group of groups) {
      const { edits, none } = module.edits(caption, group, seed);
      answer.edits.push(...edits);
      if (none !== null) answer.none[group] = none;
    }
    return answer;
  }

  async #hierarchy(
    id: number,
    ask: Ask<"hierarchy">,
    onProgress: (progress: Progress) => void,
  ): Promise<Answer<"hierarchy">> {
    const clip = this.#loaded();
    const embedder: Embedder = {
      texts: async (batch) => {
        await this.#stillWanted(id);
        const { embeddings, dim } = await clip.encodeText(batch);
        return batch.map((_, row) => embeddings.subarray(row * dim, (row + 1) * dim));
      },
      image: () => {
        if (ask.image === null) throw new Error("There is no image.");
        return this.#embed(ask.image);
      },
    };
    const answer = await measureHierarchy(
      await this.module,
      embedder,
      ask,
      () => !this.#cancelled.has(id),
      (loaded, total) => {
        onProgress({ stage: "build", loaded, total });
      },
    );
    if (answer === null) throw new Cancelled();
    return answer;
  }

  async #embed(image: SentImage): Promise<Float32Array> {
    const clip = this.#loaded();
    if (image instanceof Uint8Array) return (await clip.encodeImage(image)).embedding;
    if (image instanceof Blob) {
      const bytes = new Uint8Array(await image.arrayBuffer());
      return (await clip.encodeImage(bytes)).embedding;
    }
    const { rgba, width, height } = image;
    return (await clip.encodeRgba(rgba, width, height)).embedding;
  }

  /** Fetches the lexicon the first time, and again where that failed. */
  #lexicon(): Promise<ClipModule> {
    this.#withLexicon ??= Promise.all([this.module, this.fetchLexicon()]).then(([module, text]) => {
      module.installLexicon(text);
      return module;
    });
    this.#withLexicon.catch(() => {
      this.#withLexicon = null;
    });
    return this.#withLexicon;
  }

  /** Lets messages in, and ends the call if one of them cancelled it. */
  async #stillWanted(id: number): Promise<void> {
    await messagesDelivered();
    if (this.#cancelled.has(id)) throw new Cancelled();
  }

  #loaded(): SessionClip {
    if (this.#clip === null) throw new Error("No model is loaded.");
    return this.#clip;
  }
}
