/** A ranking as an image, to be pasted where tables are not taken. */

import type { RankedCaption } from "../probe/ranking";
import type { About } from "./report";

const WIDTH = 1000;
const IMAGE = 300;
const MARGIN = 24;
const FONT = 18;
const LINE = 24;
const INK = "#15201f";
const QUIET = "#52605e";
const BAR = "#0b625b";

/**
 * Draws the image, the captions by similarity with bars and numbers, and what they are of.
 * Always dark on light: where it is pasted is not known.
 */
export async function rankingImage(
  image: Blob,
  ranking: readonly RankedCaption[],
  about: About,
): Promise<Blob> {
  const bitmap = await createImageBitmap(image);
  const measuring = context(1, 1);
  measuring.font = font(FONT);
  const left = MARGIN + IMAGE + MARGIN;
  const room = WIDTH - left - MARGIN;
  const rows = ranking.map((row) => ({ row, lines: wrapped(measuring, row.text, room - 110) }));
  const rowHeight = (lines: number) => lines * LINE + 18;
  const list = rows.reduce((sum, { lines }) => sum + rowHeight(lines.length), 0);
  const height = MARGIN + Math.max(IMAGE, list) + MARGIN + LINE + MARGIN;

  const canvas = context(WIDTH, height);
  canvas.fillStyle = "#ffffff";
  canvas.fillRect(0, 0, WIDTH, height);
  const scale = IMAGE / Math.max(bitmap.width, bitmap.height);
  canvas.imageSmoothingQuality = "high";
  canvas.drawImage(bitmap, MARGIN, MARGIN, bitmap.width * scale, bitmap.height * scale);
  bitmap.close();

  const cosines = ranking.map(({ cosine }) => cosine);
  const low = Math.min(0, ...cosines);
  const high = Math.max(...cosines, low + 1e-6);
  let top = MARGIN;
  for (const { row, lines } of rows) {
    canvas.font = font(FONT);
    canvas.fillStyle = INK;
    lines.forEach((line, index) => {
      canvas.fillText(line, left, top + FONT + index * LINE);
    });
    canvas.textAlign = "right";
    canvas.fillText(row.cosine.toFixed(4), WIDTH - MARGIN, top + FONT);
    canvas.textAlign = "left";
    canvas.fillStyle = BAR;
    const share = (row.cosine - low) / (high - low);
    canvas.fillRect(left, top + lines.length * LINE + 2, Math.max(share * room, 1), 5);
    top += rowHeight(lines.length);
  }
  canvas.font = font(14);
  canvas.fillStyle = QUIET;
  const words = `${about.image} · ${about.model} · SHA-256 ${about.sha256.slice(0, 12)} · ${about.engine} · cliprobe`;
  canvas.fillText(words, MARGIN, height - MARGIN, WIDTH - 2 * MARGIN);
  return canvas.canvas.convertToBlob({ type: "image/png" });
}

function font(size: number): string {
  return `${size}px system-ui, sans-serif`;
}

function context(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const found = new OffscreenCanvas(width, height).getContext("2d");
  if (found === null) throw new Error("This browser cannot draw the ranking.");
  return found;
}

/** The text in lines of at most `room` pixels; a word that is longer stands alone. */
export function wrapped(
  measure: { measureText(text: string): { width: number } },
  text: string,
  room: number,
): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && measure.measureText(longer).width <= room)
      lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
