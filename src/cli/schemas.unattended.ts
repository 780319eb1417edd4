/** What `install`, `uninstall` and `doctor` print with `--json`. */
import { z } from 'zod';

export const installSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  changes: z.array(
    z.object({
      /** The agent, or `schedule`. */
      for: z.string(),
      /** A file, or `crontab`. */
      path: z.string(),
      action: z.enum(['new', 'changed', 'removed']),
      diff: z.array(z.string()),
    }),
  ),
  /** What is left as it is, since it cannot be changed safely. */
  refused: z.array(z.object({ for: z.string(), path: z.string(), why: z.string() })),
  notes: z.array(z.string()),
  /** What could not be done, a sentence each. */
  failed: z.array(z.string()),
});

export const uninstallSchema = installSchema.extend({
  /** With --all: what goes besides `changes`. */
  files: z.array(z.object({ path: z.string(), what: z.string() })).optional(),
  /** With --all: every file that would remain, and why. */
  remains: z.array(z.object({ path: z.string(), why: z.string() })).optional(),
  /** With --all: null where there is none that can be opened. It is deleted only in a terminal, by its phrase. */
  store: z
    .object({ path: z.string(), sessions: z.number(), bytes: z.number(), deleted: z.boolean() })
    .nullable()
    .optional(),
});

export const doctorSchema = z.object({
  version: z.literal(1),
  /** Nothing needs a person. */
  ok: z.boolean(),
  checks: z.array(
    z.object({
      /** What was looked at, the same word each time: `store`, `schedule`, `hook claude-code`, … */
      check: z.string(),
      state: z.enum(['ok', 'warning', 'wrong']),
      message: z.string(),
      /** The way out; null where nothing needs to be done. */
      hint: z.string().nullable(),
    }),
  ),
});
