/**
 * Loads, sorts and filters the list of all sessions a piece at a time, so that keys are answered in between.
 * Promises: what an older request finds never overwrites what a newer one shows.
 */
import { type BrowseRow, browsePage, matchingIds } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import {
  type Catalogue,
  orderBy,
  PINNED,
  parseFilter,
  SORTS,
  type Sort,
  STATES,
  select,
} from './catalogue.ts';

/** A few milliseconds each. */
const PAGE_ROWS = 5_000;
const MATCH_IDS = 5_000;

export interface Wish {
  readonly typed: string;
  readonly sort: Sort;
  readonly reversed: boolean;
}

type Shown = (rows: Uint32Array, searched: number | null) => void;

export class Finder {
  readonly #db: ReadableDb;
  #catalogue: Catalogue | null = null;
  readonly #orders = new Map<Sort, Uint32Array>();
  /** Raised by every request of its kind: a piece of an older one stops. A key while the list loads stops no loading. */
  #loads = 0;
  #turn = 0;

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  async load(done: (catalogue: Catalogue) => void): Promise<void> {
    this.#loads += 1;
    const load = this.#loads;
    const columns = new Columns();
    for (let afterId = 0; ; ) {
      const page = browsePage(this.#db, afterId, PAGE_ROWS);
      columns.add(page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      afterId = last.id;
      await breath();
      if (load !== this.#loads) return;
    }
    const catalogue = columns.finish();
    this.#catalogue = catalogue;
    this.#orders.clear();
    done(catalogue);
    // Sorted now, between two keys, so that no key has to wait for it.
    for (const sort of SORTS) {
      await breath();
      if (this.#catalogue !== catalogue) return;
      this.#orderOf(catalogue, sort);
    }
  }

  /** Tells of rows at once, and again as free text is found in more of them. */
  async select(wish: Wish, shown: Shown): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const catalogue = this.#catalogue;
    if (catalogue === null) return;
    const filter = parseFilter(wish.typed);
    const order = this.#orderOf(catalogue, wish.sort);
    if (filter.text === null) {
      shown(select(catalogue, order, filter, null, wish.reversed), null);
      return;
    }
    const matched = new Uint8Array(catalogue.ids.length);
    const total = catalogue.ids.length;
    for (let from = 0; from < total; from += MATCH_IDS) {
      const until = Math.min(total, from + MATCH_IDS);
      markMatches(this.#db, catalogue, filter.text, from, until, matched);
      shown(select(catalogue, order, filter, matched, wish.reversed), until / total);
      await breath();
      if (turn !== this.#turn) return;
    }
    if (total === 0) shown(new Uint32Array(0), 1);
  }

  forget(): void {
    this.#loads += 1;
    this.#turn += 1;
    this.#catalogue = null;
    this.#orders.clear();
  }

  #orderOf(catalogue: Catalogue, sort: Sort): Uint32Array {
    const known = this.#orders.get(sort);
    if (known !== undefined) return known;
    const made = orderBy(catalogue, sort);
    this.#orders.set(sort, made);
    return made;
  }
}

/** Marks the rows `from` to `until` (by the order of their numbers) that hold the text. */
function markMatches(
  db: ReadableDb,
  { ids }: Catalogue,
  text: string,
  from: number,
  until: number,
  matched: Uint8Array,
): void {
  const hits = matchingIds(db, text, ids[from] ?? 0, ids[until - 1] ?? 0);
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

/** Keeps the numbers of rows and lets the rows themselves go. */
class Columns {
  readonly #agents = new Map<string, number>();
  readonly #projects = new Map<string, number>();
  readonly #pieces: Catalogue[] = [];

  add(page: readonly BrowseRow[]): void {
    this.#pieces.push(this.#piece(page));
  }

  finish(): Catalogue {
    const total = this.#pieces.reduce((sum, piece) => sum + piece.ids.length, 0);
    const all: Catalogue = {
      ids: new Float64Array(total),
      timesMs: new Float64Array(total),
      rawBytes: new Float64Array(total),
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
      all.rawBytes.set(piece.rawBytes, at);
      all.storedBytes.set(piece.storedBytes, at);
      all.flags.set(piece.flags, at);
      all.agentOf.set(piece.agentOf, at);
      all.projectOf.set(piece.projectOf, at);
      at += piece.ids.length;
    }
    return all;
  }

  #piece(page: readonly BrowseRow[]): Catalogue {
    return {
      ids: Float64Array.from(page, (row) => row.id),
      timesMs: Float64Array.from(page, (row) => (row.age_key === '' ? 0 : Date.parse(row.age_key))),
      rawBytes: Float64Array.from(page, (row) => row.raw_bytes),
      storedBytes: Float64Array.from(page, (row) => row.stored_bytes),
      flags: Uint8Array.from(page, (row) => STATES.indexOf(row.state) + (row.pinned === 1 ? PINNED : 0)),
      agentOf: Uint16Array.from(page, (row) => numberOf(this.#agents, row.agent)),
      projectOf: Uint32Array.from(page, (row) => numberOf(this.#projects, row.project ?? '')),
      agents: [],
      projects: [],
    };
  }
}

function numberOf(names: Map<string, number>, name: string): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size);
  return names.size - 1;
}
