/** A ranking as text, to be pasted elsewhere. */

import type { RankedCaption } from "../probe/ranking";

/** What the numbers are of. */
export interface About {
  model: string;
  sha256: string;
  engine: string;
  image: string;
}

export function markdown(ranking: readonly RankedCaption[], about: About): string {
  const rows = ranking.map(
    ({ place, text, cosine, margin }) =>
      `| ${place} | ${cell(text)} | ${cosine.toFixed(6)} | ${margin === null ? "" : margin.toFixed(6)} |`,
  );
  return [
    "| place | caption | cosine | margin |",
    "|---:|---|---:|---:|",
    ...rows,
    "",
    `Image: ${about.image}. Model: ${about.model}, SHA-256 \`${about.sha256}\`, engine ${about.engine}, by cliprobe.`,
    "",
  ].join("\n");
}

export function csv(ranking: readonly RankedCaption[], about: About): string {
  const rows = ranking.map(({ place, text, cosine, margin }) =>
    [place, text, cosine, margin ?? "", about.image, about.sha256, about.engine].map(quoted),
  );
  const head = ["place", "caption", "cosine", "margin", "image", "model_sha256", "engine"];
  return [head, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

/** A caption may hold what Markdown takes for a table, HTML or emphasis. */
function cell(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, "\\$&");
}

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it. */
function quoted(value: string | number): string {
  const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
