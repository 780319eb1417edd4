/**
 * The list of all sessions, read out of the store: numbers and times of each in columns, names once.
 * Promises: one state of the store; what a row needs beyond that is read for the rows on the screen alone.
 */
import type { Limits } from '../domain/limits.ts';
import { collectGarbage } from '../domain/pacer.ts';
import { type BrowseRow, browsePage } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import { counters } from '../store/usage.ts';
import { atRiskOf, type Catalogue, type GoesMs, goingNext, PINNED, STATES } from './catalogue.ts';

/** Rows that are in memory at a time as the store gives them: let go after each page, which takes less time than to read it. */
const PAGE_ROWS = 2_000;

/** What the next sweep takes and what agents delete is worked out of these. */
export interface LoadedUnder {
  readonly limits: Pick<Limits, 'rawMaxAgeDays' | 'rawSoftCapBytes'>;
  readonly goesMs: GoesMs;
  readonly nowMs: number;
}

export function loadList(db: ReadableDb, { limits, goesMs, nowMs }: LoadedUnder): Catalogue {
  const plain = db.snapshot(() => {
    const columns = new SessionColumns(counters(db).reduce((sum, { sessions }) => sum + sessions, 0));
    for (let afterId = 0; ; ) {
      const page = browsePage(db, afterId, PAGE_ROWS);
      for (const row of page) columns.add(row);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) return columns.finish();
      afterId = last.id;
      // Left to itself the engine keeps the rows of many pages: fifty megabytes at 100,000 sessions.
      collectGarbage();
    }
  });
  return { ...plain, going: goingNext(plain, limits, nowMs), atRisk: atRiskOf(plain, goesMs) };
}

type Plain = Omit<Catalogue, 'going' | 'atRisk'>;
type Columns = Omit<Plain, 'agents' | 'projects'>;

/** Keeps the numbers of rows and lets the rows themselves go. */
class SessionColumns {
  readonly #agents = new Map<string, number>();
  readonly #projects = new Map<string, number>();
  #columns: Columns;
  #rows = 0;

  /** `rows`: how many there should be; more find room too. */
  constructor(rows: number) {
    this.#columns = columnsFor(rows);
  }

  add(row: BrowseRow): void {
    const at = this.#rows;
    if (at >= this.#columns.ids.length) this.#columns = withRoom(this.#columns, 2 * at + PAGE_ROWS);
    this.#rows += 1;
    const to = this.#columns;
    to.ids[at] = row.id;
    to.timesMs[at] = msOf(row.age_key);
    to.evictMs[at] = msOf(row.evict_key);
    to.endMs[at] = msOf(row.end_key);
    to.storedBytes[at] = row.stored_bytes;
    to.flags[at] = STATES.indexOf(row.state) + (row.pinned === 1 ? PINNED : 0);
    to.agentOf[at] = numberOf(this.#agents, row.agent);
    to.projectOf[at] = numberOf(this.#projects, row.project ?? '');
  }

  finish(): Plain {
    const columns =
      this.#rows === this.#columns.ids.length ? this.#columns : withRoom(this.#columns, this.#rows);
    return { ...columns, agents: [...this.#agents.keys()], projects: [...this.#projects.keys()] };
  }
}

function columnsFor(rows: number): Columns {
  return {
    ids: new Float64Array(rows),
    timesMs: new Float64Array(rows),
    evictMs: new Float64Array(rows),
    endMs: new Float64Array(rows),
    storedBytes: new Float64Array(rows),
    flags: new Uint8Array(rows),
    agentOf: new Uint16Array(rows),
    projectOf: new Uint32Array(rows),
  };
}

/** The same for `rows` of them: as many of the first as there is room for. */
function withRoom(from: Columns, rows: number): Columns {
  const to = columnsFor(rows);
  to.ids.set(from.ids.subarray(0, rows));
  to.timesMs.set(from.timesMs.subarray(0, rows));
  to.evictMs.set(from.evictMs.subarray(0, rows));
  to.endMs.set(from.endMs.subarray(0, rows));
  to.storedBytes.set(from.storedBytes.subarray(0, rows));
  to.flags.set(from.flags.subarray(0, rows));
  to.agentOf.set(from.agentOf.subarray(0, rows));
  to.projectOf.set(from.projectOf.subarray(0, rows));
  return to;
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
