/** What is on the page stays where it is while the first image and ranking arrive. */

import { expect, test } from "./bench";

const MOST = 0.02;

for (const [name, viewport] of [
  ["a desktop", { width: 1350, height: 940 }],
  ["a small window", { width: 900, height: 800 }],
  ["a phone", { width: 360, height: 740 }],
] as const) {
  test(`the first ranking shifts nothing on ${name}`, async ({ bench, page }) => {
    await page.setViewportSize(viewport);
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          shifts.push((entry as PerformanceEntry & { value: number }).value);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await bench.open();
    const total = await page.evaluate(() =>
      (window as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0),
    );
    console.log(`cumulative layout shift on ${name}: ${total.toFixed(4)}`);
    expect(total).toBeLessThanOrEqual(MOST);
  });
}
