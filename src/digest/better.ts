/**
 * Whether one digest may take another's place.
 * Promises: pure; what people ask for by name is counted with what was left out of it, so that only real losses count.
 */
import type { Digest } from '../domain/digest.ts';

/** What `next` has less of than `before`, in words; null where it may take its place. Both stand for the same bytes. */
export function lossOfFacts(before: Digest, next: Digest): string | null {
  if (next.partial === true && before.partial !== true) return 'it is partial';
  // What was left out for its size alone says nothing of what is known.
  const counts = COUNTED.filter(([, , fields]) => !fields.some((field) => left(next, field) > 0)).map(
    ([what, count]) => [what, count(before), count(next)] as const,
  );
  const poorer = counts.find(([, had, has]) => has < had);
  return poorer === undefined ? null : `fewer ${poorer[0]}, ${poorer[2]} where there were ${poorer[1]}`;
}

type Count = (digest: Digest) => number;

const COUNTED: readonly (readonly [what: string, count: Count, fields: readonly string[]])[] = [
  ['readable lines', (digest) => digest.records?.read ?? 0, []],
  ['prompts', (digest) => all(digest, 'prompts', digest.prompts), ['prompts']],
  // The kinds may change places: what one version calls written the next may call edited.
  [
    'files',
    (digest) => names(digest).size + left(digest, 'written') + left(digest, 'edited'),
    ['written', 'edited'],
  ],
  ['commands', (digest) => runs(digest) + left(digest, 'commands'), ['commands']],
  ['commits', (digest) => all(digest, 'commits', digest.commits), ['commits']],
  ['pull requests', (digest) => digest.pull_requests?.length ?? 0, []],
  ['compactions', (digest) => all(digest, 'compactions', digest.compactions), ['compactions']],
];

/** Older digests may lack what newer ones have: that counts as nothing. */
function all(digest: Digest, field: string, list: readonly unknown[] | undefined): number {
  return (list?.length ?? 0) + left(digest, field);
}

function names({ files }: Digest): ReadonlySet<string> {
  return new Set([...(files?.written ?? []), ...(files?.edited ?? [])]);
}

/** Commands by how often they ran: those cut to one beginning are told as one. */
function runs({ commands }: Digest): number {
  return (commands ?? []).reduce((sum, { times }) => sum + (times ?? 1), 0);
}

function left(digest: Digest, field: string): number {
  return digest.omitted?.[field] ?? 0;
}
