/**
 * A digest as fields to search: which text stands where, and which column of the index holds it.
 * Promises: only the digest's own, redacted text; a digest that cannot be read has no fields and stops nothing.
 */
import type { Digest } from '../../domain/digest.ts';

/** The columns of the index, in its order (migration 2). */
export const SEARCH_COLUMNS = ['title', 'prompts', 'answer', 'files', 'commands', 'errors', 'other'] as const;
export type SearchColumn = (typeof SEARCH_COLUMNS)[number];

/** Where a hit may stand, as people call it, and the column of each. */
const COLUMN_OF = {
  title: 'title',
  prompt: 'prompts',
  answer: 'answer',
  summary: 'answer',
  reply: 'answer',
  file: 'files',
  command: 'commands',
  error: 'errors',
  commit: 'other',
  'pull request': 'other',
  plan: 'other',
  todo: 'other',
  compaction: 'other',
  subagent: 'other',
  branch: 'other',
  project: 'other',
  tool: 'other',
} as const satisfies Record<string, SearchColumn>;
export type FoundIn = keyof typeof COLUMN_OF;

export interface SearchField {
  readonly where: FoundIn;
  readonly text: string;
}

export function columnOf({ where }: Pick<SearchField, 'where'>): SearchColumn {
  return COLUMN_OF[where];
}

/** The fields of one stored digest. */
export function searchFields(json: string): SearchField[] {
  try {
    const digest: Digest = JSON.parse(json);
    return fieldsOf(digest).filter(({ text }) => typeof text === 'string' && text !== '');
  } catch {
    // Damaged text: `verify` tells of it; what is left of the store must still be found.
    return [];
  }
}

function fieldsOf(digest: Partial<Digest>): SearchField[] {
  const { files } = digest;
  const all = (where: FoundIn, texts: readonly (string | null | undefined)[] | undefined): SearchField[] =>
    (texts ?? []).flatMap((text) => (text ? [{ where, text }] : []));
  return [
    ...all('title', [digest.title]),
    ...all(
      'prompt',
      digest.prompts?.map(({ text }) => text),
    ),
    ...all('summary', [digest.summary]),
    ...all('answer', [digest.outcome]),
    ...all('reply', digest.replies),
    ...all('file', [
      ...new Set([...(files?.edited ?? []), ...(files?.written ?? []), ...(files?.read ?? [])]),
    ]),
    ...all(
      'command',
      digest.commands?.map(({ command }) => command),
    ),
    ...all('error', digest.errors),
    ...all(
      'commit',
      digest.commits?.map(({ sha, message }) => [sha, message].filter(Boolean).join(' ')),
    ),
    ...all('pull request', digest.pull_requests),
    ...all('plan', digest.plans),
    ...all(
      'todo',
      digest.todos?.map(({ text }) => text),
    ),
    ...all('compaction', digest.compactions),
    ...all(
      'subagent',
      digest.subagents?.flatMap(({ kind, task, result }) => [kind, task, result]),
    ),
    ...all('branch', digest.branches),
    ...all('project', [digest.project]),
    ...all('tool', Object.keys(digest.tools ?? {})),
  ];
}
