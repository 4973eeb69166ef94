/** Tells model files from images, and reads what a drop holds. */

import { QUESTION_FILE } from "../link/question-file";

/** What a CLIP directory is read from; anything else in it would only take memory. */
const MODEL_FILE = /\.(gguf|safetensors|json|txt|pt|bin)$/i;
/** Files by which one recognises a model among others. */
const MODEL_MARK = /(\.gguf|\.safetensors|\.pt|\.bin|^config\.json|^open_clip_config\.json)$/i;
const IMAGE_FILE = /\.(png|jpe?g|webp|gif|avif|heic|heif|bmp|tiff?)$/i;

/** Whether a file can only be a model's; a `config.json` may be anything's. */
export function isWeights(file: File): boolean {
  return /\.(gguf|safetensors|pt|bin)$/i.test(file.name);
}

/** Whether a file is a question that this page saved. */
export function isQuestion(file: File): boolean {
  return file.name.toLowerCase().endsWith(QUESTION_FILE);
}

export type Given =
  | { kind: "question"; file: File }
  | { kind: "photo"; file: File }
  | { kind: "model"; files: File[] }
  /** One sentence. */
  | { kind: "neither"; message: string };

/** What a person means by handing over these files. */
export function whatIsGiven(files: File[]): Given {
  const question = files.find(isQuestion);
  if (question !== undefined) return { kind: "question", file: question };
  if (files.some((file) => MODEL_MARK.test(file.name))) {
    return { kind: "model", files: modelFiles(files) };
  }
  const photo = files.find((file) => file.type.startsWith("image/") || IMAGE_FILE.test(file.name));
  if (photo !== undefined) return { kind: "photo", file: photo };
  const [first] = files;
  const message =
    first === undefined
      ? "Nothing was dropped that could be read as a file."
      : `“${first.name}” is neither an image, a model file nor a saved question.`;
  return { kind: "neither", message };
}

/** The files of a directory that a model is read from; only the GGUF when there is one. */
export function modelFiles(files: File[]): File[] {
  const gguf = files.find((file) => file.name.toLowerCase().endsWith(".gguf"));
  return gguf === undefined ? files.filter((file) => MODEL_FILE.test(file.name)) : [gguf];
}

/** The files of a drop, and those that lie directly in a dropped directory. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Items are readable during the event only: take the entries before the first await.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry());
  const files = [...transfer.files];
  const directories = entries.filter((entry) => entry?.isDirectory === true);
  if (directories.length === 0) return files;
  const inside = await Promise.all(
    directories.map((entry) => directoryFiles(entry as FileSystemDirectoryEntry)),
  );
  const loose = entries.filter((entry) => entry?.isFile === true);
  return [...inside.flat(), ...(await Promise.all(loose.map(entryFile)))];
}

async function directoryFiles(directory: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = directory.createReader();
  const files: File[] = [];
  // Entries come in batches; an empty one is the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return files;
    files.push(...(await Promise.all(entries.filter((entry) => entry.isFile).map(entryFile))));
  }
}

function entryFile(entry: FileSystemEntry | null): Promise<File> {
  return new Promise((resolve, reject) => {
    (entry as FileSystemFileEntry).file(resolve, reject);
  });
}
