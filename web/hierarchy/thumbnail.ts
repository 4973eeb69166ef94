/** A picture in small, as a data URL, so that an exported drawing carries it. */

import { imageOf, type PhotoPicture, type ScenePicture } from "../probe/picture";

const SIDE = 96;

/** `null` where the browser cannot draw the picture. */
export async function thumbnail(picture: ScenePicture | PhotoPicture): Promise<string | null> {
  try {
    const bitmap = await createImageBitmap(imageOf(picture));
    const scale = SIDE / Math.min(bitmap.width, bitmap.height);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    canvas
      .getContext("2d")
      ?.drawImage(bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.85);
  } catch {
    return null;
  }
}
