/** What `evict`, `forget`, `export`, `import` and `curate` print with `--json`. */
import { z } from 'zod';
import { bytes, uid } from './schemas.words.ts';

const named = z.array(z.object({ session_uid: uid, bytes }));
const skipped = z.array(z.object({ session_uid: uid, reason: z.string() }));

export const evictSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  evicted: z.array(uid),
  data_loss: z.array(uid),
  skipped,
  bytes_freed: bytes,
  final_usage_bytes: bytes,
  warnings: z.array(z.string()),
  lost_data: z.boolean(),
  interrupted: z.boolean(),
  plan: z.object({ evict: named, lose: named }),
});

export const forgetSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  forgotten: z.array(uid),
  /** Forgotten before this call. */
  already: z.array(uid),
  /** The agents' own files of them that still hold it. */
  own_files: z.array(z.string()),
  /** Copies of the store from before an upgrade that held it. */
  removed: z.array(z.string()),
  /** The store's file was written anew, so that no free page holds a piece. */
  written_anew: z.boolean(),
  warnings: z.array(z.string()),
  interrupted: z.boolean(),
  plan: z.object({ forget: named }),
});

/** Files that belong to no place of their agent's, and so are in no archive and come out of none. */
const leftOut = z.array(z.object({ session_uid: uid, key: z.string(), why: z.string() }));

export const exportSchema = z.object({
  version: z.literal(1),
  file: z.string().nullable(),
  sessions: z.number().int(),
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
  added: z.array(uid),
  merged: z.array(uid),
  unchanged: z.number().int(),
  /** Of those added from a stranger's archive, those that were analyzed here. */
  analyzed: z.number().int(),
  forgotten: z.array(uid),
  /** Ids that a stranger's archive calls forgotten: without effect. */
  forgotten_ignored: z.number().int(),
  left_forgotten: z.array(uid),
  /** Evicted there, without a digest: nothing of them could come. */
  empty: z.number().int(),
  waiting: z.array(uid),
  conflicts: z.array(z.object({ session_uid: uid, what: z.string() })),
  damaged: z.array(z.object({ session_uid: uid.nullable(), problem: z.string() })),
  left_out: leftOut,
  /** Entries of those lists beyond what a report holds. */
  not_listed: z.number().int(),
  stored_bytes_added: bytes,
  over_hard_cap: z.boolean(),
  interrupted: z.boolean(),
});

const hoarded = z.array(
  z.object({
    session_uid: uid,
    state: z.string(),
    pinned: z.boolean(),
    digest_bytes: bytes,
    ended_at: z.string().nullable(),
    parent_uid: uid.nullable(),
    title: z.string().nullable(),
  }),
);

/** `curate` that only looks. */
export const hoardSchema = z.object({
  version: z.literal(1),
  used_bytes: bytes,
  cap_bytes: bytes,
  largest: hoarded,
  oldest: hoarded,
  forks: hoarded,
});

export const curateSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  action: z.enum(['drop', 'shrink']),
  changed: z.array(uid),
  skipped,
  bytes_freed: bytes,
  lost_data: z.boolean(),
  interrupted: z.boolean(),
  plan: named,
});
