/** Stand-ins for the browser services that a model store uses. */

import type { Browser } from "../worker/model-store";

class FakeCache {
  readonly entries = new Map<string, Response>();
  putError: Error | null = null;

  match(url: URL): Promise<Response | undefined> {
    return Promise.resolve(this.entries.get(url.href)?.clone());
  }
  matchAll(): Promise<Response[]> {
    return Promise.resolve([...this.entries.values()].map((response) => response.clone()));
  }
  put(url: URL, response: Response): Promise<void> {
    if (this.putError !== null) return Promise.reject(this.putError);
    this.entries.set(url.href, response);
    return Promise.resolve();
  }
  delete(url: URL): Promise<boolean> {
    return Promise.resolve(this.entries.delete(url.href));
  }
}

class FakeCaches {
  readonly named = new Map<string, FakeCache>();
  /** What every `put` fails with. */
  putError: Error | null = null;

  open(name: string): Promise<FakeCache> {
    const cache = this.named.get(name) ?? new FakeCache();
    cache.putError = this.putError;
    this.named.set(name, cache);
    return Promise.resolve(cache);
  }
  keys(): Promise<string[]> {
    return Promise.resolve([...this.named.keys()]);
  }
  delete(name: string): Promise<boolean> {
    return Promise.resolve(this.named.delete(name));
  }
}

export interface FakeBrowser {
  browser: Browser;
  caches: FakeCaches;
  /** Paths that were fetched, in order. */
  fetched: string[];
}

/** Serves `files` by URL path; everything else is 404. */
export function fakeBrowser(files: Record<string, Uint8Array<ArrayBuffer> | string>): FakeBrowser {
  const caches = new FakeCaches();
  const fetched: string[] = [];
  const browser: Browser = {
    fetch(input) {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      fetched.push(pathname);
      const body = files[pathname];
      return Promise.resolve(
        body === undefined ? new Response(null, { status: 404 }) : new Response(body),
      );
    },
    caches: caches as unknown as CacheStorage,
  };
  return { browser, caches, fetched };
}
