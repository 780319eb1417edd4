/**
 * Loads, sorts and filters the list of all sessions a piece at a time, so that keys are answered in between.
 * Promises: what an older request finds never overwrites what a newer one shows.
 */
import type { Limits } from '../domain/limits.ts';
import { type BrowseRow, browsePage, matchingIds } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import {
  atRiskOf,
  type Catalogue,
  COLUMN_SORTS,
  type ColumnSort,
  type GoesMs,
  goingNext,
  orderBy,
  PINNED,
  type Sort,
  STATES,
} from './catalogue.ts';
import { type Filter, parseFilter, select, wordsOf } from './filter.ts';
import { titleOrder } from './title-order.ts';

/** A few milliseconds each. */
const PAGE_ROWS = 5_000;
const MATCH_IDS = 5_000;

export interface Wish {
  readonly typed: string;
  /** Null: the best match first where there are hits, else the newest. */
  readonly sort: Sort | null;
  readonly reversed: boolean;
  /** The store's numbers of what the index found, the best first. */
  readonly hits: readonly number[];
}

/** What the next sweep takes and what agents delete is worked out of these. */
export interface LoadedUnder {
  readonly limits: Pick<Limits, 'rawMaxAgeDays' | 'rawSoftCapBytes'>;
  readonly goesMs: GoesMs;
  readonly nowMs: number;
}

type Shown = (rows: Uint32Array, searched: number | null) => void;

export class Finder {
  readonly #db: ReadableDb;
  #catalogue: Catalogue | null = null;
  #nowMs = 0;
  readonly #orders = new Map<Sort, Uint32Array>();
  /** Raised by every request of its kind: a piece of an older one stops. A key while the list loads stops no loading. */
  #loads = 0;
  #turn = 0;

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  /** What was read last; null: nothing yet. */
  get catalogue(): Catalogue | null {
    return this.#catalogue;
  }

