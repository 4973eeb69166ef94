/** What is measured of texts, and perhaps an image, around the root. */

import type { ChainGeometry, Traversal } from "../wasm/cliprobe.js";

/** Which texts form a chain on the map. */
export type EdgeKind = "truth" | "own";

export type RadiusKind = "euclidean" | "cosine";

export type TextRole = "caption" | "candidate" | "truth" | "own" | "contradiction";

export interface PlacedText {
  text: string;
  roles: TextRole[];
  /** Euclidean distance to the root, from 0 to 2. */
  radius: number;
  /** Direction on the map, in radians. */
  direction: number;
  /** Cosine with the root. */
  rootCosine: number;
  /** Cosine with the image; null without one. */
  imageCosine: number | null;
}

export interface Edge {
  kind: EdgeKind;
  /** Places in `texts`. */
  general: number;
  specific: number;
  /** Exterior angle in radians, from 0 to π. */
  angle: number;
}

export interface HierarchyAnswer {
  texts: PlacedText[];
  image: { radius: number; direction: number; rootCosine: number } | null;
  edges: Edge[];
  /** The share of the directions' variance that the map's plane shows. */
  shownVariance: number;
  /** Null without an image or without candidates. */
  traversal: Traversal | null;
  /** τ of the truth; null without one. */
  truthCorrelation: number | null;
  /** Null unless all of one's own tiers are given. */
  own: ChainGeometry | null;
  /** Rows of `texts`, then the image's, if there is one, then the root's. */
  embeddings: Float32Array;
  dim: number;
}

/** What is asked, apart from the image. */
export interface HierarchyQuestion {
  captions: string[];
  /** The texts that the traversal looks among, and that decide the map's directions. */
  candidates: string[];
  /** What is known to be true of the image, from general to specific; or empty. */
  truth: string[];
  /** A chain of one's own, from general to specific; or empty. */
  own: string[];
  /** What contradicts the tiers of `own`, one for each but the last; or empty. */
  contradictions: string[];
  levels: number;
  radius: RadiusKind;
}
