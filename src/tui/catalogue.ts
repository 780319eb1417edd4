/**
 * All sessions as columns of numbers: 100,000 of them sort and filter between two key presses, and a million fit in 50 MB.
 * What a row shows is read from the store for the rows on the screen only.
 */
import type { SessionState } from '../domain/session.ts';

export const STATES = ['analyzed', 'unanalyzed', 'evicted'] as const satisfies readonly SessionState[];

export interface Catalogue {
  /** The store's own numbers of the sessions. */
  readonly ids: Float64Array;
  /** Milliseconds since 1970 when it ended, else started, else was ingested; 0 where no time is known. */
  readonly timesMs: Float64Array;
  readonly rawBytes: Float64Array;
  readonly storedBytes: Float64Array;
  /** Index in `STATES`, 4 more where pinned. */
  readonly flags: Uint8Array;
  /** Index in `agents`, in `projects`. */
  readonly agentOf: Uint16Array;
  readonly projectOf: Uint32Array;
  readonly agents: readonly string[];
  readonly projects: readonly string[];
}

export const PINNED = 4;

export const SORTS = ['newest', 'largest', 'stored', 'project', 'state'] as const;
export type Sort = (typeof SORTS)[number];

/** What the user typed: words `agent:`, `state:`, `project:` and `pinned`, and free text. */
export interface Filter {
  readonly agent: string | null;
  readonly state: string | null;
  readonly project: string | null;
  readonly pinned: boolean;
  /** Looked for in title, project and id, in any letter case; null: no free text. */
  readonly text: string | null;
}

export function parseFilter(typed: string): Filter {
  const free: string[] = [];
  const found: { -readonly [K in keyof Filter]: Filter[K] } = {
    agent: null,
    state: null,
    project: null,
    pinned: false,
    text: null,
  };
  for (const word of typed.trim().toLowerCase().split(/\s+/)) {
    const [, key, value] = /^(agent|state|project):(.+)$/.exec(word) ?? [];
    if (word === 'pinned') found.pinned = true;
    // The screens write `un-analyzed`.
    else if (key === 'state') found.state = value?.replaceAll('-', '') ?? null;
    else if (key === 'agent' || key === 'project') found[key] = value ?? null;
    else if (word !== '') free.push(word);
  }
  return { ...found, text: free.length === 0 ? null : free.join(' ') };
}

/** Rows (indexes into the catalogue) by one order. Made once a catalogue; ties by the store's number, newest first. */
export function orderBy(catalogue: Catalogue, sort: Sort): Uint32Array {
  const rows = Uint32Array.from({ length: catalogue.ids.length }, (_, i) => i);
  const by = keysOf(catalogue, sort);
  const { timesMs, ids } = catalogue;
  return rows.sort(
    (a, b) =>
      (by[b] ?? 0) - (by[a] ?? 0) || (timesMs[b] ?? 0) - (timesMs[a] ?? 0) || (ids[b] ?? 0) - (ids[a] ?? 0),
  );
}

function keysOf(catalogue: Catalogue, sort: Sort): ArrayLike<number> {
  switch (sort) {
    case 'newest':
      return catalogue.timesMs;
    case 'largest':
      return catalogue.rawBytes;
    case 'stored':
      return catalogue.storedBytes;
    case 'project': {
      const ranked = catalogue.projects
        .map((name, i) => ({ name: name.toLowerCase(), i }))
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      const rank = new Float64Array(ranked.length);
      for (const [place, { i }] of ranked.entries()) rank[i] = -place;
      return Float64Array.from(catalogue.projectOf, (i) => rank[i] ?? 0);
    }
    case 'state':
      // Un-analyzed first: they are what needs a person.
      return Float64Array.from(catalogue.flags, (flag) => [1, 2, 0][flag & 3] ?? 0);
    default:
      return sort satisfies never;
  }
}

/** The rows that pass, in order. `matched`: 1 for each row that the free text was found in; null where there is none. */
export function select(
  catalogue: Catalogue,
  order: Uint32Array,
  filter: Filter,
  matched: Uint8Array | null,
  reversed: boolean,
): Uint32Array {
  const agents = wanted(catalogue.agents, filter.agent);
  const projects = wanted(catalogue.projects, filter.project);
  const states = wanted(STATES, filter.state);
  const kept = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i += 1) {
    const row = order[reversed ? order.length - 1 - i : i] ?? 0;
    const flag = catalogue.flags[row] ?? 0;
    if (matched !== null && matched[row] !== 1) continue;
    if (filter.pinned && flag < PINNED) continue;
    if (states !== null && !states.has(flag & 3)) continue;
    if (agents !== null && !agents.has(catalogue.agentOf[row] ?? -1)) continue;
    if (projects !== null && !projects.has(catalogue.projectOf[row] ?? -1)) continue;
    kept[count] = row;
    count += 1;
  }
  return kept.subarray(0, count);
}

/** Indexes of the names that hold the part; null: all. */
function wanted(names: readonly string[], part: string | null): ReadonlySet<number> | null {
  if (part === null) return null;
  // `analyzed` must not find `unanalyzed`.
  const hits = names.flatMap((name, i) => (name.toLowerCase().startsWith(part) ? [i] : []));
  const within = names.flatMap((name, i) => (name.toLowerCase().includes(part) ? [i] : []));
  return new Set(names === STATES ? hits : within);
}
