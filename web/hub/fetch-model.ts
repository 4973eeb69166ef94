/** Fetches a model and keeps it as one GGUF file, converting it while its weights arrive. */

import { formatBytes } from "../format";
import type { Conversion, ConversionPlan, ConversionSource } from "../wasm/cliprobe.js";
import { listAddress, type Listing, listRepository } from "./listing";
import { host, Network, type Services } from "./network";
import type { FetchProgress, Order } from "./protocol";
import type { Draft, KeptModel, ModelShelf, Unfinished } from "./shelf";

/** What is used of the wasm module. */
export interface ConversionModule {
  Conversion: { start: (source: ConversionSource) => Conversion };
  safetensorsHeaderLength: (file: string, first: Uint8Array) => number;
  sha256: (file: Blob) => Promise<string>;
  /** Size of the module's memory. */
  heapBytes: () => number;
}

type OnProgress = (progress: FetchProgress) => void;

/** Configurations and tokenizers are far smaller. */
const LARGEST_SMALL_FILE = 64_000_000;
/** After so many bytes it is written down how far the file has come. */
const SAVE_EVERY = 16_000_000;
/** Bytes handed to the module at a time: it copies them. */
const PUSHED_AT_ONCE = 1 << 20;

/** Throws an `Error` with one sentence. What came before that is kept, and the next order goes on there. */
export async function fetchModel(
  order: Order,
  module: ConversionModule,
  shelf: ModelShelf,
  services: Services,
  onProgress: OnProgress,
): Promise<{ model: KeptModel; file: File }> {
  const start = performance.now();
  const network = new Network(services);
  onProgress({ stage: "asking", loaded: 0, total: null });
  const { wish, endpoint } = order;
  const listing =
    wish.kind === "file"
      ? listAddress(wish.url)
      : await listRepository(network, endpoint, wish.id, wish.revision);
  const key = keyOf(order, listing);
  const kept = await shelf.find(key);
  if (kept !== null) return { model: kept, file: await shelf.file(key) };
  const gguf = listing.weights[0]?.name.toLowerCase().endsWith(".gguf") === true;
  const job = { order, listing, key, module, shelf, network, onProgress };
  const made = gguf ? await keepGguf(job) : await convert(job);
  onProgress({ stage: "checking", loaded: 0, total: null });
  const file = await shelf.file(key);
  const model: KeptModel = {
    ...made,
    key,
    name: listing.name,
    source: listing.source,
    host: host(listing.weights[0]?.url ?? endpoint),
    commit: listing.commit,
    bytes: file.size,
    sha256: await module.sha256(file),
    seconds: (performance.now() - start) / 1000,
    heapBytes: module.heapBytes(),
    note: listing.note,
  };
  await shelf.finish(model);
  return { model, file };
}

interface Job {
  order: Order;
  listing: Listing;
  key: string;
  module: ConversionModule;
  shelf: ModelShelf;
  network: Network;
  onProgress: OnProgress;
}

type Made = Pick<
  KeptModel,
  "type" | "activation" | "activationSource" | "parameters" | "sourceBytes" | "sourceSha256"
>;

async function convert(job: Job): Promise<Made> {
  const { order, listing, key, module, shelf, network, onProgress } = job;
  onProgress({ stage: "describing", loaded: 0, total: null });
  const files = await smallFiles(network, listing);
  const weights: Record<string, Uint8Array> = {};
  for (const { name, url } of listing.weights) {
    const first = await joined(network.bytes(url, 0, 8), 8);
    const length = module.safetensorsHeaderLength(name, first);
    const rest = await joined(network.bytes(url, 8, length), length - 8);
    const header = new Uint8Array(length);
    header.set(first);
    header.set(rest, 8);
    weights[name] = header;
  }
  const conversion = module.Conversion.start({
    name: listing.name,
    files,
    weights,
    type: order.type,
    ...(order.activation === null ? {} : { activation: order.activation }),
  });
  try {
    const plan = conversion.plan();
    checkLengths(listing, plan);
    const unfinished = await begun(job);
    if (unfinished !== null && unfinished.bytes === plan.ggufBytes) {
      goOn(conversion, unfinished.mark);
    } else await shelf.makeSure(plan.ggufBytes, formatBytes);
    const draft = await shelf.draft(key, plan.ggufBytes);
    let sourceSha256: string;
    try {
      await pour(job, conversion, plan, draft);
      sourceSha256 = conversion.finish(draft.write);
    } finally {
      draft.close();
    }
    const [only, ...others] = listing.weights;
    if (only?.sha256 != null && others.length === 0 && only.sha256 !== sourceSha256) {
      await shelf.remove(key);
      throw new Error(
        `${only.name} arrived damaged: its SHA-256 is not the one that the hub says.`,
      );
    }
    const { activation, activationSource, parameters, weightsBytes } = plan;
    const sourceBytes = sum(weightsBytes);
    return {
      type: order.type,
      activation,
      activationSource,
      parameters,
      sourceBytes,
      sourceSha256,
    };
  } finally {
    conversion.free();
  }
}

