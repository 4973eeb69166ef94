/** How metrics are written and drawn. */

import type { MarkChange, Metric } from "../wasm/cliprobe.js";

/** Whether it is a share of items, written in per cent. */
export function isShare(metric: Metric): boolean {
  return metric.unit === "share";
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

/** How the metric stands to guessing: its interval decides whether they can be told apart. */
export function againstChance(metric: Metric): "better" | "worse" | "level" | null {
  const { interval, chance } = metric;
  if (interval === undefined || chance === undefined) return null;
  if (interval.low <= chance && chance <= interval.high) return "level";
  const isHigher = interval.low > chance;
  return isHigher === (metric.better === "higher") ? "better" : "worse";
}

/** With its sign: below zero the answer is wrong. */
export function formatMargin(margin: number): string {
  const digits = Math.abs(margin).toFixed(4);
  if (margin === 0 || Number(digits) === 0) return digits;
  return `${margin < 0 ? "−" : "+"}${digits}`;
}

/** A difference of shares in points, with its interval. */
export function formatDifference({ value, interval }: MarkChange["difference"]): string {
  const points = (share: number) => {
    const digits = Math.abs(100 * share).toFixed(1);
    if (Number(digits) === 0) return digits;
    return `${share < 0 ? "−" : "+"}${digits}`;
  };
  return `${points(value)} (${points(interval.low)} to ${points(interval.high)})`;
}

/** A probability of a test: small ones by their bound. */
export function formatP(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}

function minus(text: string): string {
  return text.replace("-", "−");
}
