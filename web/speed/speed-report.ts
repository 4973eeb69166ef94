/** What a measurement of speed found: rows for a table, and everything as JSON. */

import type { ModelInfo } from "../wasm/cliprobe.js";
import type { SpeedCase } from "../worker/protocol";

export const BATCHES = [1, 8, 64] as const;

/** Every case, cheap ones first. */
export const CASES: SpeedCase[] = (["captions", "images"] as const).flatMap((kind) =>
  BATCHES.map((batch) => ({ kind, batch })),
);

/** One case on one engine; `null` milliseconds where it would have taken too long. */
export interface SpeedRow extends SpeedCase {
  engine: ModelInfo["engine"];
  milliseconds: number | null;
}

/** One engine: how it came to be, and what it took. */
export interface EngineRun {
  /** What the model said once it was loaded there. */
  info: ModelInfo;
  /** Of loading it there. The first on a GPU compiles its kernels; a second finds them compiled. */
  coldLoadMs: number;
  warmLoadMs: number;
  rows: SpeedRow[];
}

/** A case is left out when the next smaller batch says that a run of it would take longer. */
export const LONGEST_RUN_MS = 8000;

/** Whether a case is worth its time, given the rows before it. */
export function isWorthwhile({ kind, batch }: SpeedCase, before: SpeedRow[]): boolean {
  const smaller = before.filter((row) => row.kind === kind && row.batch < batch);
  const last = smaller.at(-1);
  if (last === undefined) return true;
  if (last.milliseconds === null) return false;
  // A batch that is too small leaves a GPU idle, so that growth says nothing until it is slow.
  return (last.milliseconds * batch) / last.batch <= LONGEST_RUN_MS;
}

/** Images or captions a second. */
export function perSecond(row: SpeedRow): number | null {
  return row.milliseconds === null ? null : (1000 * row.batch) / row.milliseconds;
}

/** Everything that was found, as JSON. */
export function speedReport(
  runs: EngineRun[],
  browser: { userAgent: string; crossOriginIsolated: boolean; threads: number },
): string {
  const [first] = runs;
  const model = first && {
    name: first.info.name,
    sha256: first.info.sha256,
    tensorTypes: first.info.tensorTypes,
    parameters: first.info.parameters,
  };
  const engines = runs.map(({ info, coldLoadMs, warmLoadMs, rows }) => ({
    engine: info.engine,
    ...info.choice,
    coldLoadMs,
    warmLoadMs,
    rows: rows.map((row) => ({ ...row, perSecond: perSecond(row) })),
  }));
  return JSON.stringify({ model, engines, ...browser }, null, 2);
}
