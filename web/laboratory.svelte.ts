/** The page's one instance of everything, joined: worker, model, question, link. */

import { untrack } from "svelte";

import { Benchmarks } from "./benchmarks/benchmarks.svelte";
import type { GivenFile } from "./benchmarks/given-files";
import { Compose } from "./compose/compose.svelte";
import {
  HASH_DIGITS,
  type LinkState,
  readFragment,
  type ReadLink,
  type View,
  writeFragment,
} from "./link/link-state";
import { readQuestion, writeQuestion } from "./link/question-file";
import { type FetchWorker, Hub } from "./hub/hub.svelte";
import { Shelf } from "./hub/shelf";
import { messageOf } from "./message-of";
import { Model } from "./model/model.svelte";
import { isQuestion, isWeights, whatIsGiven } from "./model/model-files";
import { Hierarchy } from "./hierarchy/hierarchy.svelte";
import { keepPage } from "./offline/register";
import { Patch } from "./patch/patch.svelte";
import { MAX_CAPTIONS } from "./probe/caption-list";
import { ModelComparison } from "./probe/model-comparison.svelte";
import type { HandedImage } from "./probe/image";
import { cosinesAsked } from "./probe/ranking";
import { Probe } from "./probe/probe.svelte";
import type { SentAnswer } from "./replay/replay";
import { Replayed } from "./replay/replayed.svelte";
import { Speed } from "./speed/speed.svelte";
import { Words } from "./words/words.svelte";
import { Client, type WorkerPort } from "./worker/client";

/** Writing the address on every keystroke would meet the browsers' rate limits. */
const LINK_PAUSE_MS = 300;

export class Laboratory {
  readonly model: Model;
  readonly hub: Hub;
  readonly probe: Probe;
  readonly words: Words;
  readonly replayed: Replayed;
  readonly patch: Patch;
  readonly comparison: ModelComparison;
  readonly hierarchy: Hierarchy;
  readonly compose: Compose;
  readonly benchmarks: Benchmarks;
  readonly speed: Speed;
  view = $state<View>("probe");
  /** Why the engine stopped, until it is restarted. */
  crash = $state<string | null>(null);
  /** What could not be read in the link, a sentence each. */
  linkProblems = $state.raw<string[]>([]);
  /** Why the files last dropped were not taken. */
  dropProblem = $state<string | null>(null);
  /** Hash of the model that the link was made with. */
  askedModel = $state<string | null>(null);

  readonly #client: Client;

