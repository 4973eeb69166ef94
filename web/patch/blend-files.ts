/** The worker's side of the patch slider: a GGUF file between two models. */

import type { Blend, BlendPlan, LoadProgress, ModelSource } from "../wasm/cliprobe.js";
import { messagesDelivered } from "../worker/messages-delivered";

/** What blending uses of the wasm module. */
export interface BlendModule {
  Blend: {
    start(
      name: string,
      a: ModelSource,
      b: ModelSource,
      alpha: number,
      hashes?: { a?: string; b?: string },
    ): Promise<Pick<Blend, "plan" | "next" | "free">>;
  };
}

/** The files of one of the two models, and their SHA-256 where it is known. */
interface End {
  source: ModelSource;
  sha256: string | null;
}

/** Work between two looks at whether the blend is still wanted. */
const SLICE_MS = 30;

/**
 * Blends tensor by tensor; other messages are handled in between. The file is the browser's to hold,
 * outside the module's memory.
 */
export async function blendFiles(
  { Blend }: BlendModule,
  { name, a, b, alpha }: { name: string; a: End; b: End; alpha: number },
  onProgress: (progress: LoadProgress) => void,
  wanted: () => boolean,
): Promise<{ file: Blob; plan: BlendPlan }> {
  const blend = await Blend.start(name, a.source, b.source, alpha, {
    ...(a.sha256 === null ? {} : { a: a.sha256 }),
    ...(b.sha256 === null ? {} : { b: b.sha256 }),
  });
  try {
    const plan = blend.plan();
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let slice = performance.now();
    for (let piece = blend.next(); piece !== undefined; piece = blend.next()) {
      pieces.push(piece);
      if (performance.now() - slice < SLICE_MS) continue;
      onProgress({ stage: "blend", loaded: pieces.length, total: plan.pieces });
      await messagesDelivered();
      if (!wanted()) throw new Error("Another model was asked for meanwhile.");
      slice = performance.now();
    }
    return { file: new Blob(pieces), plan };
  } finally {
    blend.free();
  }
}
