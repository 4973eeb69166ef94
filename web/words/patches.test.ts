import { expect, test } from "vitest";

import { withoutPatches } from "./patches";

test("each copy has one patch at the mean colour, in every plane", () => {
  // Four pixels a side in patches of two: cell 1 is at the top right.
  const image = new Float32Array(3 * 16).fill(1);
  const batch = withoutPatches(image, [1, 2], 4, 2);
  const plane = (copy: number, colour: number) => {
    const start = (copy * 3 + colour) * 16;
    return [...batch.subarray(start, start + 16)];
  };
  const topRight = [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
  for (const colour of [0, 1, 2]) {
    expect(plane(0, colour)).toEqual(topRight);
    expect(plane(1, colour)).toEqual(topRight.toReversed());
  }
  expect(image.every((value) => value === 1)).toBe(true);
});
