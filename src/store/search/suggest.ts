/**
 * What someone may have meant whose words are in no session.
 * Promises: only words that the index holds; asks for a bounded number of them, not for all.
 */
import { distance } from 'fastest-levenshtein';
import type { ReadableDb } from '../connection.ts';
import type { Group } from './query.ts';
import { stemOf } from './stem.ts';
import { askTerms } from './words.ts';

export interface WordCount {
  readonly word: string;
  /** How many sessions hold it. */
  readonly sessions: number;
}

/** Words whose counts are told, and looked for: more would be a page of them. */
const WORDS_MAX = 8;
/** Unknown words that a near one is looked for, some 5 ms each: a pasted page has hundreds. */
const TRIED_MAX = 4;
/** A longer text is no typing error. UTF-16 units. */
const TEXT_UNITS_MAX = 200;

/** A word that no session has, and the near one that some have. */
export interface Meant {
  /** As it was typed. */
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
  let tried = 0;
  const isAlone = sessions.every((n) => n === 0);
  const near = groups.map((group, i): Group => {
    const [sought] = group.any;
    const unit = sought?.units[0];
    if (sessions[i] !== 0 || group.isMust || sought === undefined || sought.units.length > 1) return group;
    if (unit === undefined || unit.isGlyph || sought.isPrefix || tried >= TRIED_MAX) return group;
    tried += 1;
    const word = nearestTerm(db, unit.text, isAlone);
    if (word === null) return group;
    meant.push({ typed: sought.text, word });
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
  const suggestion = meant.reduce((near, { typed, word }) => withWord(near, typed, word), text);
  return { words, suggestion: suggestion === text ? null : suggestion };
}

/**
 * The text with a word in the place of another, wherever that stands by itself. The word is letters and digits only, so that it
 * means nothing within the expression.
 */
export function withWord(text: string, word: string, near: string): string {
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

/**
 * The nearest word of the index: one letter wrong, missing, too many or swapped with its neighbour; where there is none, two
 * errors in its second half. All words of one error are asked for by name: to read through those that begin alike, the index
 * counts the sessions of each.
 */
function nearestTerm(db: ReadableDb, word: string, isAlone: boolean): string | null {
  if (word.length < ERROR_LETTERS_MIN || !PLAIN.test(word)) return null;
  const near = known(db, 'SELECT value AS term FROM json_each($asked)', JSON.stringify(oneErrorOff(word)));
  const two = isAlone ? TWO_ERRORS_LETTERS_MIN : TWO_ERRORS_BESIDE_LETTERS_MIN;
  if (near.length === 0 && word.length >= two) {
    const begun = word.slice(0, Math.ceil(word.length / 2));
    near.push(...begunWith(db, begun).filter(({ term }) => distance(word, term) === 2));
  }
  near.sort((a, b) => b.doc - a.doc || (a.term < b.term ? -1 : 1));
  return near.find((one) => mayBeWord(db, one))?.term ?? null;
}

/**
 * The index holds stems too, and a stem that is no word is looked for as another one: `revis` of `revise`, whose own stem would be `revi`.
 * Wherever a word is, its stem is too.
 */
function mayBeWord(db: ReadableDb, { term, doc }: Term): boolean {
  const stem = stemOf(term);
  return stem === term || sessionsWith(db, stem) >= doc;
}

const PLAIN = /^[a-z0-9]+$/;
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];

function oneErrorOff(word: string): string[] {
  const places = Array.from(
    { length: word.length + 1 },
    (_, i) => [word.slice(0, i), word.slice(i)] as const,
  );
  return places.flatMap(([before, after]) => [
    before + after.slice(1),
    before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2),
    ...LETTERS.flatMap((letter) => [before + letter + after.slice(1), before + letter + after]),
  ]);
}

interface Term {
  readonly term: string;
  readonly doc: number;
}

function known(db: ReadableDb, asked: string, values: string): Term[] {
  return db.all<Term>(
    `SELECT t.term, t.doc FROM (${asked}) a CROSS JOIN search_terms t ON t.term = a.term GROUP BY t.term`,
    { asked: values },
  );
}

/** More words that begin alike are not looked through. */
const BEGUN_MAX = 1000;

function begunWith(db: ReadableDb, begun: string): Term[] {
  return db.all<Term>(
    'SELECT term, doc FROM search_terms WHERE term >= $begun AND term < $begun || char(1114111) LIMIT $max',
    { begun, max: BEGUN_MAX },
  );
}
