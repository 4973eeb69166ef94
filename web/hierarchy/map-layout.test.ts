import { expect, test } from "vitest";

import { metadataTsv, tableCsv, tensorsTsv } from "./export-data";
import {
  anglePercent,
  at,
  degrees,
  labelled,
  mapPoints,
  radialScale,
  shortened,
} from "./map-layout";
import type { HierarchyAnswer, PlacedText } from "./requests";

function placed(text: string, part: Partial<PlacedText> = {}): PlacedText {
  return {
    text,
    roles: ["caption"],
    radius: 0.5,
    direction: 0,
    rootCosine: 0.9,
    imageCosine: 0.25,
    ...part,
  };
}

const answer: HierarchyAnswer = {
  texts: [
    placed("a dog", { roles: ["candidate", "own"], radius: 1, direction: Math.PI / 2 }),
    placed('a "red", old\tcar', { roles: ["candidate"], radius: 0.5, imageCosine: null }),
  ],
  image: { radius: 1.2, direction: Math.PI, rootCosine: 0.28 },
  edges: [],
  shownVariance: 0.4,
  traversal: null,
  truthCorrelation: null,
  own: null,
  embeddings: Float32Array.of(1, 0, 0, 1, 0.5, 0.5, -1, 0),
  dim: 2,
};

test("radii are to scale, and directions go anticlockwise", () => {
  const scale = radialScale(2);
  expect(scale(0)).toBe(0);
  expect(scale(1)).toBeCloseTo(scale(2) / 2, 12);
  expect(at(10, 0)).toEqual({ x: 10, y: -0 });
  expect(at(10, Math.PI / 2).y).toBeCloseTo(-10, 12);
});

test("what matters most is drawn last", () => {
  const points = mapPoints(answer, 2);
  expect(points.map(({ role }) => role)).toEqual(["candidate", "own"]);
  expect(points.map(({ index }) => index)).toEqual([1, 0]);
  expect(points[1]?.x).toBeCloseTo(0, 9);
});

test("labels that would cover each other are left out, and candidates have none", () => {
  const texts = [placed("first"), placed("second"), placed("third", { direction: Math.PI })];
  const points = mapPoints({ ...answer, texts }, 2);
  expect(labelled(points)).toEqual(new Set([2, 1]));
  expect(labelled(mapPoints(answer, 2))).toEqual(new Set([0]));
});

test("angles are told in degrees, and coloured from 0 to 180", () => {
  expect(degrees(Math.PI / 3)).toBe("60.0°");
  expect([0, Math.PI / 2, Math.PI, 9].map(anglePercent)).toEqual([0, 50, 100, 100]);
  expect(shortened("x".repeat(40))).toHaveLength(28);
});

test("the table is CSV, with quotes where they are needed", () => {
  expect(tableCsv(answer).split("\r\n")).toEqual([
    "text,roles,radius,direction_radians,cosine_root,cosine_image",
    `(the image),image,1.2,${Math.PI},0.28,`,
    `a dog,candidate; your chain,1,${Math.PI / 2},0.9,0.25`,
    '"a ""red"", old\tcar",candidate,0.5,0,0.9,',
    "",
  ]);
});

test("tensors and metadata have a line for each embedding", () => {
  expect(tensorsTsv(answer)).toBe("1\t0\n0\t1\n0.5\t0.5\n-1\t0\n");
  const lines = metadataTsv(answer).trimEnd().split("\n");
  expect(lines[0]).toBe("label\trole\tradius");
  expect(lines.slice(1).map((line) => line.split("\t")[0])).toEqual([
    "a dog",
    'a "red", old car',
    "(the image)",
    "(the empty text)",
  ]);
});
