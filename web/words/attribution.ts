/** What in a caption and in an image a similarity comes from: pure functions. */

/** The words of a caption, and the caption without each. */
export function withoutEach(caption: string): { word: string; without: string }[] {
  const words = caption.trim().split(/\s+/);
  return words.map((word, index) => ({
    word,
    without: words.toSpliced(index, 1).join(" "),
  }));
}

/** Percent of the numbers that a value is above; those that it equals count half. */
export function percentile(value: number, numbers: readonly number[]): number {
  const below = numbers.filter((number) => number < value).length;
  const equal = numbers.filter((number) => number === value).length;
  return (100 * (below + equal / 2)) / numbers.length;
}

/** What a number says of a colour: its sign, and how strong it is beside the strongest, 0 to 1. */
export function strength(value: number, values: readonly (number | null)[]): number {
  const most = Math.max(...values.map((other) => Math.abs(other ?? 0)));
  return most === 0 ? 0 : Math.abs(value) / most;
}

/**
 * Cells of a grid in an order that shows the whole coarsely first: every fourth of every fourth row, then
 * what lies between.
 */
export function coarseFirst(side: number): number[] {
  const seen = new Set<number>();
  for (const step of [4, 2, 1]) {
    for (let row = 0; row < side; row += step) {
      for (let column = 0; column < side; column += step) seen.add(row * side + column);
    }
  }
  return [...seen];
}

/** A signed number in four decimals. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(4);
  if (Number(digits) === 0) return digits;
  return `${value < 0 ? "−" : "+"}${digits}`;
}
