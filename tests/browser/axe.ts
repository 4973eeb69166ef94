/** Accessibility rules, on the page as it stands. */

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** A line for each rule that is broken, with the elements that break it. */
export async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`,
  );
}
