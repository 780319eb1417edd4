/** What the dashboard shows of the store, as one value. */
import type { Limits } from '../domain/limits.ts';
import type { Iso } from '../domain/time.ts';

export interface Part {
  readonly sessions: number;
  readonly bytes: number;
}

export interface View {
  /** Raised by every change of the store that was seen. */
  readonly version: number;
  readonly limits: Limits;
  readonly now: Iso;
  readonly tier1Bytes: number;
  readonly tier2Bytes: number;
  readonly analyzed: Part;
  readonly unanalyzed: Part;
  readonly pinned: number;
  readonly evicted: number;
  readonly byAgent: readonly AgentPart[];
  readonly next: readonly { readonly pass: string; readonly sessions: number; readonly bytes: number }[];
  readonly toAnalyze: number;
  readonly worstCaseLoss: number;
  /** The store has joined a bucket: nothing is lost by a sweep. */
  readonly hasBucket: boolean;
  /** Sessions without a digest whose bytes only the bucket has. */
  readonly bucketOnly: number;
  readonly atRisk: readonly Risk[];
  /** Stored bytes of the sessions of each of the last days, oldest first; empty where nothing is stored; null: not added up yet. */
  readonly growth: readonly number[] | null;
  /** The next sweep is the first and takes most of what is stored: whether a run of `maintain` has said so. */
  readonly firstSweep: 'untold' | 'told' | null;
  /** The last run of `maintain`. */
  readonly lastRun: { readonly at: string; readonly result: string; readonly isWell: boolean } | null;
  readonly lastSweep: { readonly at: string; readonly freedBytes: number; readonly lost: boolean } | null;
}

/** What runs sweeps by itself. */
export interface Schedule {
  /** `none`: nothing does; `stopped`, `stale`: something was set up, and does not as it should. */
  readonly state: 'none' | 'installed' | 'stopped' | 'stale';
  /** Of the machine: `systemd`, `cron`, …; empty where it has none. */
  readonly kind: string;
  /** When it runs next, as the scheduler says it; null: it does not say. */
  readonly next: string | null;
}

export interface AgentPart {
  readonly agent: string;
  readonly live: Part;
  readonly unanalyzed: number;
  readonly evicted: number;
}

/** Sessions that an agent itself will delete within a week. */
export interface Risk {
  readonly agent: string;
  readonly sessions: number;
  readonly notStored: number;
  /** After how many days the agent deletes; null: by other rules than age. */
  readonly days: number | null;
  /** When the first of them goes; null where the scan does not know. */
  readonly firstAt: Iso | null;
}

/** Bytes a day by the last week's sessions; 0 where none is known. */
export function growthADay(growth: readonly number[] | null): number {
  if (growth === null) return 0;
  const week = growth.slice(-8, -1);
  if (week.length === 0) return 0;
  return week.reduce((sum, bytes) => sum + bytes, 0) / week.length;
}
