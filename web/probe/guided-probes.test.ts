import { expect, test } from "vitest";

import { readFragment } from "../link/link-state";
import { fragmentOf, GUIDED_PROBES } from "./guided-probes";

test("there are five, and each is a link that reads back as it stands", () => {
  expect(GUIDED_PROBES).toHaveLength(5);
  for (const guided of GUIDED_PROBES) {
    expect(readFragment(fragmentOf(guided))).toEqual({ state: guided.state, problems: [] });
  }
});
