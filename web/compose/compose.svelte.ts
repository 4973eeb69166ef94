/** A scene being edited: the edits, their history, and the search for a scene that the model fails on. */

import { messageOf } from "../message-of";
import type { Probe } from "../probe/probe.svelte";
import { rankedCaptions } from "../probe/ranking";
import type { SceneDescription, SceneVocabulary } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import { added, changed, layered, moved, nearby, removed } from "./scene-edit";

const MOST_STEPS = 200;
/** Nearby scenes that a search looks at. */
export const MOST_TRIES = 100;
/** The search looks at captions, not at the drawing. */
const SEARCH_SIZE = 32;

export interface Search {
  running: boolean;
  tried: number;
  /** The false caption that won; `null` while none has. */
  winner: string | null;
}

export class Compose {
  scene = $state.raw<SceneDescription | null>(null);
  words = $state.raw<SceneVocabulary | null>(null);
  /** Which thing the keys and the fields are about. */
  chosen = $state(0);
  problem = $state<string | null>(null);
  search = $state.raw<Search | null>(null);

  #past = $state.raw<SceneDescription[]>([]);
  #future = $state.raw<SceneDescription[]>([]);
  /** The scene's text that is on show because of an edit here. */
  #shown: string | null = null;
  /** The newest scene that waits to be shown, while another is. */
  #next: SceneDescription | null = null;
  #isShowing = false;
  #turn = 0;
  #searches = 0;

  constructor(
    private readonly client: Client,
    private readonly probe: Probe,
  ) {}

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Takes up whatever scene is on show, now and later. To be called while a component initialises. */
  follow(): void {
    $effect(() => {
      const { current } = this.probe.image;
      if (current === null || current.kind === "asked") return;
      if (current.kind === "photo") this.scene = null;
      else if (!this.#isShowing && current.view.seed !== this.#shown) {
        void this.open(current.view.seed);
      }
    });
  }

