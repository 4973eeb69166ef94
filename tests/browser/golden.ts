/** The golden values of the tiny models. */

import { readFile } from "node:fs/promises";

/** Their folder, and the golden files', from the repository's root. */
export const GOLDEN = "tests/golden";

/** Reads what the reference computes of a golden model: its f32 tensors, and the names of their rows. */
export async function readGolden(model: string) {
  const file = await readFile(`${GOLDEN}/${model}.safetensors`);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  > & { __metadata__: Record<string, string> };
  const tensor = (name: string): number[] => {
    const [begin, end] = header[name]?.data_offsets ?? [0, 0];
    const values: number[] = [];
    for (let at = 8 + length + begin; at < 8 + length + end; at += 4) {
      values.push(file.readFloatLE(at));
    }
    return values;
  };
  const list = (key: string) => JSON.parse(header.__metadata__[key] ?? "[]") as string[];
  return {
    captions: list("captions"),
    images: list("images"),
    text: tensor("text_embeds"),
    image: tensor("image_embeds"),
  };
}
