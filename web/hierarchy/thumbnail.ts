/** An image in small, as a data URL, so that an exported drawing carries it. */

import { imageOf, type PhotoImage, type SceneImage } from "../probe/image";

const SIDE = 96;

/** `null` where the browser cannot draw the image. */
export async function thumbnail(image: SceneImage | PhotoImage): Promise<string | null> {
  try {
    const bitmap = await createImageBitmap(imageOf(image));
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
