/** A stand-in for the wasm module in unit tests: it embeds bytes by counting them. */

import type {
  ImageEmbedding,
  ModelInfo,
  ModelSource,
  SceneView,
  TextEmbeddings,
} from "../wasm/cliprobe.js";
import type { ClipModule, SessionClip } from "../worker/session";

const DIM = 8;
/** Longest text that is not truncated, in characters. */
export const FAKE_CONTEXT = 40;

/** Normalised counts of byte values modulo the dimension: equal bytes, equal embeddings. */
export function fakeEmbedding(bytes: Uint8Array): Float32Array {
  const counts = new Float32Array(DIM).fill(0.1);
  for (const byte of bytes) counts[byte % DIM] = (counts[byte % DIM] ?? 0) + 1;
  const length = Math.hypot(...counts);
  return counts.map((count) => count / length);
}

export function fakeScene(seed: string, size: number): SceneView {
  if (!/^\d+$/.test(seed)) throw new Error(`The seed “${seed}” is not a whole number.`);
  return {
    seed,
    width: size,
    height: size,
    rgba: new Uint8ClampedArray(size * size * 4),
    png: new TextEncoder().encode(`scene ${seed} at ${size}`),
    captions: [
      { text: `a red dog ${seed}`, holds: true, kind: "description" },
      { text: `a blue dog ${seed}`, holds: false, kind: "replaced attribute" },
    ],
  };
}

class FakeClip implements SessionClip {
  freed = false;

  constructor(private readonly record: FakeRecord) {
    record.loaded.push(this);
  }

  info(): ModelInfo {
    return {
      name: "fake",
      sha256: "f".repeat(64),
      format: "GGUF",
      parameters: 1,
      tensorTypes: { F32: 1 },
      activation: "quick_gelu",
      embeddingDim: DIM,
      imageSize: 32,
      patchSize: 8,
      contextLength: FAKE_CONTEXT,
      vocabularySize: 256,
      logitScale: Math.log(100),
      preprocessing: "none",
      engine: "cpu",
      provenance: null,
    };
  }

  encodeText(texts: string[]): Promise<TextEmbeddings> {
    this.record.encodedTexts.push(texts);
    const rows = texts.map((text) => fakeEmbedding(new TextEncoder().encode(text)));
    return Promise.resolve({
      embeddings: Float32Array.from(rows.flatMap((row) => [...row])),
      dim: DIM,
      truncated: texts.map((text) => text.length > FAKE_CONTEXT),
      tokenCounts: texts.map((text) => text.length),
    });
  }

  encodeImage(file: Uint8Array): Promise<ImageEmbedding> {
    this.record.encodedImages += 1;
    if (file.length === 0) return Promise.reject(new Error("The picture could not be read."));
    return Promise.resolve({ embedding: fakeEmbedding(file), width: 3, height: 2 });
  }

  free(): void {
    this.freed = true;
  }
}

/** What was asked of the fake. */
export interface FakeRecord {
  sources: ModelSource[];
  loaded: FakeClip[];
  encodedTexts: string[][];
  encodedImages: number;
}

/** A model whose first file begins with `!` does not load. */
export function fakeModule(): { module: ClipModule; record: FakeRecord } {
  const record: FakeRecord = { sources: [], loaded: [], encodedTexts: [], encodedImages: 0 };
  const module: ClipModule = {
    Clip: {
      async load(source, options) {
        record.sources.push(source);
        const [first] = Object.values(source as Record<string, Uint8Array<ArrayBuffer> | Blob>);
        if ((await new Blob([first ?? ""]).text()).startsWith("!")) {
          throw new Error("This is not a GGUF file: it begins with “!”.");
        }
        options?.onProgress?.({ stage: "build", loaded: 1, total: 1 });
        return new FakeClip(record);
      },
    },
    scene: fakeScene,
  };
  return { module, record };
}
