/**
 * Digests of an archive, held to the form that this program's own have. The file may be anybody's, and every command that shows
 * a digest counts on its form.
 * Promises: what passes can be shown, searched, shrunk and compared; what says nothing of a session never stands for its bytes.
 */
import { digestSchema } from '../domain/digest.schema.ts';
import type { Digest } from '../domain/digest.ts';
import { parsedJson } from '../domain/parsed.ts';
import type { ArchivedDigest } from '../store/archived.ts';
import { DIGEST_BYTES_MAX, jsonProblem } from './bounds.ts';

/** Why a digest of that session cannot be taken, or null. */
export function digestProblem({ json }: ArchivedDigest, uid: string): string | null {
  const bytes = Buffer.from(json);
  if (bytes.length > DIGEST_BYTES_MAX) return `it has ${bytes.length} bytes`;
  const problem = jsonProblem(bytes);
  if (problem !== null) return problem;
  const checked = digestSchema.safeParse(parsedJson(json));
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return `it is of a wrong form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  }
  return checked.data.session_uid === uid ? null : 'it is of another session';
}

/** A digest of that form; null where it is none. */
export function digestOf(json: string): Digest | null {
  const value = parsedJson(json);
  return digestSchema.safeParse(value).success ? (value as Digest) : null;
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
