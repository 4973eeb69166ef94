/** Files that a person hands over for a benchmark, with their paths. */

export interface GivenFile {
  /** Relative, with `/` between its parts; the folder that was picked or dropped comes first. */
  path: string;
  file: File;
}

/** Files of a picker, single ones or a whole folder's. */
export function pickedFiles(files: File[]): GivenFile[] {
  return files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The files of a drop, and all that lie in dropped folders at any depth. */
export async function droppedTree(transfer: DataTransfer): Promise<GivenFile[]> {
  // Items are readable during the event only: take the entries before the first await.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry());
  const loose = [...transfer.files];
  const known = entries.filter((entry) => entry !== null);
  if (known.length === 0) return pickedFiles(loose);
  const trees = await Promise.all(known.map((entry) => filesBelow(entry, "")));
  return trees.flat();
}

async function filesBelow(entry: FileSystemEntry, folder: string): Promise<GivenFile[]> {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: GivenFile[] = [];
  // Entries come in batches; an empty one is the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (batch.length === 0) return files;
    for (const inside of batch) files.push(...(await filesBelow(inside, `${path}/`)));
  }
}
