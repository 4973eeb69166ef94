/**
 * Builds `dist/` from `src/`, the wasm module and what the page shares with this package.
 *
 * The bundler is Vite's own, called without Vite: Vite's library mode would inline the wasm module as
 * base64, and would rewrite the workers' addresses, which are for the consumer's bundler to follow.
 */

import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

import { build } from "rolldown";

const here = import.meta.dirname;
const root = resolve(here, "..");
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await build({
  cwd: here,
  input: {
    index: "src/index.ts",
    worker: "src/worker.ts",
    "fetch-worker": "src/fetch-worker.ts",
  },
  platform: "browser",
  resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  output: { dir: dist, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name].js" },
});
await cp(join(root, "web/wasm/cliprobe_bg.wasm"), join(dist, "cliprobe_bg.wasm"));
await cp(join(root, "crate/caption/src/lexicon/wordnet.txt"), join(dist, "lexicon.txt"));
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) {
  await cp(join(root, licence), join(here, licence));
}
await cp(join(root, "crate/caption/src/lexicon/LICENSE-WordNet"), join(here, "LICENSE-WordNet"));
await declare();

/** Writes the types of what `index.ts` exports, and of nothing else of the page. */
async function declare() {
  const made = await mkdtemp(join(tmpdir(), "cliprobe-types-"));
  const options = "--noEmit false --declaration --emitDeclarationOnly --stripInternal".split(" ");
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(
    process.execPath,
    [compiler, "--project", here, ...options, "--rootDir", root, "--outDir", made],
    { stdio: "inherit" },
  );
  await cp(join(root, "web/wasm/cliprobe.d.ts"), join(made, "web/wasm/cliprobe.d.ts"));
  const left = [join(made, "npm/src/index.d.ts")];
  const seen = new Set(left);
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    const text = await readFile(file, "utf8");
    const out = join(dist, "types", relative(made, file));
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, text);
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) {
      const next = join(dirname(file), `${specifier}.d.ts`);
      if (!seen.has(next)) left.push(next);
      seen.add(next);
    }
  }
  await rm(made, { recursive: true });
}
