/** The image in question. */

import type { SceneCaption, SceneView } from "../wasm/cliprobe.js";

export interface SceneImage {
  kind: "scene";
  view: SceneView;
}

export interface PhotoImage {
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

export type Image = SceneImage | PhotoImage | AskedPhoto;

/** An image that another view hands over; a scene by its seed or as JSON. */
export type HandedImage = { scene: string } | { photo: File };

/** What the scene's grammar knows; nothing of photos. */
export function sceneCaptions(image: Image | null): SceneCaption[] {
  return image?.kind === "scene" ? image.view.captions : [];
}

export function altText(image: SceneImage | PhotoImage): string {
  if (image.kind === "photo") return `The photo “${image.name}”`;
  const holding = image.view.captions.filter((caption) => caption.holds);
  const description = holding.find((caption) => caption.kind === "full") ?? holding[0];
  const { seed: text } = image.view;
  // A scene given as JSON has its description for a name.
  const seed = text.startsWith("{") ? "Generated scene" : `Generated scene ${text}`;
  return description === undefined ? seed : `${seed}: ${description.text}`;
}

/** What an `img` shows of an image. */
export function imageOf(image: SceneImage | PhotoImage): Blob {
  return image.kind === "photo"
    ? new Blob([image.bytes], { type: image.type })
    : drawing(image.view);
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
