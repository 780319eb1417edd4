/** What `evict`, `forget` and `curate` print with `--json`. */
import { z } from 'zod';
import { bytes, uid } from '../domain/shapes.ts';
import { errorSchema } from './schemas.ts';

export { exportSchema, importSchema } from '../archive/report.schema.ts';

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
  already: z.array(uid).describe('Forgotten before this call.'),
  own_files: z.array(z.string()).describe("The agents' own files of them that still hold it."),
  removed: z.array(z.string()).describe('Copies of the store from before an upgrade that held it.'),
  written_anew: z
    .boolean()
    .describe("The store's file was written anew, so that no free page holds a piece."),
  warnings: z.array(z.string()),
  interrupted: z.boolean(),
  plan: z.object({ forget: named }),
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

export const hoardSchema = z
  .object({
    version: z.literal(1),
    used_bytes: bytes,
    cap_bytes: bytes,
    largest: hoarded,
    oldest: hoarded,
    forks: hoarded,
  })
  .describe('`curate` that only looks');

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

export const namedConsentSchema = errorSchema
  .extend({
    plan: z.union([evictSchema.shape.plan, forgetSchema.shape.plan, curateSchema.shape.plan]),
  })
  .describe('An evict, forget or curate that needs consent: the failure, and what would go');
