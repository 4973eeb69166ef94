import { expect, test } from "vitest";

import { Channel, type ChannelPort, type ChannelReply, Crashed } from "./channel";

interface Requests {
  add: { ask: number[]; answer: number };
}

function channel() {
  const sent: unknown[] = [];
  const port: ChannelPort<number> = {
    postMessage: (message) => sent.push(message),
    terminate: () => undefined,
    onmessage: null,
    onerror: null,
  };
  const made = new Channel<Requests, number>(
    () => port,
    () => undefined,
  );
  const reply = (message: ChannelReply<number>) => {
    port.onmessage?.({ data: message } as MessageEvent<ChannelReply<number>>);
  };
  return { made, sent, reply };
}

test("an aborted request ends with the signal's reason, and the worker is told", async () => {
  const { made, sent, reply } = channel();
  const abort = new AbortController();
  const asked = made.request("add", [1, 2], undefined, abort.signal);
  abort.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
  expect(sent).toEqual([
    { id: 1, kind: "add", ask: [1, 2] },
    { id: 1, kind: "cancel" },
  ]);
  reply({ kind: "answer", id: 1, answer: 3 }); // nobody waits for it
  await expect(made.request("add", [], undefined, abort.signal)).rejects.toThrow("enough");
  expect(sent).toHaveLength(2);
});

test("a signal that is aborted after the answer says nothing to the worker", async () => {
  const { made, sent, reply } = channel();
  const abort = new AbortController();
  const asked = made.request("add", [1], undefined, abort.signal);
  reply({ kind: "answer", id: 1, answer: 1 });
  expect(await asked).toBe(1);
  abort.abort();
  expect(sent).toHaveLength(1);
});

test("a closed channel answers nothing more", async () => {
  const { made } = channel();
  const asked = made.request("add", [1]);
  made.close("It is over.");
  await expect(asked).rejects.toThrow(Crashed);
  await expect(made.request("add", [1])).rejects.toThrow(Crashed);
});
