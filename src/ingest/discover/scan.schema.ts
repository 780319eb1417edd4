/** What a look at the agents' folders tells, as zod schemas. */
import { z } from 'zod';
import { bytes, count, iso, type Shape, uid } from '../../domain/shapes.ts';

/** Of one folder, as the store remembers it. */
export const scanSchema = z.object({
  agent: z.string(),
  root: z.string(),
  scanned_at: iso,
  sessions: count,
  raw_bytes: bytes,
  sessions_not_stored: count.describe('New, or grown since they were stored.'),
  sessions_at_risk: count.describe('Those that the agent deletes within a week.'),
  at_risk_not_stored: count,
  deletes_after_days: z.number().nullable().describe('Null: this agent deletes nothing by itself.'),
  first_deletion_at: iso.nullable().describe('When the first of those at risk goes; null where none is.'),
});

/** A session that its agent deletes within a week. */
const atRiskSchema = z.object({
  session_uid: uid.describe('Of one that is not stored: what it would be stored as.'),
  path: z.string().describe('Its transcript.'),
  is_stored: z.boolean(),
  goes_at: iso.describe('At the first clean-up after that; when this was seen, where it is due.'),
});
export type AtRisk = Shape<typeof atRiskSchema>;

/** Of one folder, as it is now. */
export const agentScanSchema = scanSchema.extend({
  name: z.string(),
  proof: z
    .enum(['recordings', 'documentation', 'configuration'])
    .describe(
      "What the format was held against: genuine recordings, what is written about it alone, or a person's configuration.",
    ),
  files: count,
  sessions_grown: count.describe('Of `sessions_not_stored`, those that the store has in part.'),
  sessions_due: count.describe(
    'Of `sessions_at_risk`, those that the agent deletes when it next cleans up, mostly at its next start.',
  ),
  at_risk: z.array(atRiskSchema).describe('Those at risk by name.'),
});

export type AgentScan = Shape<typeof agentScanSchema>;

/** What lies in an agent's folders where its layout does not know it. */
export const unplacedSchema = z.object({
  agent: z.string(),
  root: z.string(),
  transcripts: z
    .array(z.string())
    .describe('Files that hold a transcript by their records: a person may name them to `ingest`.'),
  other_files: count.describe('Any other files.'),
});
export type Unplaced = Shape<typeof unplacedSchema>;
