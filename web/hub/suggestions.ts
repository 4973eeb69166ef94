/** Well-known CLIPs, to be fetched with one click. */

export interface Suggestion {
  id: string;
  /** In a few words, what it is. */
  about: string;
  /** To download: the weights of its architecture as 32-bit numbers, which is how these are stored. */
  bytes: number;
}

/** Weights of each architecture: what `cliprobe inspect` counts, with the temperature. */
const VIT_B_32 = 151_277_313;
const VIT_B_16 = 149_620_737;
const VIT_L_14 = 427_616_513;

export const SUGGESTIONS: readonly Suggestion[] = [
  {
    id: "openai/clip-vit-base-patch32",
    about: "OpenAI’s, the one that most papers begin with",
    bytes: 4 * VIT_B_32,
  },
  {
    id: "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    about: "OpenCLIP’s of the same size, trained on LAION-2B",
    bytes: 4 * VIT_B_32,
  },
  {
    id: "openai/clip-vit-base-patch16",
    about: "OpenAI’s, with smaller patches",
    bytes: 4 * VIT_B_16,
  },
  {
    id: "openai/clip-vit-large-patch14",
    about: "OpenAI’s large one",
    bytes: 4 * VIT_L_14,
  },
];
