import { expect, test } from "vitest";

import { Network } from "./network";

const URL_ = "https://hub.example/acme/tiny/resolve/abc/model.safetensors";
const FILE = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

/** A server that gives each of the answers once, and then the last again. */
function network(...answers: ((from: number, to: number) => Response | Error)[]) {
  const asked: (string | null)[] = [];
  const waits: number[] = [];
  const made = new Network({
    fetch: (_, options) => {
      const range = new Headers(options?.headers).get("range");
      asked.push(range);
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range ?? "bytes=0-999") ?? [];
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      const given = answer?.(Number(from), Number(to) + 1) ?? new Error("no answer");
      return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
    },
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
  return { network: made, asked, waits };
}

const partial = (from: number, to: number) => new Response(FILE.slice(from, to), { status: 206 });
const whole = () => new Response(FILE);
const status = (code: number, headers?: Record<string, string>) => () =>
  new Response("no", { status: code, ...(headers === undefined ? {} : { headers }) });

async function read(from: Network, start: number, end: number): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of from.bytes(URL_, start, end)) bytes.push(...chunk);
  return bytes;
}

test("a part of a file comes by its range", async () => {
  const { network: made, asked } = network(partial);
  expect(await read(made, 100, 300)).toEqual([...FILE.slice(100, 300)]);
  expect(asked).toEqual(["bytes=100-299"]);
});

test("a server without ranges gives the same bytes", async () => {
  expect(await read(network(whole).network, 100, 300)).toEqual([...FILE.slice(100, 300)]);
});

test("half an answer is gone on with from where it ended", async () => {
  const half = (from: number, to: number) => partial(from, Math.floor((from + to) / 2));
  const { network: made, asked } = network(half, half, partial);
  expect(await read(made, 0, 1000)).toEqual([...FILE]);
  expect(asked).toEqual(["bytes=0-999", "bytes=500-999", "bytes=750-999"]);
});

test("a connection that breaks, and a server in trouble, are asked again", async () => {
  const broken = () => new TypeError("Failed to fetch");
  const { network: made, waits } = network(broken, status(503), broken, partial);
  expect(await read(made, 0, 10)).toEqual([...FILE.slice(0, 10)]);
  expect(waits).toEqual([500, 1000, 2000]);
});

test("a stream that makes no progress ends with where it stands", async () => {
  const nothing = () => new Response(new Uint8Array(), { status: 206 });
  const { network: made } = network((from) => partial(from, 400), nothing);
  await expect(read(made, 0, 1000)).rejects.toThrow(
    "The connection to hub.example ended 5 times at 400 bytes of 1.00 kB: ask again later, and it goes on from there.",
  );
});

test.each([
  [status(401), "hub.example refuses it (status 401): the name is wrong, or"],
  [status(403, { "x-error-code": "GatedRepo" }), "The model is gated: hub.example gives it to"],
  [status(404), "hub.example has no model.safetensors (status 404)."],
  [status(404, { "x-error-code": "RevisionNotFound" }), "but not this revision"],
  [status(416), "is shorter than its own header says: half a file."],
  [status(429, { "retry-after": "30" }), "too many requests from here: try again in 30 seconds."],
  [status(429), "try again in a few minutes."],
  [status(418), "hub.example answers with status 418 for model.safetensors."],
  [status(500), "hub.example has trouble of its own (status 500)."],
  [() => new TypeError("Failed to fetch"), "does not allow other pages to read it (CORS)."],
])("%s is one sentence", async (answer, message) => {
  await expect(read(network(answer).network, 0, 10)).rejects.toThrow(message);
});

test("a web page in place of JSON is named", async () => {
  const page = () => new Response("<!doctype html>");
  await expect(network(page).network.json("https://hub.example/x.json", 100)).rejects.toThrow(
    "hub.example answers with a web page in place of JSON.",
  );
  expect(await network(status(404)).network.json("https://hub.example/x.json", 100)).toBeNull();
});

test("the length is the range's or the header's", async () => {
  const ranged = () =>
    new Response(new Uint8Array(1), { status: 206, headers: { "content-range": "bytes 0-0/77" } });
  expect(await network(ranged).network.length(URL_)).toBe(77);
  const silent = () => new Response(new Uint8Array(1), { status: 206 });
  expect(await network(silent).network.length(URL_)).toBeNull();
});
