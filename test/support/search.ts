/** Answers of the search screen, made up: what the store would say to words that were typed. */
import type { SessionRow } from '../../src/domain/session.ts';
import type { SearchHit, SearchResult } from '../../src/store/search/search.ts';
import type { Snippet } from '../../src/store/search/snippets.ts';
import type { Event } from '../../src/tui/state.ts';
import { HOSTILE_TITLES } from './tui.ts';

const SNIPPETS: readonly Snippet[] = [
  { where: 'prompt', text: 'Why does the login test fail at times?', marks: [[13, 18]] },
  { where: 'file', text: 'test/login.spec.ts', marks: [[5, 10]] },
  {
    where: 'command',
    text: '…npm test -- login --retries 3 --reporter list && git add test/login.spec.ts',
    marks: [
      [13, 18],
      [60, 65],
    ],
  },
];

/** Two of three can be had again, one was lost. */
export function hitOf(session: SessionRow, n: number, snippets = SNIPPETS): SearchHit {
  const raw = n % 3 === 0 ? 'live' : n % 3 === 1 ? 'evicted' : 'data_loss';
  const evictedAt = raw === 'live' ? null : session.startedAt;
  return {
    session: { ...session, state: raw === 'live' ? 'analyzed' : 'evicted', evictedAt },
    raw,
    foundIn: snippets.map(({ where }) => where),
    snippets,
    missing: [],
  };
}

export function resultOf(about: Partial<SearchResult> = {}): SearchResult {
  return {
    hits: [],
    hasMore: false,
    isCutShort: false,
    isRelaxed: false,
    isEmpty: false,
    notIndexed: 0,
    leftOut: [],
    meant: [],
    words: [],
    suggestion: null,
    ...about,
  };
}

/** The answer to words, of sessions that the store numbers from 1. */
export function searchedFor(text: string, about: Partial<SearchResult> = {}): Event {
  const result = resultOf(about);
  const hits = new Map(result.hits.map((hit, n) => [n + 1, hit]));
  return { kind: 'searched', found: { text, result, hits } };
}

/** Lines that try what a terminal might do with them; the store makes them plain, and so do the screens. */
export const HOSTILE_SNIPPETS: readonly Snippet[] = HOSTILE_TITLES.slice(0, 3).map((text) => ({
  where: 'prompt',
  text,
  marks: [[0, 4]],
}));
