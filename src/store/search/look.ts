/**
 * A session's digests against a query: whether it is a hit, how good a one, where it stands, and the lines to show of it.
 * Promises: pure; a word that comes again in one kind of field counts ever less, so that a long session does not seem to be
 * about everything; a rare word counts more than a common one, what a person said or committed more than what a command
 * printed, words in one sentence more than the same words apart, and side by side more than that.
 */
import { columnOf, type FoundIn, searchFields } from './fields.ts';
import { Matcher, type Occurrence } from './match.ts';
import type { SearchQuestion } from './query.ts';
import { type Snippet, type SnippetLine, snippetsOf } from './snippets.ts';

export interface FoundLine {
  /** Each place once, the best first. */
  readonly foundIn: readonly FoundIn[];
  readonly snippets: readonly Snippet[];
}

export interface SearchLook extends FoundLine {
  readonly score: number;
  /** What of the score the words have by themselves, wherever they stand. */
  readonly ofWords: number;
  /** Groups that stand nowhere in it. */
  readonly missing: readonly number[];
}

/** Where a hit says most about what a session was for. */
const WORTH: Readonly<Record<FoundIn, number>> = {
  title: 3,
  prompt: 3,
  commit: 3,
  'pull request': 3,
  summary: 2,
  answer: 2,
  plan: 2,
  todo: 2,
  reply: 1.5,
  compaction: 1.5,
  subagent: 1.5,
  branch: 1.5,
  file: 1.2,
  command: 1,
  error: 0.7,
  project: 0.5,
  tool: 0.2,
};

/** Of BM25: how soon more places add nothing, and how much a long session counts for less. */
const SATURATION = 1;
const LENGTH_SHARE = 0.6;
/** What each further line of one kind adds, by the logarithm of how many there are. */
const AGAIN = 0.6;
/** What two neighbours of the query are worth where they are neighbours in the digest, of their own weight. */
const SIDE_BY_SIDE = 1.3;
/** What the words of the query that stand nearest together are worth, of the weight of all. */
const TOGETHER = 0.7;
/** A sentence. UTF-16 units. */
const TOGETHER_UNITS = 120;
/** UTF-16 units of a line where nobody says. */
const LINE_UNITS = 200;

export interface Measure {
  readonly idf: readonly number[];
  readonly averageLength: number;
}

interface MetLine extends SnippetLine {
  readonly groups: ReadonlySet<number>;
}

export class Looker {
  readonly #asked: SearchQuestion;
  readonly #measure: Measure;
  readonly #wanted: Matcher;
  readonly #without: Matcher | null;
  readonly #lineUnits: number;

  constructor(asked: SearchQuestion, measure: Measure, lineUnits = LINE_UNITS) {
    this.#asked = asked;
    this.#measure = measure;
    this.#wanted = new Matcher(asked.groups.map(({ any }) => any));
    this.#without = asked.without.length === 0 ? null : new Matcher(asked.without.map((sought) => [sought]));
    this.#lineUnits = lineUnits;
  }

