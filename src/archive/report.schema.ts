/** The reports of an export and of an import, as zod schemas. */
import { z } from 'zod';
import { bytes, uid } from '../domain/shapes.ts';

/** Files that belong to no place of their agent's, and so are in no archive and come out of none; `why` is a clause. */
const leftOut = z.array(z.object({ session_uid: uid, key: z.string(), why: z.string() }));

export const exportSchema = z.object({
  version: z.literal(1),
  /** Absolute; null: it went to stdout. */
  file: z.string().nullable(),
  sessions: z.number().int(),
  /** Sessions whose raw bytes are in it. */
  live: z.number().int(),
  forgotten: z.number().int(),
  raw_bytes: bytes,
  failed: z.array(z.object({ session_uid: uid, problem: z.string() })),
  left_out: leftOut,
  interrupted: z.boolean(),
});

export const importSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  /** A person vouched for the archive. */
  trusted: z.boolean(),
  /** Not here before. */
  added: z.array(uid),
  /** Here before, and more of them now. */
  merged: z.array(uid),
  unchanged: z.number().int(),
  /** Of those added from a stranger's archive, those that were analyzed here. */
  analyzed: z.number().int(),
  /** Ids that another store has forgotten, and that were not here. */
  forgotten: z.array(uid),
  /** Ids that a stranger's archive calls forgotten: without effect. */
  forgotten_ignored: z.number().int(),
  /** In the file, and forgotten here: left out. */
  left_forgotten: z.array(uid),
  /** Evicted there, without a digest: nothing of them could come. */
  empty: z.number().int(),
  /** They would bring usage above the hard cap. */
  waiting: z.array(uid),
  conflicts: z.array(z.object({ session_uid: uid, what: z.string() })),
  /** Not imported, or not known whose: damaged, cut off, or refused. */
  damaged: z.array(z.object({ session_uid: uid.nullable(), problem: z.string() })),
  left_out: leftOut,
  /** Entries of those lists beyond what a report holds. */
  not_listed: z.number().int(),
  stored_bytes_added: bytes,
  over_hard_cap: z.boolean(),
  interrupted: z.boolean(),
});
