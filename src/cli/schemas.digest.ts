/** The zod twin of a digest. `domain/digest.ts` says what each field means. */
import { z } from 'zod';
import { count, iso, uid } from './schemas.words.ts';

const todo = z.object({ text: z.string(), status: z.string() });

/** What stays of a session for good. */
export const digestSchema = z.object({
  version: z.int().positive(),
  session_uid: uid,
  agent: z.string(),
  title: z.string().nullable(),
  project: z.string().nullable(),
  branches: z.array(z.string()),
  agent_version: z.string().nullable(),
  started_at: iso.nullable(),
  ended_at: iso.nullable(),
  parent: z.string().nullable(),
  prompts: z.array(
    z.object({
      at: iso.nullable(),
      text: z.string(),
      cut: count.optional(),
      copied: z.literal(true).optional(),
    }),
  ),
  outcome: z.string().nullable(),
  replies: z.array(z.string()).optional(),
  files: z.object({
    read: z.array(z.string()),
    written: z.array(z.string()),
    edited: z.array(z.string()),
  }),
  commands: z.array(
    z.object({
      command: z.string(),
      exit: z.int().nullable(),
      failed: z.literal(true).optional(),
      times: count.optional(),
      cut: count.optional(),
    }),
  ),
  errors: z.array(z.string()),
  commits: z.array(
    z.object({ sha: z.string().optional(), branch: z.string().optional(), message: z.string() }),
  ),
  pull_requests: z.array(z.string()),
  plans: z.array(z.string()),
  todos: z.array(todo),
  compactions: z.array(z.string()),
  subagents: z.array(
    z.object({
      id: z.string(),
      kind: z.string().optional(),
      task: z.string().optional(),
      result: z.string().optional(),
    }),
  ),
  tools: z.record(z.string(), count),
  models: z.array(z.string()),
  tokens: z.object({
    input: count,
    cacheRead: count,
    cacheWrite: count,
    output: count,
    reasoning: count,
  }),
  records: z.object({ read: count, unreadable: count, unknown: z.record(z.string(), count) }),
  omitted: z.record(z.string(), count).optional(),
  redacted: count,
  summary: z.string().optional(),
  partial: z.literal(true).optional(),
});
