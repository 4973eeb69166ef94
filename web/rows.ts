/** Embeddings one after another, as the module takes several. */
export function rowsOf(embeddings: Float32Array[]): Float32Array {
  const rows = new Float32Array(embeddings.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const embedding of embeddings) {
    rows.set(embedding, at);
    at += embedding.length;
  }
  return rows;
}
