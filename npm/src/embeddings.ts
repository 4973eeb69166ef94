/** Embeddings as one matrix. */

/** A matrix of embeddings, row after row. Each row has length 1, so a product of two is their cosine. */
export class Embeddings {
  /**
   * @param data `shape[0] × shape[1]` values
   * @param shape rows, and the embedding's width
   */
  constructor(
    readonly data: Float32Array<ArrayBuffer>,
    readonly shape: readonly [rows: number, width: number],
  ) {}

  /** One embedding, as a view of {@link data}. Throws a `RangeError` where there is no such row. */
  row(index: number): Float32Array<ArrayBuffer> {
    const [rows, width] = this.shape;
    if (!Number.isInteger(index) || index < 0 || index >= rows) {
      throw new RangeError(`There is no row ${index} among ${rows}.`);
    }
    return this.data.subarray(index * width, (index + 1) * width);
  }
}

/** Embeddings of texts. */
export class TextEmbeddings extends Embeddings {
  constructor(
    data: Float32Array<ArrayBuffer>,
    shape: readonly [rows: number, width: number],
    /** Whether the end of a text lies beyond the model's context and was not seen. */
    readonly truncated: readonly boolean[],
    /** Tokens of each text that were seen, start and end included. */
    readonly tokenCounts: readonly number[],
  ) {
    super(data, shape);
  }
}
