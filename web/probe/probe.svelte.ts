/** The question — an image and captions — and its answer. */

import { untrack } from "svelte";

import { Edits } from "../edits/edits.svelte";
import { emptyLinkState, type LinkState } from "../link/link-state";
import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import { type Client, Crashed } from "../worker/client";
import type { LoadedModel, ImageSource, Similarities } from "../worker/protocol";
import type { Caption } from "./caption-list";
import { Captions } from "./captions.svelte";
import { type PhotoImage, type SceneImage, sceneCaptions } from "./image";
import { ImageChoice, SAMPLE_SEEDS } from "./image-choice.svelte";
import { rankedCaptions } from "./ranking";

const TYPING_PAUSE_MS = 150;

export interface Question {
  image: SceneImage | PhotoImage;
  captions: Caption[];
  loaded: LoadedModel;
}

export interface Answer {
  question: Question;
  similarities: Similarities;
}

export class Probe {
  readonly captions = new Captions();
  readonly image: ImageChoice;
  readonly edits: Edits;
  softmax = $state(false);
  /** Whether what `ranking` shows is about to be replaced. */
  busy = $state(false);
  /** Why there is no ranking, in one sentence. */
  problem = $state<string | null>(null);

  #answer = $state.raw<Answer | null>(null);
  #newest = 0;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
  ) {
    this.image = new ImageChoice(client, model, this.captions);
    this.edits = new Edits(client, this.captions);
  }

  /** What can be asked at present; `null` while something is missing. */
  get question(): Question | null {
    const { current: image } = this.image;
    const { loaded } = this.model;
    const captions = this.captions.rankable;
    if (image === null || image.kind === "asked") return null;
    if (captions.length === 0 || loaded === null) return null;
    return { image, captions, loaded };
  }

  /** Best first; empty until there is an answer. */
  ranking = $derived.by(() => {
    if (this.#answer === null) return [];
    const { question, similarities } = this.#answer;
    const { captions, image } = question;
    return rankedCaptions(captions, similarities, sceneCaptions(image));
  });

  /** What the model in use says to the present question; `null` while that is not known. */
  get answer(): Answer | null {
    return this.busy ? null : this.#answer;
  }

  /** Whether the present scene's grammar holds a text for true; `null` when it does not know. */
  truthOf(text: string): boolean | null {
    const truths = sceneCaptions(this.image.current);
    return truths.find((truth) => truth.text === text)?.holds ?? null;
  }

  /** Asks again whenever the question changes. To be called while a component initialises. */
  follow(): void {
    $effect(() => {
      const { question } = this;
      if (question === null) {
        this.forget();
        return;
      }
      this.busy = true;
      // Where nothing is shown yet, nothing was typed to wait for the end of.
      const pause = untrack(() => this.#answer) === null ? 0 : TYPING_PAUSE_MS;
      const timer = setTimeout(() => void this.ask(question), pause);
      return () => {
        clearTimeout(timer);
      };
    });
  }

  /** Drops the answer, and any that is still to come. */
  forget(): void {
    this.#newest += 1;
    this.#answer = null;
    this.problem = null;
    this.busy = false;
  }

  /** Asks the worker. Only the newest question's answer counts, whatever order they come in. */
  async ask(question: Question): Promise<void> {
    const turn = ++this.#newest;
    this.busy = true;
    const { image, captions, loaded } = question;
    try {
      if (image.kind === "photo") await this.image.embed(image, loaded);
      if (turn !== this.#newest) return;
      const similarities = await this.client.request("rank", {
        image: imageSource(image),
        captions: captions.map(({ text }) => text),
      });
      if (similarities === null || turn !== this.#newest) return;
      this.#answer = { question, similarities };
      this.problem = null;
      const { text, imageMilliseconds, moved } = similarities;
      if (moved !== null) this.model.moved = moved;
      if (text.encoded > 0) this.model.timings.caption = text.milliseconds / text.encoded;
      if (imageMilliseconds !== null) this.model.timings.image = imageMilliseconds;
    } catch (error) {
      if (turn !== this.#newest || error instanceof Crashed) return;
      this.#answer = null;
      this.problem = messageOf(error);
    } finally {
      if (turn === this.#newest) this.busy = false;
    }
  }

  /** What a link says of this question. */
  get link(): LinkState {
    const { current, copy } = this.image;
    const { texts } = this.captions;
    const state = {
      ...emptyLinkState(),
      captions: texts,
      marks: this.edits.marks(texts),
      softmax: this.softmax,
    };
    if (current === null) return state;
    if (current.kind !== "scene") {
      return { ...state, photo: current.name, hash: current.hash, copy };
    }
    const own = current.view.captions.map(({ text }) => text);
    const { seed: scene } = current.view;
    return sameTexts(own, texts)
      ? { ...state, scene, captions: null, marks: null }
      : { ...state, scene };
  }

  /** Takes up the question of a link. */
  async open(link: LinkState): Promise<void> {
    this.softmax = link.softmax;
    this.edits.open(link.marks ?? [], link.captions ?? []);
    if (link.photo === null) {
      await this.image.showScene(link.scene ?? SAMPLE_SEEDS[0], link.captions);
    } else {
      this.captions.replaceAll(link.captions ?? []);
      this.image.openPhoto(link.photo, link.hash, link.copy);
    }
  }
}

function imageSource(image: SceneImage | PhotoImage): ImageSource {
  return image.kind === "scene"
    ? { kind: "scene", seed: image.view.seed }
    : { kind: "photo", key: image.key };
}

function sameTexts(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
