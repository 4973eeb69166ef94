import { describe, expect, test } from "vitest";

import { gpuInfo, modelInfo } from "../testing/fake-module";
import { deviceReport, engineName, engineStory } from "./engine-report";

const gpu = { ...gpuInfo, features: ["shader-f16"] };
const NO_LOAD = {
  gpuOpenMs: 0,
  gpuLoad: null,
  gpuTiles: null,
  gpuArithmetic: null,
  whyF32: null,
};
const trial = {
  textDifference: 1e-6,
  imageDifference: 3e-6,
  tolerance: 1e-4,
  cpuMs: 800,
  gpuColdMs: 90,
  gpuMs: 40,
};

describe("what is told of the engine", () => {
  test("its name", () => {
    expect(engineName(modelInfo)).toBe("CPU (WebAssembly)");
    const choice = { gpu, trial, whyCpu: null, gpuWeightBytes: 1, ...NO_LOAD };
    expect(engineName({ ...modelInfo, engine: "gpu", choice })).toBe("GPU (WebGPU, Some GPU)");
    const narrow = { ...choice, gpuArithmetic: "f16" as const };
    expect(engineName({ ...modelInfo, engine: "gpu", choice: narrow })).toBe(
      "GPU (WebGPU, Some GPU) in f16",
    );
  });

  test("what the arithmetic allows, and why it is not the one that was wished for", () => {
    const choice = { gpu, trial, whyCpu: null, gpuWeightBytes: 1, ...NO_LOAD };
    const tolerance = 5e-3;
    expect(
      engineStory({ ...choice, gpuArithmetic: "f16", trial: { ...trial, tolerance } }),
    ).toContain("max |Δ| between them 3.0e-6, of which 5e-3 is allowed in f16.");
    const whyF32 = "the model has no Q8_0 weights";
    expect(engineStory({ ...choice, gpuArithmetic: "f32", whyF32 })).toMatch(
      /between them 3\.0e-6\. In f32: the model has no Q8_0 weights\.$/,
    );
  });

  test("nothing without a trial", () => {
    expect(
      engineStory({ gpu: null, trial: null, whyCpu: null, gpuWeightBytes: 0, ...NO_LOAD }),
    ).toBe("");
  });

  test("both figures, the difference, and why the CPU", () => {
    const story = engineStory({
      gpu,
      trial,
      whyCpu: "it is faster",
      gpuWeightBytes: 0,
      ...NO_LOAD,
    });
    expect(story).toContain("40 ms on the GPU (90 ms the first time) and 800 ms on the CPU");
    expect(story).toContain("3.0e-6");
    expect(story).toContain("On the CPU: it is faster.");
  });

  test("the report holds device, trial and model", () => {
    const choice = { gpu, trial, whyCpu: null, gpuWeightBytes: 5, ...NO_LOAD };
    const report: unknown = JSON.parse(
      deviceReport(
        { ...modelInfo, engine: "gpu", choice },
        { userAgent: "B", crossOriginIsolated: true },
      ),
    );
    expect(report).toMatchObject({
      engine: "gpu",
      gpu,
      trial,
      userAgent: "B",
      gpuWeightBytes: 5,
      ...NO_LOAD,
    });
  });
});
