/** The question — a picture and captions — and its answer. */

import { emptyLinkState, HASH_DIGITS, type LinkState, readSeed } from "../link/link-state";
import { smallCopy } from "../link/small-copy";
import type { Model } from "../model/model.svelte";
import { type Client, Crashed } from "../worker/client";
import type { LoadedModel, PictureSource, Similarities } from "../worker/protocol";
import type { Caption } from "./caption-list";
import { Captions } from "./captions.svelte";
import { type PhotoPicture, type Picture, randomSeed, shortHash } from "./picture";
import { type Comparison, rank } from "./ranking";

/** Pixels a side at which scenes are shown; the model sees them at its own size. */
const SCENE_SIZE = 448;
/** Scenes offered as samples. */
export const SAMPLE_SEEDS = ["1", "2", "3"];
const TYPING_PAUSE_MS = 150;

interface Question {
  picture: Picture;
  captions: Caption[];
  loaded: LoadedModel;
}

interface Answer {
  question: Question;
  similarities: Similarities;
}

export class Probe {
  readonly captions = new Captions();
  picture = $state.raw<Picture | null>(null);
  pictureProblem = $state<string | null>(null);
  /** What one should know of the picture, such as that it is not the one a link was made with. */
  pictureNote = $state<string | null>(null);
  /** Drawn in small, to choose from. */
  samples = $state.raw<{ seed: string; url: string }[]>([]);
  softmax = $state(false);
  /** The small copy that the link carries, when the person chose so. */
  copy = $state.raw<Uint8Array<ArrayBuffer> | null>(null);
  copyProblem = $state<string | null>(null);
  busy = $state(false);
  rankingProblem = $state<string | null>(null);

