import { expect, test } from "vitest";

import { kindName } from "./caption-kind";

test("levels are put plainly, edits keep their name, the plain caption has none", () => {
  expect(kindName("colour_thing")).toBe("more general");
  expect(kindName("swap_attribute")).toBe("swap attribute");
  expect(kindName("related")).toBeNull();
});
