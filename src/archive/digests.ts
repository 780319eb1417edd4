/**
 * Digests of an archive, held to the form that this program's own have. The file may be anybody's, and every command that shows
 * a digest counts on its form.
 * Promises: what passes can be shown, searched, shrunk and compared; what says nothing of a session never stands for its bytes.
 */
import * as z from 'zod/mini';
import type { Digest } from '../domain/digest.ts';
import { parseTime } from '../domain/time.ts';
import type { ArchivedDigest } from '../store/archived.ts';
import { DIGEST_BYTES_MAX, jsonProblem } from './bounds.ts';

const count = z.int().check(z.gte(0));
const text = z.string();
const orNull = <T extends z.core.$ZodType>(inner: T) => z.nullable(inner);
const time = orNull(text.check(z.refine((value) => parseTime(value) === value)));
const texts = z.array(text);
const counts = z.record(text, count);

const digest = z.object({
  version: count.check(z.gte(1)),
  session_uid: text,
  agent: text,
  title: orNull(text),
  project: orNull(text),
  branches: texts,
  agent_version: orNull(text),
  started_at: time,
  ended_at: time,
  parent: orNull(text),
  prompts: z.array(z.object({ at: time, text, cut: z.optional(count), copied: z.optional(z.literal(true)) })),
  outcome: orNull(text),
  replies: z.optional(texts),
  files: z.object({ read: texts, written: texts, edited: texts }),
  commands: z.array(
    z.object({
      command: text,
      exit: orNull(z.int()),
      failed: z.optional(z.literal(true)),
      times: z.optional(count),
      cut: z.optional(count),
    }),
  ),
  errors: texts,
  commits: z.array(z.object({ sha: z.optional(text), branch: z.optional(text), message: text })),
  pull_requests: texts,
  plans: texts,
  todos: z.array(z.object({ text, status: text })),
  compactions: texts,
  subagents: z.array(
    z.object({ id: text, kind: z.optional(text), task: z.optional(text), result: z.optional(text) }),
  ),
  tools: counts,
  models: texts,
  tokens: z.object({ input: count, cacheRead: count, cacheWrite: count, output: count, reasoning: count }),
  records: z.object({ read: count, unreadable: count, unknown: counts }),
  omitted: z.optional(counts),
  redacted: count,
  summary: z.optional(text),
  partial: z.optional(z.literal(true)),
});

/** Why a digest of that session cannot be taken, or null. */
export function digestProblem({ json }: ArchivedDigest, uid: string): string | null {
  const bytes = Buffer.from(json);
  if (bytes.length > DIGEST_BYTES_MAX) return `it has ${bytes.length} bytes`;
  const problem = jsonProblem(bytes);
  if (problem !== null) return problem;
  const value = parsed(json);
  const checked = digest.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return `it is of a wrong form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  }
  return checked.data.session_uid === uid ? null : 'it is of another session';
}

/** A digest of that form; null where it is none. */
export function digestOf(json: string): Digest | null {
  const value = parsed(json);
  return digest.safeParse(value).success ? (value as Digest) : null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // No JSON at all: of no form.
    return null;
  }
}

/** Whether it tells anything that somebody said or did; without that, raw bytes must not go for it. */
export function saysSomething(one: Digest): boolean {
  const said = [
    one.outcome ?? '',
    ...one.prompts.map((prompt) => prompt.text),
    ...one.commands.map(({ command }) => command),
    ...one.commits.map(({ message }) => message),
    ...one.plans,
    ...one.subagents.flatMap(({ task = '', result = '' }) => [task, result]),
    ...Object.keys(one.tools),
  ];
  return one.omitted !== undefined || said.some((each) => /\S/.test(each));
}
