/**
 * CLIP models in the browser: embeddings, rankings, caption edits and the radial geometry of texts, by
 * the same code as the cliprobe page and command.
 *
 * @packageDocumentation
 */

export { Embeddings, TextEmbeddings } from "./embeddings.js";
export { CliprobeError, DisposedError, LoadError, RequestError, WorkerError } from "./errors.js";
export { load, type Model } from "./model.js";
export type * from "./types.js";