  #answer = $state.raw<Answer | null>(null);
  #newestPicture = 0;
  #newestQuestion = 0;
  #photos = 0;
  /** The photo that the worker's present model has embedded. */
  #embedded: { key: string; loaded: LoadedModel } | null = null;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
  ) {}

  /** Best first; empty until there is an answer. */
  ranking = $derived.by(() => {
    if (this.#answer === null) return [];
    const { question, similarities } = this.#answer;
    const truths = sceneCaptions(question.picture);
    return rank(
      question.captions.map(({ id, text }, index): Comparison => ({
        id,
        text,
        cosine: similarities.cosines[index] ?? NaN,
        truncated: similarities.truncated[index] ?? false,
        truth: truths.find((truth) => truth.text === text) ?? null,
      })),
    );
  });

  /** What the scene's grammar knows of a text; `null` for photos and texts of one's own. */
  truthOf(text: string): boolean | null {
    const truth =
      this.picture === null ? undefined : sceneCaptions(this.picture).find((t) => t.text === text);
    return truth?.holds ?? null;
  }

  /** Asks again whenever the question changes. To be called while a component initialises. */
  follow(): void {
    $effect(() => {
      const { picture } = this;
      const { loaded } = this.model;
      const captions = this.captions.rankable;
      if (picture === null || picture.kind === "asked" || captions.length === 0) {
        this.#newestQuestion += 1;
        this.#answer = null;
        this.busy = false;
        return;
      }
      if (loaded === null) return;
      this.busy = true;
      const timer = setTimeout(
        () => void this.#ask({ picture, captions, loaded }),
        TYPING_PAUSE_MS,
      );
      return () => {
        clearTimeout(timer);
      };
    });
  }

  async drawSamples(): Promise<void> {
    const size = 160;
    try {
      const views = await Promise.all(
        SAMPLE_SEEDS.map((seed) => this.client.request("scene", { seed, size })),
      );
      this.samples = views.map(({ seed, png }) => ({ seed, url: pictureUrl(png, "image/png") }));
    } catch {
      // Without samples the page still draws scenes; a crash is reported where it is handled.
      this.samples = [];
    }
  }

  showRandomScene(): Promise<void> {
    return this.showScene(randomSeed());
  }

  /** Draws a scene; `captions` of a link stand in for the scene's own. */
  async showScene(seedText: string, captions: string[] | null = null): Promise<void> {
    const turn = ++this.#newestPicture;
    try {
      const seed = readSeedField(seedText);
      const view = await this.client.request("scene", { seed, size: SCENE_SIZE });
      if (turn !== this.#newestPicture) return;
      const before = this.picture === null ? [] : sceneCaptions(this.picture);
      this.#show({ kind: "scene", view, url: pictureUrl(view.png, "image/png") }, null);
      const texts = (list: { text: string }[]) => list.map(({ text }) => text);
      if (captions !== null) this.captions.replaceAll(captions);
      else this.captions.exchange(texts(before), texts(view.captions));
    } catch (error) {
      if (turn === this.#newestPicture) this.#refusePicture(error);
    }
  }

  async showPhoto(file: File): Promise<void> {
    const turn = ++this.#newestPicture;
    try {
      const bytes = await readFile(file);
      const hash = await shortHash(bytes, HASH_DIGITS);
      const photo = this.#photo(file.name || "photo", hash, bytes, file.type, false);
      // With a model at hand an unreadable photo is found before it takes the other's place.
      try {
        if (this.model.loaded !== null) await this.#embed(photo, this.model.loaded);
      } catch (error) {
        URL.revokeObjectURL(photo.url);
        throw error;
      }
      if (turn !== this.#newestPicture) return;
      const asked = this.picture?.kind === "asked" ? this.picture : null;
      const other = asked?.hash != null && hash !== null && !hash.startsWith(asked.hash);
      this.#show(
        photo,
        other ? `This is not the photo that the link was made with (“${asked.name}”).` : null,
      );
    } catch (error) {
      if (turn === this.#newestPicture) this.#refusePicture(error);
    }
  }

  /** Embeds a small copy of the photo in the link, or takes it out again. */
  async embedCopy(wanted: boolean): Promise<void> {
    const { picture } = this;
    this.copyProblem = null;
    this.copy = null;
    if (!wanted || picture?.kind !== "photo") return;
    try {
      const copy = picture.isCopy ? picture.bytes : await smallCopy(picture.bytes);
      if (this.picture === picture) this.copy = copy;
    } catch (error) {
      this.copyProblem = sentence(error);
    }
  }

  /** What a link says of this question. */
  get link(): LinkState {
    const state = { ...emptyLinkState(), softmax: this.softmax, copy: this.copy };
    const { picture } = this;
    const { texts } = this.captions;
    switch (picture?.kind) {
      case "scene": {
        const own = picture.view.captions.map(({ text }) => text);
        const captions = sameTexts(own, texts) ? null : texts;
        return { ...state, scene: picture.view.seed, captions };
      }
      case "photo":
      case "asked":
        return { ...state, photo: picture.name, hash: picture.hash, captions: texts };
      case undefined:
        return { ...state, captions: texts };
    }
  }

  /** Takes up the question of a link. */
  async open(link: LinkState): Promise<void> {
    this.softmax = link.softmax;
    if (link.photo === null) {
      const seed = link.scene ?? SAMPLE_SEEDS[0] ?? "0";
      return this.showScene(seed, link.captions);
    }
    this.#newestPicture += 1;
    this.captions.replaceAll(link.captions ?? []);
    const { photo: name, hash, copy } = link;
    if (copy === null) {
      this.#show({ kind: "asked", name, hash }, null);
    } else {
      const note = `This is the link’s small copy of “${name}”; the photo itself may rank differently.`;
      this.#show(this.#photo(name, hash, copy, "image/jpeg", true), note);
      this.copy = copy;
    }
  }

  #photo(
    name: string,
    hash: string | null,
    bytes: Uint8Array<ArrayBuffer>,
    type: string,
    isCopy: boolean,
  ): PhotoPicture {
    const key = String(++this.#photos);
    return { kind: "photo", key, name, hash, bytes, url: pictureUrl(bytes, type), isCopy };
  }

  #show(picture: Picture, note: string | null): void {
    if (this.picture !== null && this.picture.kind !== "asked") {
      URL.revokeObjectURL(this.picture.url);
    }
    this.picture = picture;
    this.pictureProblem = null;
    this.pictureNote = note;
    this.copy = null;
    this.copyProblem = null;
  }

  /** The picture shown stays. */
  #refusePicture(error: unknown): void {
    if (!(error instanceof Crashed)) this.pictureProblem = sentence(error);
  }

  async #embed(photo: PhotoPicture, loaded: LoadedModel): Promise<void> {
    if (this.#embedded?.key === photo.key && this.#embedded.loaded === loaded) return;
    const { milliseconds } = await this.client.request("photo", {
      key: photo.key,
      bytes: photo.bytes,
    });
    this.#embedded = { key: photo.key, loaded };
    this.model.timings.image = milliseconds;
  }

  async #ask(question: Question): Promise<void> {
    const turn = ++this.#newestQuestion;
    const { picture, captions, loaded } = question;
    try {
      if (picture.kind === "photo") await this.#embed(picture, loaded);
      if (turn !== this.#newestQuestion) return;
      const similarities = await this.client.request("rank", {
        picture: pictureSource(picture),
        captions: captions.map(({ text }) => text),
      });
      if (similarities === null || turn !== this.#newestQuestion) return;
      this.#answer = { question, similarities };
      this.rankingProblem = null;
      const { text, imageMilliseconds } = similarities;
      if (text.encoded > 0) this.model.timings.caption = text.milliseconds / text.encoded;
      if (imageMilliseconds !== null) this.model.timings.image = imageMilliseconds;
    } catch (error) {
      if (turn !== this.#newestQuestion || error instanceof Crashed) return;
      this.#answer = null;
      this.rankingProblem = sentence(error);
    } finally {
      if (turn === this.#newestQuestion) this.busy = false;
    }
  }
}

function sceneCaptions(picture: Picture) {
  return picture.kind === "scene" ? picture.view.captions : [];
}

function pictureSource(picture: Picture): PictureSource {
  switch (picture.kind) {
    case "scene":
      return { kind: "scene", seed: picture.view.seed };
    case "photo":
      return { kind: "photo", key: picture.key };
    case "asked":
      throw new Error(`The photo “${picture.name}” has to be given first.`);
  }
}

function sameTexts(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

function readSeedField(text: string): string {
  try {
    return readSeed(text.trim());
  } catch (error) {
    throw new Error(`The seed ${sentence(error)}.`, { cause: error });
  }
}

async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`“${file.name}” could not be read from disk.`, { cause: error });
  }
}

function pictureUrl(bytes: Uint8Array, type: string): string {
  // The copy also turns a possibly shared buffer into one that a Blob takes.
  return URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }));
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
