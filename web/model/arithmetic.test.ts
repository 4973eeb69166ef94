import { expect, test } from "vitest";

import { gpuInfo, modelInfo } from "../testing/fake-module";
import type { ModelInfo } from "../wasm/cliprobe.js";
import { ARITHMETICS, whyNot } from "./arithmetic";

function info(features: string[], tensorTypes: Record<string, number>): ModelInfo {
  const gpu = { ...gpuInfo, features };
  return { ...modelInfo, tensorTypes, choice: { ...modelInfo.choice, gpu } };
}

const reasons = (of: ModelInfo | null) => ARITHMETICS.map((arithmetic) => whyNot(arithmetic, of));

test("f32 is always to be had, the others where a GPU is known to offer them", () => {
  const unknown = "no GPU was used yet";
  expect(reasons(null)).toEqual([null, unknown, unknown]);
  expect(reasons(modelInfo)).toEqual([null, unknown, unknown]);
  const all = ["shader-f16", "packed_4x8_integer_dot_product"];
  expect(reasons(info(all, { Q8_0: 4 }))).toEqual([null, null, null]);
});

test("what is missing is named", () => {
  expect(reasons(info([], { Q8_0: 4 }))).toEqual([
    null,
    "this GPU does not offer shader-f16",
    "this browser does not offer packed_4x8_integer_dot_product",
  ]);
  expect(whyNot("int8", info(["packed_4x8_integer_dot_product"], { F16: 4 }))).toBe(
    "the model has no Q8_0 weights",
  );
});
