/** The page as these tests use it. */

import { expect, type Locator, type Page, test as base } from "@playwright/test";

export const GOLDEN_IMAGES = "tests/golden/images";

export class Bench {
  readonly captions: Locator;
  readonly ranked: Locator;
  readonly alerts: Locator;
  readonly image: Locator;

  constructor(readonly page: Page) {
    this.captions = page.getByRole("textbox", { name: /^Caption \d/ });
    this.ranked = page.getByRole("region", { name: "Ranking" }).getByRole("listitem");
    this.alerts = page.getByRole("alert");
    this.image = page.getByRole("region", { name: "Image" }).locator("figure img");
  }

  /** Opens the page and waits for the model and its first ranking. */
  async open(fragment = ""): Promise<void> {
    // From elsewhere: a change of the fragment alone would not load the page again.
    await this.page.goto("about:blank");
    await this.page.goto(`./#${fragment}`);
    await this.settled();
  }

  /** Waits until the default model was checked and the question is answered. */
  async settled(): Promise<void> {
    await expect(this.page.getByText(/on this device/).first()).toBeVisible();
    await this.answered();
  }

  /** Opens a view by its name. */
  async view(name: "Probe" | "Hierarchy" | "Compose" | "Benchmarks" | "Models"): Promise<void> {
    await this.page
      .getByRole("navigation", { name: "Views" })
      .getByRole("button", { name, exact: true })
      .click();
  }

  /** Does something in the view Models, then goes back to Probe. */
  async inModels<T>(work: () => Promise<T>): Promise<T> {
    await this.view("Models");
    const result = await work();
    await this.view("Probe");
    return result;
  }

  async answered(): Promise<void> {
    await expect(this.page.getByRole("region", { name: "Ranking" })).toHaveAttribute(
      "aria-busy",
      "false",
    );
    await expect(this.ranked.first()).toBeVisible();
  }

  /** Texts of the ranking, best first. */
  async order(): Promise<string[]> {
    return this.ranked.locator(".caption").allTextContents();
  }

  async cosines(): Promise<number[]> {
    const texts = await this.ranked.locator(".cosine").allTextContents();
    return texts.map((text) => Number(text.replace("cosine", "").replace("−", "-")));
  }

  async openFiles(button: string, files: string[] | { name: string; buffer: Buffer }[]) {
    const chooser = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: button }).click();
    const [first] = files;
    if (typeof first === "string") {
      await (await chooser).setFiles(files as string[]);
    } else {
      const payload = (files as { name: string; buffer: Buffer }[]).map((file) => ({
        ...file,
        mimeType: "application/octet-stream",
      }));
      await (await chooser).setFiles(payload);
    }
  }

  async add(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "New captions, one a line" }).fill(text);
    await this.page.getByRole("button", { name: "Add" }).click();
  }

  /** The address's fragment, once it is written. */
  fragment(): string {
    return new URL(this.page.url()).hash.slice(1);
  }
}

export const test = base.extend<{ bench: Bench }>({
  bench: async ({ page }, use) => {
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    // A violation of the content security policy is reported on the console.
    page.on("console", (message) => {
      if (message.type() === "error") failures.push(message.text());
    });
    await use(new Bench(page));
    expect(failures).toEqual([]);
  },
});

export { expect };