  /**
   * @param start makes a fresh worker
   * @param startFetching makes a fresh worker that fetches a model
   * @param base the page's own address, below which `models/` lies
   */
  constructor(
    start: () => WorkerPort,
    startFetching: () => FetchWorker,
    private readonly base: string,
  ) {
    this.#client = new Client(start, (message) => {
      this.crash = messageOf(message);
    });
    const shelf = new Shelf((navigator as { storage?: StorageManager }).storage);
    this.hub = new Hub(startFetching, shelf, (model, file) => this.model.loadKept(model, file));
    this.model = new Model(this.#client, base, (hash) => this.hub.find(hash));
    this.patch = new Patch(this.#client, this.model, () => this.hub.kept);
    this.probe = new Probe(this.#client, this.model);
    this.replayed = new Replayed(this.model);
    this.words = new Words(this.#client, this.model, this.probe);
    this.comparison = new ModelComparison(this.#client, this.model, this.probe);
    this.hierarchy = new Hierarchy(this.#client, this.model, this.probe);
    this.compose = new Compose(this.#client, this.probe);
    this.benchmarks = new Benchmarks(this.#client, this.model);
    this.speed = new Speed(this.#client, this.model);
  }

  /** Loads the model, takes up the link, and keeps link and page together from then on. */
  start(): void {
    // Keeping the page for later waits until it has answered.
    void this.openLink(location.hash).then(() => keepPage(this.base));
    void this.probe.image.drawSamples();
    void this.benchmarks.listSets();
    void this.hub.look();
    this.probe.follow();
    $effect(() => {
      const { answer } = this.probe;
      untrack(() => {
        this.replayed.see(answer);
      });
    });
    $effect(() => {
      const fragment = this.fragment;
      if (this.probe.image.current === null) return;
      const timer = setTimeout(() => {
        history.replaceState(null, "", `#${fragment}`);
      }, LINK_PAUSE_MS);
      return () => {
        clearTimeout(timer);
      };
    });
  }

  /** Takes up a link; ends when the model that it asks for is loaded, or was not. */
  openLink(fragment: string): Promise<void> {
    return this.#open(readFragment(fragment));
  }

  async #open({ state, problems }: ReadLink): Promise<void> {
    this.linkProblems = problems;
    this.askedModel = state.model;
    this.view = state.view;
    if (state.sets.length > 0) {
      this.benchmarks.sets = state.sets;
      this.benchmarks.items = state.items;
    }
    this.hierarchy.open(state);
    this.replayed.open(state.answer, state.model);
    void this.probe.open(state);
    if (state.patch === null || !(await this.patch.open(state.patch))) {
      await this.model.open(state.model);
    }
  }

  dismissLinkProblem(problem: string): void {
    this.linkProblems = this.linkProblems.filter((other) => other !== problem);
  }

  /** The present question, without `#`. */
  get fragment(): string {
    return writeFragment(this.#state(null));
  }

  /** The present question with what is seen here, without `#`: another can compare. */
  get fragmentWithAnswer(): string {
    return writeFragment(this.#state(this.#answer));
  }

  /** The present question with what is seen here, as the text of a file. */
  get question(): string {
    return writeQuestion(this.#state(this.#answer));
  }

  get #answer(): SentAnswer | null {
    const { answer } = this.probe;
    if (this.view !== "probe" || answer === null) return null;
    const { engine } = this.model.moved ?? answer.question.loaded.info;
    return { engine, cosines: cosinesAsked(answer.similarities.ranking) };
  }

  #state(answer: SentAnswer | null): LinkState {
    const sha256 = this.model.loaded?.info.sha256;
    return {
      ...this.probe.link,
      view: this.view,
      ...(this.view === "benchmarks"
        ? { sets: this.benchmarks.sets, items: this.benchmarks.items }
        : {}),
      ...(this.view === "hierarchy" ? this.hierarchy.link : {}),
      patch: this.patch.link,
      model: sha256?.slice(0, HASH_DIGITS) ?? this.askedModel,
      answer,
    };
  }

  /** Hash of the link's model where that is neither in use nor one that this page can load. */
  get missingModel(): string | null {
    const { askedModel, model } = this;
    const sha256 = model.loaded?.info.sha256;
    if (askedModel === null || sha256 === undefined) return null;
    return sha256.startsWith(askedModel) || model.offers(askedModel) ? null : askedModel;
  }

  /** Takes what a person dropped or pasted for what it is. */
  take(files: File[]): void {
    const given = whatIsGiven(files);
    this.dropProblem = given.kind === "neither" ? given.message : null;
    if (given.kind === "question") void this.openQuestion(given.file);
    if (given.kind === "photo") void this.probe.image.showPhoto(given.file);
    if (given.kind === "model") void this.model.loadOwn(given.files);
  }

  /** Takes up a question that was saved as a file. */
  async openQuestion(file: File): Promise<void> {
    try {
      const read = await readQuestion(file);
      this.dropProblem = null;
      await this.#open(read);
    } catch (error) {
      this.dropProblem = messageOf(error);
    }
  }

  /** Takes what was dropped or pasted in the view of benchmarks. */
  takeForBenchmarks(given: GivenFile[]): void {
    const files = given.map(({ file }) => file);
    if (files.some(isWeights) || files.some(isQuestion)) this.take(files);
    else void this.benchmarks.give(given);
  }

  /** Puts an item of a benchmark to the model as a question of one's own. */
  async openInProbe(image: HandedImage, texts: string[]): Promise<void> {
    this.view = "probe";
    const captions = texts.slice(0, MAX_CAPTIONS);
    if ("scene" in image) {
      await this.probe.image.showScene(image.scene, captions);
      return;
    }
    this.probe.captions.replaceAll(captions);
    await this.probe.image.showPhoto(image.photo);
  }

  async restart(): Promise<void> {
    this.crash = null;
    this.#client.restart();
    this.benchmarks.reset();
    await this.model.reload();
    if (this.probe.image.samples.length === 0) await this.probe.image.drawSamples();
    if (this.probe.image.current === null) await this.openLink(location.hash);
  }
}
