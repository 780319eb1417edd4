/**
 * All sessions as columns of numbers: 100,000 of them sort and filter between two key presses, and a million fit in 70 MB.
 * What a row shows is read from the store for the rows on the screen only.
 */
import type { Limits } from '../domain/limits.ts';
import type { SessionState } from '../domain/session.ts';
import { DAY_MS } from '../domain/time.ts';

export const STATES = ['analyzed', 'unanalyzed', 'evicted'] as const satisfies readonly SessionState[];

export interface Catalogue {
  /** The store's own numbers of the sessions. */
  readonly ids: Float64Array;
  /** Milliseconds since 1970 when it ended, else started, else was ingested; 0 where no time is known. */
  readonly timesMs: Float64Array;
  /** By which sessions go: when the digest was made, else it ended, else was ingested; then when it ended. */
  readonly evictMs: Float64Array;
  readonly endMs: Float64Array;
  readonly storedBytes: Float64Array;
  /** Index in `STATES`, 4 more where pinned. */
  readonly flags: Uint8Array;
  /** Index in `agents`, in `projects`. */
  readonly agentOf: Uint16Array;
  readonly projectOf: Uint32Array;
  readonly agents: readonly string[];
  readonly projects: readonly string[];
  /** 1: the next sweep takes it by its age; 2: to get under the soft cap; 0: it stays. As of when the list was read. */
  readonly going: Uint8Array;
  /** 1: its agent deletes its own file of it within a week. */
  readonly atRisk: Uint8Array;
}

export const PINNED = 4;

/** What a list can be ordered by. */
export const SORTS = ['newest', 'stored', 'title', 'project', 'agent', 'state', 'next'] as const;
export type Sort = (typeof SORTS)[number];

/** Of these the catalogue has all that is needed. */
export type ColumnSort = Exclude<Sort, 'title'>;
export const COLUMN_SORTS = SORTS.filter((sort) => sort !== 'title');

/** Live: its raw bytes are stored, and count. */
export function isLive(flag: number): boolean {
  return (flag & 3) !== 2;
}

/** Rows (indexes into the catalogue) by one order. Made once a catalogue; ties by the store's number, newest first. */
export function orderBy(catalogue: Catalogue, sort: ColumnSort): Uint32Array {
  const rows = Uint32Array.from({ length: catalogue.ids.length }, (_, i) => i);
  const by = keysOf(catalogue, sort);
  const { timesMs, ids } = catalogue;
  return rows.sort(
    (a, b) =>
      (by[b] ?? 0) - (by[a] ?? 0) || (timesMs[b] ?? 0) - (timesMs[a] ?? 0) || (ids[b] ?? 0) - (ids[a] ?? 0),
  );
}

function keysOf(catalogue: Catalogue, sort: ColumnSort): ArrayLike<number> {
  switch (sort) {
    case 'newest':
      return catalogue.timesMs;
    case 'stored':
      // What was evicted takes no room, whatever its row remembers.
      return catalogue.storedBytes.map((bytes, i) => (isLive(catalogue.flags[i] ?? 0) ? bytes : -1));
    case 'project':
      return rankOf(catalogue.projects, catalogue.projectOf);
    case 'agent':
      return rankOf(catalogue.agents, catalogue.agentOf);
    case 'state':
      // Un-analyzed first: they are what needs a person.
      return Float64Array.from(catalogue.flags, (flag) => [1, 2, 0][flag & 3] ?? 0);
    case 'next':
      // Those that go, in the order in which they do; then those that could.
      return catalogue.evictMs.map((ms, i) => {
        const going = catalogue.going[i] ?? 0;
        return going > 0 ? (3 - going) * 1e15 - ms : isEvictableFlag(catalogue.flags[i] ?? 0) ? -ms : -1e15;
      });
    default:
      return sort satisfies never;
  }
}

/** Of each row the place of its name, the first in the alphabet the highest. */
function rankOf(names: readonly string[], of: ArrayLike<number>): Float64Array {
  const ranked = names
    .map((name, i) => ({ name: name.toLowerCase(), i }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const rank = new Float64Array(ranked.length);
  for (const [place, { i }] of ranked.entries()) rank[i] = -place;
  return Float64Array.from(of, (i) => rank[i] ?? 0);
}

function isEvictableFlag(flag: number): boolean {
  return flag === 0;
}

/**
 * Whom the next sweep takes without a loss: as the plan decides it, but for sessions whose times are equal, of which it takes the one
 * whose id comes first.
 */
export function goingNext(
  { ids, timesMs, evictMs, endMs, storedBytes, flags }: Omit<Catalogue, 'going' | 'atRisk'>,
  { rawMaxAgeDays, rawSoftCapBytes }: Pick<Limits, 'rawMaxAgeDays' | 'rawSoftCapBytes'>,
  nowMs: number,
): Uint8Array {
  const going = new Uint8Array(ids.length);
  const left: number[] = [];
  let usage = 0;
  const oldestMs = rawMaxAgeDays === 'off' ? Number.NEGATIVE_INFINITY : nowMs - rawMaxAgeDays * DAY_MS;
  for (let i = 0; i < ids.length; i += 1) {
    const flag = flags[i] ?? 0;
    if (!isLive(flag)) continue;
    usage += storedBytes[i] ?? 0;
    if (!isEvictableFlag(flag)) continue;
    const timeMs = timesMs[i] ?? 0;
    if (timeMs > 0 && timeMs < oldestMs) {
      going[i] = 1;
      usage -= storedBytes[i] ?? 0;
    } else left.push(i);
  }
  if (usage <= rawSoftCapBytes) return going;
  left.sort((a, b) => (evictMs[a] ?? 0) - (evictMs[b] ?? 0) || (endMs[a] ?? 0) - (endMs[b] ?? 0) || a - b);
  for (const i of left) {
    if (usage <= rawSoftCapBytes) break;
    const bytes = storedBytes[i] ?? 0;
    if (bytes === 0) continue;
    going[i] = 2;
    usage -= bytes;
  }
  return going;
}

/** By the store's number of a session: when its agent deletes it, as the last look at its folder told. */
export type GoesMs = ReadonlyMap<number, number>;

export function atRiskOf({ ids }: Pick<Catalogue, 'ids'>, goesMs: GoesMs): Uint8Array {
  const atRisk = new Uint8Array(ids.length);
  if (goesMs.size === 0) return atRisk;
  for (let i = 0; i < ids.length; i += 1) if (goesMs.has(ids[i] ?? 0)) atRisk[i] = 1;
  return atRisk;
}
