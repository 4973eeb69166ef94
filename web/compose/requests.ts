/** What the view Compose asks of the worker. None of it needs a model. */

import type { SceneVocabulary } from "../wasm/cliprobe.js";

export interface ComposeRequests {
  /** The JSON of a scene, by its seed or its JSON. */
  "scene-json": { ask: { seed: string }; answer: string };
  /** The words that scenes are made of. */
  "scene-words": { ask: object; answer: SceneVocabulary };
  /** Places the second thing of a scene's JSON so that the first has the relation to it. */
  "scene-relate": {
    ask: { scene: string; subject: number; relation: string; object: number };
    answer: { scene: string; subject: number; object: number };
  };
}
