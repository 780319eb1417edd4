/**
 * What someone typed, as something to look for.
 * Promises: any text at all gives a query that SQLite takes. Words count by how rare they are; `"side by side"` must stand
 * so; `-word` must not stand; `one OR other` is one thing to look for; `begun*`; `src/foo-bar.ts` alone must stand as it is;
 * `file:PATH` and `command:TEXT` must stand in one.
 */
import type { SearchColumn } from './fields.ts';
import { stemOf } from './stem.ts';
import { askTerms, type IndexTerm, isRun, partsOf as partsOfName, type Unit, unitsOf } from './words.ts';

/** One text that may be found. */
export interface Sought {
  /** As it was typed. */
  readonly text: string;
  /** Side by side, in this order. */
  readonly units: readonly Unit[];
  /** The last one may go on. */
  readonly isPrefix: boolean;
  /** Where alone it counts; null: anywhere. */
  readonly column: SearchColumn | null;
  /** As it is typed: no other ending, no part of a name. */
  readonly isExact: boolean;
}

/** One thing to find: any of its texts will do. */
export interface Group {
  readonly any: readonly Sought[];
  /** A session without it is no hit. */
  readonly isMust: boolean;
}

export interface SearchQuestion {
  readonly groups: readonly Group[];
  /** What a hit must not hold. */
  readonly without: readonly Sought[];
}

