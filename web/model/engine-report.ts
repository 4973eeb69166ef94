/** What the page tells of the engine: in words, and as a report that a person can send. */

import { formatMilliseconds } from "../format";
import type { EngineChoice, ModelInfo } from "../wasm/cliprobe.js";

/** Where the model runs, for a label. */
export function engineName(info: ModelInfo): string {
  if (info.engine === "cpu") return "CPU (WebAssembly)";
  const { gpu, gpuArithmetic } = info.choice;
  const label = gpu?.name ? `GPU (WebGPU, ${gpu.name})` : "GPU (WebGPU)";
  return gpuArithmetic === null || gpuArithmetic === "f32" ? label : `${label} in ${gpuArithmetic}`;
}

/** What the trial found and why the model does not run as it was wished; empty if nothing. */
export function engineStory({ trial, whyCpu, whyF32, gpuArithmetic }: EngineChoice): string {
  const sentences: string[] = [];
  if (trial !== null) {
    const largest = Math.max(trial.textDifference, trial.imageDifference);
    const narrow = gpuArithmetic !== null && gpuArithmetic !== "f32";
    const allowed = `, of which ${trial.tolerance.toExponential(0)} is allowed in ${gpuArithmetic ?? ""}`;
    sentences.push(
      `Eight captions and an image took ${formatMilliseconds(trial.gpuMs)} on the GPU ` +
        `(${formatMilliseconds(trial.gpuColdMs)} the first time) and ${formatMilliseconds(trial.cpuMs)} on the CPU; ` +
        `max |Δ| between them ${largest.toExponential(1)}${narrow ? allowed : ""}.`,
    );
  }
  if (whyF32 !== null) sentences.push(`In f32: ${whyF32}.`);
  if (whyCpu !== null) sentences.push(`On the CPU: ${whyCpu}.`);
  return sentences.join(" ");
}

/** Everything that a maintainer would ask for, as JSON. */
export function deviceReport(
  info: ModelInfo,
  browser: { userAgent: string; crossOriginIsolated: boolean },
): string {
  const { name, sha256, tensorTypes, parameters, engine, choice } = info;
  return JSON.stringify(
    { model: { name, sha256, tensorTypes, parameters }, engine, ...choice, ...browser },
    null,
    2,
  );
}
