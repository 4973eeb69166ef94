/** Starts workers. Bundlers follow these addresses, which are beside the built `index.js`. */

/** @internal */
export function startModelWorker(): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

/** @internal */
export function startFetchWorker(): Worker {
  return new Worker(new URL("./fetch-worker.js", import.meta.url), { type: "module" });
}
