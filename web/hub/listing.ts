/** Which of a repository's files make a CLIP. */

import { host, type Network } from "./network";

export interface WeightFile {
  name: string;
  url: string;
  /** As the server lists it; `null` where it does not. */
  bytes: number | null;
  sha256: string | null;
}

/** A model's files on a server. */
export interface Listing {
  /** What to call the model. */
  name: string;
  /** What was asked for, in words that find it again. */
  source: string;
  /** The commit; `null` of an address. */
  commit: string | null;
  /** Configuration, preprocessing, tokenizer. */
  small: { name: string; url: string; needed: boolean }[];
  /** One safetensors or GGUF file, or the shards of one model. */
  weights: WeightFile[];
  /** What was done that nobody asked for, in one sentence. */
  note: string | null;
}

/** Transformers' form, and OpenCLIP's: a configuration, and weights by preference. */
const FORMS: [config: string, weights: string[], pickled: RegExp][] = [
  ["config.json", ["model.safetensors", "model.safetensors.index.json"], /^pytorch_model.*\.bin$/],
  ["open_clip_config.json", ["open_clip_model.safetensors"], /^open_clip_pytorch_model\.(bin|pt)$/],
];

/** What goes with either, where it is there. */
const BESIDE = ["preprocessor_config.json", "tokenizer.json", "vocab.json", "merges.txt"];
const SHARD = /^model-\d+-of-\d+\.safetensors$/;
/** Of a hub's answers. */
const LARGEST_LISTING = 32_000_000;

/** Who proposes safetensors files to repositories on the hub that have pickled ones. */
const CONVERTER = { author: "SFconvertbot", title: "Adding `safetensors` variant of this model" };

interface ListedFile {
  rfilename: string;
  size?: number;
  lfs?: { sha256?: string; size?: number };
}

/**
 * Asks the hub which files a model has. Throws an `Error` with one sentence.
 *
 * @param endpoint the hub's address, without a slash at its end
 */
export async function listRepository(
  network: Network,
  endpoint: string,
  id: string,
  revision: string,
): Promise<Listing> {
  const { commit, files } = await ask(network, endpoint, id, revision);
  const chosen = choose(files);
  if (chosen.length > 0) {
    return listed(endpoint, id, revision, commit, files, chosen, null);
  }
  const names = new Set(files.map(({ rfilename }) => rfilename));
  const pickled = FORMS.some(
    ([config, , form]) => names.has(config) && [...names].some((name) => form.test(name)),
  );
  if (!pickled) {
    throw new Error(
      `${id} has no CLIP in the form of Transformers (config.json, model.safetensors) or OpenCLIP (open_clip_config.json, open_clip_model.safetensors).`,
    );
  }
  const proposal = revision === "main" ? await conversion(network, endpoint, id) : null;
  if (proposal !== null) {
    const other = await ask(network, endpoint, id, proposal);
    const weights = choose(other.files);
    const note = `${id} itself has pickled weights only; these are from ${proposal}, the safetensors conversion that the hub’s own converter proposes there.`;
    if (weights.length > 0) {
      return listed(endpoint, id, proposal, other.commit, other.files, weights, note);
    }
  }
  throw new Error(
    `${id} has pickled weights only, which can run code and are not read here: make a GGUF of it with “cliprobe quantize ${id} --type Q8_0 --out model.gguf” and open that.`,
  );
}

/** The files of an address: the file itself and what may lie beside it. */
export function listAddress(url: string): Listing {
  const { pathname, host: server } = new URL(url);
  const path = pathname.split("/").filter((part) => part !== "");
  const file = path.at(-1) ?? "";
  const at = path.findIndex((part) => part === "resolve");
  const directory = at > 0 ? path[at - 1] : path.at(-2);
  const gguf = file.toLowerCase().endsWith(".gguf");
  const beside = (name: string) => ({ name, url: new URL(name, url).href, needed: false });
  const config = file.startsWith("open_clip") ? "open_clip_config.json" : "config.json";
  return {
    name: gguf ? file.replace(/\.gguf$/i, "") : (directory ?? server),
    source: url,
    commit: null,
    small: gguf ? [] : [config, ...BESIDE].map(beside),
    weights: [{ name: file, url, bytes: null, sha256: null }],
    note: null,
  };
}

async function ask(
  network: Network,
  endpoint: string,
  id: string,
  revision: string,
): Promise<{ commit: string; files: ListedFile[] }> {
  const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const answer = (await network.json(url, LARGEST_LISTING)) as {
    sha?: unknown;
    siblings?: unknown;
  } | null;
  if (answer === null) {
    const at = revision === "main" ? "" : ` at revision ${revision}`;
    throw new Error(`${host(endpoint)} has no model ${id}${at} (status 404).`);
  }
  const { sha, siblings } = answer;
  if (typeof sha !== "string" || !Array.isArray(siblings)) {
    throw new Error(`${host(endpoint)} answers otherwise than the Hugging Face hub.`);
  }
  return { commit: sha, files: (siblings as ListedFile[]).filter(isListed) };
}

function isListed(file: unknown): boolean {
  return typeof (file as ListedFile | null)?.rfilename === "string";
}

/** The weights to take, first the index of shards; empty where there are none. */
function choose(files: ListedFile[]): string[] {
  const names = files.map(({ rfilename }) => rfilename);
  for (const [config, weights] of FORMS) {
    const found = weights.find((name) => names.includes(name));
    if (found === undefined || !names.includes(config)) continue;
    if (!found.endsWith(".index.json")) return [found];
    const shards = names.filter((name) => SHARD.test(name)).sort();
    if (shards.length > 0) return shards;
  }
  return [];
}

function listed(
  endpoint: string,
  id: string,
  revision: string,
  commit: string,
  files: ListedFile[],
  weights: string[],
  note: string | null,
): Listing {
  const address = (name: string) => `${endpoint}/${id}/resolve/${commit}/${name}`;
  const names = files.map(({ rfilename }) => rfilename);
  const config = weights[0]?.startsWith("open_clip") ? "open_clip_config.json" : "config.json";
  const beside = BESIDE.filter((name) => names.includes(name)).filter(
    // What tokenizer.json holds as well.
    (name) => !["vocab.json", "merges.txt"].includes(name) || !names.includes("tokenizer.json"),
  );
  return {
    name: id.split("/")[1] ?? id,
    source: revision === "main" ? id : `${id}@${revision}`,
    commit,
    small: [config, ...beside].map((name) => ({ name, url: address(name), needed: true })),
    weights: weights.map((name) => {
      const file = files.find(({ rfilename }) => rfilename === name);
      return {
        name,
        url: address(name),
        bytes: file?.lfs?.size ?? file?.size ?? null,
        sha256: file?.lfs?.sha256 ?? null,
      };
    }),
    note,
  };
}

/** The revision at which the hub's converter proposes safetensors files, if it does. */
async function conversion(network: Network, endpoint: string, id: string): Promise<string | null> {
  const url = `${endpoint}/api/models/${id}/discussions?author=${CONVERTER.author}`;
  const answer = (await network.json(url, LARGEST_LISTING).catch(() => null)) as {
    discussions?: unknown;
  } | null;
  const discussions = Array.isArray(answer?.discussions) ? answer.discussions : [];
  const found = (
    discussions as {
      num?: unknown;
      title?: unknown;
      isPullRequest?: unknown;
      author?: { name?: unknown };
    }[]
  ).find(
    ({ title, isPullRequest, author }) =>
      isPullRequest === true && title === CONVERTER.title && author?.name === CONVERTER.author,
  );
  return typeof found?.num === "number" ? `refs/pr/${found.num}` : null;
}
