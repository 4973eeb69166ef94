/** What the numbers are that a GPU can compute a model's products in, for a choice between them. */

import type { Arithmetic, ModelInfo } from "../wasm/cliprobe.js";

/** All of them, the exact one first. */
export const ARITHMETICS = ["f32", "f16", "int8"] as const satisfies readonly Arithmetic[];

/** Why the GPU that was opened for a model cannot compute so, in a few words; `null` if it can. */
export function whyNot(arithmetic: Arithmetic, info: ModelInfo | null): string | null {
  if (arithmetic === "f32") return null;
  const gpu = info?.choice.gpu ?? null;
  if (info === null || gpu === null) return "no GPU was used yet";
  const [feature, whose] =
    arithmetic === "f16"
      ? ["shader-f16", "this GPU"]
      : ["packed_4x8_integer_dot_product", "this browser"];
  if (!gpu.features.includes(feature)) return `${whose} does not offer ${feature}`;
  if (arithmetic === "int8" && info.tensorTypes["Q8_0"] === undefined) {
    return "the model has no Q8_0 weights";
  }
  return null;
}
