/** What `remote` prints with `--json`, by its action. */
import { z } from 'zod';
import { bytes, count, iso, uid } from '../domain/shapes.ts';

const problem = z.object({ object: z.string(), problem: z.string() });

export const remoteSetupSchema = z
  .object({
    version: z.literal(1),
    created: z.boolean().describe('It was made ready just now.'),
    url: z.string(),
    bucket: z.string(),
    machine: z.string(),
    name: z.string(),
    key_file: z.string(),
    config: z.string(),
    config_written: z.boolean(),
  })
  .describe('`remote init` and `remote add`');

export const remoteLeftSchema = z
  .object({ version: z.literal(1), left: z.string().describe('The id of the bucket.') })
  .describe('`remote leave`');

export const remoteCollectedSchema = z
  .object({
    version: z.literal(1),
    removed: z.array(z.string()).describe('Packs that went.'),
    purged: count.describe('Of those that went, the ones that held something of what was forgotten.'),
    waiting: count.describe('Packs that nothing names, for less than a week.'),
    kept_versions: z
      .boolean()
      .describe('The bucket keeps versions: what went is there still, sealed, as an earlier one.'),
    others: count.describe(
      'Packs with pieces of what was forgotten that hold sessions of other machines too.',
    ),
  })
  .describe('`remote gc`');

export const remoteForgottenSchema = remoteCollectedSchema
  .extend({ forgotten: z.array(uid) })
  .describe('`remote forget UID…`, which does what `remote gc` does, too');

export const remoteGoneSchema = remoteCollectedSchema
  .extend({ gone: z.string(), name: z.string() })
  .describe('`remote forget --machine NAME`');

export const remoteSyncSchema = z
  .object({
    version: z.literal(1),
    requests: count,
    sent_bytes: bytes,
    received_bytes: bytes,
    uploaded: z.object({
      sessions: z.array(uid),
      forgotten: z.array(uid).describe('Ids that the other machines are told to forget.'),
      raw_bytes: bytes,
      stored_bytes: bytes.describe('What they and their records take there, compressed and sealed.'),
      packs: count,
      commits: count,
    }),
    /** Of other machines. */
    read: z.object({
      commits: count,
      sessions: z.array(uid),
      pinned: z.array(uid),
      forgotten: z.array(uid),
    }),
    problems: z.array(problem),
    notes: z.array(z.string()),
  })
  .describe('`remote sync`');

export const remoteStatusSchema = z.union([
  z
    .object({ version: z.literal(1), configured: z.literal(false) })
    .describe('`remote status`, without a bucket'),
  z
    .object({
      version: z.literal(1),
      configured: z.literal(true),
      url: z.string(),
      name: z.string(),
      machine: z.string().nullable(),
      synced_at: iso.nullable(),
      sessions: z.object({
        in_bucket: count,
        raw_bytes: bytes,
        safe_here: count.describe('Live here, and in the bucket as they are.'),
        waiting: count,
        bucket_only: count.describe('Of this machine: un-analyzed ones whose bytes only the bucket has.'),
      }),
      machines: z.array(
        z.object({
          machine: z.string(),
          name: z.string(),
          commits: count,
          sessions: count,
          raw_bytes: bytes,
          gone: z.boolean().describe('A person has said so.'),
        }),
      ),
      bucket: z
        .object({ objects: count, bytes, packs: count, commits: count, requests: count })
        .nullable()
        .describe('Null: it could not be reached; `problem` says why.'),
      problem: z.string().nullable(),
    })
    .describe('`remote status`, with a bucket'),
]);

export const remoteVerifySchema = z
  .object({
    version: z.literal(1),
    ok: z.boolean(),
    interrupted: z.boolean(),
    objects: count,
    bytes,
    sessions: count,
    pieces: count,
    unnamed: z.array(z.string()).describe('Packs that no commit names.'),
    findings: z.array(problem.extend({ session_uid: uid.nullable() })),
    not_whole: z.array(uid).describe('Sessions that cannot be had back whole.'),
    uploaded_again: count,
  })
  .describe('`remote verify` and `verify --remote`');
