/**
 * Where in a session's digests a hit stands, and the lines to show of it.
 * Promises: a line is one line, inert on a terminal, and its marks are ranges of it; what was asked for side by side is marked
 * only where it stands so.
 */
import { plainLine } from '../domain/text.ts';
import { columnOf, type FoundIn, type SearchColumn, searchFields } from './search-fields.ts';
import { placesOf, type Sought } from './search-query.ts';
import { unitsOf } from './search-words.ts';

export interface Snippet {
  readonly where: FoundIn;
  readonly text: string;
  /** Ranges of `text` to mark, [start, end) in UTF-16 units, in order, none touching another. */
  readonly marks: readonly (readonly [number, number])[];
}

export interface Found {
  /** Each place once, the best first. */
  readonly foundIn: readonly FoundIn[];
  readonly snippets: readonly Snippet[];
}

const SNIPPETS_MAX = 3;
/** UTF-16 units of a line where nobody says. */
const LINE_UNITS = 200;

const WORTH: Readonly<Record<SearchColumn, number>> = {
  title: 7,
  prompts: 6,
  files: 5,
  commands: 4,
  errors: 4,
  answer: 3,
  other: 2,
};

interface Candidate {
  readonly where: FoundIn;
  readonly line: string;
  readonly marks: readonly (readonly [number, number])[];
  readonly sought: ReadonlySet<number>;
  readonly worth: number;
}

/** Null where the digests do not hold all that was asked for. */
export function look(
  jsons: readonly string[],
  sought: readonly Sought[],
  lineUnits = LINE_UNITS,
): Found | null {
  const candidates = jsons.flatMap((json) => candidatesOf(json, sought));
  const met = new Set(candidates.flatMap((candidate) => [...candidate.sought]));
  if (met.size < sought.length) return null;
  candidates.sort((a, b) => b.worth - a.worth);
  return {
    foundIn: [...new Set(candidates.map(({ where }) => where))],
    snippets: chosen(candidates).map(({ where, line, marks }) => windowOf(where, line, marks, lineUnits)),
  };
}

const NOT_PLAIN = /[^ -~\n\r\t]/;

/** A quick no: most fields hold none of the words. Text beyond plain ASCII may hold them in another spelling. */
function mayHold(text: string, sought: readonly Sought[]): boolean {
  if (NOT_PLAIN.test(text)) return true;
  const lower = text.toLowerCase();
  return sought.some(({ units }) => units.every((unit) => lower.includes(unit.text)));
}

function candidatesOf(json: string, sought: readonly Sought[]): Candidate[] {
  return searchFields(json).flatMap(({ where, text }) => {
    if (!mayHold(text, sought)) return [];
    const line = plainLine(text);
    const units = unitsOf(line);
    const column = columnOf({ where });
    const met = new Set<number>();
    const places: [number, number][] = [];
    for (const [i, one] of sought.entries()) {
      if (one.column !== null && one.column !== column) continue;
      const found = placesOf(units, one);
      if (found.length > 0) met.add(i);
      places.push(...found);
    }
    if (met.size === 0) return [];
    return [{ where, line, marks: joined(places), sought: met, worth: met.size * 10 + WORTH[column] }];
  });
}

/** The best lines; one that shows nothing new comes only where room is left, and no line twice. */
function chosen(candidates: readonly Candidate[]): Candidate[] {
  const picked: Candidate[] = [];
  const shown: string[] = [];
  const kinds = new Set<string>();
  for (const isFirstOfKind of [true, false]) {
    for (const candidate of candidates) {
      if (picked.length >= SNIPPETS_MAX) break;
      if (isShown(candidate.line, shown) || (isFirstOfKind && kinds.has(candidate.where))) continue;
      shown.push(candidate.line);
      kinds.add(candidate.where);
      picked.push(candidate);
    }
  }
  return picked;
}

/** Whether one of the lines says it already: a title is mostly how the first prompt begins. */
function isShown(line: string, shown: readonly string[]): boolean {
  return shown.some((other) => line.startsWith(other.replace(/…$/, '')) || other.startsWith(line));
}

function joined(places: [number, number][]): [number, number][] {
  const marks: [number, number][] = [];
  for (const [start, end] of places.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = marks.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else marks.push([start, end]);
  }
  return marks;
}

/** The part of a line around its first mark, cut between words where there are any, cuts shown by `…`. */
function windowOf(where: FoundIn, line: string, marks: Candidate['marks'], units: number): Snippet {
  if (line.length <= units) return { where, text: line, marks };
  const first = marks[0]?.[0] ?? 0;
  const wanted = Math.max(0, Math.min(first - Math.floor(units / 3), line.length - units));
  const blank = line.indexOf(' ', wanted);
  const from = wanted === 0 ? 0 : blank >= 0 && blank < first ? blank + 1 : whole(line, wanted);
  const to = whole(line, Math.min(line.length, from + units));
  const [head, tail] = [from > 0 ? '…' : '', to < line.length ? '…' : ''];
  const shift = head.length - from;
  return {
    where,
    text: `${head}${line.slice(from, to)}${tail}`,
    marks: marks.flatMap(([start, end]) =>
      start >= from && start < to ? [[start + shift, Math.min(end, to) + shift] as const] : [],
    ),
  };
}

/** The nearest place before which no character is cut in two. */
function whole(line: string, at: number): number {
  return /^[\udc00-\udfff]/.test(line.slice(at, at + 1)) ? at - 1 : at;
}
