/** What the hierarchy view asks of the worker. */

import type { TextChain } from "../wasm/cliprobe.js";
import type { OfferedChoice, ImageContent } from "../worker/protocol";
import type { HierarchyAnswer, HierarchyQuestion } from "./answer";

export type { HierarchyAnswer, PlacedText, RadiusKind, TextRole } from "./answer";

export interface HierarchyAsk extends HierarchyQuestion {
  /** Names the image: equal keys are equal images. */
  imageKey: string | null;
  image: ImageContent | null;
  /** Another model than the loaded one, which stays loaded. */
  choice: OfferedChoice | null;
}

export interface HierarchyRequests {
  /**
   * Embeds and measures; `null` when a newer question about the same model arrived meanwhile.
   * Progress is of stage `build` and counts texts.
   */
  hierarchy: { ask: HierarchyAsk; answer: HierarchyAnswer | null };
  /** Chains of Tableau, of one scene, or of HierarCaps' table. Needs no model. */
  chains: {
    ask:
      | { kind: "tableau"; count: number }
      | { kind: "scene"; seed: string }
      | { kind: "hierarcaps"; csv: string };
    answer: TextChain[];
  };
}