  async open(seed: string): Promise<void> {
    const turn = ++this.#turn;
    this.stop();
    try {
      this.words ??= await this.client.request("scene-words", {});
      const json = await this.client.request("scene-json", { seed });
      if (turn !== this.#turn) return;
      this.scene = JSON.parse(json) as SceneDescription;
      this.#shown = seed;
      this.#past = [];
      this.#future = [];
      this.chosen = 0;
      this.search = null;
      this.problem = null;
    } catch (error) {
      if (turn === this.#turn && !(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }

  /** @param isStep whether undo comes back to what was before; not within a drag */
  move(index: number, dx: number, dy: number, isStep = true): void {
    this.#edit((scene) => moved(scene, index, dx, dy), isStep);
  }

  change(change: Parameters<typeof changed>[2]): void {
    const { words } = this;
    if (words !== null) this.#edit((scene) => changed(scene, this.chosen, change, words));
  }

  changeGround(ground: string): void {
    this.#edit((scene) => ({ ...scene, ground }));
  }

  add(): void {
    const { words } = this;
    if (words === null) return;
    this.#edit((scene) => added(scene, words));
    this.chosen = (this.scene?.things.length ?? 1) - 1;
  }

  remove(index: number): void {
    this.#edit((scene) => removed(scene, index));
    this.chosen = Math.max(0, Math.min(this.chosen, (this.scene?.things.length ?? 1) - 1));
  }

  layer(by: 1 | -1): void {
    const before = this.scene;
    this.#edit((scene) => layered(scene, this.chosen, by));
    if (this.scene !== before) this.chosen += by;
  }

  /** Places another thing so that the chosen one has the relation to it. */
  async relate(relation: string, object: number): Promise<void> {
    const { scene: before, chosen: subject } = this;
    if (before === null) return;
    this.problem = null;
    try {
      const found = await this.client.request("scene-relate", {
        scene: JSON.stringify(before),
        subject,
        relation,
        object,
      });
      // Edited meanwhile: what was found is of another scene.
      if (this.scene !== before) return;
      this.#edit(() => JSON.parse(found.scene) as SceneDescription);
      this.chosen = found.subject;
    } catch (error) {
      if (!(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }

  undo(): void {
    const scene = this.#past.at(-1);
    if (scene === undefined || this.scene === null) return;
    this.#past = this.#past.slice(0, -1);
    this.#future = [this.scene, ...this.#future];
    this.#put(scene);
  }

  redo(): void {
    const [scene, ...rest] = this.#future;
    if (scene === undefined || this.scene === null) return;
    this.#future = rest;
    this.#past = [...this.#past, this.scene];
    this.#put(scene);
  }

  /** Looks at nearby scenes for one where a false caption is most similar, and shows it. */
  async makeFail(): Promise<void> {
    const { scene: start, words } = this;
    if (start === null || words === null) return;
    const turn = ++this.#searches;
    this.problem = null;
    try {
      for (let tried = 1; tried <= MOST_TRIES; tried += 1) {
        this.search = { running: true, tried, winner: null };
        const scene = nearby(start, words, tried);
        const winner = await this.#falseWinner(scene);
        if (turn !== this.#searches) return;
        if (winner === null) continue;
        this.#edit(() => scene);
        this.search = { running: false, tried, winner };
        return;
      }
      this.search = { running: false, tried: MOST_TRIES, winner: null };
    } catch (error) {
      if (turn !== this.#searches) return;
      this.search = null;
      if (!(error instanceof Crashed)) this.problem = messageOf(error);
    }
  }

  /** Ends a search. */
  stop(): void {
    this.#searches += 1;
    if (this.search?.running === true) this.search = { ...this.search, running: false };
  }

  /** The false caption that the model ranks first; `null` where a true one is first. */
  async #falseWinner(scene: SceneDescription): Promise<string | null> {
    const view = await this.client
      .request("scene", { seed: JSON.stringify(scene), size: SEARCH_SIZE })
      // A nearby scene may be one that cannot be: it is passed over.
      .catch((error: unknown) => {
        if (error instanceof Crashed) throw error;
        return null;
      });
    if (view === null) return null;
    const captions = view.captions.map(({ text }, id) => ({ id, text }));
    const answer = await this.client.request("rank", {
      image: { kind: "scene", seed: view.seed },
      captions: captions.map(({ text }) => text),
    });
    if (answer === null) return null;
    const [first] = rankedCaptions(captions, answer, view.captions);
    return first?.truth?.holds === false ? first.text : null;
  }

  #edit(edit: (scene: SceneDescription) => SceneDescription, isStep = true): void {
    const before = this.scene;
    if (before === null) return;
    const after = edit(before);
    if (after === before) return;
    if (isStep) this.#past = [...this.#past, before].slice(-MOST_STEPS);
    this.#future = [];
    this.#put(after);
  }

  #put(scene: SceneDescription): void {
    this.scene = scene;
    this.stop();
    if (this.search?.running === false) this.search = null;
    this.#next = scene;
    if (!this.#isShowing) void this.#show();
  }

  /** Shows the newest scene, then the one that came meanwhile: at most one computation is under way. */
  async #show(): Promise<void> {
    this.#isShowing = true;
    try {
      for (let scene = this.#next; scene !== null; scene = this.#next) {
        this.#next = null;
        const text = JSON.stringify(scene);
        this.#shown = text;
        await this.probe.image.showScene(text);
        const { current, problem } = this.probe.image;
        if (problem !== null) {
          // The edit makes no scene: what was before stays.
          this.problem = problem;
          const good = this.#past.at(-1);
          if (good !== undefined && this.scene === scene) {
            this.#past = this.#past.slice(0, -1);
            this.scene = good;
          }
          continue;
        }
        this.problem = null;
        if (current?.kind === "scene") {
          const { seed } = current.view;
          if (!seed.startsWith("{")) {
            // A person asked for another scene meanwhile.
            this.#next = null;
            void this.open(seed);
            return;
          }
          this.#shown = seed;
        }
        const { question } = this.probe;
        if (question !== null) await this.probe.ask(question);
      }
    } finally {
      this.#isShowing = false;
    }
  }
}
