/** The picture in question. */

import type { SceneView } from "../wasm/cliprobe.js";

export interface ScenePicture {
  kind: "scene";
  view: SceneView;
  /** Of the drawing, to show it. Whoever replaces the picture revokes it. */
  url: string;
}

export interface PhotoPicture {
  kind: "photo";
  /** Names this photo to the worker; never used twice. */
  key: string;
  name: string;
  /** First digits of the SHA-256 of the whole photo; `null` where the browser cannot compute it. */
  hash: string | null;
  bytes: Uint8Array<ArrayBuffer>;
  url: string;
  /** Whether this is the small copy that a link carried, not the photo itself. */
  isCopy: boolean;
}

/** A photo that a link names and the person has not given yet. */
export interface AskedPhoto {
  kind: "asked";
  name: string;
  hash: string | null;
}

export type Picture = ScenePicture | PhotoPicture | AskedPhoto;

export function altText(picture: ScenePicture | PhotoPicture): string {
  if (picture.kind === "photo") return `The photo “${picture.name}”`;
  const description = picture.view.captions.find((caption) => caption.holds);
  const seed = `Generated scene ${picture.view.seed}`;
  return description === undefined ? seed : `${seed}: ${description.text}`;
}

export async function shortHash(
  bytes: Uint8Array<ArrayBuffer>,
  digits: number,
): Promise<string | null> {
  // Absent in insecure contexts, whatever the types say.
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return null;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, digits);
}

/** A seed from all that there are. */
export function randomSeed(): string {
  const [seed = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return seed.toString();
}
