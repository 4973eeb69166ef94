/** Lets the browser keep the page, so that it opens without a network. */
export async function keepPage(base: string): Promise<void> {
  // Hidden in insecure contexts, whatever the types say; and only a build has the worker.
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (container === undefined || import.meta.env.DEV) return;
  try {
    await container.register(new URL("service-worker.js", base));
  } catch {
    // Refused, as in private windows of some browsers: the page works, with a network.
  }
}
