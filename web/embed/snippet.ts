/** One probe inside another page. */

/** What an address asks for the probe without the page's frame. */
export const EMBED = "embed";

/** The page's address with or without `?embed`; the fragment is given. */
export function addressOf(page: string, fragment: string, embedded: boolean): string {
  const url = new URL(page);
  url.search = embedded ? `?${EMBED}` : "";
  url.hash = fragment;
  return url.href;
}

/** The frame as HTML, to be pasted into another page. */
export function embedSnippet(page: string, fragment: string): string {
  const address = addressOf(page, fragment, true)
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;");
  return `<iframe src="${address}" title="cliprobe: captions ranked for an image" width="760" height="560" loading="lazy"></iframe>`;
}

export function isEmbedded(page: string): boolean {
  return new URL(page).searchParams.has(EMBED);
}
