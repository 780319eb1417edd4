/**
 * The lines to show of a hit.
 * Promises: a line is one line, inert on a terminal, and its marks are ranges of it; a long line is shown where most of the
 * words stand; what was asked for side by side is marked only where it stands so.
 */
import type { FoundIn } from './fields.ts';
import type { Occurrence } from './match.ts';

export interface Snippet {
  readonly where: FoundIn;
  readonly text: string;
  /** Ranges of `text` to mark, [start, end) in UTF-16 units, in order, none touching another. */
  readonly marks: readonly (readonly [number, number])[];
}

/** A line of a digest that holds something of what was asked for. */
export interface SnippetLine {
  readonly where: FoundIn;
  readonly line: string;
  /** In the order in which they stand, at least one. */
  readonly found: readonly Occurrence[];
  readonly worth: number;
}

const SNIPPETS_MAX = 3;

/** `lines`: the best first. */
export function snippetsOf(lines: readonly SnippetLine[], lineUnits: number): Snippet[] {
  return chosen(lines).map((line) => windowOf(line, lineUnits));
}

/** The best lines; one that shows nothing new comes only where room is left, and no line twice. */
function chosen(lines: readonly SnippetLine[]): SnippetLine[] {
  const picked: SnippetLine[] = [];
  const shown: string[] = [];
  const kinds = new Set<string>();
  for (const isFirstOfKind of [true, false]) {
    for (const candidate of lines) {
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

function joined(found: readonly Occurrence[]): [number, number][] {
  const marks: [number, number][] = [];
  for (const { start, end } of found) {
    const last = marks.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else marks.push([start, end]);
  }
  return marks;
}

/** The part of a line that holds most of the words, cut between words where there are any, cuts shown by `…`. */
function windowOf({ where, line, found }: SnippetLine, units: number): Snippet {
  const marks = joined(found);
  if (line.length <= units) return { where, text: line, marks };
  const first = fullest(found, Math.floor((units * 2) / 3));
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

/** Where the stretch of so many units begins that holds the most of what was asked for; the first of such. */
function fullest(found: readonly Occurrence[], units: number): number {
  let best = { start: 0, count: 0 };
  let to = 0;
  const held = new Map<number, number>();
  for (const { start, group } of found) {
    for (let next = found[to]; next !== undefined && next.end <= start + units; next = found[to]) {
      held.set(next.group, (held.get(next.group) ?? 0) + 1);
      to += 1;
    }
    if (held.size > best.count) best = { start, count: held.size };
    const left = (held.get(group) ?? 0) - 1;
    if (left > 0) held.set(group, left);
    else held.delete(group);
  }
  return best.count === 0 ? (found[0]?.start ?? 0) : best.start;
}

/** The nearest place before which no character is cut in two. */
function whole(line: string, at: number): number {
  return /^[\udc00-\udfff]/.test(line.slice(at, at + 1)) ? at - 1 : at;
}
