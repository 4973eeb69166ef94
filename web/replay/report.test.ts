import { expect, test } from "vitest";

import type { RankedCaption } from "../probe/ranking";
import { csv, markdown } from "./report";

const about = { model: "tiny", sha256: "ab", engine: "cpu", image: "scene 1" };
const row = (place: number, text: string, cosine: number, margin: number | null) =>
  ({ place, text, cosine, margin }) as RankedCaption;
const ranking = [row(1, "a | *dog*", 0.25, 0.125), row(2, '=1, "x"', -0.125, null)];

test("a Markdown table shows what was typed", () => {
  expect(markdown(ranking, about)).toBe(
    [
      "| place | caption | cosine | margin |",
      "|---:|---|---:|---:|",
      "| 1 | a \\| \\*dog\\* | 0.250000 | 0.125000 |",
      '| 2 | =1, "x" | -0.125000 |  |',
      "",
      "Image: scene 1. Model: tiny, SHA-256 `ab`, engine cpu, by cliprobe.",
      "",
    ].join("\n"),
  );
});

test("CSV keeps numbers whole and captions no formulas", () => {
  expect(csv(ranking, about)).toBe(
    "place,caption,cosine,margin,image,model_sha256,engine\r\n" +
      "1,a | *dog*,0.25,0.125,scene 1,ab,cpu\r\n" +
      `2,"'=1, ""x""",-0.125,,scene 1,ab,cpu\r\n`,
  );
});
