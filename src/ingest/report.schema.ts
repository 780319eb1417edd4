/** The report of an ingest, as a zod schema. */
import { z } from 'zod';
import { bytes, count } from '../domain/shapes.ts';

export const ingestSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  agents: z.array(
    z.object({ agent: z.string(), root: z.string(), sessions: count, files: count, raw_bytes: bytes }),
  ),
  sessions_found: count,
  sessions_new: count,
  sessions_grown: count,
  sessions_unchanged: count,
  sessions_evicted: count.describe('Evicted, and their source is what it was: not stored again.'),
  sessions_taken_back: count.describe(
    'Of `sessions_grown`, those that were evicted and that a person took back.',
  ),
  sessions_waiting: count.describe(
    'Not stored because usage would pass the hard cap, or because the disk is full.',
  ),
  sessions_digest_only: count.describe(
    'Too large for Tier 1 alone: digested from their source, recorded as evicted.',
  ),
  sessions_excluded: count,
  left_out: z
    .array(z.object({ rule: z.string(), sessions: count }))
    .describe('Which flag or pattern left out how many of them.'),
  sessions_forgotten: count.describe('Found, and forgotten by hand: never stored again.'),
  paths_without_transcript: z
    .array(z.string())
    .describe('Of the paths that were named, those where nothing was found.'),
  files_found: count,
  files_read: count.describe('Files whose content was read; 0 where nothing has changed.'),
  bytes_read: bytes,
  raw_bytes_added: z.number().int(),
  stored_bytes_added: z.number().int(),
  analyzed: count,
  analyze_failed: count,
  failed: count.describe('Files that could not be stored.'),
  over_hard_cap: z.boolean(),
  disk_full: z.boolean().describe('It stopped because the disk has no room.'),
  interrupted: z.boolean(),
  warnings: z.array(z.string()),
  first_sweep: z
    .string()
    .exactOptional()
    .describe(
      'That a first sweep would take most of what is stored, and which setting changes it; absent: it would not.',
    ),
});
