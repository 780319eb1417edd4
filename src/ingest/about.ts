/** What a transcript's head and tail tell of its session, ready to be kept for good: redacted and bounded, as a digest is. */
import { CHARS, cutMarked } from '../digest/keep.ts';
import { redactTexts } from '../digest/redact.ts';
import type { Peek } from '../domain/agent.ts';

export interface About {
  readonly title: string | null;
  readonly project: string | null;
  readonly branch: string | null;
}

export async function aboutOf(peek: Pick<Peek, 'title' | 'project' | 'branch'> | null): Promise<About> {
  const { title = null, project = null, branch = null } = peek ?? {};
  // At one go: the rules are run once for all three.
  const changed = await redactTexts([title, project, branch].filter((text) => text !== null));
  const keepable = (text: string | null, charsMax: number) =>
    text === null ? null : cutMarked(changed.get(text)?.text ?? text, charsMax);
  return {
    title: keepable(title, CHARS.title),
    project: keepable(project, CHARS.path),
    branch: keepable(branch, CHARS.name),
  };
}
