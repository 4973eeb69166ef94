/** The captions being edited. */

import { type Caption, captionLines, isRankable, MAX_CAPTIONS, moved } from "./caption-list";

export class Captions {
  list = $state.raw<Caption[]>([]);
  /** Why the last addition was not made in full, in one sentence. */
  problem = $state<string | null>(null);

  #nextId = 1;

  /** Those that take part in a ranking. */
  get rankable(): Caption[] {
    return this.list.filter((caption) => isRankable(caption.text));
  }

  get texts(): string[] {
    return this.rankable.map((caption) => caption.text);
  }

  replaceAll(texts: string[]): void {
    this.aside = [];
    this.list = [];
    this.insert(texts, 0);
  }

  /** Adds the lines of a text at the end. */
  add(text: string): void {
    this.insert(captionLines(text), this.list.length);
  }

  /** Inserts captions at a place, as many as there is room for; returns the last one's id. */
  insert(texts: string[], at: number): number | null {
    const fitting = texts.slice(0, MAX_CAPTIONS - this.list.length);
    const added = fitting.map((text) => ({ id: this.#nextId++, text }));
    this.list = this.list.toSpliced(at, 0, ...added);
    const left = texts.length - fitting.length;
    this.problem =
      left === 0 ? null : `The list holds at most ${MAX_CAPTIONS} captions; ${left} were left out.`;
    return added.at(-1)?.id ?? null;
  }

  /** A caption is one line: line breaks that were dropped into it become spaces. */
  edit(id: number, text: string): void {
    text = text.replaceAll(/\s*[\r\n]\s*/g, " ");
    this.list = this.list.map((caption) => (caption.id === id ? { id, text } : caption));
  }

  remove(id: number): void {
    this.problem = null;
    this.list = this.list.filter((caption) => caption.id !== id);
  }

  /** Moves a caption by one place; returns its new place, counted from 1. */
  move(id: number, by: -1 | 1): number {
    this.list = moved(this.list, id, by);
    return this.list.findIndex((caption) => caption.id === id) + 1;
  }

  /** Captions of a scene that stepped aside when a photo was opened. */
  aside = $state.raw<readonly string[]>([]);

  /** Takes a scene's captions out of the list, to be brought back by {@link bringBack}. */
  stepAside(ofScene: readonly string[]): void {
    const leaving = this.list.filter(({ text }) => ofScene.includes(text));
    if (leaving.length === 0) return;
    this.aside = leaving.map(({ text }) => text);
    this.list = this.list.filter(({ text }) => !ofScene.includes(text));
    this.problem = null;
  }

  bringBack(): void {
    const texts = [...this.aside];
    this.aside = [];
    this.insert(texts, this.list.length);
  }

  /** Takes the captions of another scene for those of the one before; one's own stay. */
  exchange(before: readonly string[], after: readonly string[]): void {
    this.aside = [];
    const own = this.list.filter(({ text }) => text.trim() !== "" && !before.includes(text));
    const known = own.map((caption) => caption.text);
    this.list = own;
    this.insert(
      after.filter((text) => !known.includes(text)),
      0,
    );
  }
}
