/**
 * Where in a text the words of a query stand: as they are, with another ending, begun, or as a part of a name.
 * Promises: pure; a text that holds none of them costs a few looks for a piece of each. Never: finds what the index would not.
 */
import { plainLine } from '../../domain/text.ts';
import { placesOf, type Sought } from './query.ts';
import { stemOf } from './stem.ts';
import { partPlaces, type Unit, unitsOf } from './words.ts';

export interface Occurrence {
  /** Number of the group that is met. */
  readonly group: number;
  readonly start: number;
  readonly end: number;
}

export interface WordPlaces {
  /** The text as one line that is inert on a terminal. */
  readonly line: string;
  /** In the order in which they stand in it, at least one. */
  readonly found: readonly Occurrence[];
}

interface Wanted {
  readonly group: number;
  readonly sought: Sought;
  readonly stem: string;
  /** What a text in lower case must hold to be looked at. */
  readonly trace: readonly string[];
}

const NOT_PLAIN = /[^ -~\n\r\t]/;
const IS_BROKEN = /[\n\r\t]| {2}|^ | $/;

export class Matcher {
  /** One word each, told by its stem or how it begins. */
  readonly #words: readonly Wanted[];
  /** What must stand side by side, or exactly so. */
  readonly #texts: readonly Wanted[];

  constructor(groups: readonly (readonly Sought[])[]) {
    const all = groups.flatMap((any, group) => any.map((sought) => wantedOf(sought, group)));
    this.#words = all.filter(({ sought }) => isWord(sought));
    this.#texts = all.filter(({ sought }) => !isWord(sought));
  }

  /** Null where there is none. `column`: what counts only in one column counts only in that. */
  find(text: string, column: Sought['column']): WordPlaces | null {
    const isPlain = !NOT_PLAIN.test(text);
    const lower = isPlain ? text.toLowerCase() : '';
    if (isPlain && !this.#mayBeIn(lower)) return null;
    const line = isPlain ? oneLine(text) : plainLine(text);
    const found = isPlain ? this.#wordsIn(line, line === text ? lower : line.toLowerCase()) : [];
    const texts = this.#texts.filter(({ sought }) => sought.column === null || sought.column === column);
    if (!isPlain || texts.length > 0) {
      const units = unitsOf(line);
      if (!isPlain) found.push(...this.#wordsOf(line, units));
      for (const { group, sought } of texts)
        for (const [start, end] of placesOf(units, sought)) found.push({ group, start, end });
    }
    if (found.length === 0) return null;
    return { line, found: found.sort((a, b) => a.start - b.start || a.end - b.end) };
  }

  #mayBeIn(lower: string): boolean {
    const isIn = ({ trace }: Wanted) => trace.every((part) => lower.includes(part));
    return this.#words.some(isIn) || this.#texts.some(isIn);
  }

  #wordsIn(line: string, lower: string): Occurrence[] {
    const found: Occurrence[] = [];
    for (const wanted of this.#words) {
      const piece = wanted.trace[0] ?? '';
      for (let at = lower.indexOf(piece); at >= 0; ) {
        const [start, end] = runAround(lower, at);
        found.push(...meets(wanted, line.slice(start, end), lower.slice(start, end), start));
        at = lower.indexOf(piece, Math.max(end, at + 1));
      }
    }
    return found;
  }

  #wordsOf(line: string, units: readonly Unit[]): Occurrence[] {
    return units.flatMap(({ text, start, end, isGlyph }) =>
      isGlyph ? [] : this.#words.flatMap((wanted) => meets(wanted, line.slice(start, end), text, start)),
    );
  }
}

/** A plain text on one line, as `plainLine` makes it. */
function oneLine(text: string): string {
  return IS_BROKEN.test(text) ? text.replace(/\s+/g, ' ').trim() : text;
}

/** The run of letters and digits that the place lies in. */
function runAround(lower: string, at: number): [number, number] {
  let [start, end] = [at, at];
  while (start > 0 && isWordCode(lower.charCodeAt(start - 1))) start -= 1;
  while (end < lower.length && isWordCode(lower.charCodeAt(end))) end += 1;
  return [start, end];
}

/** Of plain text in lower case: a to z, 0 to 9. */
function isWordCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
}

function isWord({ units, isExact }: Sought): boolean {
  return units.length === 1 && !isExact && units[0]?.isGlyph === false;
}

function wantedOf(sought: Sought, group: number): Wanted {
  const word = sought.units[0]?.text ?? '';
  const stem = stemOf(word);
  if (!isWord(sought)) return { group, sought, stem, trace: sought.units.map(({ text }) => text) };
  // Words of one stem may differ in its last letter: `happy` and `happier`.
  const trace = sought.isPrefix ? word : stem.length > 3 ? stem.slice(0, -1) : stem.slice(0, 2);
  return { group, sought, stem, trace: [trace] };
}

function meets({ group, sought, stem }: Wanted, run: string, word: string, from: number): Occurrence[] {
  const asked = sought.units[0]?.text ?? '';
  const isMet = (text: string) =>
    text === asked || (sought.isPrefix ? text.startsWith(asked) : stemOf(text) === stem);
  if (isMet(word)) return [{ group, start: from, end: from + run.length }];
  if (run === word) return [];
  return partPlaces(run).flatMap(({ text, start, end }) =>
    isMet(text) ? [{ group, start: from + start, end: from + end }] : [],
  );
}
