/**
 * Text as the search index sees it: words in one spelling, English ones by their stems too, names such as `parseArgs` by
 * their parts too, and runs of scripts that write no blanks as single characters.
 * Promises: the same words for what is indexed and for what is asked; a word holds letters and digits only, so that none can
 * mean anything to SQLite. Never: depends on the locale.
 */
import { stemOf } from './stem.ts';

/** A word, or one character of a script without blanks, and where it stands: UTF-16 units of the text it was read from. */
export interface Unit {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** One character of Chinese, Japanese, Korean, Thai, …: its neighbours may belong to the same word. */
  readonly isGlyph: boolean;
}

/** What of a word is kept, in UTF-16 units: the rest tells keys and encoded bytes apart that nobody types. */
const WORD_UNITS_MAX = 40;
const GLYPH =
  '\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}';
const RUN = /[\p{L}\p{N}\p{M}]+/gu;
const HAS_GLYPH = new RegExp(`[${GLYPH}]`, 'u');
const PARTS = new RegExp(`[${GLYPH}]\\p{M}*|[^${GLYPH}]+`, 'gu');
const NOT_ASCII = /[^\p{ASCII}]/u;

/** Upper case, accents and compatibility forms made one: `Größe` and `GROSSE` stay two, `Café` and `cafe` are one. */
function fold(word: string): string {
  if (!NOT_ASCII.test(word)) return word.toLowerCase();
  const form = HAS_GLYPH.test(word) ? 'NFKC' : 'NFKD';
  const marks = form === 'NFKD' ? /[^\p{L}\p{N}]+/gu : /[^\p{L}\p{N}\p{M}]+/gu;
  return word.toLowerCase().normalize(form).replace(marks, '');
}

function cut(word: string): string {
  if (word.length <= WORD_UNITS_MAX) return word;
  return word.slice(0, WORD_UNITS_MAX).replace(/[\ud800-\udbff]$/, '');
}

/** Every unit of a text in its order. */
export function unitsOf(text: string): Unit[] {
  const units: Unit[] = [];
  for (const { 0: run, index } of text.matchAll(RUN)) {
    if (!HAS_GLYPH.test(run)) {
      push(units, run, index, false);
      continue;
    }
    for (const { 0: part, index: within } of run.matchAll(PARTS))
      push(units, part, index + within, HAS_GLYPH.test(part));
  }
  return units;
}

function push(units: Unit[], run: string, start: number, isGlyph: boolean): void {
  const text = cut(fold(run));
  if (text !== '') units.push({ text, start, end: start + run.length, isGlyph });
}

/** Where a name goes on with its next part: `parseArgs`, `HTTPServer`, `utf8Text`. */
const JOINT = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

interface NamePart {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The parts of a name that is written as one word, in the index's spelling; none where it has only one. */
export function partPlaces(run: string): NamePart[] {
  const parts = run.split(JOINT);
  if (parts.length < 2) return [];
  let end = 0;
  return parts.flatMap((part) => {
    const start = end;
    end += part.length;
    const text = cut(fold(part));
    return text === '' ? [] : [{ text, start, end }];
  });
}

export function partsOf(run: string): string[] {
  return partPlaces(run).map(({ text }) => text);
}

const RUN_OF_ASCII = /[A-Za-z0-9]+/g;

/** The same words come again and again in all texts; more, and longer ones, are not kept. */
const KNOWN_MAX = 50_000;
const KNOWN_UNITS_MAX = 32;
const known = new Map<string, readonly string[]>();

/** What the index keeps of texts: words with their stems and parts, pairs of neighbouring glyphs, the last glyph of each run. */
export class IndexTerms {
  readonly #runs = new Set<string>();

  add(text: string): void {
    for (const run of text.match(NOT_ASCII.test(text) ? RUN : RUN_OF_ASCII) ?? []) this.#runs.add(run);
  }

  /** Each once, in the order in which they came. */
  list(): string[] {
    const terms = new Set<string>();
    for (const run of this.#runs) for (const term of termsOf(run)) terms.add(term);
    return [...terms];
  }
}

function termsOf(run: string): readonly string[] {
  const before = known.get(run);
  if (before !== undefined) return before;
  const terms = HAS_GLYPH.test(run) ? termsOfGlyphs(run) : termsOfWord(run, cut(fold(run)));
  if (known.size < KNOWN_MAX && run.length <= KNOWN_UNITS_MAX) known.set(run, terms);
  return terms;
}

/** A word as it is written, its stem, and both of its parts. */
function termsOfWord(run: string, word: string): readonly string[] {
  if (word === '') return [];
  const terms = [word, stemOf(word)];
  if (run !== word) for (const part of partsOf(run)) terms.push(part, stemOf(part));
  return [...new Set(terms)];
}

/** A neighbour is in the same run: between two of them something else stands. */
function termsOfGlyphs(run: string): readonly string[] {
  const units = unitsOf(run);
  return units.flatMap((unit, i) => {
    const next = units[i + 1];
    if (!unit.isGlyph) return termsOfWord(run.slice(unit.start, unit.end), unit.text);
    return next !== undefined && isRun(unit, next) ? [unit.text + next.text] : [unit.text];
  });
}

/** A term to ask the index for. */
export interface IndexTerm {
  readonly text: string;
  readonly isPrefix: boolean;
}

/** What a text that was asked for must have in the index. `isPrefix`: its last word may go on. */
export function askTerms(units: readonly Unit[], isPrefix: boolean): IndexTerm[] {
  return units.flatMap((unit, i): IndexTerm[] => {
    const [before, next] = [units[i - 1], units[i + 1]];
    if (next !== undefined && isRun(unit, next)) return [{ text: unit.text + next.text, isPrefix: false }];
    // The last of a run is in the pair before it; one that stands alone may begin any pair.
    if (unit.isGlyph)
      return before !== undefined && isRun(before, unit) ? [] : [{ text: unit.text, isPrefix: true }];
    return [{ text: unit.text, isPrefix: isPrefix && next === undefined }];
  });
}

/** Whether two characters stand in one run of a script without blanks. */
export function isRun(unit: Unit, next: Unit): boolean {
  return unit.isGlyph && next.isGlyph && unit.end === next.start;
}
