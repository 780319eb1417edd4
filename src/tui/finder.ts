/**
 * Sorts and filters the list of all sessions a piece at a time, so that keys are answered in between.
 * Promises: what an older request finds never overwrites what a newer one shows.
 */
import { type Catalogue, COLUMN_SORTS, type ColumnSort, orderBy, type Sort } from './catalogue.ts';
import { type Filter, parseFilter, select, wordsOf } from './filter.ts';
import type { StoreReads } from './ports.ts';
import { titleOrder } from './title-order.ts';

/** What is asked for at a time: a few milliseconds. On a disk that takes longer for it, so much less that other questions come in between. */
const MATCH_IDS_MAX = 5_000;
const MATCH_IDS_MIN = 100;
const MATCH_MS = 50;

/** What it asks of the store. */
export type ListReads = Pick<StoreReads, 'catalogue' | 'matching' | 'titles'>;

export interface Wish {
  readonly typed: string;
  /** Null: the best match first where there are hits, else the newest. */
  readonly sort: Sort | null;
  readonly reversed: boolean;
  /** The store's numbers of what the index found, the best first. */
  readonly hits: readonly number[];
}

type Shown = (rows: Uint32Array, searched: number | null) => void;

export class Finder {
  readonly #reads: ListReads;
  #catalogue: Catalogue | null = null;
  #nowMs = 0;
  readonly #orders = new Map<Sort, Uint32Array>();
  /** Raised by every request of its kind: a piece of an older one stops. A key while the list loads stops no loading. */
  #loads = 0;
  #turn = 0;

  constructor(reads: ListReads) {
    this.#reads = reads;
  }

  /** What was read last; null: nothing yet. */
  get catalogue(): Catalogue | null {
    return this.#catalogue;
  }

  /** `nowMs`: what the next sweep takes is reckoned from there. */
  async load(nowMs: number, done: (catalogue: Catalogue) => void): Promise<void> {
    this.#loads += 1;
    const load = this.#loads;
    const catalogue = await this.#reads.catalogue(nowMs);
    if (load !== this.#loads) return;
    this.#catalogue = catalogue;
    this.#nowMs = nowMs;
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
    for (let [from, size] = [0, MATCH_IDS_MAX]; from < total; ) {
      const until = Math.min(total, from + size);
      const beganMs = performance.now();
      const { ids } = catalogue;
      const hits = await this.#reads.matching(words, ids[from] ?? 0, ids[until - 1] ?? 0);
      if (turn !== this.#turn) return;
      markMatches(catalogue, hits, from, until, matched);
      tell(matched, until / total);
      const isSlow = performance.now() - beganMs > MATCH_MS;
      size = isSlow ? Math.max(MATCH_IDS_MIN, size >> 1) : Math.min(MATCH_IDS_MAX, size * 2);
      from = until;
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
    const made = await titleOrder(this.#reads, catalogue, breath, () => turn === this.#turn);
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

/** Marks the rows `from` to `until` (by the order of their numbers) whose numbers are among `hits`, which go up. */
function markMatches(
  { ids }: Catalogue,
  hits: readonly number[],
  from: number,
  until: number,
  matched: Uint8Array,
): void {
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
