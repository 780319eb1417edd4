/**
 * What someone typed, as something to look for.
 * Promises: any text at all gives a query that SQLite takes: words, `"side by side"`, `begun*`; everything else is a text whose
 * words stand side by side, such as `src/foo-bar.ts`. There are no operators: `AND` is a word.
 */
import type { SearchColumn } from './search-fields.ts';
import { askTerms, type IndexTerm, type Unit, unitsOf } from './search-words.ts';

/** One thing that must be found. */
export interface Sought {
  /** As it was typed. */
  readonly text: string;
  /** Side by side, in this order. */
  readonly units: readonly Unit[];
  /** The last one may go on. */
  readonly isPrefix: boolean;
  /** Where alone it counts; null: anywhere. */
  readonly column: SearchColumn | null;
}

/** Longer queries are no questions; the rest of one is not looked at. UTF-16 units, and things to find. */
const TEXT_UNITS_MAX = 2000;
const SOUGHT_MAX = 32;
const TERMS_MAX = 64;
const PART = /"([^"]*)"?(\*?)|([^\s"]+)/g;

export function parseQuery(text: string): Sought[] {
  const sought: Sought[] = [];
  for (const [, phrase, star, word] of text.slice(0, TEXT_UNITS_MAX).matchAll(PART)) {
    const part = phrase ?? word ?? '';
    add(sought, part, star === '*' || /\*$/.test(part), null);
    if (sought.length >= SOUGHT_MAX) break;
  }
  return sought;
}

/** A part of a file's path or of a command: its last word may go on. */
export function partOf(text: string, column: 'files' | 'commands'): Sought[] {
  const sought: Sought[] = [];
  add(sought, text.slice(0, TEXT_UNITS_MAX), true, column);
  return sought;
}

function add(sought: Sought[], text: string, isPrefix: boolean, column: SearchColumn | null): void {
  const units = unitsOf(text).slice(0, TERMS_MAX);
  if (units.length > 0) sought.push({ text, units, isPrefix, column });
}

/** The same words anywhere instead of side by side. */
export function relaxed(sought: readonly Sought[]): Sought[] {
  return sought.flatMap((one) =>
    one.column !== null || !/\s/.test(one.text.trim())
      ? [one]
      : one.text
          .trim()
          .split(/\s+/)
          .flatMap((text) => {
            const units = unitsOf(text);
            return units.length === 0 ? [] : [{ ...one, text, units }];
          }),
  );
}

/** Whether the index alone cannot tell: it knows no places. */
export function needsLook(sought: readonly Sought[]): boolean {
  return sought.some(({ units }) => units.length > 1);
}

/** What FTS5 is asked for; `within`: only where all of it stands in this column. Words are letters and digits only. */
export function matchOf(sought: readonly Sought[], within: SearchColumn | null = null): string {
  const parts: string[] = [];
  for (const { units, isPrefix, column } of sought) {
    const filter = column ?? within;
    for (const term of askTerms(units, isPrefix))
      parts.push(`${filter === null ? '' : `${filter} : `}${quoted(term)}`);
  }
  return [...new Set(parts)].slice(0, TERMS_MAX).join(' AND ');
}

function quoted({ text, isPrefix }: IndexTerm): string {
  return `"${text}"${isPrefix ? ' *' : ''}`;
}

/** Where in `units` the thing stands, as ranges of the text they were read from. */
export function placesOf(units: readonly Unit[], { units: asked, isPrefix }: Sought): [number, number][] {
  const places: [number, number][] = [];
  for (let at = 0; at + asked.length <= units.length; at += 1) {
    const isHere = asked.every(({ text }, i) => {
      const found = units[at + i]?.text ?? '';
      return isPrefix && i === asked.length - 1 ? found.startsWith(text) : found === text;
    });
    const [first, last] = [units[at], units[at + asked.length - 1]];
    if (isHere && first !== undefined && last !== undefined) places.push([first.start, last.end]);
  }
  return places;
}
