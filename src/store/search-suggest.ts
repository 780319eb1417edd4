/**
 * What someone may have meant whose words are in no session.
 * Promises: only words that the index holds; looks at those that begin like the one that was typed, not at all.
 */
import { distance } from 'fastest-levenshtein';
import type { ReadableDb } from './connection.ts';
import type { Sought } from './search-query.ts';
import { askTerms } from './search-words.ts';

export interface WordCount {
  readonly word: string;
  /** How many sessions hold it. */
  readonly sessions: number;
}

/** Words whose counts are told, and looked for: more would be a page of them. */
const WORDS_MAX = 8;
/** A longer text is no typing error. UTF-16 units. */
const TEXT_UNITS_MAX = 200;

export function suggest(
  db: ReadableDb,
  text: string,
  sought: readonly Sought[],
): { readonly words: WordCount[]; readonly suggestion: string | null } {
  const terms = sought.flatMap(({ units, isPrefix }) => askTerms(units, isPrefix));
  const plain = [...new Set(terms.filter(({ isPrefix }) => !isPrefix).map((term) => term.text))];
  const words = plain.slice(0, WORDS_MAX).map((word) => ({ word, sessions: sessionsWith(db, word) }));
  if (text.length > TEXT_UNITS_MAX) return { words, suggestion: null };
  let suggestion = text;
  for (const { word } of words.filter(({ sessions }) => sessions === 0)) {
    const near = nearestTerm(db, word);
    if (near !== null) suggestion = replaced(suggestion, word, near);
  }
  return { words, suggestion: suggestion === text ? null : suggestion };
}

/** Letters and digits only, so that it means nothing within the expression. */
function replaced(text: string, word: string, near: string): string {
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, 'giu'), near);
}

function sessionsWith(db: ReadableDb, term: string): number {
  return db.get<{ doc: number }>('SELECT doc FROM search_terms WHERE term = $term', { term })?.doc ?? 0;
}

/** The nearest word of the index that begins with the first letter of this one, or with its second: two letters may be swapped. */
function nearestTerm(db: ReadableDb, word: string): string | null {
  const distanceMax = word.length < 4 ? 1 : 2;
  const letters = [...word].slice(0, 2);
  const known = [...new Set(letters)].flatMap((letter) =>
    db.all<{ term: string; doc: number }>(
      `SELECT term, doc FROM search_terms WHERE term >= $letter AND term < $letter || char(1114111)
         AND length(term) BETWEEN $shortest AND $longest`,
      { letter, shortest: word.length - distanceMax, longest: word.length + distanceMax },
    ),
  );
  let best: { term: string; doc: number; far: number } | null = null;
  for (const { term, doc } of known) {
    const far = distance(word, term);
    if (far > distanceMax || far === 0) continue;
    if (best === null || far < best.far || (far === best.far && doc > best.doc)) best = { term, doc, far };
  }
  return best?.term ?? null;
}
