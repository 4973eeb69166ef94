/** What the worker uses of a loaded model. */

import type { Clip } from "../wasm/cliprobe.js";

export type SessionClip = Pick<
  Clip,
  "info" | "encodeText" | "encodeImage" | "encodePixels" | "pixels" | "rank" | "free"
>;
