/**
 * How much of each kind of fact is kept, and the small containers that keep it.
 * Promises: bounded memory; what is kept does not hold on to the text it was cut from.
 */
import { ownText } from '../domain/bytes.ts';

/** Characters of one text that a digest shows at most, by kind, before it is shrunk to its size. */
export const CHARS = {
  prompt: 2000,
  outcome: 4000,
  reply: 800,
  command: 1000,
  error: 400,
  path: 1024,
  plan: 4000,
  compaction: 4000,
  task: 600,
  result: 1200,
  todo: 300,
  title: 120,
  name: 200,
  commit: 300,
} as const;

/**
 * Characters collected beyond those, so that a secret that straddles the cut is seen whole and redacted
 * before the cut is made.
 */
export const CUT_MARGIN_CHARS = 400;

/** How many entries of each kind are held; a digest of 64 KiB cannot show more. */
export const COUNTS = {
  prompts: 4096,
  steering: 16,
  commands: 8192,
  paths: 8192,
  errors: 128,
  commits: 512,
  pullRequests: 256,
  branches: 64,
  plans: 16,
  compactions: 32,
  replies: 512,
  todos: 256,
  subagents: 1024,
  names: 256,
  openCalls: 4096,
  answersWithUsage: 65_536,
} as const;

/** The first `charsMax` UTF-16 units and the margin, well-formed, as a string of its own. */
export function kept(text: string, charsMax: number): string {
  const max = charsMax + CUT_MARGIN_CHARS;
  const own = ownText(text, max);
  return text.length <= max ? own : own.replace(/\ufffd$/, '');
}

/** What stands in a secret's place begins so. */
export const MARK = '[redacted: ';
const MARK_CHARS_MAX = 64;

/** The first `charsMax` UTF-16 units, no surrogate pair and no mark of a secret torn. */
export function cutAt(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const code = text.charCodeAt(charsMax - 1);
  const end = code >= 0xd800 && code <= 0xdbff ? charsMax - 1 : charsMax;
  const from = Math.max(0, end - MARK_CHARS_MAX);
  const near = text.slice(from, end + MARK_CHARS_MAX);
  const mark = end === 0 ? -1 : near.lastIndexOf(MARK, end - from - 1);
  const isTorn = mark >= 0 && near.indexOf(']', mark) >= end - from;
  return text.slice(0, isTorn ? from + mark : end);
}

/** The same, the cut marked by `…`. */
export function cutMarked(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${cutAt(text, Math.max(0, charsMax - 1))}…`;
}

/** Keeps the first and the last half of what is added; counts what fell out between. */
export class BothEnds<T> {
  readonly #max: number;
  readonly #first: T[] = [];
  #last: T[] = [];
  #next = 0;
  omitted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(item: T): void {
    const half = this.#max / 2;
    if (this.#first.length < half) this.#first.push(item);
    else if (this.#last.length < half) this.#last.push(item);
    else {
      this.#last[this.#next] = item;
      this.#next = (this.#next + 1) % half;
      this.omitted++;
    }
  }

  list(): readonly T[] {
    return [...this.#first, ...this.#last.slice(this.#next), ...this.#last.slice(0, this.#next)];
  }
}

/** Distinct names in the order they came; counts those beyond `max`. */
export class Names {
  readonly #max: number;
  readonly #set = new Set<string>();
  omitted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(name: string): void {
    if (this.#set.has(name)) return;
    if (this.#set.size < this.#max) this.#set.add(name);
    else this.omitted++;
  }

  has(name: string): boolean {
    return this.#set.has(name);
  }

  list(): readonly string[] {
    return [...this.#set];
  }
}

/** Removes the entry that was added first. */
export function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}

/** Most frequent first, then by name, so that no order depends on when a name came. */
export function sortedCounts(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}
