/** What a transcript's head and tail tell of its session, ready to be kept for good: redacted and bounded, as a digest is. */
import { CHARS, cutMarked } from '../digest/keep.ts';
import { redactText } from '../digest/redact.ts';
import type { Peek } from '../domain/agent.ts';

export interface About {
  readonly title: string | null;
  readonly project: string | null;
  readonly branch: string | null;
}

export async function aboutOf(peek: Pick<Peek, 'title' | 'project' | 'branch'> | null): Promise<About> {
  return {
    title: await keepable(peek?.title, CHARS.title),
    project: await keepable(peek?.project, CHARS.path),
    branch: await keepable(peek?.branch, CHARS.name),
  };
}

async function keepable(text: string | null | undefined, charsMax: number): Promise<string | null> {
  return text == null ? null : cutMarked((await redactText(text)).text, charsMax);
}
