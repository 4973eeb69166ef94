/** What to call the ways in which the scene's grammar makes captions. */

const NAMES: Record<string, string | null> = {
  domain: "more general",
  category: "more general",
  colour_thing: "more general",
  full: "in full detail",
  converse: "converse wording",
  // The plain caption that the others are made from needs no name.
  related: null,
  count: null,
  colour_noun: null,
};

/** Edits keep the literature's names, such as “swap attribute”. */
export function kindName(kind: string): string | null {
  const name = NAMES[kind];
  return name === undefined ? kind.replaceAll("_", " ") : name;
}
