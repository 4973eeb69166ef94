/** The picture in question. */

import type { SceneCaption, SceneView } from "../wasm/cliprobe.js";

export interface ScenePicture {
  kind: "scene";
  view: SceneView;
}

export interface PhotoPicture {
  kind: "photo";
  /** Names this photo to the worker; never used twice. */
  key: string;
  name: string;
  /** First digits of the SHA-256 of the whole photo; `null` where the browser cannot compute it. */
  hash: string | null;
  bytes: Uint8Array<ArrayBuffer>;
  /** Media type. */
  type: string;
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

/** A picture that another view hands over; a scene by its seed or as JSON. */
export type HandedPicture = { scene: string } | { photo: File };

/** What the scene's grammar knows; nothing of photos. */
export function sceneCaptions(picture: Picture | null): SceneCaption[] {
  return picture?.kind === "scene" ? picture.view.captions : [];
}

export function altText(picture: ScenePicture | PhotoPicture): string {
  if (picture.kind === "photo") return `The photo “${picture.name}”`;
  const holding = picture.view.captions.filter((caption) => caption.holds);
  const description = holding.find((caption) => caption.kind === "full") ?? holding[0];
  const { seed: text } = picture.view;
  // A scene given as JSON has its description for a name.
  const seed = text.startsWith("{") ? "Generated scene" : `Generated scene ${text}`;
  return description === undefined ? seed : `${seed}: ${description.text}`;
}

/** What an `img` shows of a picture. */
export function imageOf(picture: ScenePicture | PhotoPicture): Blob {
  return picture.kind === "photo"
    ? new Blob([picture.bytes], { type: picture.type })
    : drawing(picture.view);
}

export function drawing({ png }: SceneView): Blob {
  // Copied, because a Blob takes no view of memory that might be shared.
  return new Blob([new Uint8Array(png)], { type: "image/png" });
}

/** A seed from all that there are. */
export function randomSeed(): string {
  const [seed = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return seed.toString();
}