/** Longer queries are no questions; the rest of one is not looked at. UTF-16 units, and things to find. */
const TEXT_UNITS_MAX = 2000;
const GROUPS_MAX = 32;
const TERMS_MAX = 64;
const PART = /(file|command):(?:"([^"]+)"?|([^\s"/][^\s"]*))|(-?)"([^"]*)"?(\*?)|([^\s"]+)/g;
/** Words that stand everywhere and say nothing, where there are others. */
const SAY_NOTHING = new Set(
  'a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of on or our so that the their them then there these they this those to too us was we were what when where which who why will with would you your'.split(
    ' ',
  ),
);

interface Typed {
  readonly group: Group;
  readonly isWithout: boolean;
}

export function parseQuery(text: string): SearchQuestion {
  const asked = text.slice(0, TEXT_UNITS_MAX).trim();
  const typed = [...typedParts(asked)];
  const groups = typed.filter(({ isWithout }) => !isWithout).map(({ group }) => group);
  const without = typed.filter(({ isWithout }) => isWithout).flatMap(({ group }) => group.any);
  const isText = /[\s"]|^(?:file|command):/.test(asked);
  const alone = isText || groups.length < 2 ? null : soughtOf(asked, /\*$/.test(asked), null);
  // All of a query in one text without blanks (a path, a name with dots) is looked for as it stands.
  return { groups: alone === null ? telling(groups) : [{ any: [alone], isMust: true }], without };
}

function typedParts(text: string): Typed[] {
  const typed: Typed[] = [];
  let joinsLast = false;
  for (const [, within, quoted, bare, minus, phrase, star, word] of text.matchAll(PART)) {
    if (typed.length >= GROUPS_MAX) break;
    if (word === 'OR' && typed.length > 0) {
      joinsLast = true;
      continue;
    }
    const parts =
      within !== undefined
        ? withinOf(within === 'file' ? 'files' : 'commands', quoted ?? bare ?? '')
        : phrase === undefined
          ? tokenOf(word ?? '')
          : phraseOf(phrase, star === '*', minus === '-');
    const [last, first] = [typed.at(-1), parts[0]];
    if (joinsLast && last !== undefined && first !== undefined && !last.isWithout && !first.isWithout) {
      typed[typed.length - 1] = { group: eitherOf(last.group, first.group), isWithout: false };
      parts.shift();
    }
    typed.push(...parts);
    joinsLast = false;
  }
  return typed;
}

/** Either of two; a session with neither is no hit where one of them had to be there. */
function eitherOf(a: Group, b: Group): Group {
  return { any: [...a.any, ...b.any], isMust: a.isMust || b.isMust };
}

function withinOf(column: 'files' | 'commands', text: string): Typed[] {
  return partOf(text, column).map((group) => ({ group, isWithout: false }));
}

function phraseOf(text: string, isPrefix: boolean, isWithout: boolean): Typed[] {
  const sought = soughtOf(text, isPrefix || /\*$/.test(text), null);
  return sought === null ? [] : [{ group: { any: [sought], isMust: true }, isWithout }];
}

/** A lone minus is none, and one before a single letter is a flag of some command. */
const WITHOUT = /^-[\p{L}\p{N}][^\s]/u;

/** A word, or the words of what is written without blanks, such as a path. */
function tokenOf(token: string): Typed[] {
  const isPrefix = /\*$/.test(token);
  if (WITHOUT.test(token)) {
    const sought = soughtOf(token.slice(1), isPrefix, null);
    return sought === null ? [] : [{ group: { any: [sought], isMust: true }, isWithout: true }];
  }
  return wordsOf(token, isPrefix).map((group) => ({ group, isWithout: false }));
}

/**
 * Each word of a text by itself, and each pair of neighbours in a script without blanks, where nothing tells one word from the
 * next. `parseArgs` may also be written as words side by side.
 */
export function wordsOf(text: string, isPrefix: boolean): Group[] {
  const units = unitsOf(text).slice(0, TERMS_MAX);
  return units.flatMap((unit, i) => {
    const [before, next] = [units[i - 1], units[i + 1]];
    const isPair = next !== undefined && isRun(unit, next);
    // The last of a run stands in the pair before it.
    if (!isPair && before !== undefined && isRun(before, unit)) return [];
    const word = isPair ? [unit, next] : [unit];
    const typed = text.slice(unit.start, word.at(-1)?.end);
    const goesOn = isPrefix && next === undefined;
    const whole: Sought = { text: typed, units: word, isPrefix: goesOn, column: null, isExact: false };
    const parts = soughtOf(partsOfName(typed).join(' '), goesOn, null);
    return [{ any: parts === null ? [whole] : [whole, parts], isMust: false }];
  });
}

/** Without the words that say nothing, unless there are no others; each word once. */
function telling(groups: readonly Group[]): Group[] {
  const each = [...new Map(groups.map((group) => [keyOf(group), group])).values()];
  const said = each.filter(
    ({ any, isMust }) => isMust || any[0]?.isPrefix || !SAY_NOTHING.has(wordOf(any[0])),
  );
  return said.length > 0 ? said : each;
}

function keyOf({ any, isMust }: Group): string {
  return JSON.stringify([isMust, ...any.map((sought) => [wordOf(sought), sought.isPrefix, sought.column])]);
}

function wordOf(sought: Sought | undefined): string {
  return sought?.units.map(({ text }) => text).join(' ') ?? '';
}

/** A part of a file's path or of a command: its last word may go on. */
export function partOf(text: string, column: 'files' | 'commands'): Group[] {
  const sought = soughtOf(text.slice(0, TEXT_UNITS_MAX), true, column);
  return sought === null ? [] : [{ any: [sought], isMust: true }];
}

function soughtOf(text: string, isPrefix: boolean, column: SearchColumn | null): Sought | null {
  const units = unitsOf(text).slice(0, TERMS_MAX);
  return units.length === 0 ? null : { text, units, isPrefix, column, isExact: true };
}

/** The same words anywhere instead of side by side; null where nothing must stand so, save in one column. */
export function relaxed({ groups, without }: SearchQuestion): SearchQuestion | null {
  const loose = groups.flatMap((group) => {
    const [one] = group.any;
    const isPhrase = group.isMust && one !== undefined && one.column === null && one.units.length > 1;
    return isPhrase && group.any.length === 1 ? wordsOf(one.text, one.isPrefix) : [group];
  });
  return loose.every((group, i) => group === groups[i]) ? null : { groups: telling(loose), without };
}

/** Whether the index alone cannot tell whether a session holds it: it knows no places. */
export function needsLook({ groups, without }: SearchQuestion): boolean {
  const musts = groups.filter(({ isMust }) => isMust).flatMap(({ any }) => any);
  return [...musts, ...without].some(({ units }) => units.length > 1);
}

/** What FTS5 is asked for one group. Words are letters and digits only. */
export function matchOf({ any }: Pick<Group, 'any'>): string {
  const each = any.map(matchOfOne);
  return each.length === 1 ? (each[0] ?? '') : `(${each.join(' OR ')})`;
}

function matchOfOne(sought: Sought): string {
  const { units, isPrefix, column, isExact } = sought;
  const [word] = units;
  const terms = askTerms(units, isPrefix).map((term) => quoted(term, column));
  if (isExact || units.length !== 1 || word === undefined || word.isGlyph || isPrefix)
    return terms.length === 1 ? (terms[0] ?? '') : `(${[...new Set(terms)].join(' AND ')})`;
  const stem = stemOf(word.text);
  // A document from before there were stems holds the word alone.
  return stem === word.text ? `"${stem}"` : `("${stem}" OR "${word.text}")`;
}

function quoted({ text, isPrefix }: IndexTerm, column: SearchColumn | null): string {
  return `${column === null ? '' : `${column} : `}"${text}"${isPrefix ? ' *' : ''}`;
}

/** Where in `units` the text stands side by side, as ranges of the text they were read from. */
export function placesOf(
  units: readonly Unit[],
  { units: asked, isPrefix }: Pick<Sought, 'units' | 'isPrefix'>,
): [number, number][] {
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
