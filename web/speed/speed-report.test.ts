import { describe, expect, test } from "vitest";

import { modelInfo } from "../testing/fake-module";
import { CASES, isWorthwhile, perSecond, speedReport, type SpeedRow } from "./speed-report";

const row = (batch: number, milliseconds: number | null): SpeedRow => ({
  engine: "gpu",
  kind: "captions",
  batch,
  milliseconds,
});

describe("a measurement", () => {
  test("takes every batch of both kinds", () => {
    expect(CASES).toHaveLength(6);
    expect(CASES[0]).toEqual({ kind: "captions", batch: 1 });
  });

  test("leaves out what would take minutes", () => {
    const next = { kind: "captions", batch: 64 } as const;
    expect(isWorthwhile(next, [])).toBe(true);
    expect(isWorthwhile(next, [row(1, 10), row(8, 900)])).toBe(true);
    expect(isWorthwhile(next, [row(1, 10), row(8, 1100)])).toBe(false);
    expect(isWorthwhile(next, [row(1, 9000), row(8, null)])).toBe(false);
    expect(isWorthwhile({ kind: "images", batch: 64 }, [row(8, 1100)])).toBe(true);
  });

  test("is told in pieces a second", () => {
    expect(perSecond(row(8, 40))).toBe(200);
    expect(perSecond(row(8, null))).toBeNull();
  });

  test("is told as JSON with the device", () => {
    const run = { info: modelInfo, coldLoadMs: 9, warmLoadMs: 4, rows: [row(1, 5)] };
    const browser = { userAgent: "B", crossOriginIsolated: false, threads: 2 };
    const report: unknown = JSON.parse(speedReport([run], browser));
    expect(report).toMatchObject({
      model: { sha256: modelInfo.sha256 },
      engines: [{ engine: "cpu", gpu: null, warmLoadMs: 4, rows: [{ perSecond: 200 }] }],
      userAgent: "B",
    });
  });
});
