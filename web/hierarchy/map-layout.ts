/** Where things stand on the radial map: pure functions over numbers. */

import { scaleLinear } from "d3-scale";

import type { HierarchyAnswer, PlacedText, TextRole } from "./requests";

/** Half the side of the drawing, in its own units. */
export const HALF = 320;
/** Where the images stand. */
export const RIM = 288;
/** Where the largest radius stands: inside the rim, with room for a thumbnail. */
const EDGE = 250;

export interface Point {
  x: number;
  y: number;
}

/** From a radius to its distance on the drawing. */
export function radialScale(reach: number): {
  (radius: number): number;
  ticks(count: number): number[];
} {
  return scaleLinear().domain([0, reach]).range([0, EDGE]);
}

/** Directions go anticlockwise from the right, as in mathematics. */
export function at(distance: number, direction: number): Point {
  return { x: distance * Math.cos(direction), y: -distance * Math.sin(direction) };
}

/** The role that decides how a text is drawn: the first of these that it has. */
const ORDER: readonly TextRole[] = ["own", "contradiction", "truth", "caption", "candidate"];

export function shownRole(roles: readonly TextRole[]): TextRole {
  return ORDER.find((role) => roles.includes(role)) ?? "candidate";
}

export const ROLE_NAMES: Record<TextRole, string> = {
  own: "your chain",
  contradiction: "contradicts your chain",
  truth: "true of the image",
  caption: "caption",
  candidate: "candidate",
};

export interface MapPoint extends PlacedText, Point {
  /** Its place in the answer's texts. */
  index: number;
  role: TextRole;
}

/** All texts, those that matter most last, so that they are drawn on top. */
export function mapPoints(answer: HierarchyAnswer, reach: number): MapPoint[] {
  const scale = radialScale(reach);
  return answer.texts
    .map((text, index) => ({
      ...text,
      index,
      role: shownRole(text.roles),
      ...at(scale(text.radius), text.direction),
    }))
    .toSorted((a, b) => ORDER.indexOf(b.role) - ORDER.indexOf(a.role));
}

export function degrees(radians: number): string {
  return `${((radians * 180) / Math.PI).toFixed(1)}°`;
}

/** The share of the way from 0 to π, in percent: how far an edge's colour goes from good to bad. */
export function anglePercent(radians: number): number {
  return Math.round((Math.min(Math.max(radians, 0), Math.PI) / Math.PI) * 100);
}

/**
 * Labels that would lie upon one already placed are left out; the most important come first.
 *
 * @param unit units of the drawing to a CSS pixel
 */
export function labelled(points: readonly MapPoint[], unit = 1, most = 14): Set<number> {
  const boxes: { x: number; y: number; width: number }[] = [];
  const shown = new Set<number>();
  for (const { x, y, text, role, index } of points.toReversed()) {
    if (role === "candidate" || shown.size >= most) continue;
    const width = shortened(text).length * 6.2 * unit;
    const box = { x: x > 0 ? x - width - 8 * unit : x + 8 * unit, y, width };
    const clear = boxes.every(
      (other) =>
        Math.abs(other.y - box.y) > 13 * unit ||
        box.x > other.x + other.width ||
        other.x > box.x + box.width,
    );
    if (!clear) continue;
    boxes.push(box);
    shown.add(index);
  }
  return shown;
}

export function shortened(text: string, most = 28): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
