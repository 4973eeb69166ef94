import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

import { MODEL_LIST, readModelList } from "./web/worker/model-list.ts";

/** What the built page may do. Development is left out: vite's reload client needs inline styles. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self' https:", // a model that a person asks for by name
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

/**
 * Copies the models, and the list that describes them, beside the built page, if they are what the
 * list says. Without any the page is still good for models of one's own.
 */
function models(): Plugin {
  return {
    name: "models",
    apply: "build",
    async writeBundle({ dir = "dist" }) {
      if (!existsSync(MODEL_LIST)) {
        this.warn(`there is no ${MODEL_LIST}: the page comes without a model`);
        return;
      }
      await mkdir(join(dir, "models"), { recursive: true });
      await copyFile(MODEL_LIST, join(dir, MODEL_LIST));
      for (const model of readModelList(JSON.parse(await readFile(MODEL_LIST, "utf8")))) {
        const file = await readFile(join("models", model.file));
        const sha256 = createHash("sha256").update(file).digest("hex");
        if (file.length !== model.bytes || sha256 !== model.sha256) {
          this.error(
            `models/${model.file} is not the file that ${MODEL_LIST} describes: ` +
              "write both with `cliprobe quantize … --page`",
          );
        }
        await writeFile(join(dir, "models", model.file), file);
        if (model.golden !== undefined) {
          await copyFile(join("models", model.golden), join(dir, "models", model.golden));
        }
      }
    },
  };
}

const SERVICE_WORKER = "service-worker";

/** Tells the service worker which files make up the build, with their hashes. */
function filesForServiceWorker(): Plugin {
  return {
    name: "files-for-service-worker",
    apply: "build",
    generateBundle: {
      order: "post", // when index.html is there
      handler(_, bundle) {
        const files: Record<string, string> = {};
        for (const file of Object.values(bundle)) {
          if (file.type === "chunk" && file.name === SERVICE_WORKER) continue;
          files[file.fileName] = integrity(file.type === "chunk" ? file.code : file.source);
        }
        const version = createHash("sha256").update(JSON.stringify(files)).digest("hex");
        for (const file of Object.values(bundle)) {
          if (file.type !== "chunk" || file.name !== SERVICE_WORKER) continue;
          file.code =
            `const PAGE_FILES = ${JSON.stringify(files)}, ` +
            `PAGE_VERSION = "${version.slice(0, 16)}";\n${file.code}`;
        }
      },
    },
  };
}

function integrity(content: string | Uint8Array): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}

/** Isolation is what a threaded engine will need; serving with it keeps the page honest about it. */
const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./", // relative, so that the page works under any path
  publicDir: false,
  plugins: [svelte(), contentSecurityPolicy(), filesForServiceWorker(), models()],
  worker: { format: "es" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", [SERVICE_WORKER]: "web/offline/service-worker.ts" },
      output: {
        // At the root, for a service worker serves what lies below it; under one name, so that a
        // new build's is found.
        entryFileNames: ({ name }) =>
          name === SERVICE_WORKER ? `${name}.js` : "assets/[name]-[hash].js",
      },
    },
  },
  server: { headers: ISOLATION_HEADERS },
  preview: { headers: ISOLATION_HEADERS },
  test: { include: ["web/**/*.test.ts", "npm/src/**/*.test.ts"], environment: "node" },
});
