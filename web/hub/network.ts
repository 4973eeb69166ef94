/** Asking another server: what it answers, in sentences, and streams that go on where they broke. */

import { formatBytes } from "../format";

export interface Services {
  fetch: typeof fetch;
  /** Resolves after so many milliseconds. */
  wait: (milliseconds: number) => Promise<void>;
}

/** It may go better at once: the connection broke, or the server was busy. */
class Passing extends Error {}

/** Times in a row that a stream is begun again without a byte of progress. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;

export class Network {
  constructor(private readonly services: Services) {}

  /** A small file, whole; `null` where there is none. Throws an `Error` with one sentence. */
  async file(url: string, largest: number): Promise<Uint8Array | null> {
    const response = await this.#again(() => this.#ask(url, null));
    if (response.status === 404) return null;
    refuse(url, response);
    const bytes = new Uint8Array(
      await response.arrayBuffer().catch(() => {
        throw new Error(`The connection ended inside ${shown(url)}.`);
      }),
    );
    if (bytes.length > largest) {
      throw new Error(`${shown(url)} has ${formatBytes(bytes.length)}: that is no configuration.`);
    }
    return bytes;
  }

  /** A JSON file; `null` where there is none. */
  async json(url: string, largest: number): Promise<unknown> {
    const bytes = await this.file(url, largest);
    if (bytes === null) return null;
    const text = new TextDecoder().decode(bytes);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      const what = text.trimStart().startsWith("<") ? "a web page" : "something else";
      throw new Error(`${host(url)} answers with ${what} in place of JSON.`);
    }
  }

  /** How long a file is, where the server says so; `null` elsewhere. */
  async length(url: string): Promise<number | null> {
    const response = await this.#again(() => this.#ask(url, "bytes=0-0"));
    refuse(url, response);
    await response.body?.cancel();
    const range = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    const length = response.status === 206 ? range : response.headers.get("content-length");
    return length === undefined || length === null ? null : Number(length);
  }

  /**
   * The bytes of a file from `from` to before `until`. A connection that breaks is taken up where it
   * broke, by an HTTP range.
   */
  async *bytes(url: string, from: number, until: number): AsyncGenerator<Uint8Array> {
    let at = from;
    let failures = 0;
    while (at < until) {
      try {
        const response = await this.#ask(url, `bytes=${at}-${until - 1}`);
        refuse(url, response);
        // A server without ranges sends the file from its beginning.
        let skipped = response.status === 206 ? at : 0;
        for await (const chunk of chunks(response)) {
          const useful = chunk.subarray(Math.min(at - skipped, chunk.length), until - skipped);
          skipped += chunk.length;
          if (useful.length === 0) continue;
          at += useful.length;
          failures = 0;
          yield useful;
          if (at >= until) return;
        }
        failures += 1; // it ended early
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        failures += 1;
        if (failures >= ATTEMPTS && at === from) {
          throw new Error(error.message, { cause: error });
        }
      }
      if (failures >= ATTEMPTS) {
        throw new Error(
          `The connection to ${host(url)} ended ${ATTEMPTS} times at ${formatBytes(at)} of ` +
            `${formatBytes(until)}: ask again later, and it goes on from there.`,
        );
      }
      if (at < until) await this.#pause(failures);
    }
  }

  async #again(ask: () => Promise<Response>): Promise<Response> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        if (failures >= 2) throw new Error(error.message, { cause: error });
        await this.#pause(failures);
      }
    }
  }

  #pause(failures: number): Promise<void> {
    return this.services.wait(FIRST_PAUSE_MS * 2 ** Math.max(failures - 1, 0));
  }

  async #ask(url: string, range: string | null): Promise<Response> {
    let response: Response;
    try {
      response = await this.services.fetch(url, {
        headers: range === null ? {} : { range },
        credentials: "omit",
        referrerPolicy: "no-referrer",
        cache: "no-store", // what is made of it is kept
      });
    } catch {
      // A browser does not tell these apart.
      throw new Passing(
        `${host(url)} gives no answer that this page may read: it cannot be reached, or it (or the ` +
          "server that it passes the file on to) does not allow other pages to read it (CORS).",
      );
    }
    if (response.status >= 500) {
      throw new Passing(`${host(url)} has trouble of its own (status ${response.status}).`);
    }
    return response;
  }
}

async function* chunks(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Passing("The connection broke.");
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Throws, with one sentence, what is no file. */
function refuse(url: string, response: Response): void {
  if (response.ok) return;
  const server = host(url);
  switch (response.status) {
    case 401:
    case 403:
      throw new Error(
        response.headers.get("x-error-code") === "GatedRepo"
          ? `The model is gated: ${server} gives it to people who accepted its terms, and this page has no account. Download it there and open its files here.`
          : `${server} refuses it (status ${response.status}): the name is wrong, or the model is private or gated. With an account, download it there and open its files here.`,
      );
    case 404:
      throw new Error(
        response.headers.get("x-error-code") === "RevisionNotFound"
          ? `${server} has the model, but not this revision.`
          : `${server} has no ${shown(url)} (status 404).`,
      );
    case 416:
      throw new Error(
        `${shown(url)} on ${server} is shorter than its own header says: half a file.`,
      );
    case 429: {
      const seconds = Number(response.headers.get("retry-after"));
      const when = seconds > 0 ? `in ${seconds} seconds` : "in a few minutes";
      throw new Error(`${server} has had too many requests from here: try again ${when}.`);
    }
    default:
      throw new Error(`${server} answers with status ${response.status} for ${shown(url)}.`);
  }
}

export function host(url: string): string {
  return new URL(url).host;
}

/** What a person recognises of an address. */
function shown(url: string): string {
  const { pathname } = new URL(url);
  const api = /^\/api\/models\/([^/]+\/[^/]+)/.exec(pathname)?.[1];
  return api === undefined ? (pathname.split("/").pop() ?? pathname) : `model ${api}`;
}
