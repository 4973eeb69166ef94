/** The question of a link as a file, for what is too long for a link. */

import {
  LINK_VERSION,
  type LinkState,
  type ReadLink,
  readValues,
  VERSION_KEY,
  writePairs,
} from "./link-state";

export const QUESTION_FILE = ".cliprobe.json";
/** Several times what 200 long captions, 300 candidates and an image take. */
const MOST_BYTES = 4_000_000;
const KIND = "question";

/** The text of the file: the link's keys with their values, and its version. */
export function writeQuestion(state: LinkState): string {
  const values: Record<string, string[]> = {};
  for (const [key, value] of writePairs(state)) (values[key] ??= []).push(value);
  return `${JSON.stringify({ cliprobe: KIND, version: LINK_VERSION, values }, null, 1)}\n`;
}

/**
 * Reads such a file. As in a link, a value that cannot be read is left out and named in `problems`.
 * Throws an `Error` with one sentence where the file is none of these.
 */
export async function readQuestion(file: File): Promise<ReadLink> {
  const not = (why: string) => new Error(`“${file.name}” is not a saved question: ${why}.`);
  if (file.size > MOST_BYTES)
    throw not(`it has ${file.size} bytes, at most ${MOST_BYTES} are read`);
  let content: unknown;
  try {
    content = JSON.parse(await file.text());
  } catch (error) {
    throw not(`it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isRecord(content) || content["cliprobe"] !== KIND) {
    throw not(`its “cliprobe” is not “${KIND}”`);
  }
  const { version, values } = content;
  if (!Number.isSafeInteger(version) || Number(version) < 1) {
    throw not("its “version” is not a whole number from 1 on");
  }
  if (!isRecord(values)) throw not("its “values” is not an object");
  const known = new Map<string, string[]>();
  for (const [key, texts] of Object.entries(values)) {
    if (!Array.isArray(texts) || !texts.every((text): text is string => typeof text === "string")) {
      throw not(`“${key}” in its “values” is not a list of texts`);
    }
    if (texts.length > 0) known.set(key, texts);
  }
  known.set(VERSION_KEY, [String(version)]);
  return readValues(known);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
