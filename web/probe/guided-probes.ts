/** Five questions to begin with, on scenes whose truth is known. Each is a link: a person edits on from it. */

import { emptyLinkState, type LinkState, writeFragment } from "../link/link-state";

export interface GuidedProbe {
  /** What is asked, in a few words. */
  title: string;
  /** Why it is asked: what is known of CLIP models. */
  why: string;
  state: LinkState;
}

function guided(title: string, why: string, state: Partial<LinkState>): GuidedProbe {
  return { title, why, state: { ...emptyLinkState(), ...state } };
}

export const GUIDED_PROBES: readonly GuidedProbe[] = [
  guided(
    "Which thing has which colour?",
    "Both captions hold the same words. Many CLIP models score them alike.",
    {
      scene: "10",
      captions: [
        "a brown square next to a blue rabbit",
        "a blue square next to a brown rabbit",
        "a brown apple next to a blue rabbit",
      ],
    },
  ),
  guided(
    "Left or right?",
    "One caption differs by one word and is false; another has the things exchanged and is true.",
    {
      scene: "18",
      captions: [
        "a black dog to the right of a brown table",
        "a black dog to the left of a brown table",
        "a brown table to the left of a black dog",
      ],
    },
  ),
  guided("How many?", "Numbers are seldom learnt well.", {
    scene: "25",
    captions: [
      "three orange pineapples",
      "two orange pineapples",
      "three yellow pineapples",
      "a fruit",
    ],
  }),
  guided(
    "Who does what?",
    "The passive voice says the same with other words. A model that learnt from hard negatives alone often rejects it.",
    {
      scene: "9",
      captions: [
        "a farmer in blue riding a black horse",
        "a black horse ridden by a farmer in blue",
        "a farmer in blue ridden by a black horse",
      ],
    },
  ),
  guided(
    "General before specific?",
    "Around the embedding of the empty text, general texts should lie nearer than specific ones.",
    { view: "hierarchy", scene: "12" },
  ),
];

/** Where the link to a guided probe leads. */
export function fragmentOf({ state }: GuidedProbe): string {
  return `#${writeFragment(state)}`;
}
