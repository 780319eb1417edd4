/** What a transcript's head and tail tell of its session, ready to be kept for good: redacted and bounded, as a digest is. */
import { CHARS } from '../digest/keep.ts';
import { redactTexts } from '../digest/redact.ts';
import type { Peek } from '../domain/agent.ts';

export interface About {
  readonly title: string | null;
  readonly project: string | null;
  readonly branch: string | null;
}

export async function aboutOf(peek: Pick<Peek, 'title' | 'project' | 'branch'> | null): Promise<About> {
  const { title = null, project = null, branch = null } = peek ?? {};
  const told = [
    { text: title?.replace(/\s+/g, ' ').trim() ?? null, charsMax: CHARS.title },
    { text: project, charsMax: CHARS.path },
    { text: branch, charsMax: CHARS.name },
  ];
  // At one go: the rules are run once for all three.
  const kept = await redactTexts(told.map(({ text, charsMax }) => ({ text: text ?? '', charsMax })));
  const keepable = (index: number) => (told[index]?.text == null ? null : (kept[index]?.text ?? null));
  return { title: keepable(0), project: keepable(1), branch: keepable(2) };
}
