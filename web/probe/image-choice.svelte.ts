/** The image in question, and the ways to another one. The one shown stays until the next is good. */

import { HASH_DIGITS, readScene } from "../link/link-state";
import { smallCopy } from "../link/small-copy";
import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import { sha256 } from "../sha256";
import { type Client, Crashed } from "../worker/client";
import type { LoadedModel } from "../worker/protocol";
import type { Captions } from "./captions.svelte";
import { drawing, type PhotoImage, type Image, randomSeed, sceneCaptions } from "./image";

/** Pixels a side at which scenes are shown; the model sees them at its own size. */
const SCENE_SIZE = 448;
const SAMPLE_SIZE = 160;
/** Scenes offered as samples; the first is where the page begins. */
export const SAMPLE_SEEDS = ["16", "4", "11"] as const;

export class ImageChoice {
  current = $state.raw<Image | null>(null);
  problem = $state<string | null>(null);
  /** What one should know of the image, such as that it is not the one a link was made with. */
  note = $state<string | null>(null);
  /** Drawn in small, to choose from. */
  samples = $state.raw<{ seed: string; url: string }[]>([]);
  /** The small copy that the link carries, when the person chose so. */
  copy = $state.raw<Uint8Array<ArrayBuffer> | null>(null);
  copyProblem = $state<string | null>(null);

  #newest = 0;
  #photos = 0;
  /** The photo that the worker's present model has embedded. */
  #embedded: { key: string; loaded: LoadedModel } | null = null;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly captions: Captions,
  ) {}

  async drawSamples(): Promise<void> {
    try {
      const views = await Promise.all(
        SAMPLE_SEEDS.map((seed) => this.client.request("scene", { seed, size: SAMPLE_SIZE })),
      );
      this.samples = views.map((view) => ({
        seed: view.seed,
        url: URL.createObjectURL(drawing(view)),
      }));
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
    const turn = ++this.#newest;
    try {
      const seed = readSceneField(seedText);
      const view = await this.client.request("scene", { seed, size: SCENE_SIZE });
      if (turn !== this.#newest) return;
      const before = sceneCaptions(this.current).map(({ text }) => text);
      const after = view.captions.map(({ text }) => text);
      this.#show({ kind: "scene", view }, null);
      if (captions !== null) this.captions.replaceAll(captions);
      else this.captions.exchange(before, after);
    } catch (error) {
      if (turn === this.#newest) this.#refuse(error);
    }
  }

  async showPhoto(file: File): Promise<void> {
    const turn = ++this.#newest;
    const name = file.name || "photo";
    try {
      const bytes = await readFile(file);
      const hash = (await sha256(bytes))?.slice(0, HASH_DIGITS) ?? null;
      const photo = this.#photo(name, hash, bytes, file.type, false);
      // With a model at hand an unreadable photo is found before it takes the other's place.
      if (this.model.loaded !== null) await this.embed(photo, this.model.loaded);
      if (turn !== this.#newest) return;
      // They are about the scene: with a photo they would be ranked as if they could be true.
      this.captions.stepAside(sceneCaptions(this.current).map(({ text }) => text));
      const asked = this.current?.kind === "asked" ? this.current : null;
      const other = asked?.hash != null && hash !== null && !hash.startsWith(asked.hash);
      this.#show(
        photo,
        other ? `This is not the photo that the link was made with (“${asked.name}”).` : null,
      );
    } catch (error) {
      if (turn === this.#newest) this.#refuse(error);
    }
  }

  /** Takes up the photo of a link: its small copy, or else the wish to be given it. */
  openPhoto(name: string, hash: string | null, copy: Uint8Array<ArrayBuffer> | null): void {
    this.#newest += 1;
    if (copy === null) {
      this.#show({ kind: "asked", name, hash }, null);
      return;
    }
    const note = `This is the link’s small copy of “${name}”; the photo itself may rank differently.`;
    this.#show(this.#photo(name, hash, copy, "image/jpeg", true), note);
    this.copy = copy;
  }

  /** Embeds a small copy of the photo in the link, or takes it out again. */
  async embedCopy(wanted: boolean): Promise<void> {
    const { current } = this;
    this.copyProblem = null;
    this.copy = null;
    if (!wanted || current?.kind !== "photo") return;
    try {
      const copy = current.isCopy ? current.bytes : await smallCopy(current.bytes);
      if (this.current === current) this.copy = copy;
    } catch (error) {
      this.copyProblem = messageOf(error);
    }
  }

  /** Has the worker embed a photo, unless its present model has done so already. */
  async embed(photo: PhotoImage, loaded: LoadedModel): Promise<void> {
    if (this.#embedded?.key === photo.key && this.#embedded.loaded === loaded) return;
    const { key, bytes, name } = photo;
    try {
      const { milliseconds } = await this.client.request("photo", { key, bytes });
      this.#embedded = { key, loaded };
      this.model.timings.image = milliseconds;
    } catch (error) {
      if (error instanceof Crashed) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`“${name}” could not be read as an image: ${why}`, { cause: error });
    }
  }

  #photo(
    name: string,
    hash: string | null,
    bytes: Uint8Array<ArrayBuffer>,
    type: string,
    isCopy: boolean,
  ): PhotoImage {
    const key = String(++this.#photos);
    return { kind: "photo", key, name, hash, bytes, type, isCopy };
  }

  #show(image: Image, note: string | null): void {
    this.current = image;
    this.problem = null;
    this.note = note;
    this.copy = null;
    this.copyProblem = null;
  }

  #refuse(error: unknown): void {
    if (!(error instanceof Crashed)) this.problem = messageOf(error);
  }
}

function readSceneField(text: string): string {
  try {
    return readScene(text.trim());
  } catch (error) {
    throw new Error(`the seed ${(error as Error).message}`, { cause: error });
  }
}

async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`“${file.name}” could not be read from disk.`, { cause: error });
  }
}
