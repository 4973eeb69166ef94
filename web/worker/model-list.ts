/**
 * `models/models.json`: which models the page offers, the default first. `cliprobe quantize … --page`
 * writes it; the page's build holds it against the files.
 */

/** The list's place, below the page's own address. */
export const MODEL_LIST = "models/models.json";

export interface OfferedModel {
  name: string;
  /** What it is, in one sentence. */
  about?: string;
  /** The model's file, beside the list. No two models share one. */
  file: string;
  bytes: number;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  /** The file of its golden values, beside the list; absent where nobody made any. */
  golden?: string;
}

/** The default model and its siblings. */
export type ModelList = readonly [OfferedModel, ...OfferedModel[]];

const FILE_NAME = /^[\w-][\w.-]*$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** What each field has to be, in words that end “… has no”. */
const FIELDS: Record<keyof OfferedModel, { is: (value: unknown) => boolean; wanted: string }> = {
  name: { is: (value) => isText(value), wanted: "“name”" },
  about: { is: (value) => value === undefined || isText(value), wanted: "words in “about”" },
  file: { is: isFileName, wanted: "name of a file beside the list in “file”" },
  bytes: {
    is: (value) => Number.isSafeInteger(value) && Number(value) > 0,
    wanted: "size in “bytes”",
  },
  sha256: {
    is: (value) => typeof value === "string" && SHA256.test(value),
    wanted: "“sha256” of 64 lower-case hexadecimal digits",
  },
  golden: {
    is: (value) => value === undefined || isFileName(value),
    wanted: "name of a file beside the list in “golden”",
  },
};

/** Reads the list's JSON. Throws an `Error` with one sentence that names the model and the field. */
export function readModelList(value: unknown): ModelList {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Error(`${MODEL_LIST} is not a list of models.`);
  }
  const models = value.map(readModel);
  models.forEach(({ file }, index) => {
    if (models.findIndex((other) => other.file === file) !== index) {
      throw new Error(`${MODEL_LIST} lists ${file} twice.`);
    }
  });
  return models as [OfferedModel, ...OfferedModel[]];
}

function readModel(value: unknown, index: number): OfferedModel {
  const record = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  for (const [field, { is, wanted }] of Object.entries(FIELDS)) {
    if (!is(record[field])) {
      throw new Error(`Model ${index + 1} of ${MODEL_LIST} has no ${wanted}.`);
    }
  }
  return record as unknown as OfferedModel;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isFileName(value: unknown): boolean {
  return typeof value === "string" && FILE_NAME.test(value);
}
