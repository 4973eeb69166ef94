/** What a model and its worker say to each other, through `web/worker/channel.ts`. */

import type { HierarchyAnswer, HierarchyQuestion } from "../../web/hierarchy/answer.js";
import type {
  Arithmetic,
  CaptionEdit,
  EditGroup,
  EngineWish,
  ModelInfo,
  Scored,
} from "../../web/wasm/cliprobe.js";
import type { Progress } from "./types.js";

/** An image as it crosses to the worker. */
export type SentImage = Blob | Uint8Array | { width: number; height: number; rgba: Uint8Array };

/** Rows of embeddings, one after the other. */
export interface Rows {
  data: Float32Array<ArrayBuffer>;
  dim: number;
}

export interface Requests {
  load: {
    ask: {
      /** Files by name. */
      files: Record<string, Blob | Uint8Array>;
      /** Of the file of weights, where it is known. */
      sha256: string | null;
      engine: EngineWish;
      arithmetic: Arithmetic;
    };
    answer: ModelInfo;
  };
  "encode-text": {
    ask: { texts: string[] };
    answer: Rows & { truncated: boolean[]; tokenCounts: number[] };
  };
  "encode-image": { ask: { images: SentImage[] }; answer: Rows };
  score: { ask: { image: SentImage; captions: string[] }; answer: Scored[] };
  edits: {
    ask: { caption: string; groups: EditGroup[]; seed: number };
    answer: { edits: CaptionEdit[]; none: Partial<Record<EditGroup, string>> };
  };
  hierarchy: { ask: HierarchyQuestion & { image: SentImage | null }; answer: HierarchyAnswer };
}

export type RequestKind = keyof Requests;

/** Model → worker; `cancel` names an earlier call. */
export type Call =
  | { [K in RequestKind]: { id: number; kind: K; ask: Requests[K]["ask"] } }[RequestKind]
  | { id: number; kind: "cancel" };

export type WorkerProgress = Progress;
