/** The state of the hierarchy view: what is asked of one model or two, and their answers. */

import { HASH_DIGITS, type LinkState, MAX_LEVELS, MAX_LINK_CANDIDATES } from "../link/link-state";
import { captionLines } from "../probe/caption-list";
import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import type { Image } from "../probe/image";
import type { Probe } from "../probe/probe.svelte";
import type { TextChain } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { OfferedModel } from "../worker/model-list";
import type { ImageContent } from "../worker/protocol";
import type { HierarchyAnswer, HierarchyAsk, RadiusKind } from "./requests";

export const TIERS = 4;
export const DEFAULT_LEVELS = 50;
/** HierarCaps has 4,000 texts. */
export const MAX_CANDIDATES = 5000;
/** Scenes of Tableau whose chains are candidates. */
const TABLEAU_CHAINS = 100;
const PAUSE_MS = 200;

export const SOURCES = ["tableau", "lines", "file"] as const;
/** Where the candidates come from. */
export type Source = (typeof SOURCES)[number];

export type HierarchyLink = Pick<
  LinkState,
  "candidates" | "own" | "contradictions" | "levels" | "radius" | "other"
>;

/** What one model answers. */
export class Side {
  answer = $state.raw<HierarchyAnswer | null>(null);
  busy = $state(false);
  /** Texts embedded, of how many; `null` while that is not known. */
  progress = $state.raw<{ loaded: number; total: number } | null>(null);
  problem = $state<string | null>(null);
  #newest = 0;

  /** Drops the answer, and any that is still to come. */
  forget(): void {
    this.#newest += 1;
    this.answer = null;
    this.busy = false;
    this.progress = null;
    this.problem = null;
  }

  /** Asks; only the newest question's answer counts, whatever order they come in. */
  async ask(client: Client, ask: HierarchyAsk): Promise<void> {
    const turn = ++this.#newest;
    this.busy = true;
    this.progress = null;
    try {
      const answer = await client.request("hierarchy", ask, ({ stage, loaded, total }) => {
        if (turn !== this.#newest || stage !== "build" || total === null) return;
        this.progress = { loaded, total };
      });
      if (answer === null || turn !== this.#newest) return;
      this.answer = answer;
      this.problem = null;
    } catch (error) {
      if (turn !== this.#newest || error instanceof Crashed) return;
      this.answer = null;
      this.problem = messageOf(error);
    } finally {
      if (turn === this.#newest) this.busy = false;
    }
  }
}

export class Hierarchy {
  source = $state<Source>("tableau");
  /** Pasted candidates, one a line. */
  lines = $state("");
  file = $state.raw<{ name: string; texts: string[]; chains: TextChain[] } | null>(null);
  /** Which of the file's chains belongs to the image; `null` for none. */
  fileChain = $state<number | null>(null);
  fileProblem = $state<string | null>(null);
  own = $state<string[]>(Array<string>(TIERS).fill(""));
  contradictions = $state<string[]>(Array<string>(TIERS - 1).fill(""));
  #levels = $state(DEFAULT_LEVELS);
  radius = $state<RadiusKind>("euclidean");
  /** SHA-256 of the second model, or its first digits; `null` for none. */
  other = $state<string | null>(null);

  readonly a = new Side();
  readonly b = new Side();

  #tableau = $state.raw<TextChain[]>([]);
  #scene = $state.raw<{ seed: string; chain: TextChain | null } | null>(null);

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly probe: Probe,
  ) {}

  get levels(): number {
    return this.#levels;
  }

  /** Takes what is no whole number from 2 on for the nearest one. */
  set levels(levels: number) {
    this.#levels = Math.min(Math.max(Math.round(levels) || DEFAULT_LEVELS, 2), MAX_LEVELS);
  }

  /** The second model, where the page offers it. */
  get otherModel(): OfferedModel | null {
    const { other } = this;
    if (other === null) return null;
    return this.model.offered.find(({ sha256 }) => sha256.startsWith(other)) ?? null;
  }

  get #sceneChain(): TextChain | null {
    const { current } = this.probe.image;
    if (current?.kind !== "scene" || this.#scene?.seed !== current.view.seed) return null;
    return this.#scene.chain;
  }

  /** What is known to be true of the image, from general to specific; or empty. */
  get truth(): string[] {
    if (this.probe.image.current?.kind === "scene") return this.#sceneChain?.tiers ?? [];
    if (this.source !== "file" || this.fileChain === null) return [];
    return this.file?.chains[this.fileChain]?.tiers ?? [];
  }

  /** The texts of one's own chain; empty until all tiers are written. */
  get ownTiers(): string[] {
    const tiers = this.own.map((text) => text.trim());
    return tiers.every((text) => text !== "") ? tiers : [];
  }

  get candidates(): string[] {
    const texts = {
      tableau: () => [
        ...this.#tableau.flatMap(({ tiers }) => tiers),
        ...(this.#sceneChain?.tiers ?? []),
      ],
      lines: () => captionLines(this.lines),
      file: () => this.file?.texts ?? [],
    }[this.source]();
    return distinct(texts).slice(0, MAX_CANDIDATES);
  }

  /** How many candidates were left out because there are too many. */
  get leftOut(): number {
    const { source } = this;
    const texts =
      source === "lines" ? captionLines(this.lines) : source === "file" ? this.file?.texts : [];
    return Math.max(distinct(texts ?? []).length - MAX_CANDIDATES, 0);
  }

  /** What is to be asked of a model; `null` while something is missing. */
  get question(): HierarchyAsk | null {
    const { loaded } = this.model;
    const { current } = this.probe.image;
    if (loaded === null || current === null) return null;
    const own = this.ownTiers;
    const contradictions = this.contradictions.map((text) => text.trim());
    const contradicted = own.length > 0 && contradictions.every((text) => text !== "");
    return {
      ...imageOf(current),
      captions: this.probe.captions.texts,
      candidates: this.candidates,
      truth: this.truth,
      own,
      contradictions: contradicted ? contradictions : [],
      levels: this.levels,
      radius: this.radius,
      choice: null,
    };
  }

  /** Asks again whenever the question changes. To be called while a component initialises. */
  follow(): void {
    void this.#loadTableau();
    $effect(() => {
      const { current } = this.probe.image;
      if (current?.kind === "scene") void this.#loadScene(current.view.seed);
    });
    $effect(() => {
      const { question } = this;
      const { loaded } = this.model;
      return this.#later(this.a, loaded === null ? null : question);
    });
    $effect(() => {
      const { question, otherModel } = this;
      return this.#later(
        this.b,
        question === null || otherModel === null
          ? null
          : { ...question, choice: this.model.choiceOf(otherModel) },
      );
    });
  }

  /** Asks when nothing has changed for a moment. Returns what stops it. */
  #later(side: Side, question: HierarchyAsk | null): (() => void) | undefined {
    if (question === null) {
      side.forget();
      return undefined;
    }
    const timer = setTimeout(() => void side.ask(this.client, question), PAUSE_MS);
    return () => {
      clearTimeout(timer);
    };
  }

  async #loadTableau(): Promise<void> {
    if (this.#tableau.length > 0) return;
    try {
      this.#tableau = await this.client.request("chains", {
        kind: "tableau",
        count: TABLEAU_CHAINS,
      });
    } catch (error) {
      if (!(error instanceof Crashed)) this.a.problem = messageOf(error);
    }
  }

