/**
 * The list of all sessions, read out of the store: numbers and times of each in columns, names once.
 * Promises: one state of the store; what a row needs beyond that is read for the rows on the screen alone.
 */
import type { Limits } from '../domain/limits.ts';
import { collectGarbage } from '../domain/pacer.ts';
import { type BrowseRow, browsePage } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
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
  const columns = new SessionColumns();
  db.snapshot(() => {
    for (let afterId = 0; ; ) {
      const page = browsePage(db, afterId, PAGE_ROWS);
      columns.add(page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      afterId = last.id;
      // Left to itself the engine keeps the rows of many pages: fifty megabytes at 100,000 sessions.
      collectGarbage();
    }
  });
  const plain = columns.finish();
  return { ...plain, going: goingNext(plain, limits, nowMs), atRisk: atRiskOf(plain, goesMs) };
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
