/** Measures the model in use on every engine that this browser offers. */

import { messageOf } from "../message-of";
import type { Model } from "../model/model.svelte";
import { type Client, Crashed } from "../worker/client";
import { CASES, type EngineRun, isWorthwhile, type SpeedRow } from "./speed-report";

export class Speed {
  running = $state(false);
  runs = $state.raw<EngineRun[]>([]);
  /** What is being done, for a person; `null` when nothing is. */
  doing = $state<string | null>(null);
  /** Why an engine was left out, a sentence each. */
  problems = $state.raw<string[]>([]);

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    /** About how long each case takes. */
    private readonly seconds = 1,
  ) {}

  /** Measures both engines, one after the other, and leaves the model where it was. */
  async run(): Promise<void> {
    const before = this.model.engine;
    this.running = true;
    this.runs = [];
    this.problems = [];
    try {
      for (const engine of ["cpu", "gpu"] as const) await this.#engine(engine);
      this.doing = "Loading the model where it was";
      await this.model.runOn(before);
    } catch (error) {
      // Of a crash the page tells by itself.
      if (!(error instanceof Crashed)) this.problems = [...this.problems, messageOf(error)];
    } finally {
      this.running = false;
      this.doing = null;
    }
  }

  async #engine(engine: "cpu" | "gpu"): Promise<void> {
    const name = engine.toUpperCase();
    this.doing = `Loading the model onto the ${name}`;
    const coldLoadMs = await this.#load(engine);
    if (coldLoadMs === null) return;
    const warmLoadMs = await this.#load(engine);
    const { loaded } = this.model;
    if (warmLoadMs === null || loaded === null) return;
    const rows: SpeedRow[] = [];
    const tell = () => {
      const run: EngineRun = { info: loaded.info, coldLoadMs, warmLoadMs, rows: [...rows] };
      this.runs = [...this.runs.filter((other) => other.info.engine !== engine), run];
    };
    for (const asked of CASES) {
      this.doing = `${asked.batch} ${asked.kind} at a time on the ${name}`;
      const milliseconds = isWorthwhile(asked, rows)
        ? (await this.client.request("measure", { ...asked, seconds: this.seconds })).milliseconds
        : null;
      rows.push({ ...asked, engine, milliseconds });
      tell();
    }
  }

  /** Loads the model onto an engine: how long that took, or `null` if it is not there afterwards. */
  async #load(engine: "cpu" | "gpu"): Promise<number | null> {
    await this.model.runOn(engine);
    const { problem, loaded } = this.model;
    if (problem === null && loaded?.info.engine === engine) return loaded.milliseconds;
    const why = problem ?? loaded?.info.choice.whyCpu ?? "the model could not be loaded";
    this.problems = [...this.problems, `Not measured on the ${engine.toUpperCase()}: ${why}`];
    return null;
  }
}
