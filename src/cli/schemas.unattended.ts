/** What `install`, `uninstall` and `doctor` print with `--json`. */
import { z } from 'zod';

export const installSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  changes: z.array(
    z.object({
      for: z.string().describe('The agent, or `schedule`.'),
      path: z.string().describe('A file, or `crontab`.'),
      action: z.enum(['new', 'changed', 'removed']),
      diff: z.array(z.string()),
    }),
  ),
  refused: z
    .array(z.object({ for: z.string(), path: z.string(), why: z.string() }))
    .describe('What is left as it is, since it cannot be changed safely.'),
  notes: z.array(z.string()),
  failed: z.array(z.string()).describe('What could not be done, a sentence each.'),
});

export const uninstallSchema = installSchema.extend({
  files: z
    .array(z.object({ path: z.string(), what: z.string() }))
    .optional()
    .describe('With --all: what goes besides `changes`.'),
  remains: z
    .array(z.object({ path: z.string(), why: z.string() }))
    .optional()
    .describe('With --all: every file that would remain, and why.'),
  store: z
    .object({ path: z.string(), sessions: z.number(), bytes: z.number(), deleted: z.boolean() })
    .nullable()
    .optional()
    .describe(
      'With --all: null where there is none that can be opened. It is deleted only in a terminal, by its phrase.',
    ),
});

export const doctorSchema = z.object({
  version: z.literal(1),
  ok: z.boolean().describe('Nothing needs a person.'),
  checks: z.array(
    z.object({
      check: z
        .string()
        .describe('What was looked at, the same word each time: `store`, `schedule`, `hook claude-code`, …'),
      state: z.enum(['ok', 'warning', 'wrong']),
      message: z.string(),
      hint: z.string().nullable().describe('The way out; null where nothing needs to be done.'),
    }),
  ),
});
