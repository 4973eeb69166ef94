/** The worker's entry: starts the wasm module and carries messages between the page and a session. */

import lexiconUrl from "../../crate/caption/src/lexicon/wordnet.txt?url";
import init, * as cliprobe from "../wasm/cliprobe.js";
import { ModelStore } from "./model-store";
import type { Call, Reply } from "./protocol";
import { Session } from "./session";

let crashed = false;

const store = new ModelStore({
  fetch: fetch.bind(globalThis),
  // Absent in insecure contexts, whatever the types say.
  caches: globalThis.caches,
});
const started = init().then(() => cliprobe);
started.catch((error: unknown) => {
  crash(`the module could not be started: ${messageIn(error)}`);
});
const session = new Session(started, store, fetchLexicon);

async function fetchLexicon(): Promise<string> {
  const failed = "The lexicon that edits draw on could not be downloaded";
  const response = await fetch(lexiconUrl).catch(() => {
    throw new Error(`${failed}: the network gave no answer.`);
  });
  if (!response.ok) throw new Error(`${failed}: status ${response.status}.`);
  return response.text();
}

async function serve(call: Call): Promise<void> {
  const { id } = call;
  try {
    const answer = await session.answer(call, (progress) => {
      reply({ kind: "progress", id, progress });
    });
    reply({ kind: "answer", id, answer });
  } catch (error) {
    const message = messageIn(error);
    // A trap leaves the module's memory in an unknown state.
    if (error instanceof WebAssembly.RuntimeError) crash(message);
    else if (!crashed) reply({ kind: "refusal", id, message });
  }
}

/** Ends everything: what is pending gets no other answer. */
function crash(message: string): void {
  crashed = true;
  reply({ kind: "crash", message });
}

function reply(message: Reply): void {
  self.postMessage(message);
}

function messageIn(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

self.addEventListener("message", (event: MessageEvent<Call>) => void serve(event.data));