  /** Null where it is no hit. `length`: words of its document. */
  look(jsons: readonly string[], length: number): SearchLook | null {
    const fields = jsons.flatMap(searchFields);
    if (fields.some(({ text }) => this.#without?.find(text, null) != null)) return null;
    const lines = fields.flatMap(({ where, text }): MetLine[] => {
      const places = this.#wanted.find(text, columnOf({ where }));
      if (places === null) return [];
      const groups = new Set(places.found.map(({ group }) => group));
      return [{ where, ...places, groups, worth: this.#worth(where, groups) }];
    });
    const met = new Set(lines.flatMap(({ groups }) => [...groups]));
    const { groups } = this.#asked;
    if (met.size === 0 || groups.some(({ isMust }, i) => isMust && !met.has(i))) return null;
    lines.sort((a, b) => b.worth - a.worth);
    return {
      ...this.#scores(lines, length),
      missing: groups.flatMap((_group, i) => (met.has(i) ? [] : [i])),
      foundIn: [...new Set(lines.map(({ where }) => where))],
      snippets: snippetsOf(lines, this.#lineUnits),
    };
  }

  #idf(group: number): number {
    return Math.max(this.#measure.idf[group] ?? 0, 0.01);
  }

  /** Of a line, for showing it: the rarest words first, then where they stand. */
  #worth(where: FoundIn, groups: ReadonlySet<number>): number {
    return [...groups].reduce((sum, group) => sum + this.#idf(group), 0) + WORTH[where] / 2;
  }

  #scores(lines: readonly MetLine[], length: number): Pick<SearchLook, 'score' | 'ofWords'> {
    const places = new Map<number, Map<FoundIn, number>>();
    const pairs = new Map<number, number>();
    for (const { where, line, found, groups } of lines) {
      for (const group of groups) {
        const kinds = places.get(group) ?? new Map<FoundIn, number>();
        places.set(group, kinds.set(where, (kinds.get(where) ?? 0) + 1));
      }
      for (const group of groups.size > 1 ? neighbours(line, found) : [])
        pairs.set(group, Math.max(pairs.get(group) ?? 0, WORTH[where]));
    }
    const share = length / this.#measure.averageLength;
    const dampened = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * share);
    let ofWords = 0;
    for (const [group, kinds] of places) {
      const weight = [...kinds].reduce(
        (sum, [where, lines]) => sum + WORTH[where] * (1 + AGAIN * Math.log(lines)),
        0,
      );
      ofWords += (this.#idf(group) * weight * (SATURATION + 1)) / (weight + dampened);
    }
    let score = ofWords + TOGETHER * Math.max(0, ...lines.map((line) => this.#together(line)));
    for (const [group, worth] of pairs) {
      const both = (this.#idf(group) + this.#idf(group + 1)) / 2;
      score += (SIDE_BY_SIDE * both * worth) / (worth + SATURATION);
    }
    return { score, ofWords };
  }

  /** Of a line: the weight of the words that stand nearest together in it, without the heaviest of them, which is met anyway. */
  #together({ where, found, groups }: MetLine): number {
    if (groups.size < 2) return 0;
    let [best, to] = [0, 0];
    const held = new Map<number, number>();
    for (const { start, group } of found) {
      for (let next = found[to]; next !== undefined && next.end <= start + TOGETHER_UNITS; next = found[++to])
        held.set(next.group, (held.get(next.group) ?? 0) + 1);
      if (held.size > 1) best = Math.max(best, this.#beyondHeaviest(held.keys()));
      const left = (held.get(group) ?? 1) - 1;
      if (left > 0) held.set(group, left);
      else held.delete(group);
    }
    return (best * WORTH[where]) / (WORTH[where] + SATURATION);
  }

  #beyondHeaviest(groups: Iterable<number>): number {
    let [sum, heaviest] = [0, 0];
    for (const group of groups) {
      const idf = this.#idf(group);
      sum += idf;
      heaviest = Math.max(heaviest, idf);
    }
    return sum - heaviest;
  }
}

const WORDS = /[\p{L}\p{N}]+/gu;
/** Farther apart nothing is a neighbour. UTF-16 units. */
const GAP_UNITS_MAX = 40;
/** Occurrences behind one that are looked at: more of them lie there only in lists of the same words. */
const NEXT_MAX = 8;

/** Groups that are followed by the next one of the query, at most one word apart. */
function neighbours(line: string, found: readonly Occurrence[]): number[] {
  return found.flatMap(({ group, end }, i) => {
    for (const next of found.slice(i + 1, i + 1 + NEXT_MAX)) {
      if (next.start - end > GAP_UNITS_MAX) break;
      if (next.group !== group + 1 || next.start < end) continue;
      if ((line.slice(end, next.start).match(WORDS)?.length ?? 0) <= 1) return [group];
    }
    return [];
  });
}
