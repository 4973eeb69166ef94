/** The worker's entry: starts the wasm module and carries messages between the page and a session. */

import init, { Benchmark, Clip, scene } from "../wasm/cliprobe.js";
import { ModelStore } from "./model-store";
import type { Call, Reply } from "./protocol";
import { Session } from "./session";

/** Calls that arrive while the module starts wait for it; `null` when it could not be started. */
const started: Promise<Session | null> = init().then(
  () => {
    const store = new ModelStore({
      fetch: fetch.bind(globalThis),
      // Absent in insecure contexts, whatever the types say.
      caches: globalThis.caches,
    });
    return new Session({ Benchmark, Clip, scene }, store);
  },
  (error: unknown) => {
    reply({ kind: "crash", message: `the module could not be started: ${messageIn(error)}` });
    return null;
  },
);

async function serve(call: Call): Promise<void> {
  const session = await started;
  if (session === null) return; // the crash is the answer
  const { id } = call;
  try {
    const answer = await session.answer(call, (progress) => {
      reply({ kind: "progress", id, progress });
    });
    reply({ kind: "answer", id, answer });
  } catch (error) {
    const message = messageIn(error);
    // A trap leaves the module's memory in an unknown state.
    if (error instanceof WebAssembly.RuntimeError) reply({ kind: "crash", message });
    else reply({ kind: "refusal", id, message });
  }
}

function reply(message: Reply): void {
  self.postMessage(message);
}

function messageIn(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

self.addEventListener("message", (event: MessageEvent<Call>) => void serve(event.data));
