/**
 * The entry of the worker that fetches a model. It has a module of its own: converting neither keeps the
 * page's engine waiting nor leaves its memory grown. To end the worker is to cancel the order.
 */

import init, { Conversion, safetensorsHeaderLength, sha256 } from "../wasm/cliprobe.js";
import { fetchModel } from "./fetch-model";
import type { FetchReply, Order } from "./protocol";
import { MemoryShelf } from "./memory-shelf";
import { Shelf } from "./shelf";

const started = init();

self.addEventListener("message", (event: MessageEvent<Order>) => {
  void serve(event.data);
});

async function serve(order: Order): Promise<void> {
  try {
    const { memory } = await started;
    const { model, file } = await fetchModel(
      order,
      {
        Conversion,
        safetensorsHeaderLength,
        sha256,
        heapBytes: () => memory.buffer.byteLength,
      },
      order.keep === false
        ? new MemoryShelf()
        : new Shelf((navigator as { storage?: StorageManager }).storage),
      {
        fetch: fetch.bind(globalThis),
        wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      },
      (progress) => {
        reply({ kind: "progress", progress });
      },
    );
    reply({ kind: "done", model, file });
  } catch (error) {
    reply({ kind: "refused", message: error instanceof Error ? error.message : String(error) });
  }
}

function reply(message: FetchReply): void {
  self.postMessage(message);
}
