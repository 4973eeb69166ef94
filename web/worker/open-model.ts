/** From where a model comes to its files at hand. */

import { blendFiles } from "../patch/blend-files";
import type { BlendPlan, LoadProgress, ModelSource } from "../wasm/cliprobe.js";
import type { ModelStore } from "./model-store";
import type { LoadedModel, ModelChoice } from "./protocol";
import type { ClipModule } from "./session";

/** A model's files at hand, and what is known of them. */
export interface OpenedModel {
  name: string | null;
  source: ModelSource;
  /** Of the file of weights, where it was checked. */
  sha256: string | null;
  golden: GoldenFile | null;
  storage: LoadedModel["storage"];
  /** How it was blended of two; `null` of a model that was not. */
  blended: BlendPlan | null;
}

/** Where a model's golden values lie. */
export interface GoldenFile {
  base: string;
  file: string;
}

export class ModelOpener {
  constructor(
    private readonly module: Promise<ClipModule>,
    private readonly store: ModelStore,
  ) {}

  /** @param wanted asked between two pieces of long work; once it says no, the work ends with an error */
  async open(
    choice: ModelChoice,
    onProgress: (progress: LoadProgress) => void,
    wanted: () => boolean = () => true,
  ): Promise<OpenedModel> {
    switch (choice.kind) {
      case "own":
        return {
          name: null,
          // By name, so that an error can say which file it is about.
          source: Object.fromEntries(choice.files.map((file) => [file.name, file])),
          sha256: null,
          golden: null,
          storage: null,
          blended: null,
        };
      case "kept": {
        const { model, file } = choice;
        // As with the page's own models: other pages of this origin can write to its files.
        if ((await this.#hash(file)) !== model.sha256) {
          throw new Error(
            `The kept file of ${model.name} was changed: delete it and fetch it again.`,
          );
        }
        return {
          name: model.name,
          source: { [file.name]: file },
          sha256: model.sha256,
          golden: null,
          storage: { kind: "found" },
          blended: null,
        };
      }
      case "offered": {
        const { base, model } = choice;
        const hash = (file: Blob) => this.#hash(file);
        const { file, storage } = await this.store.model(base, model, hash, onProgress);
        return {
          name: model.name,
          source: { [model.file]: file },
          sha256: model.sha256,
          golden: model.golden === undefined ? null : { base, file: model.golden },
          storage,
          blended: null,
        };
      }
      case "blend": {
        const { name, alpha } = choice;
        const a = await this.open(choice.a, onProgress, wanted);
        const b = await this.open(choice.b, onProgress, wanted);
        const { file, plan } = await blendFiles(
          await this.module,
          { name, a, b, alpha },
          onProgress,
          wanted,
        );
        return {
          name,
          source: { "blend.gguf": file },
          sha256: null,
          golden: null,
          storage: null,
          blended: plan,
        };
      }
    }
  }

  async #hash(file: Blob): Promise<string> {
    return (await this.module).sha256(file);
  }
}
