/** Has a model fetched in a worker of its own; to end the worker is to cancel. */

import { messageOf } from "../../web/message-of.js";
import type { FetchReply, Order } from "../../web/hub/protocol.js";
import { DEFAULT_ENDPOINT, readEndpoint, readWish } from "../../web/hub/wish.js";
import { LoadError } from "./errors.js";
import { startFetchWorker } from "./start.js";
import type { LoadOptions } from "./types.js";

/** Fetches what a name or an address means: a GGUF file and its SHA-256. */
export function fetchModel(
  asked: string,
  options: LoadOptions,
): Promise<{ file: File; sha256: string }> {
  const order = orderOf(asked, options);
  const { signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    const worker = startFetchWorker();
    const abort = () => {
      end();
      reject(signal?.reason as Error);
    };
    const end = () => {
      worker.terminate();
      signal?.removeEventListener("abort", abort);
    };
    signal?.addEventListener("abort", abort, { once: true });
    worker.onmessage = ({ data }: MessageEvent<FetchReply>) => {
      if (data.kind === "progress") {
        onProgress?.(data.progress);
        return;
      }
      end();
      if (data.kind === "done") resolve({ file: data.file, sha256: data.model.sha256 });
      else reject(new LoadError(messageOf(data.message)));
    };
    worker.onerror = ({ message }) => {
      end();
      reject(
        new LoadError(messageOf(`the converter stopped: ${message || "it could not be started"}`)),
      );
    };
    worker.postMessage(order);
  });
}

function orderOf(
  asked: string,
  { endpoint: hub = DEFAULT_ENDPOINT, type = "Q8_0", activation, cache = true }: LoadOptions,
): Order {
  try {
    const endpoint = readEndpoint(hub);
    const wish = readWish(asked, endpoint);
    return { wish, endpoint, type, activation: activation ?? null, keep: cache };
  } catch (error) {
    throw new LoadError(messageOf(error), { cause: error });
  }
}