  async load(about: LoadedUnder, done: (catalogue: Catalogue) => void): Promise<void> {
    this.#loads += 1;
    const load = this.#loads;
    const columns = new SessionColumns();
    for (let afterId = 0; ; ) {
      const page = browsePage(this.#db, afterId, PAGE_ROWS);
      columns.add(page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      afterId = last.id;
      await breath();
      if (load !== this.#loads) return;
    }
    const plain = columns.finish();
    await breath();
    const going = goingNext(plain, about.limits, about.nowMs);
    const catalogue = { ...plain, going, atRisk: atRiskOf(plain, about.goesMs) };
    if (load !== this.#loads) return;
    this.#catalogue = catalogue;
    this.#nowMs = about.nowMs;
    this.#orders.clear();
    done(catalogue);
  }

  /** Sorted between two keys, so that no key has to wait for it. */
  async prepare(): Promise<void> {
    const catalogue = this.#catalogue;
    if (catalogue === null) return;
    for (const sort of COLUMN_SORTS) {
      await breath();
      if (this.#catalogue !== catalogue) return;
      this.#orderOf(catalogue, sort);
    }
  }

  /** Tells of rows at once, and again as words are found in the titles of more of them. */
  async select(wish: Wish, shown: Shown): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const catalogue = this.#catalogue;
    if (catalogue === null) return;
    const filter = parseFilter(wish.typed);
    const hits = rowsOf(catalogue, wish.hits);
    if (wish.sort === 'title' && !(await this.#byTitle(catalogue, turn))) return;
    const order = this.#wished(catalogue, wish, hits);
    const tell = (matched: Uint8Array | null, share: number | null) =>
      shown(select(catalogue, order, filter, matched, wish.reversed, this.#nowMs), share);
    const words = wordsOf(filter);
    if (filter.like === null && words.length === 0) return tell(null, null);
    const matched = new Uint8Array(catalogue.ids.length);
    for (const row of hits) matched[row] = 1;
    const total = catalogue.ids.length;
    if (isForIndexOnly(filter) || total === 0) return tell(matched, 1);
    for (let from = 0; from < total; from += MATCH_IDS) {
      const until = Math.min(total, from + MATCH_IDS);
      markMatches(this.#db, catalogue, words, from, until, matched);
      tell(matched, until / total);
      await breath();
      if (turn !== this.#turn) return;
    }
  }

  /** The hits in their own order, then all others, the newest first. */
  #wished(catalogue: Catalogue, { sort }: Wish, hits: readonly number[]): Uint32Array {
    const order = this.#orderOf(catalogue, sort ?? 'newest');
    if (sort !== null || hits.length === 0) return order;
    const first = new Set(hits);
    return Uint32Array.from([...hits, ...order.filter((row) => !first.has(row))]);
  }

  forget(): void {
    this.#loads += 1;
    this.#turn += 1;
    this.#catalogue = null;
    this.#orders.clear();
  }

  /** False: something else is wished for by now. */
  async #byTitle(catalogue: Catalogue, turn: number): Promise<boolean> {
    if (this.#orders.has('title')) return true;
    const made = await titleOrder(this.#db, catalogue, breath, () => turn === this.#turn);
    if (made === null || turn !== this.#turn || this.#catalogue !== catalogue) return false;
    this.#orders.set('title', made);
    return true;
  }

  #orderOf(catalogue: Catalogue, sort: Sort): Uint32Array {
    const known = this.#orders.get(sort);
    if (known !== undefined) return known;
    // By title it was made before, or is not wished for any more.
    const by: ColumnSort = sort === 'title' ? 'newest' : sort;
    const made = orderBy(catalogue, by);
    this.#orders.set(by, made);
    return made;
  }
}

/** What is more than words only the index understands; what is like another session it alone knows. */
function isForIndexOnly({ text, like }: Filter): boolean {
  return like !== null || /(?:^|\s)-\S|\bOR\b|"|\*/.test(text);
}

/** The rows of numbers that are there, in the order of the numbers given. The numbers of a catalogue go up. */
function rowsOf({ ids }: Catalogue, numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => {
    let [low, high] = [0, ids.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ids[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return ids[low] === number ? [low] : [];
  });
}

/** Marks the rows `from` to `until` (by the order of their numbers) that hold the text. */
function markMatches(
  db: ReadableDb,
  { ids }: Catalogue,
  words: readonly string[],
  from: number,
  until: number,
  matched: Uint8Array,
): void {
  const hits = matchingIds(db, words, ids[from] ?? 0, ids[until - 1] ?? 0);
  let row = from;
  for (const id of hits) {
    while (row < until && (ids[row] ?? 0) < id) row += 1;
    if (ids[row] === id) matched[row] = 1;
  }
}

/** Lets keys, frames and messages come in between. */
function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Plain = Omit<Catalogue, 'going' | 'atRisk'>;

/** Keeps the numbers of rows and lets the rows themselves go. */
class SessionColumns {
  readonly #agents = new Map<string, number>();
  readonly #projects = new Map<string, number>();
  readonly #pieces: Plain[] = [];

  add(page: readonly BrowseRow[]): void {
    this.#pieces.push(this.#piece(page));
  }

  finish(): Plain {
    const total = this.#pieces.reduce((sum, piece) => sum + piece.ids.length, 0);
    const all: Plain = {
      ids: new Float64Array(total),
      timesMs: new Float64Array(total),
      evictMs: new Float64Array(total),
      endMs: new Float64Array(total),
      storedBytes: new Float64Array(total),
      flags: new Uint8Array(total),
      agentOf: new Uint16Array(total),
      projectOf: new Uint32Array(total),
      agents: [...this.#agents.keys()],
      projects: [...this.#projects.keys()],
    };
    let at = 0;
    for (const piece of this.#pieces) {
      all.ids.set(piece.ids, at);
      all.timesMs.set(piece.timesMs, at);
      all.evictMs.set(piece.evictMs, at);
      all.endMs.set(piece.endMs, at);
      all.storedBytes.set(piece.storedBytes, at);
      all.flags.set(piece.flags, at);
      all.agentOf.set(piece.agentOf, at);
      all.projectOf.set(piece.projectOf, at);
      at += piece.ids.length;
    }
    return all;
  }

  #piece(page: readonly BrowseRow[]): Plain {
    return {
      ids: Float64Array.from(page, (row) => row.id),
      timesMs: Float64Array.from(page, (row) => msOf(row.age_key)),
      evictMs: Float64Array.from(page, (row) => msOf(row.evict_key)),
      endMs: Float64Array.from(page, (row) => msOf(row.end_key)),
      storedBytes: Float64Array.from(page, (row) => row.stored_bytes),
      flags: Uint8Array.from(page, (row) => STATES.indexOf(row.state) + (row.pinned === 1 ? PINNED : 0)),
      agentOf: Uint16Array.from(page, (row) => numberOf(this.#agents, row.agent)),
      projectOf: Uint32Array.from(page, (row) => numberOf(this.#projects, row.project ?? '')),
      agents: [],
      projects: [],
    };
  }
}

function msOf(time: string): number {
  return time === '' ? 0 : Date.parse(time);
}

function numberOf(names: Map<string, number>, name: string): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size);
  return names.size - 1;
}
