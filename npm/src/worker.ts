/** The entry of a model's worker: starts the wasm module, and carries messages. */

import init, * as cliprobe from "../../web/wasm/cliprobe.js";
import type { ChannelReply } from "../../web/worker/channel.js";
import type { Call } from "./protocol.js";
import { ModelSession } from "./session.js";
import type { Progress } from "./types.js";

const LEXICON = new URL("./lexicon.txt", import.meta.url);

const started = init().then(() => cliprobe);
started.catch((error: unknown) => {
  reply({ kind: "crash", message: `the module could not be started: ${messageIn(error)}` });
});
const session = new ModelSession(started, async () => {
  const failed = "the lexicon that edits draw on could not be fetched";
  const response = await fetch(LEXICON).catch(() => {
    throw new Error(`${failed}: the network gave no answer`);
  });
  if (!response.ok) throw new Error(`${failed}: status ${response.status}`);
  return response.text();
});

async function serve(call: Exclude<Call, { kind: "cancel" }>): Promise<void> {
  const { id } = call;
  try {
    const answer = await session.answer(call, (progress) => {
      reply({ kind: "progress", id, progress });
    });
    if (answer !== null) reply({ kind: "answer", id, answer });
  } catch (error) {
    const message = messageIn(error);
    // A trap leaves the module's memory in an unknown state.
    if (error instanceof WebAssembly.RuntimeError) reply({ kind: "crash", message });
    else reply({ kind: "refusal", id, message });
  }
}

function reply(message: ChannelReply<Progress>): void {
  self.postMessage(message);
}

function messageIn(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

self.addEventListener("message", ({ data }: MessageEvent<Call>) => {
  if (data.kind === "cancel") session.cancel(data.id);
  else void serve(data);
});
