/** What an ingest is asked, and what it tells of itself. */

import type { z } from 'zod';
import type { AgentId, SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { ingestSchema } from './report.schema.ts';

export interface IngestOptions {
  /** Empty: every agent found on this machine. */
  readonly paths: readonly string[];
  readonly agent: AgentId | null;
  readonly since: Iso | null;
  /** A part of the project's path. */
  readonly project: string | null;
  /** Projects or paths never stored. */
  readonly exclude: readonly string[];
  /** Hold every file against what is stored, byte by byte. */
  readonly full: boolean;
  /** Evicted sessions that a person takes back, though their files are what they were: these, or all that the paths lead to. */
  readonly again?: ReadonlySet<SessionUid> | 'all';
  readonly dryRun: boolean;
  readonly analyze: boolean;
  /**
   * Which sessions that have no digest yet are analyzed first, besides those that come: those never tried (absent), failed ones too
   * whose time has come, or none.
   */
  readonly waiting?: 'due' | 'none';
  readonly hardCapBytes: number;
}

export type IngestProgress =
  | { readonly kind: 'scanned'; readonly sessions: number; readonly files: number; readonly rawBytes: number }
  | {
      readonly kind: 'session';
      readonly uid: SessionUid;
      readonly done: number;
      readonly total: number;
      readonly readBytes: number;
      readonly totalBytes: number;
    };

export type IngestReport = z.input<typeof ingestSchema>;

export function emptyReport(dryRun: boolean): IngestReport {
  return {
    version: 1,
    dry_run: dryRun,
    agents: [],
    sessions_found: 0,
    sessions_new: 0,
    sessions_grown: 0,
    sessions_unchanged: 0,
    sessions_evicted: 0,
    sessions_taken_back: 0,
    sessions_waiting: 0,
    sessions_digest_only: 0,
    sessions_excluded: 0,
    left_out: [],
    sessions_forgotten: 0,
    paths_without_transcript: [],
    files_found: 0,
    files_read: 0,
    bytes_read: 0,
    raw_bytes_added: 0,
    stored_bytes_added: 0,
    analyzed: 0,
    analyze_failed: 0,
    failed: 0,
    over_hard_cap: false,
    disk_full: false,
    interrupted: false,
    warnings: [],
  };
}

const SUMS = [
  'sessions_found',
  'sessions_new',
  'sessions_grown',
  'sessions_unchanged',
  'sessions_evicted',
  'sessions_taken_back',
  'sessions_waiting',
  'sessions_digest_only',
  'sessions_excluded',
  'sessions_forgotten',
  'files_found',
  'files_read',
  'bytes_read',
  'analyzed',
  'analyze_failed',
  'failed',
] as const satisfies readonly string[];

/** Adds what another process did for this ingest. What was added to the store is measured there, and not summed up. */
export function addReport(to: IngestReport, more: IngestReport): void {
  for (const key of SUMS as readonly Summed[]) to[key] += more[key];
  to.agents.push(...more.agents);
  to.paths_without_transcript.push(...more.paths_without_transcript);
  to.warnings.push(...more.warnings.filter((text) => !to.warnings.includes(text)));
  to.over_hard_cap ||= more.over_hard_cap;
  to.disk_full ||= more.disk_full;
  to.interrupted ||= more.interrupted;
  for (const { rule, sessions } of more.left_out) {
    const known = to.left_out.find((one) => one.rule === rule);
    if (known === undefined) to.left_out.push({ rule, sessions });
    else known.sessions += sessions;
  }
}

type Summed = (typeof SUMS)[number];
