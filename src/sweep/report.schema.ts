/** The report of a sweep and the plan in it, as zod schemas. Its keys are a contract: others script against them. */
import { z } from 'zod';
import { bytes, iso, uid } from '../domain/shapes.ts';
import { ALL_PASSES, type EvictedKey, evictedKey, LOSSLESS_PASSES } from '../policy/passes.ts';

export const planSchema = z.object({
  passes: z.array(
    z.object({
      pass: z.enum(ALL_PASSES),
      victims: z.array(z.object({ session_uid: uid, reason: z.string(), bytes })),
    }),
  ),
  to_analyze: z.array(uid),
  worst_case_data_loss: z.array(uid),
});

/** Whom each pass evicted, in the order in which they went; both runs of the budget are one. */
const evicted = Object.fromEntries(
  LOSSLESS_PASSES.map(({ name }) => [evictedKey(name), z.array(uid)]),
) as unknown as Record<EvictedKey, z.ZodArray<typeof uid>>;

export const reportSchema = z.object({
  version: z.literal(1),
  sweep_id: z.string(),
  plan_id: z.string(),
  dry_run: z.boolean(),
  started_at: iso,
  finished_at: iso,
  clock_set: z.boolean().describe('True where `SESSION_MEMORY_NOW` held the clock.'),
  ...evicted,
  overflow_analyzed: z.array(uid),
  overflow_data_loss: z.array(uid),
  usage_before_bytes: bytes,
  bytes_freed: bytes,
  final_usage_bytes: bytes,
  disk_bytes_before: bytes,
  disk_bytes_after: bytes,
  over_hard_cap: z.boolean(),
  tier2_over_cap: z.boolean(),
  declined: z.array(z.string()).describe('Steps that the user said no to.'),
  skipped: z
    .array(z.object({ session_uid: uid, reason: z.string() }))
    .describe(
      'A session stands in this list or in one of those of what went, once, by what became of it last.',
    ),
  warnings: z.array(z.string()),
  lost_data: z.boolean(),
  interrupted: z.boolean(),
  plan: planSchema,
});