/** Streams the weights through the conversion into the file. */
async function pour(
  { listing, network, onProgress }: Job,
  conversion: Conversion,
  plan: ConversionPlan,
  draft: Draft,
): Promise<void> {
  const total = sum(plan.weightsBytes);
  let saved = 0;
  for (let place = conversion.next(); place !== null; place = conversion.next()) {
    const { file, position } = place;
    const before = sum(plan.weightsBytes.slice(0, file));
    const until = plan.weightsBytes[file] ?? position;
    let at = position;
    onProgress({ stage: "weights", loaded: before + at, total });
    for await (const chunk of network.bytes(listing.weights[file]?.url ?? "", at, until)) {
      for (let first = 0; first < chunk.length; first += PUSHED_AT_ONCE) {
        conversion.push(chunk.subarray(first, first + PUSHED_AT_ONCE), draft.write);
      }
      at += chunk.length;
      onProgress({ stage: "weights", loaded: before + at, total });
      if (before + at - saved >= SAVE_EVERY) {
        saved = before + at;
        await draft.save({ bytes: plan.ggufBytes, mark: conversion.mark() });
      }
    }
  }
}

/** A GGUF file needs no conversion: it is kept as it comes. */
async function keepGguf(job: Job): Promise<Made> {
  const { listing, key, shelf, network, onProgress } = job;
  const [file] = listing.weights;
  if (file === undefined) throw new Error("There is no file.");
  const magic = await joined(network.bytes(file.url, 0, 4), 4);
  const word = new TextDecoder().decode(magic);
  if (word !== "GGUF") {
    const what = word.trimStart().startsWith("<") ? "a web page" : "another file";
    throw new Error(`${file.name} is ${what}, not a GGUF file.`);
  }
  const bytes = file.bytes ?? (await network.length(file.url));
  if (bytes === null) throw new Error(`${host(file.url)} does not say how long ${file.name} is.`);
  const unfinished = await begun(job);
  let at = unfinished?.bytes === bytes ? Number(unfinished.mark) : 0;
  await shelf.makeSure(bytes - at, formatBytes);
  const draft = await shelf.draft(key, bytes);
  try {
    let saved = at;
    for await (const chunk of network.bytes(file.url, at, bytes)) {
      draft.write(chunk, at);
      at += chunk.length;
      onProgress({ stage: "weights", loaded: at, total: bytes });
      if (at - saved >= SAVE_EVERY) {
        saved = at;
        await draft.save({ bytes, mark: String(at) });
      }
    }
  } finally {
    draft.close();
  }
  return {
    type: null,
    activation: null,
    activationSource: null,
    parameters: null,
    sourceBytes: bytes,
    sourceSha256: null,
  };
}

/**
 * Where an earlier visit stopped. What lies at an address without a commit may be another file today, and
 * two halves of different files make no model.
 */
async function begun({ listing, key, shelf }: Job): Promise<Unfinished | null> {
  return listing.commit === null ? null : shelf.unfinished(key);
}

async function smallFiles(network: Network, listing: Listing): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, url, needed } of listing.small) {
    const bytes = await network.file(url, LARGEST_SMALL_FILE);
    if (bytes !== null) files[name] = bytes;
    else if (needed) throw new Error(`${host(url)} lists ${name}, but does not have it.`);
  }
  return files;
}

/** The hub's own number against the header's. */
function checkLengths(listing: Listing, plan: ConversionPlan): void {
  listing.weights.forEach(({ name, bytes }, index) => {
    const announced = plan.weightsBytes[index];
    if (bytes === null || announced === undefined || bytes === announced) return;
    throw new Error(
      `${name} has ${bytes} bytes there, but its own header announces ${announced}: half a file, or a damaged one.`,
    );
  });
}

/** A mark of another version of the files is worth nothing: then all is fetched. */
function goOn(conversion: Conversion, mark: string): void {
  try {
    conversion.resume(mark);
  } catch {
    // It stands at the beginning.
  }
}

async function joined(chunks: AsyncGenerator<Uint8Array>, length: number): Promise<Uint8Array> {
  const whole = new Uint8Array(length);
  let at = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Names the files of what this order makes of this listing, so that the same is fetched once. */
function keyOf({ type, activation }: Order, { source, commit }: Listing): string {
  const words = [source, commit?.slice(0, 12) ?? "", type, activation ?? ""];
  const text = words.filter((word) => word !== "").join(" ");
  // Names of files may be 255 bytes long; what is cut off is told apart by a hash.
  const readable = text.replace(/^https:\/\//, "").replace(/[^\w.-]+/g, "-");
  return readable.length <= 100 ? readable : `${readable.slice(0, 88)}-${fingerprint(text)}`;
}

/** FNV-1a, 32 bits. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
