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

/** Adds a word as it is written, its stem, and both of its parts. */
function addWord(run: string, word: string, terms: Set<string>): void {
  terms.add(word);
  terms.add(stemOf(word));
  if (run === word) return;
  for (const part of partsOf(run)) terms.add(part).add(stemOf(part));
}

/** Adds what the index keeps of a text: words, pairs of neighbouring glyphs, and the last glyph of each run. */
export function addIndexTerms(text: string, terms: Set<string>): void {
  if (!NOT_ASCII.test(text)) {
    for (const run of text.match(/[A-Za-z0-9]+/g) ?? []) addWord(run, cut(run.toLowerCase()), terms);
    return;
  }
  const units = unitsOf(text);
  for (const [i, unit] of units.entries()) {
    const next = units[i + 1];
    if (!unit.isGlyph) addWord(text.slice(unit.start, unit.end), unit.text, terms);
    else terms.add(next !== undefined && isRun(unit, next) ? unit.text + next.text : unit.text);
  }
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
