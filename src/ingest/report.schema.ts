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
  /** Evicted, and their source is what it was: not stored again. */
  sessions_evicted: count,
  /** Of `sessions_grown`, those that were evicted and that a person took back. */
  sessions_taken_back: count,
  /** Not stored because usage would pass the hard cap, or because the disk is full. */
  sessions_waiting: count,
  /** Too large for Tier 1 alone: digested from their source, recorded as evicted. */
  sessions_digest_only: count,
  sessions_excluded: count,
  /** Which flag or pattern left out how many of them. */
  left_out: z.array(z.object({ rule: z.string(), sessions: count })),
  /** Found, and forgotten by hand: never stored again. */
  sessions_forgotten: count,
  /** Of the paths that were named, those where nothing was found. */
  paths_without_transcript: z.array(z.string()),
  files_found: count,
  /** Files whose content was read; 0 where nothing has changed. */
  files_read: count,
  bytes_read: bytes,
  raw_bytes_added: z.number().int(),
  stored_bytes_added: z.number().int(),
  analyzed: count,
  analyze_failed: count,
  /** Files that could not be stored. */
  failed: count,
  over_hard_cap: z.boolean(),
  /** It stopped because the disk has no room. */
  disk_full: z.boolean(),
  interrupted: z.boolean(),
  warnings: z.array(z.string()),
  /** That a first sweep would take most of what is stored, and which setting changes it; absent: it would not. */
  first_sweep: z.string().exactOptional(),
});
