/** What a look at the agents' folders tells, as zod schemas. */
import { z } from 'zod';
import { bytes, count, iso, type Shape } from '../../domain/shapes.ts';

/** Of one folder, as the store remembers it. */
export const scanSchema = z.object({
  agent: z.string(),
  root: z.string(),
  scanned_at: iso,
  sessions: count,
  raw_bytes: bytes,
  /** New, or grown since they were stored. */
  sessions_not_stored: count,
  /** Those that the agent deletes within `AT_RISK_DAYS`. */
  sessions_at_risk: count,
  at_risk_not_stored: count,
  /** Null: this agent deletes nothing by itself. */
  deletes_after_days: z.number().nullable(),
  /** When the first of those at risk goes; null where none is. */
  first_deletion_at: iso.nullable(),
});

/** Of one folder, as it is now. */
export const agentScanSchema = scanSchema.extend({
  name: z.string(),
  /** What the format was held against: genuine recordings, what is written about it alone, or a person's configuration. */
  proof: z.enum(['recordings', 'documentation', 'configuration']),
  files: count,
  /** Of `sessions_not_stored`, those that the store has in part. */
  sessions_grown: count,
  /** Of `sessions_at_risk`, those that the agent deletes when it next cleans up, mostly at its next start. */
  sessions_due: count,
});

export type AgentScan = Shape<typeof agentScanSchema>;

/** What lies in an agent's folders where its layout does not know it. */
export const unplacedSchema = z.object({
  agent: z.string(),
  root: z.string(),
  /** Files that hold a transcript by their records: a person may name them to `ingest`. */
  transcripts: z.array(z.string()),
  /** Any other files. */
  other_files: count,
});
export type Unplaced = Shape<typeof unplacedSchema>;
