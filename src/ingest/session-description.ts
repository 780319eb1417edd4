/** What a transcript's head and tail tell of its session, ready to be kept for good: redacted and bounded, as a digest is. */
import { CHARS } from '../digest/keep.ts';
import type { Peek } from '../domain/agent.ts';

export interface About {
  readonly title: string | null;
  readonly project: string | null;
  readonly branch: string | null;
}

/**
 * `stored`: what is kept of the session already. A title that is there stays, unless the agent's own list has another, and where project and branch are what they were, nothing
 * is to be looked at for secrets: of a transcript with a few lines more that would take longer than to store them.
 */
export async function aboutOf(
  peek: Pick<Peek, 'title' | 'project' | 'branch' | 'isListed'> | null,
  stored: About | null = null,
): Promise<About> {
  const { project = null, branch = null } = peek ?? {};
  const isTaken = stored?.title == null || (peek?.isListed === true && peek.title !== stored.title);
  const title = isTaken ? (peek?.title ?? null) : null;
  const isKept = (text: string | null, kept: string | null | undefined) => text === null || text === kept;
  if (title === null && isKept(project, stored?.project) && isKept(branch, stored?.branch))
    return { title, project, branch };
  const told = [
    { text: title?.replace(/\s+/g, ' ').trim() ?? null, charsMax: CHARS.title },
    { text: project, charsMax: CHARS.path },
    { text: branch, charsMax: CHARS.name },
  ];
  // At one go: the rules are run once for all three.
  const { redactTexts } = await import('../digest/redact.ts');
  const kept = await redactTexts(told.map(({ text, charsMax }) => ({ text: text ?? '', charsMax })));
  const keepable = (index: number) => (told[index]?.text == null ? null : (kept[index]?.text ?? null));
  return { title: keepable(0), project: keepable(1), branch: keepable(2) };
}
