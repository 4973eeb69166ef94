/** The present question put to every model that the page offers, one after the other. */

import { formatBytes } from "../format";
import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import type { LoadProgress } from "../wasm/cliprobe.js";
import { type Client, Crashed } from "../worker/client";
import type { OfferedModel } from "../worker/model-list";
import type { ModelRanking, ImageContent } from "../worker/protocol";
import type { Caption } from "./caption-list";
import { type PhotoImage, type SceneImage, sceneCaptions } from "./image";
import type { Answer, Probe, Question } from "./probe.svelte";
import { type RankedCaption, rankedCaptions } from "./ranking";

/** One model's answer. */
export interface Column {
  /** The offered model's file; an own model has none. */
  key: string;
  name: string;
  /** Best first. */
  ranking: RankedCaption[];
}

/** A model that gave no answer, and why, in one sentence. */
export interface Failure {
  /** The model's file. */
  key: string;
  name: string;
  message: string;
}

interface Table {
  question: Question;
  /** How many models were to be asked. */
  models: number;
  columns: Column[];
  failures: Failure[];
}

export class ModelComparison {
  running = $state(false);

  /** The model being asked. */
  #asking = $state.raw<OfferedModel | null>(null);
  #progress = $state.raw<LoadProgress | null>(null);
  #table = $state.raw<Table | null>(null);
  #turn = 0;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly probe: Probe,
  ) {}

  /** The answers so far, for as long as the question is the one that was asked. */
  table = $derived.by(() => {
    const { question } = this.probe;
    const table = this.#table;
    return table !== null && question !== null && isSame(question, table.question) ? table : null;
  });

  /** How many models can be compared: those that the page offers, and an own one in use. */
  get models(): number {
    return this.model.offered.length + (this.model.ownName === null ? 0 : 1);
  }

  /** What is being done, in words; empty while nothing is. */
  get doing(): string {
    if (!this.running || this.#asking === null) return "";
    const { offered } = this.model;
    const place = offered.indexOf(this.#asking) + 1;
    const words = `Asking ${this.#asking.name}, model ${place} of ${offered.length}`;
    const download = this.#progress?.stage === "download" ? this.#progress : null;
    return download === null ? words : `${words}: ${formatBytes(download.loaded)} downloaded`;
  }

  /** Asks each model in turn, save the one in use, which has answered. Needs that answer. */
  async run(): Promise<void> {
    const { answer } = this.probe;
    if (answer === null) return;
    const turn = ++this.#turn;
    const { question } = answer;
    this.running = true;
    this.#table = { question, models: this.models, columns: this.#ownColumn(answer), failures: [] };
    try {
      for (const model of this.model.offered) {
        this.#asking = model;
        this.#progress = null;
        await this.#ask(model, answer, () => turn === this.#turn);
        if (turn !== this.#turn || this.table === null) return;
      }
    } finally {
      if (turn === this.#turn) this.cancel();
      await this.model.countStored();
    }
  }

  /** Asks no further model; the answers that came stay. */
  cancel(): void {
    this.#turn += 1;
    this.running = false;
    this.#asking = null;
    this.#progress = null;
  }

  async #ask(model: OfferedModel, answer: Answer, wanted: () => boolean): Promise<void> {
    const { question } = answer;
    try {
      const ranking =
        answer.question.loaded.info.sha256 === model.sha256
          ? answer.similarities
          : await this.client.request(
              "compare",
              {
                choice: this.model.choiceOf(model),
                image: content(question.image),
                captions: question.captions.map(({ text }) => text),
              },
              (progress) => {
                if (wanted()) this.#progress = progress;
              },
            );
      if (wanted()) this.#add({ columns: [column(model.file, model.name, question, ranking)] });
    } catch (error) {
      if (!wanted()) return;
      // Whoever restarts the engine has the table to compare again from.
      if (error instanceof Crashed) this.cancel();
      else
        this.#add({ failures: [{ key: model.file, name: model.name, message: messageOf(error) }] });
    }
  }

  #add({ columns = [], failures = [] }: Partial<Table>): void {
    const table = this.#table;
    if (table === null) return;
    this.#table = {
      ...table,
      columns: [...table.columns, ...columns],
      failures: [...table.failures, ...failures],
    };
  }

  #ownColumn({ question, similarities }: Answer): Column[] {
    const { ownName } = this.model;
    return ownName === null ? [] : [column("", ownName, question, similarities)];
  }
}

function column(key: string, name: string, question: Question, answer: ModelRanking): Column {
  const { captions, image } = question;
  return { key, name, ranking: rankedCaptions(captions, answer, sceneCaptions(image)) };
}

function content(image: SceneImage | PhotoImage): ImageContent {
  return image.kind === "scene"
    ? { kind: "scene", seed: image.view.seed }
    : { kind: "photo", bytes: image.bytes };
}

/** Whichever model is asked. */
function isSame(a: Question, b: Question): boolean {
  return a.image === b.image && sameCaptions(a.captions, b.captions);
}

function sameCaptions(a: Caption[], b: Caption[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, text }, index) => b[index]?.id === id && b[index].text === text)
  );
}
