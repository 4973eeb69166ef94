/**
 * What can go wrong with a GPU, and that nothing of it stays behind. On SwiftShader: each device compiles
 * its kernels for seconds.
 */

import { expect, type Page, test } from "@playwright/test";

import { GOLDEN, MODULE, openModule } from "./module";

const MODEL = `${GOLDEN}/tiny_b_gelu_openclip`;
const FILES = ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"];

/** What `evaluate` finds on the page after {@link prepare}. */
declare global {
  interface Window {
    bench: {
      Clip: typeof import("../../web/wasm/cliprobe.js").Clip;
      files: () => Promise<Record<string, Uint8Array>>;
      memory: WebAssembly.Memory;
      /** Every device that was opened, in order. */
      devices: GPUDeviceLike[];
      /** Buffers that were made and not destroyed since, nor their device. */
      buffers: () => { count: number; bytes: number };
    };
  }
}

/** What of WebGPU these tests use; its types are no part of TypeScript's. */
interface GPUDeviceLike {
  destroy(): void;
}

/** Opens the module, and counts devices and buffers from then on. */
async function prepare(page: Page): Promise<void> {
  await openModule(page);
  await page.evaluate(
    async ({ module, model, names }) => {
      type Counted = GPUDeviceLike & { createBuffer(descriptor: { size: number }): object };
      const prototype = (name: string) =>
        (globalThis as unknown as Record<string, { prototype: Record<string, unknown> }>)[name]
          ?.prototype ?? {};
      const held = new Map<object, { size: number; device: object }>();
      const devices: GPUDeviceLike[] = [];
      const wrap = (
        name: string,
        method: string,
        around: (that: object, original: () => unknown, given: unknown[]) => unknown,
      ) => {
        const original = prototype(name)[method] as (...given: unknown[]) => unknown;
        prototype(name)[method] = function (this: object, ...given: unknown[]) {
          return around(this, () => original.apply(this, given), given);
        };
      };
      wrap("GPUAdapter", "requestDevice", async (_, original) => {
        const device = (await original()) as Counted;
        devices.push(device);
        return device;
      });
      wrap("GPUDevice", "createBuffer", (device, original, [descriptor]) => {
        const buffer = original() as object;
        held.set(buffer, { size: (descriptor as { size: number }).size, device });
        return buffer;
      });
      wrap("GPUBuffer", "destroy", (buffer, original) => {
        held.delete(buffer);
        return original();
      });
      wrap("GPUDevice", "destroy", (device, original) => {
        for (const [buffer, { device: its }] of held) if (its === device) held.delete(buffer);
        return original();
      });
      const { default: init, Clip } = (await import(
        `${location.pathname}${module}/cliprobe.js`
      )) as typeof import("../../web/wasm/cliprobe.js");
      const { memory } = await init();
      const fetched = names.map(async (name) => {
        const response = await fetch(`${model}/${name}`);
        return [name, new Uint8Array(await response.arrayBuffer())] as const;
      });
      const contents = await Promise.all(fetched);
      window.bench = {
        Clip,
        memory,
        devices,
        files: () =>
          Promise.resolve(
            Object.fromEntries(contents.map(([name, bytes]) => [name, bytes.slice()])),
          ),
        buffers: () => ({
          count: held.size,
          bytes: [...held.values()].reduce((sum, { size }) => sum + size, 0),
        }),
      };
    },
    { module: MODULE, model: MODEL, names: FILES },
  );
}

test.beforeEach(async ({ page }) => {
  test.slow();
  await prepare(page);
});

test("twenty models, loaded and disposed, need no more memory than ten", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { Clip, files, memory, devices, buffers } = window.bench;
    const before = buffers();
    // While one model is in use, others share its device and kernels.
    const first = await Clip.load(await files(), { engine: "gpu" });
    await first.encodeText(["a cat"]);
    const alone = buffers();
    const model = Object.values(await files()).reduce((sum, { length }) => sum + length, 0);
    const rounds: { buffers: typeof alone; heap: number }[] = [];
    for (let round = 0; round < 20; round++) {
      const clip = await Clip.load(await files(), { engine: "gpu" });
      await clip.encodeText(["a dog", `a dog that has ${round} legs`]);
      clip.free();
      rounds.push({ buffers: buffers(), heap: memory.buffer.byteLength });
    }
    const opened = devices.length;
    first.free();
    return { before, alone, model, rounds, opened, after: buffers() };
  });
  expect(found.before.count).toBe(0);
  expect(found.alone.bytes).toBeGreaterThan(100_000);
  expect(found.opened).toBe(1);
  for (const round of found.rounds) expect(round.buffers).toEqual(found.alone);
  // The allocator keeps what it once had, and fragments a little. Ten more models may not cost the
  // memory of one: a leak of a tenth of each would.
  const heap = (round: number) => found.rounds[round - 1]?.heap ?? Number.NaN;
  expect(heap(20)).toBeLessThan(heap(10) + found.model);
  expect(found.after).toEqual({ count: 0, bytes: 0 });
});

