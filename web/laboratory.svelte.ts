/** The page's one instance of everything, joined: worker, model, question, link. */

import { Benchmarks } from "./benchmarks/benchmarks.svelte";
import type { GivenFile } from "./benchmarks/given-files";
import { Compose } from "./compose/compose.svelte";
import {
  HASH_DIGITS,
  type LinkState,
  readFragment,
  type View,
  writeFragment,
} from "./link/link-state";
import { messageOf } from "./message-of";
import { Model } from "./model/model.svelte";
import { isWeights, whatIsGiven } from "./model/model-files";
import { Hierarchy } from "./hierarchy/hierarchy.svelte";
import { keepPage } from "./offline/register";
import { MAX_CAPTIONS } from "./probe/caption-list";
import { ModelComparison } from "./probe/model-comparison.svelte";
import type { HandedPicture } from "./probe/picture";
import { Probe } from "./probe/probe.svelte";
import { Speed } from "./speed/speed.svelte";
import { Client, type WorkerPort } from "./worker/client";

/** Writing the address on every keystroke would meet the browsers' rate limits. */
const LINK_PAUSE_MS = 300;

export class Laboratory {
  readonly model: Model;
  readonly probe: Probe;
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
   * @param base the page's own address, below which `models/` lies
   */
  constructor(
    start: () => WorkerPort,
    private readonly base: string,
  ) {
    this.#client = new Client(start, (message) => {
      this.crash = messageOf(message);
    });
    this.model = new Model(this.#client, base);
    this.probe = new Probe(this.#client, this.model);
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
    void this.probe.picture.drawSamples();
    void this.benchmarks.listSets();
    this.probe.follow();
    $effect(() => {
      const fragment = this.fragment;
      if (this.probe.picture.current === null) return;
      const timer = setTimeout(() => {
        history.replaceState(null, "", `#${fragment}`);
      }, LINK_PAUSE_MS);
      return () => {
        clearTimeout(timer);
      };
    });
  }

  /** Takes up a link; ends when the model that it asks for is loaded, or was not. */
  async openLink(fragment: string): Promise<void> {
    const { state, problems } = readFragment(fragment);
    this.linkProblems = problems;
    this.askedModel = state.model;
    this.view = state.view;
    if (state.set !== null) {
      this.benchmarks.set = state.set;
      this.benchmarks.items = state.items;
    }
    this.hierarchy.open(state);
    void this.probe.open(state);
    await this.model.open(state.model);
  }

  dismissLinkProblem(problem: string): void {
    this.linkProblems = this.linkProblems.filter((other) => other !== problem);
  }

  /** The present question, without `#`. */
  get fragment(): string {
    const sha256 = this.model.loaded?.info.sha256;
    const state: LinkState = {
      ...this.probe.link,
      view: this.view,
      ...(this.view === "benchmarks"
        ? { set: this.benchmarks.set, items: this.benchmarks.items }
        : {}),
      ...(this.view === "hierarchy" ? this.hierarchy.link : {}),
      model: sha256?.slice(0, HASH_DIGITS) ?? this.askedModel,
    };
    return writeFragment(state);
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
    if (given.kind === "photo") void this.probe.picture.showPhoto(given.file);
    if (given.kind === "model") void this.model.loadOwn(given.files);
  }

  /** Takes what was dropped or pasted in the view of benchmarks. */
  takeForBenchmarks(given: GivenFile[]): void {
    const files = given.map(({ file }) => file);
    if (files.some(isWeights)) this.take(files);
    else void this.benchmarks.give(given);
  }

  /** Puts an item of a benchmark to the model as a question of one's own. */
  async openInProbe(picture: HandedPicture, texts: string[]): Promise<void> {
    this.view = "probe";
    const captions = texts.slice(0, MAX_CAPTIONS);
    if ("scene" in picture) {
      await this.probe.picture.showScene(picture.scene, captions);
      return;
    }
    this.probe.captions.replaceAll(captions);
    await this.probe.picture.showPhoto(picture.photo);
  }

  async restart(): Promise<void> {
    this.crash = null;
    this.#client.restart();
    this.benchmarks.reset();
    await this.model.reload();
    if (this.probe.picture.samples.length === 0) await this.probe.picture.drawSamples();
    if (this.probe.picture.current === null) await this.openLink(location.hash);
  }
}
