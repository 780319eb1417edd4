/** The reports of an export and of an import, as zod schemas. */
import { z } from 'zod';
import { bytes, uid } from '../domain/shapes.ts';

/** Files that belong to no place of their agent's, and so are in no archive and come out of none; `why` is a clause. */
const leftOut = z.array(z.object({ session_uid: uid, key: z.string(), why: z.string() }));

export const exportSchema = z.object({
  version: z.literal(1),
  file: z.string().nullable().describe('Absolute; null: it went to stdout.'),
  sessions: z.number().int(),
  live: z.number().int().describe('Sessions whose raw bytes are in it.'),
  forgotten: z.number().int(),
  raw_bytes: bytes,
  failed: z.array(z.object({ session_uid: uid, problem: z.string() })),
  left_out: leftOut,
  interrupted: z.boolean(),
});

export const importSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  trusted: z.boolean().describe('A person vouched for the archive.'),
  added: z.array(uid).describe('Not here before.'),
  merged: z.array(uid).describe('Here before, and more of them now.'),
  unchanged: z.number().int(),
  analyzed: z
    .number()
    .int()
    .describe("Of those added from a stranger's archive, those that were analyzed here."),
  forgotten: z.array(uid).describe('Ids that another store has forgotten, and that were not here.'),
  forgotten_ignored: z
    .number()
    .int()
    .describe("Ids that a stranger's archive calls forgotten: without effect."),
  left_forgotten: z.array(uid).describe('In the file, and forgotten here: left out.'),
  empty: z.number().int().describe('Evicted there, without a digest: nothing of them could come.'),
  waiting: z.array(uid).describe('They would bring usage above the hard cap.'),
  conflicts: z.array(z.object({ session_uid: uid, what: z.string() })),
  damaged: z
    .array(z.object({ session_uid: uid.nullable(), problem: z.string() }))
    .describe('Not imported, or not known whose: damaged, cut off, or refused.'),
  left_out: leftOut,
  not_listed: z.number().int().describe('Entries of those lists beyond what a report holds.'),
  stored_bytes_added: bytes,
  over_hard_cap: z.boolean(),
  interrupted: z.boolean(),
});