test("a device that is lost in the middle of a batch is replaced, then the CPU goes on", async ({
  page,
}) => {
  const found = await page.evaluate(async () => {
    const { Clip, files, devices } = window.bench;
    const texts = ["a cat", "two dogs on a red car"];
    const cpu = await Clip.load(await files(), { engine: "cpu" });
    const expected = [...(await cpu.encodeText(texts)).embeddings];
    const clip = await Clip.load(await files(), { engine: "gpu" });
    const lost = async () => {
      const computing = clip.encodeText(texts);
      devices.at(-1)?.destroy();
      const embeddings = [...(await computing).embeddings];
      const { engine, choice } = clip.info();
      const worst = Math.max(...embeddings.map((x, i) => Math.abs(x - (expected[i] ?? NaN))));
      return { worst, engine, why: choice.whyCpu, devices: devices.length };
    };
    const replaced = await lost();
    const { gpu } = navigator as unknown as { gpu: object };
    Object.defineProperty(gpu, "requestAdapter", { value: () => Promise.resolve(null) });
    const without = await lost();
    const still = [...(await clip.encodeText(texts)).embeddings];
    return { replaced, without, still, expected };
  });
  expect(found.replaced).toMatchObject({ engine: "gpu", why: null, devices: 2 });
  expect(found.replaced.worst).toBeLessThanOrEqual(1e-4);
  expect(found.without).toMatchObject({ engine: "cpu", devices: 2 });
  expect(found.without.why).toMatch(/^the GPU was lost, and then no usable GPU was found/);
  expect(found.without.worst).toBe(0);
  expect(found.still).toEqual(found.expected);
});

test("a device that is destroyed while a model loads is told, and nothing of it stays", async ({
  page,
}) => {
  const found = await page.evaluate(async () => {
    const { Clip, files, devices, buffers } = window.bench;
    let message = "";
    try {
      await Clip.load(await files(), {
        engine: "gpu",
        onProgress: ({ stage, loaded }) => {
          if (stage === "build" && loaded === 10) devices.at(-1)?.destroy();
        },
      });
    } catch (error) {
      message = (error as Error).message;
    }
    const left = buffers();
    const clip = await Clip.load(await files(), { engine: "cpu" });
    return { message, left, engine: clip.info().engine };
  });
  expect(found.message).toMatch(/^the GPU was lost \(.+\); load the model again$/);
  expect(found.left).toEqual({ count: 0, bytes: 0 });
  expect(found.engine).toBe("cpu");
});

test("a device without room names the megabytes and a way out", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { Clip, files, buffers } = window.bench;
    // No adapter here runs out of memory, so the browser's answer is made up.
    const globals = globalThis as unknown as {
      GPUOutOfMemoryError: new (message: string) => object;
      GPUDevice: { prototype: { popErrorScope(): Promise<object | null> } };
    };
    const { GPUOutOfMemoryError, GPUDevice } = globals;
    const original = Object.getOwnPropertyDescriptor(GPUDevice.prototype, "popErrorScope");
    let scopes = 0;
    GPUDevice.prototype.popErrorScope = () =>
      Promise.resolve(scopes++ === 0 ? new GPUOutOfMemoryError("full") : null);
    const message = await Clip.load(await files(), { engine: "gpu" }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    if (original !== undefined)
      Object.defineProperty(GPUDevice.prototype, "popErrorScope", original);
    return { message, left: buffers() };
  });
  expect(found.message).toMatch(/^the GPU has no room for \d+ MB; use a smaller type of weights/);
  expect(found.left).toEqual({ count: 0, bytes: 0 });
});

test("an adapter with small limits is not used", async ({ page }) => {
  const message = await page.evaluate(async () => {
    const { Clip, files } = window.bench;
    const { GPUSupportedLimits } = globalThis as unknown as {
      GPUSupportedLimits: { prototype: object };
    };
    Object.defineProperty(GPUSupportedLimits.prototype, "maxStorageBufferBindingSize", {
      get: () => 32 << 20,
    });
    return Clip.load(await files(), { engine: "gpu" }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
  });
  expect(message).toMatch(/no usable GPU was found \(.*less than WebGPU's default limits\)/);
});

test("a weight that is not a number is refused with its place", async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { Clip, files, buffers } = window.bench;
    const given = await files();
    const weights = given["model.safetensors"] ?? new Uint8Array();
    // The last f32 of the file.
    new DataView(weights.buffer).setFloat32(weights.length - 4, NaN, true);
    const message = await Clip.load(given, { engine: "gpu" }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    return { message, left: buffers() };
  });
  expect(found.message).toMatch(/model\.safetensors/);
  expect(found.message).toMatch(/NaN/);
  expect(found.left).toEqual({ count: 0, bytes: 0 });
});
