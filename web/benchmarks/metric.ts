/** How metrics are written and drawn. */

import type { Metric } from "../wasm/cliprobe.js";

/** Whether it is a share of items; rank correlations and mean differences are not. */
export function isShare(metric: Metric): boolean {
  if (/[τ|]/.test(metric.name)) return false;
  return metric.chance !== undefined || (metric.value >= 0 && metric.value <= 1);
}

/** A share in percent, anything else as it is. */
export function formatValue(metric: Metric, value: number): string {
  if (!isShare(metric)) return minus(value.toFixed(4));
  return `${(100 * value).toFixed(1)} %`;
}

export function formatInterval(metric: Metric): string {
  const { interval } = metric;
  if (interval === undefined) return "";
  const { low, high } = interval;
  if (!isShare(metric)) return `${minus(low.toFixed(4))} to ${minus(high.toFixed(4))}`;
  return `${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)}`;
}

/** Whether the interval leaves chance out, and on which side. */
export function againstChance({ interval, chance }: Metric): "above" | "below" | "at" | null {
  if (interval === undefined || chance === undefined) return null;
  if (interval.low > chance) return "above";
  return interval.high < chance ? "below" : "at";
}

/** With its sign: below zero the answer is wrong. */
export function formatMargin(margin: number): string {
  const digits = Math.abs(margin).toFixed(4);
  if (margin === 0 || Number(digits) === 0) return digits;
  return `${margin < 0 ? "−" : "+"}${digits}`;
}

function minus(text: string): string {
  return text.replace("-", "−");
}
