/** Sets as the page calls them. */

import type { OfferedSet } from "./requests";

/** What Tableau's sets ask, by name. */
const TABLEAU: Record<string, string> = {
  noun: "What is it?",
  colour_noun: "What is it, in what colour?",
  category: "What kind of thing is it?",
  domain: "What broad kind of thing is it?",
  swap_attribute: "Colours swapped",
  swap_object: "Things swapped",
  replace_object: "A thing replaced",
  replace_attribute: "A colour replaced",
  replace_relation: "The relation replaced",
  replace_count: "The number replaced",
  add_object: "A thing too many",
  add_attribute: "A colour too many",
  swap_conjuncts: "Reworded: “and” turned round",
  converse: "Reworded: the relation turned round",
  passive: "Reworded: active and passive",
  synonyms: "Reworded: a synonym",
  svo: "Which image: subject, verb, object",
  square: "Two images, two captions",
  chain: "From the general to the specific",
  retrieval: "Find image and caption",
};

/** A line for a list of sets. */
export function setLabel({ set }: Pick<OfferedSet, "set">): string {
  const [benchmark, kind = "", held] = set.split("/");
  if (benchmark === "tableau") {
    const label = TABLEAU[kind] ?? set;
    return held === "held_out" ? `${label} (new combinations)` : label;
  }
  return set;
}
