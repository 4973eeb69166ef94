/** What became of the weights of a blend, in a sentence or two. */

import type { BlendPlan } from "../wasm/cliprobe.js";

/** Empty where nothing was rounded: f32 holds every sum as well as the weights themselves. */
export function roundingNote({ type, types: [a, b] }: BlendPlan): string {
  if (type === "F32") return "";
  const of = a === b ? `Both models’ matrices are ${a}` : `The models’ matrices are ${a} and ${b}`;
  const how =
    type === "F16"
      ? "the sums are rounded to F16 again"
      : `they are dequantised, blended and quantised to ${type} again`;
  return `${of}: ${how}, so this is not exactly the sum of the weights.`;
}
