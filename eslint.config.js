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
    "npm/dist",
    "tests/consumer/main.ts", // of the installed package, whose types are built later
  ]),
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        project: [
          "tsconfig.json",
          "tsconfig.node.json",
          "tsconfig.service-worker.json",
          "npm/tsconfig.json",
        ],
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
    files: ["*.config.js", "npm/*.mjs", "tests/browser/*.mjs"],
    extends: [typescript.configs.disableTypeChecked],
  },
  {
    files: ["*.config.ts", "*.config.js", "npm/*.mjs", "tests/browser/**", "tests/consumer/*.ts"],
    languageOptions: { globals: globals.node },
  },
);
