/** The answer as files: a table, and the embeddings for TensorFlow's Embedding Projector. */

import { ROLE_NAMES } from "./map-layout";
import type { HierarchyAnswer } from "./requests";

/** A table with a header; numbers in full. */
export function tableCsv(answer: HierarchyAnswer): string {
  const header = "text,roles,radius,direction_radians,cosine_root,cosine_image";
  const image = answer.image;
  const rows = [
    ...(image === null
      ? []
      : [["(the image)", "image", image.radius, image.direction, image.rootCosine, ""]]),
    ...answer.texts.map((text) => [
      text.text,
      text.roles.map((role) => ROLE_NAMES[role]).join("; "),
      text.radius,
      text.direction,
      text.rootCosine,
      text.imageCosine ?? "",
    ]),
  ];
  return `${[header, ...rows.map((row) => row.map(csvField).join(","))].join("\r\n")}\r\n`;
}

/** One embedding a line: the texts, the image if there is one, the root. */
export function tensorsTsv({ embeddings, dim }: HierarchyAnswer): string {
  const lines: string[] = [];
  for (let at = 0; at + dim <= embeddings.length; at += dim) {
    lines.push(embeddings.subarray(at, at + dim).join("\t"));
  }
  return `${lines.join("\n")}\n`;
}

/** A header, then a line for each line of {@link tensorsTsv}. */
export function metadataTsv({ texts, image }: HierarchyAnswer): string {
  const rows = [
    ...texts.map(({ text, roles, radius }) => [
      text,
      roles.map((role) => ROLE_NAMES[role]).join("; "),
      radius,
    ]),
    ...(image === null ? [] : [["(the image)", "image", image.radius]]),
    ["(the empty text)", "root", 0],
  ];
  const lines = [["label", "role", "radius"], ...rows].map((row) => row.map(tsvField).join("\t"));
  return `${lines.join("\n")}\n`;
}

function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function tsvField(value: string | number): string {
  return String(value).replaceAll(/[\t\r\n]+/g, " ");
}
