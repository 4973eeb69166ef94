/** Limits and edits of a list of captions: pure functions that return a new list. */

/** Ids outlive edits and moves, so that the page keeps the right field focused. */
export interface Caption {
  id: number;
  text: string;
}

/** Several times what any CLIP reads (77 tokens); longer text is a mistake, not a caption. */
export const MAX_CAPTION_CHARACTERS = 1000;
export const MAX_CAPTIONS = 200;

/** The lines of a pasted text that hold something, trimmed. */
export function captionLines(text: string): string[] {
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Whether a caption takes part in the ranking. */
export function isRankable(text: string): boolean {
  return text.trim() !== "" && text.length <= MAX_CAPTION_CHARACTERS;
}

/** The list with one caption moved by `by` places, or the same list at its ends. */
export function moved(captions: Caption[], id: number, by: -1 | 1): Caption[] {
  const from = captions.findIndex((caption) => caption.id === id);
  const caption = captions[from];
  const to = from + by;
  if (caption === undefined || to < 0 || to >= captions.length) return captions;
  return captions.toSpliced(from, 1).toSpliced(to, 0, caption);
}
