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