  async #loadScene(seed: string): Promise<void> {
    if (this.#scene?.seed === seed) return;
    const [chain] = await this.client
      .request("chains", { kind: "scene", seed })
      // A scene without a chain is shown without one; a crash is told where it is handled.
      .catch((): TextChain[] => []);
    const { current } = this.probe.image;
    if (current?.kind === "scene" && current.view.seed === seed) {
      this.#scene = { seed, chain: chain ?? null };
    }
  }

  /** Takes a text file with a candidate a line, or HierarCaps' own table. */
  async openFile(file: File): Promise<void> {
    try {
      const content = await file.text();
      const isTable = file.name.toLowerCase().endsWith(".csv");
      const chains = isTable
        ? await this.client.request("chains", { kind: "hierarcaps", csv: content })
        : [];
      const texts = isTable ? chains.flatMap(({ tiers }) => tiers) : captionLines(content);
      if (texts.length === 0) throw new Error(`“${file.name}” holds no text.`);
      this.file = { name: file.name, texts, chains };
      this.source = "file";
      this.fileProblem = null;
      const { current } = this.probe.image;
      const name = current?.kind === "photo" ? current.name : null;
      const found = chains.findIndex(({ image }) => image !== null && image === name);
      this.fileChain = found < 0 ? null : found;
    } catch (error) {
      if (error instanceof Crashed) return;
      this.fileProblem = `“${file.name}” was not taken: ${messageOf(error)}`;
    }
  }

  /** What a link says of this view beside the image and the captions. */
  get link(): HierarchyLink {
    const { own, contradictions, levels, radius, other } = this;
    const written = (fields: string[]) => (fields.some((text) => text !== "") ? [...fields] : null);
    return {
      candidates: this.source === "lines" ? this.candidates.slice(0, MAX_LINK_CANDIDATES) : null,
      own: written(own),
      contradictions: written(contradictions),
      levels: levels === DEFAULT_LEVELS ? null : levels,
      radius,
      other: other?.slice(0, HASH_DIGITS) ?? null,
    };
  }

  /** Takes up a link. */
  open(link: HierarchyLink): void {
    if (link.candidates !== null) {
      this.source = "lines";
      this.lines = link.candidates.join("\n");
    } else if (this.source === "lines") {
      this.source = "tableau";
    }
    this.own = link.own ?? Array<string>(TIERS).fill("");
    this.contradictions = link.contradictions ?? Array<string>(TIERS - 1).fill("");
    this.levels = link.levels ?? DEFAULT_LEVELS;
    this.radius = link.radius;
    this.other = link.other;
  }

  /** Writes the chain of the scene into the fields of one's own. */
  takeSceneChain(): void {
    const chain = this.#sceneChain;
    if (chain === null) return;
    this.own = [...chain.tiers];
    this.contradictions = chain.contradictions.slice(0, TIERS - 1);
  }

  get hasSceneChain(): boolean {
    return this.#sceneChain !== null;
  }
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function imageOf(image: Image): {
  imageKey: string | null;
  image: ImageContent | null;
} {
  switch (image.kind) {
    case "scene":
      return {
        imageKey: `scene ${image.view.seed}`,
        image: { kind: "scene", seed: image.view.seed },
      };
    case "photo":
      return {
        imageKey: `photo ${image.key}`,
        image: { kind: "photo", bytes: image.bytes },
      };
    case "asked":
      return { imageKey: null, image: null };
  }
}
