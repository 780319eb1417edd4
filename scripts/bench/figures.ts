/**
 * What is made of measured values: medians, spreads, verdicts, exponents, and what is worse than before.
 * Promises: pure; nothing here measures, and a row without values has no verdict but "not measured".
 */
import { z } from 'zod';

const targetSchema = z.object({
  /** Whether less or more of it is good. */
  bound: z.enum(['at most', 'at least']),
  value: z.number(),
});
export type Target = z.infer<typeof targetSchema>;

const unitSchema = z.enum(['×', 'ms', 'MiB', 'MB', 'MB/s', '%']);
export type Unit = z.infer<typeof unitSchema>;

const absoluteSchema = z.object({ wallMs: z.number(), cpuMs: z.number() });

/** One row of a bench as it is kept: `--json` writes it, `--compare` reads it. */
const rowResultSchema = z.object({
  name: z.string(),
  what: z.string(),
  unit: unitSchema,
  target: targetSchema.nullable(),
  /** One figure a round; empty where it was not measured. */
  values: z.array(z.number()),
  /** Why it was not measured; null where it was. */
  why: z.string().nullable(),
  /** Medians of both sides, for people; null where a side has none. */
  subject: absoluteSchema.nullable(),
  baseline: absoluteSchema.nullable(),
});
export type RowResult = z.infer<typeof rowResultSchema>;

const growthSchema = z.object({
  name: z.string(),
  what: z.string(),
  /** At most so steep, within what noise allows. */
  exponentMax: z.number(),
  points: z.array(z.object({ sessions: z.number(), ms: z.number(), cpuMs: z.number() })),
  why: z.string().nullable(),
});
export type GrowthResult = z.infer<typeof growthSchema>;

export const benchResultSchema = z.object({
  version: z.literal(1),
  at: z.string(),
  commit: z.string(),
  machine: z.string(),
  quick: z.boolean(),
  /** Load average over a minute, before and after. */
  load: z.tuple([z.number(), z.number()]),
  rows: z.array(rowResultSchema),
  growth: z.array(growthSchema),
});
export type BenchResult = z.infer<typeof benchResultSchema>;

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The value below which `share` (0 to 1) of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export interface Spread {
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { low: Math.min(...values), high: Math.max(...values) };
}

export type Verdict = 'met' | 'missed' | 'unsure' | 'no target' | 'not measured';

/** By the median. `unsure`: it is missed, but some rounds met it. */
export function verdictOf({ values, target }: Pick<RowResult, 'values' | 'target'>): Verdict {
  if (values.length === 0) return 'not measured';
  if (target === null) return 'no target';
  const meets = (value: number) =>
    target.bound === 'at most' ? value <= target.value : value >= target.value;
  if (meets(median(values))) return 'met';
  return values.some(meets) ? 'unsure' : 'missed';
}

/** The power of the size with which the time grows: least squares of the logarithms. NaN of fewer than two sizes. */
export function exponentOf(points: readonly { readonly sessions: number; readonly ms: number }[]): number {
  const logs = points.map(({ sessions, ms }) => ({ x: Math.log(sessions), y: Math.log(ms) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  const covariance = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

/** So much of a change is no news. */
const WORSE_BY = 0.15;

/** Sentences, one for each row that is worse by more than 15 % and whose rounds do not even overlap with those of before. */
export function worseThan(before: BenchResult, after: BenchResult): string[] {
  return after.rows.flatMap((now) => {
    const then = before.rows.find((row) => row.name === now.name);
    if (then === undefined || then.unit !== now.unit) return [];
    if (then.values.length === 0 || now.values.length === 0) return [];
    return isWorse(then.values, now.values, now.target?.bound ?? 'at most')
      ? [`${now.name}: ${figure(median(then.values), now.unit)} → ${figure(median(now.values), now.unit)}`]
      : [];
  });
}

function isWorse(then: readonly number[], now: readonly number[], bound: Target['bound']): boolean {
  const [was, is] = [spreadOf(then), spreadOf(now)];
  return bound === 'at most'
    ? median(now) > median(then) * (1 + WORSE_BY) && is.low > was.high
    : median(now) < median(then) / (1 + WORSE_BY) && is.high < was.low;
}

/** A value with its unit, three digits of it. */
export function figure(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

export function targetText(target: Target | null, unit: Unit): string {
  if (target === null) return '';
  return `${target.bound === 'at most' ? '≤' : '≥'} ${target.value} ${unit}`;
}
