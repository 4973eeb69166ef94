/** Images of which a patch is hidden, as the image encoder is given them. */

/**
 * A copy of the image for each of these patches, counted by rows, with that patch hidden.
 *
 * @param image a plane of `imageSize` by `imageSize` values for each of three colours
 */
export function withoutPatches(
  image: Float32Array,
  cells: readonly number[],
  imageSize: number,
  patchSize: number,
): Float32Array {
  const batch = new Float32Array(image.length * cells.length);
  cells.forEach((cell, index) => {
    const copy = batch.subarray(index * image.length, (index + 1) * image.length);
    copy.set(image);
    hidePatch(copy, cell, imageSize, patchSize);
  });
  return batch;
}

/** Gives a patch of each colour's plane the value 0: the mean colour of the training data. */
function hidePatch(image: Float32Array, cell: number, imageSize: number, patchSize: number): void {
  const side = Math.floor(imageSize / patchSize);
  const top = Math.floor(cell / side) * patchSize;
  const left = (cell % side) * patchSize;
  for (let plane = 0; plane < 3; plane += 1) {
    for (let row = top; row < top + patchSize; row += 1) {
      const start = (plane * imageSize + row) * imageSize + left;
      image.fill(0, start, start + patchSize);
    }
  }
}
