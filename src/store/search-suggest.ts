/**
 * What someone may have meant whose words are in no session.
 * Promises: only words that the index holds; looks at those that begin like the one that was typed, not at all.
 */
import { distance } from 'fastest-levenshtein';
import type { ReadableDb } from './connection.ts';
import type { Group } from './search-query.ts';
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

/** A word that no session has, and the near one that some have. */
export interface Meant {
  readonly typed: string;
  readonly word: string;
}

/** The groups with a near word beside each word that no session has, where there is one. `sessions`: by group. */
export function withNear(
  db: ReadableDb,
  groups: readonly Group[],
  sessions: readonly number[],
): { readonly groups: Group[]; readonly meant: Meant[] } {
  const meant: Meant[] = [];
  const isAlone = sessions.every((n) => n === 0);
  const near = groups.map((group, i): Group => {
    const [sought] = group.any;
    const unit = sought?.units[0];
    if (sessions[i] !== 0 || group.isMust || sought === undefined || sought.units.length > 1) return group;
    if (unit === undefined || unit.isGlyph || sought.isPrefix || meant.length >= WORDS_MAX) return group;
    const word = nearestTerm(db, unit.text, isAlone);
    if (word === null) return group;
    meant.push({ typed: unit.text, word });
    return { ...group, any: [...group.any, { ...sought, text: word, units: [{ ...unit, text: word }] }] };
  });
  return { groups: near, meant };
}

/** In how many sessions each word of `groups` is, and the text as it may have been meant. */
export function suggest(
  db: ReadableDb,
  text: string,
  groups: readonly Group[],
  meant: readonly Meant[],
): { readonly words: WordCount[]; readonly suggestion: string | null } {
  const terms = groups.flatMap(({ any }) => any.flatMap(({ units, isPrefix }) => askTerms(units, isPrefix)));
  const plain = [...new Set(terms.filter(({ isPrefix }) => !isPrefix).map((term) => term.text))];
  const words = plain.slice(0, WORDS_MAX).map((word) => ({ word, sessions: sessionsWith(db, word) }));
  if (text.length > TEXT_UNITS_MAX || meant.length === 0) return { words, suggestion: null };
  const suggestion = meant.reduce((near, { typed, word }) => replaced(near, typed, word), text);
  return { words, suggestion: suggestion === text ? null : suggestion };
}

/** Letters and digits only, so that it means nothing within the expression. */
function replaced(text: string, word: string, near: string): string {
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, 'giu'), near);
}

function sessionsWith(db: ReadableDb, term: string): number {
  return db.get<{ doc: number }>('SELECT doc FROM search_terms WHERE term = $term', { term })?.doc ?? 0;
}

/** Shorter ones are near to too many. */
const ERROR_LETTERS_MIN = 4;
/** From so many letters on two of them may be wrong. */
const TWO_ERRORS_LETTERS_MIN = 6;
/** Beside words that are known, one that is not is rather a rare word than a wrong one, unless it is long. */
const TWO_ERRORS_BESIDE_LETTERS_MIN = 8;

/** The nearest word of the index that begins with the first letter of this one, or with its second: two letters may be swapped. */
function nearestTerm(db: ReadableDb, word: string, isAlone: boolean): string | null {
  if (word.length < ERROR_LETTERS_MIN) return null;
  const two = isAlone ? TWO_ERRORS_LETTERS_MIN : TWO_ERRORS_BESIDE_LETTERS_MIN;
  const errorsMax = word.length < two ? 1 : 2;
  const letters = [...word].slice(0, 2);
  const known = [...new Set(letters)].flatMap((letter) =>
    db.all<{ term: string; doc: number }>(
      `SELECT term, doc FROM search_terms WHERE term >= $letter AND term < $letter || char(1114111)
         AND length(term) BETWEEN $shortest AND $longest`,
      { letter, shortest: word.length - errorsMax, longest: word.length + errorsMax },
    ),
  );
  let best: { term: string; doc: number; far: number } | null = null;
  for (const { term, doc } of known) {
    const far = isSwap(word, term) ? 1 : distance(word, term);
    if (far > errorsMax || far === 0) continue;
    if (best === null || far < best.far || (far === best.far && doc > best.doc)) best = { term, doc, far };
  }
  return best?.term ?? null;
}

/** Whether two neighbours changed places: one error, though two letters are wrong. */
function isSwap(word: string, other: string): boolean {
  if (word.length !== other.length) return false;
  const at = [...word].findIndex((letter, i) => letter !== other[i]);
  if (at < 0) return false;
  return (
    word[at] === other[at + 1] && word[at + 1] === other[at] && word.slice(at + 2) === other.slice(at + 2)
  );
}
