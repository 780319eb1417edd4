/** What a look at an agent's folder tells. */
import type { AgentFormat } from '../../domain/agent.ts';
import type { Iso } from '../../domain/time.ts';

/** A session that its agent deletes within `AT_RISK_DAYS`. */
export interface AtRisk {
  /** Of one that is not stored: what it would be stored as. */
  readonly session_uid: string;
  /** Its transcript. */
  readonly path: string;
  readonly is_stored: boolean;
  /** At the first clean-up after that; when this was seen, where it is due. */
  readonly goes_at: Iso;
}

export interface AgentScan {
  readonly agent: string;
  readonly name: string;
  /** What this agent's format was held against. */
  readonly proof: AgentFormat['proof'];
  readonly root: string;
  readonly sessions: number;
  readonly files: number;
  readonly raw_bytes: number;
  /** New, or grown since they were stored. */
  readonly sessions_not_stored: number;
  /** Of those, the ones that the store has in part. */
  readonly sessions_grown: number;
  /** Those that the agent deletes within `AT_RISK_DAYS`. */
  readonly sessions_at_risk: number;
  readonly at_risk_not_stored: number;
  /** Of those at risk, the ones that are due: the agent deletes them when it next cleans up, mostly at its next start. */
  readonly sessions_due: number;
  /** Null: this agent deletes nothing by itself. */
  readonly deletes_after_days: number | null;
  /** When the first of those at risk goes; null where none is. */
  readonly first_deletion_at: Iso | null;
  /** Those at risk by name. */
  readonly at_risk: readonly AtRisk[];
  readonly scanned_at: Iso;
}

/** What lies in an agent's folders where its layout does not know it. */
export interface Unplaced {
  readonly agent: string;
  readonly root: string;
  /** Files that hold a transcript by their records: a person may name them to `ingest`. */
  readonly transcripts: readonly string[];
  /** Any other files. */
  readonly other_files: number;
}
