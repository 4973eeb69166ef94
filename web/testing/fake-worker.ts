/** A worker without a thread: a session over the fake module, which answers in this one. */

import type { WorkerPort } from "../worker/client";
import type { OfferedModel } from "../worker/model-list";
import { ModelStore } from "../worker/model-store";
import type { Call, Reply } from "../worker/protocol";
import { Session } from "../worker/session";
import { fakeBrowser } from "./fake-browser";
import { fakeEmbedding, fakeModule, type FakeRecord, fakeScene } from "./fake-module";
import { sha256 } from "../sha256";

export const BASE = "https://example.org/";
const MODEL = new TextEncoder().encode("GGUF");
const SIBLING = new TextEncoder().encode("GGUF of a sibling");

export interface FakeWorker {
  port: WorkerPort;
  record: FakeRecord;
  /** Kinds of the calls that came, in order. */
  calls: string[];
}

/** The list that {@link fakeWorker} serves. */
export const MODELS: readonly [OfferedModel, OfferedModel] = [
  {
    name: "fake",
    file: "m.gguf",
    bytes: MODEL.length,
    sha256: (await sha256(MODEL)) ?? "",
    golden: "g.json",
  },
  {
    name: "sibling",
    about: "Answers otherwise.",
    file: "n.gguf",
    bytes: SIBLING.length,
    sha256: (await sha256(SIBLING)) ?? "",
  },
];

/**
 * Serves a default model whose golden values are right, and a sibling.
 *
 * @param files by path, in place of what is served otherwise
 */
export function fakeWorker(files: Record<string, string> = {}): FakeWorker {
  const golden = {
    texts: ["a dog"],
    textEmbeddings: [[...fakeEmbedding(new TextEncoder().encode("a dog"))]],
    sceneSeeds: ["1"],
    sceneSize: 32,
    imageEmbeddings: [[...fakeEmbedding(fakeScene("1", 32).png)]],
    tolerance: 1e-4,
  };
  const { browser } = fakeBrowser({
    "/models/models.json": JSON.stringify(MODELS),
    "/models/m.gguf": MODEL,
    "/models/n.gguf": SIBLING,
    "/models/g.json": JSON.stringify(golden),
    ...files,
  });
  const { module, record } = fakeModule();
  const session = new Session(Promise.resolve(module), new ModelStore(browser), () =>
    Promise.resolve("a lexicon"),
  );
  const calls: string[] = [];

  const port: WorkerPort = {
    onmessage: null,
    onerror: null,
    postMessage(message) {
      const call = message as Call;
      calls.push(call.kind);
      void serve(call);
    },
    terminate() {
      port.onmessage = null;
    },
  };

  async function serve(call: Call): Promise<void> {
    const { id } = call;
    const reply = (data: Reply) => port.onmessage?.({ data } as MessageEvent<Reply>);
    try {
      const answer = await session.answer(call, (progress) => {
        reply({ kind: "progress", id, progress });
      });
      reply({ kind: "answer", id, answer });
    } catch (error) {
      reply({ kind: "refusal", id, message: (error as Error).message });
    }
  }

  return { port, record, calls };
}
