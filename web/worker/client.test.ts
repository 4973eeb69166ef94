import { expect, test } from "vitest";

import { Client, Crashed, Refused, type WorkerPort } from "./client";
import type { Call, Reply } from "./protocol";

class FakeWorker implements WorkerPort {
  sent: Call[] = [];
  terminated = false;
  onmessage: WorkerPort["onmessage"] = null;
  onerror: WorkerPort["onerror"] = null;

  postMessage(message: Call): void {
    this.sent.push(message);
  }
  terminate(): void {
    this.terminated = true;
  }
  reply(reply: Reply): void {
    this.onmessage?.({ data: reply } as MessageEvent<Reply>);
  }
}

function client() {
  const workers: FakeWorker[] = [];
  const crashes: string[] = [];
  const made = new Client(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    (message) => crashes.push(message),
  );
  const worker = workers[0];
  if (worker === undefined) throw new Error("the client starts a worker");
  return { client: made, worker, workers, crashes };
}

test("answers reach the request they belong to, in any order", async () => {
  const { client: made, worker } = client();
  const first = made.request("stored-bytes", {});
  const second = made.request("stored-bytes", {});
  expect(worker.sent.map((call) => call.id)).toEqual([1, 2]);
  worker.reply({ kind: "answer", id: 2, answer: 20 });
  worker.reply({ kind: "answer", id: 1, answer: 10 });
  expect(await Promise.all([first, second])).toEqual([10, 20]);
});

test("progress reaches its request", async () => {
  const { client: made, worker } = client();
  const seen: number[] = [];
  const asked = made.request("load", { choice: { kind: "own", files: [] } }, (progress) =>
    seen.push(progress.loaded),
  );
  worker.reply({ kind: "progress", id: 1, progress: { stage: "read", loaded: 5, total: 9 } });
  worker.reply({ kind: "refusal", id: 1, message: "No." });
  await expect(asked).rejects.toThrow(Refused);
  expect(seen).toEqual([5]);
});

test("a crash ends what is pending, is told once, and a restart heals", async () => {
  const { client: made, worker, workers, crashes } = client();
  const asked = made.request("stored-bytes", {});
  worker.reply({ kind: "crash", message: "unreachable" });
  worker.onerror?.({ message: "again" } as ErrorEvent);
  await expect(asked).rejects.toThrow(Crashed);
  await expect(made.request("stored-bytes", {})).rejects.toThrow(Crashed);
  expect(crashes).toEqual(["unreachable"]);
  expect(worker.terminated).toBe(true);

  made.restart();
  const again = made.request("stored-bytes", {});
  workers[1]?.reply({ kind: "answer", id: 2, answer: 7 });
  expect(await again).toBe(7);
  expect(crashes).toHaveLength(1);
});

test("an error outside any request is a crash", () => {
  const { worker, crashes } = client();
  worker.onerror?.({ message: "" } as ErrorEvent);
  expect(crashes).toEqual(["it could not be started"]);
});
