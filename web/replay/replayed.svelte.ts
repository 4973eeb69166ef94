/** The numbers that a link brought, as long as the page shows the question that they belong to. */

import type { Model } from "../model/model.svelte";
import type { Answer } from "../probe/probe.svelte";
import { cosinesAsked } from "../probe/ranking";
import type { OwnAnswer, SentAnswer } from "./replay";

export interface Sent {
  answer: SentAnswer;
  /** First digits of the SHA-256 of the sender's model. */
  model: string | null;
}

export class Replayed {
  sent = $state.raw<Sent | null>(null);
  /** What the same question gets here; `null` until it is answered. */
  own = $state.raw<OwnAnswer | null>(null);
  texts = $state.raw<string[]>([]);

  #question: Answer["question"] | null = null;

  constructor(private readonly model: Model) {}

  /** Takes up what a link says, or that it says nothing. */
  open(answer: SentAnswer | null, model: string | null): void {
    this.sent = answer === null ? null : { answer, model };
    this.own = null;
    this.texts = [];
    this.#question = null;
  }

  /** Looks at an answer: the first one is to the link's question, and so are those to the same. */
  see(answer: Answer | null): void {
    const { sent } = this;
    if (sent === null || answer === null) return;
    const { question, similarities } = answer;
    const texts = question.captions.map(({ text }) => text);
    const before = this.#question;
    const another =
      before !== null && (before.image !== question.image || !same(this.texts, texts));
    if (another || texts.length !== sent.answer.cosines.length) {
      this.open(null, null);
      return;
    }
    this.#question = question;
    this.texts = texts;
    const info = this.model.moved ?? question.loaded.info;
    this.own = {
      engine: info.engine,
      cosines: cosinesAsked(similarities.ranking),
      sha256: info.sha256,
    };
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
