/** What a call of a tool does to the text of a file, by its arguments' names: editors of all agents name them alike. Pure. */
import type { FileChange } from '../../domain/facts.ts';

type Input = { readonly [key: string]: unknown };

const PAIRS = [
  ['oldstring', 'newstring'],
  ['oldstr', 'newstr'],
  ['oldtext', 'newtext'],
  ['oldcontent', 'newcontent'],
] as const;
const WHOLE = ['content', 'contents', 'filetext'];
/** Edits in one call: more are told of by the file alone. */
const EDITS_MAX = 50;

export function fileChangesIn(input: Input): FileChange[] {
  const keyed = new Map(
    Object.entries(input).map(([key, value]) => [key.toLowerCase().replaceAll('_', ''), value]),
  );
  const edits = keyed.get('edits');
  if (Array.isArray(edits))
    return edits
      .slice(0, EDITS_MAX)
      .flatMap((edit: unknown) =>
        typeof edit === 'object' && edit !== null ? fileChangesIn({ ...edit, edits: undefined }) : [],
      );
  for (const [old, made] of PAIRS) {
    const [before, after] = [keyed.get(old), keyed.get(made)];
    if (typeof after === 'string') return [{ before: typeof before === 'string' ? before : '', after }];
  }
  for (const name of WHOLE) {
    const after = keyed.get(name);
    if (typeof after === 'string') return [{ before: '', after }];
  }
  return [];
}
