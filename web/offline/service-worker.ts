/**
 * Serves the page without a network: its files from a cache of this build, the list of its models
 * as it was last read. (Models that were chosen are kept by `worker/model-store.ts`.)
 *
 * The built files carry hashes in their names and are checked against their content's hash before
 * they are kept, so a cached one is right for good. `index.html` and the list of models are
 * asked for first and taken from the cache only where there is no answer: what is new shows at
 * once. A new build's worker waits until pages of the old one are closed, for those may still
 * load files of theirs; then the old cache goes.
 */

declare const self: ServiceWorkerGlobalScope;

/** The build's files below the scope, with their hashes as `integrity` wants them. */
declare const PAGE_FILES: Record<string, string>;
/** Names this build: a hash of the above. */
declare const PAGE_VERSION: string;

const CACHE_PREFIX = "cliprobe-page-";
const CACHE = CACHE_PREFIX + PAGE_VERSION;
const SCOPE = self.registration.scope;
const INDEX = new URL("index.html", SCOPE).href;
const FILES = new Map(
  Object.entries(PAGE_FILES).map(([path, integrity]) => [new URL(path, SCOPE).href, integrity]),
);

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all([keepFiles(), keepDescriptions()]));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(deleteOldCaches());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = withoutQuery(request.url);
  if (request.mode === "navigate") {
    if (url === SCOPE || url === INDEX) event.respondWith(networkFirst(request, INDEX, null));
  } else if (FILES.has(url)) {
    event.respondWith(cacheFirst(request, url));
  } else if (url.startsWith(`${SCOPE}models/`) && url.endsWith(".json")) {
    event.respondWith(networkFirst(request, url, isJson));
  }
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const [url, integrity] of FILES) {
    // Another body than the build's is an error here, and this worker is not installed.
    const response = await fetch(url, { integrity, credentials: "same-origin" });
    if (!response.ok) throw new Error(`${url} answers with status ${response.status}`);
    await cache.put(url, response);
  }
}

/** Of the default model alone; a page without models is kept all the same. */
async function keepDescriptions(): Promise<void> {
  const models = new URL("models/", SCOPE);
  const keep = ({ href }: URL) => networkFirst(new Request(href), href, isJson);
  try {
    const list = (await (await keep(new URL("models.json", models))).json()) as
      { golden?: unknown }[] | null;
    const golden = list?.[0]?.golden;
    if (typeof golden === "string") await keep(new URL(golden, models));
  } catch {
    // Read again, and kept then, at the next visit.
  }
}

async function deleteOldCaches(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function cacheFirst(request: Request, url: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(url)) ?? fetch(request);
}

/** @param keepable whether an answer is to replace what is kept; `null` for what the build brings */
async function networkFirst(
  request: Request,
  url: string,
  keepable: ((response: Response) => Promise<boolean>) | null,
): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (keepable !== null && response.ok && (await keepable(response.clone()))) {
      await cache.put(url, response.clone());
    }
    return response;
  } catch (error) {
    const kept = await cache.match(url);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** A login page of somebody's network, say, is none. */
async function isJson(response: Response): Promise<boolean> {
  return response.json().then(
    () => true,
    () => false,
  );
}

function withoutQuery(url: string): string {
  const bare = new URL(url);
  bare.search = "";
  bare.hash = "";
  return bare.href;
}

export {};
