/** A digest as a zod schema: what each field means. */
import { z } from 'zod';
import { agent, count, iso, uid } from './shapes.ts';

/** What stays of a session for good. */
export const digestSchema = z.object({
  version: z.int().positive(),
  session_uid: uid,
  agent,
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
      cut: count.exactOptional().describe('Characters that were cut off, absent where none were.'),
      copied: z.literal(true).exactOptional().describe('Repeated history of a fork or a resume.'),
    }),
  ),
  outcome: z.string().nullable().describe('The last answer.'),
  replies: z
    .array(z.string())
    .exactOptional()
    .describe(
      'The answers that ended the turns before the last one, as far as there is room; absent where there are none.',
    ),
  files: z.object({
    read: z.array(z.string()),
    written: z.array(z.string()),
    edited: z.array(z.string()),
  }),
  commands: z.array(
    z.object({
      command: z.string(),
      exit: z.int().nullable().describe('Exit status of the last run; null where the agent did not tell.'),
      failed: z.literal(true).exactOptional(),
      times: count.exactOptional().describe('How often it ran, absent for once.'),
      cut: count.exactOptional(),
    }),
  ),
  errors: z.array(z.string()),
  commits: z.array(
    z.object({ sha: z.string().exactOptional(), branch: z.string().exactOptional(), message: z.string() }),
  ),
  pull_requests: z.array(z.string()),
  plans: z.array(z.string()),
  todos: z.array(z.object({ text: z.string(), status: z.string() })),
  compactions: z.array(z.string()),
  subagents: z.array(
    z.object({
      id: z.string(),
      kind: z.string().exactOptional(),
      task: z.string().exactOptional(),
      result: z.string().exactOptional(),
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
  records: z
    .object({ read: count, unreadable: count, unknown: z.record(z.string(), count) })
    .describe('Lines read by kind; `unknown` names record types that no reader knew.'),
  omitted: z
    .record(z.string(), count)
    .exactOptional()
    .describe('How many of what was left out to keep the size, by field; absent where nothing was.'),
  redacted: count.describe('Secrets replaced by `[redacted: KIND]`.'),
  summary: z
    .string()
    .exactOptional()
    .describe('What the external analyzer wrote, sanitised, redacted and bounded.'),
  partial: z
    .literal(true)
    .exactOptional()
    .describe('True for what could be made of a session that was lost without a full analysis.'),
});
