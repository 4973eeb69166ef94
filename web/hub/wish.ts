/** What a person asks for: a model of a hub by its name, or the address of one file. */

export type Wish =
  | { kind: "repository"; id: string; revision: string }
  /** A GGUF or safetensors file; a safetensors file's configuration lies beside it. */
  | { kind: "file"; url: string };

export const DEFAULT_ENDPOINT = "https://huggingface.co";

const WORD = /^[A-Za-z0-9][\w.-]*$/;
/** A branch, tag or commit, or a pull request such as `refs/pr/3`. */
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[\w.-]+)*$/;
const FILE = /\.(gguf|safetensors)$/i;

/**
 * Reads `owner/name`, `owner/name@revision`, a model's page on the hub, or the address of a file.
 *
 * Throws an `Error` with one sentence.
 */
export function readWish(text: string, endpoint: string): Wish {
  const given = text.trim().replace(/^hf-hub:/, "");
  if (given === "") throw new Error("Give a model’s name, such as openai/clip-vit-base-patch32.");
  if (/^[a-z]+:\/\//i.test(given)) return readAddress(given, endpoint);
  const [id = "", revision = "main", ...more] = given.split("@");
  return { kind: "repository", ...checked(id, revision, more.length > 0 ? given : null) };
}

/** Reads a hub's own address. Throws an `Error` with one sentence. */
export function readEndpoint(text: string): string {
  const url = parsed(text.trim());
  return url.href.replace(/\/+$/, "");
}

function readAddress(given: string, endpoint: string): Wish {
  const url = parsed(given);
  const [owner = "", name = "", what, ...rest] = url.pathname.split("/").filter((part) => part);
  const onHub = url.host === new URL(endpoint).host;
  if (FILE.test(url.pathname)) {
    // The hub's page about a file, and the file.
    if (onHub && what === "blob") url.pathname = url.pathname.replace("/blob/", "/resolve/");
    url.hash = "";
    return { kind: "file", url: url.href };
  }
  if (!onHub) {
    throw new Error(
      `${given} is neither a model on ${new URL(endpoint).host} nor a GGUF or safetensors file.`,
    );
  }
  const revision = what === "tree" && rest.length > 0 ? rest.join("/") : "main";
  return { kind: "repository", ...checked(`${owner}/${name}`, decodeURIComponent(revision), null) };
}

function parsed(given: string): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new Error(`“${given}” is no address.`);
  }
  // What the page's content security policy lets through.
  if (url.protocol !== "https:" && url.origin !== globalThis.location.origin) {
    throw new Error(`This page only asks servers with https, not ${url.origin}.`);
  }
  return url;
}

function checked(
  id: string,
  revision: string,
  wrong: string | null,
): { id: string; revision: string } {
  const words = id.split("/");
  const ok = words.length === 2 && words.every((word) => WORD.test(word));
  if (wrong !== null || !ok || !REVISION.test(revision) || revision.includes("..")) {
    throw new Error(
      `“${wrong ?? id}” is no name of a model: it is written owner/name or owner/name@revision.`,
    );
  }
  return { id, revision };
}
