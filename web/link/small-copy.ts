/** A copy of a photo that is small enough to travel in a link. */

import { MAX_COPY_BYTES } from "./link-state";

const LONGEST_SIDE = 128;
const QUALITIES = [0.82, 0.6, 0.4];

/**
 * A JPEG of at most 128 pixels a side. JPEG, because every browser can write it and every engine
 * here reads it; transparent parts turn white.
 *
 * Throws an `Error` with one sentence when the browser cannot decode the photo.
 */
export async function smallCopy(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const bitmap = await createImageBitmap(new Blob([bytes])).catch(() => {
    throw new Error("This browser cannot make a small copy of this photo.");
  });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser cannot draw a small copy.");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  for (const quality of QUALITIES) {
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
    if (blob.size <= MAX_COPY_BYTES) return new Uint8Array(await blob.arrayBuffer());
  }
  throw new Error("Even a small copy of this photo is too large for a link.");
}
