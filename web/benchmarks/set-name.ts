/** Sets as the page calls them. */

import type { OfferedSet } from "./requests";

/** What Tableau's sets ask, by name. */
const TABLEAU: Record<string, string> = {
  noun: "What is it?",
  colour_noun: "What is it, in what colour?",
  swap_attribute: "Colours swapped",
  swap_object: "Things swapped",
  replace_object: "A thing replaced",
  replace_attribute: "A colour replaced",
  replace_relation: "The relation replaced",
  add_object: "A thing too many",
  add_attribute: "A colour too many",
  swap_conjuncts: "Reworded: “and” turned round",
  converse: "Reworded: the relation turned round",
};

/** A line for a list of sets. */
export function setLabel({ set, title }: OfferedSet): string {
  const [benchmark, kind = ""] = set.split("/");
  if (benchmark === "tableau") return TABLEAU[kind] ?? set;
  return `${title}: ${set}`;
}
