/** The worker's part of the hierarchy view: embeds what is asked about and has the module measure it. */

import { rowsOf } from "../rows";
import type {
  chainGeometry,
  cosines,
  exteriorAngles,
  hierarcapsChains,
  radialMap,
  sceneChain,
  tableauChains,
  TextChain,
  traverse,
} from "../wasm/cliprobe.js";
import type { Ask } from "../worker/protocol";
import type { EdgeKind, HierarchyAnswer, HierarchyQuestion, TextRole } from "./answer";

/** What this uses of the wasm module. */
export interface HierarchyModule {
  cosines: typeof cosines;
  radialMap: typeof radialMap;
  exteriorAngles: typeof exteriorAngles;
  traverse: typeof traverse;
  chainGeometry: typeof chainGeometry;
  tableauChains: typeof tableauChains;
  sceneChain: typeof sceneChain;
  hierarcapsChains: typeof hierarcapsChains;
}

/** One model, as this needs it. */
export interface Embedder {
  /** Embeds a few texts, in the order given. */
  texts(batch: string[]): Promise<Float32Array[]>;
  image(): Promise<Float32Array>;
}

/** Texts embedded between two looks at whether the answer is still wanted. */
const TEXTS_AT_A_TIME = 16;
/** With fewer candidates the directions are fitted to all texts. */
const FEWEST_FITTED = 3;

/** The distinct texts of a question, candidates first, with every role that each plays. */
export function textsOf(ask: HierarchyQuestion): Map<string, TextRole[]> {
  const roles = new Map<string, TextRole[]>();
  const add = (texts: string[], role: TextRole) => {
    for (const text of texts) {
      const known = roles.get(text);
      if (known === undefined) roles.set(text, [role]);
      else if (!known.includes(role)) known.push(role);
    }
  };
  add(ask.candidates, "candidate");
  add(ask.captions, "caption");
  add(ask.truth, "truth");
  add(ask.own, "own");
  add(ask.contradictions, "contradiction");
  return roles;
}

/** Answers a question, or gives `null` as soon as it is no longer wanted. */
export async function measureHierarchy(
  module: HierarchyModule,
  embedder: Embedder,
  ask: HierarchyQuestion & { image: object | null },
  wanted: () => boolean,
  onProgress: (embedded: number, all: number) => void,
): Promise<HierarchyAnswer | null> {
  const roles = textsOf(ask);
  const texts = [...roles.keys()];
  const inputs = ["", ...texts];
  const rows: Float32Array[] = [];
  for (let first = 0; first < inputs.length; first += TEXTS_AT_A_TIME) {
    rows.push(...(await embedder.texts(inputs.slice(first, first + TEXTS_AT_A_TIME))));
    if (!wanted()) return null;
    onProgress(rows.length, inputs.length);
  }
  const root = rows.shift() ?? new Float32Array();
  const image = ask.image === null ? null : await embedder.image();
  if (!wanted()) return null;

  const place = new Map(texts.map((text, index) => [text, index]));
  const embeddingsOf = (wantedTexts: string[]) =>
    rowsOf(wantedTexts.map((text) => rows[place.get(text) ?? -1] ?? new Float32Array()));
  const candidates = [...new Set(ask.candidates)];
  const fitted = candidates.length >= FEWEST_FITTED ? candidates.length : texts.length;
  const placed = rowsOf(image === null ? rows : [...rows, image]);
  const map = module.radialMap(placed, root, fitted);
  const imageRow = image === null ? null : texts.length;
  const imageCosines = image === null ? [] : module.cosines(image, rowsOf(rows));

  const pairs: { kind: EdgeKind; general: number; specific: number }[] = [];
  for (const kind of ["truth", "own"] as const) {
    ask[kind].slice(1).forEach((specific, index) => {
      const general = ask[kind][index] ?? "";
      pairs.push({ kind, general: place.get(general) ?? 0, specific: place.get(specific) ?? 0 });
    });
  }
  const angles = module.exteriorAngles(
    placed,
    root,
    Uint32Array.from(pairs.flatMap(({ general, specific }) => [general, specific])),
  );

  return {
    texts: texts.map((text, row) => ({
      text,
      roles: roles.get(text) ?? [],
      radius: map.radii[row] ?? NaN,
      direction: map.directions[row] ?? NaN,
      rootCosine: map.cosines[row] ?? NaN,
      imageCosine: imageCosines[row] ?? null,
    })),
    image:
      imageRow === null
        ? null
        : {
            radius: map.radii[imageRow] ?? NaN,
            direction: map.directions[imageRow] ?? NaN,
            rootCosine: map.cosines[imageRow] ?? NaN,
          },
    edges: pairs.map((pair, index) => ({ ...pair, angle: angles[index] ?? NaN })),
    shownVariance: map.shownVariance,
    traversal:
      image === null || candidates.length === 0
        ? null
        : module.traverse(image, root, embeddingsOf(candidates), candidates, {
            levels: ask.levels,
            radius: ask.radius,
            truth: ask.truth,
          }),
    truthCorrelation:
      ask.truth.length < 2
        ? null
        : module.chainGeometry(embeddingsOf(ask.truth), new Float32Array(), root).orderCorrelation,
    own:
      ask.own.length < 2
        ? null
        : module.chainGeometry(embeddingsOf(ask.own), embeddingsOf(ask.contradictions), root),
    embeddings: rowsOf([...rows, ...(image === null ? [] : [image]), root]),
    dim: root.length,
  };
}

/** Chains of texts that need no model. */
export function chainsOf(module: HierarchyModule, ask: Ask<"chains">): TextChain[] {
  switch (ask.kind) {
    case "tableau":
      return module.tableauChains(ask.count);
    case "scene": {
      const chain = module.sceneChain(ask.seed);
      return chain === null ? [] : [chain];
    }
    case "hierarcaps":
      return module.hierarcapsChains(ask.csv);
  }
}
