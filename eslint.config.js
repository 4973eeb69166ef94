import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";
import typescript from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default defineConfig(
  globalIgnores([
    "dist",
    "target",
    "web/wasm",
    "web/.wasm-*",
    "crate",
    "native",
    "xtask",
    "test-results",
  ]),
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        project: ["tsconfig.json", "tsconfig.node.json", "tsconfig.service-worker.json"],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      // Numbers in sentences are what this page writes all day.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: typescript.parser, svelteConfig } },
  },
  // Plain scripts have no types to check by.
  {
    files: ["*.config.js", "tests/browser/*.mjs"],
    extends: [typescript.configs.disableTypeChecked],
  },
  {
    files: ["*.config.ts", "*.config.js", "tests/browser/**"],
    languageOptions: { globals: globals.node },
  },
);
