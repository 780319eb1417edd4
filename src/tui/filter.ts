/** What a list is filtered by: words in any order, and what a session is, as people type it. */
import { DAY_MS } from '../domain/time.ts';
import { type Catalogue, isLive, PINNED, STATES } from './catalogue.ts';

export interface Filter {
  readonly agent: string | null;
  readonly state: string | null;
  /** A part of its path; with `=` in front all of it, or all of its last part. */
  readonly project: string | null;
  /** Those with the same files and words as the session of this id. */
  readonly like: string | null;
  readonly pinned: boolean;
  /** Those that the next sweep takes. */
  readonly next: boolean;
  /** Those that their agent deletes within a week. */
  readonly risk: boolean;
  /** Stored bytes, at least and at most. */
  readonly minBytes: number | null;
  readonly maxBytes: number | null;
  /** Age, at least and at most. */
  readonly minAgeMs: number | null;
  readonly maxAgeMs: number | null;
  /** What is left: looked for in titles, projects, ids and digests, as it was typed. */
  readonly text: string;
}

export const NO_FILTER: Filter = {
  agent: null,
  state: null,
  project: null,
  like: null,
  pinned: false,
  next: false,
  risk: false,
  minBytes: null,
  maxBytes: null,
  minAgeMs: null,
  maxAgeMs: null,
  text: '',
};

/** A name that has blanks stands in quotes. */
const PARTS = /(?:[a-z]+:=?)?"[^"]*"?|\S+/gi;

export function parseFilter(typed: string): Filter {
  const free: string[] = [];
  let filter = NO_FILTER;
  for (const part of typed.match(PARTS) ?? []) {
    const known = partOf(part.toLowerCase());
    if (known === null) free.push(part);
    else filter = { ...filter, ...known };
  }
  return { ...filter, text: free.join(' ') };
}

/** What the index is asked, as an answer names it; empty: nothing. */
export function questionOf({ text, like }: Pick<Filter, 'text' | 'like'>): string {
  return like === null ? text : `like:${like}`;
}

/** The words of the free text, each of which has to be found; quotes and signs of the search are no part of them. */
export function wordsOf({ text }: Pick<Filter, 'text'>): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => word.replace(/^["'-]+|["'*]+$/g, ''))
    .filter((word) => word !== '');
}

function partOf(part: string): Partial<Filter> | null {
  if (part === 'pinned') return { pinned: true };
  if (/^next:?$/.test(part)) return part === 'next' ? null : { next: true };
  if (/^risk:?$/.test(part)) return part === 'risk' ? null : { risk: true };
  const [, key, value = ''] = /^(agent|state|project|like):(.+)$/.exec(part) ?? [];
  const plain = value.replaceAll('"', '');
  // The screens write `un-analyzed`.
  if (key === 'state') return { state: plain.replaceAll('-', '') };
  if (key === 'like') return { like: plain };
  if (key === 'agent') return { agent: plain };
  if (key === 'project') return { project: plain };
  return measureOf(part);
}

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const AGES: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS, y: 365 * DAY_MS };

/** `>1MB`, `<30d`. */
function measureOf(part: string): Partial<Filter> | null {
  const [, sign, number, unit = ''] = /^([<>])(\d+(?:\.\d+)?)([a-z]+)$/.exec(part) ?? [];
  if (sign === undefined) return null;
  const value = Number(number);
  const age = AGES[unit];
  if (age !== undefined) return sign === '>' ? { minAgeMs: value * age } : { maxAgeMs: value * age };
  const bytes = BYTES[unit];
  if (bytes === undefined) return null;
  return sign === '>' ? { minBytes: value * bytes } : { maxBytes: value * bytes };
}

/** Whether each row passes by what it is. Made once a filter; then asked row by row. */
export function passing(catalogue: Catalogue, filter: Filter, nowMs: number): (row: number) => boolean {
  const agents = wanted(catalogue.agents, filter.agent);
  const projects = wantedProjects(catalogue.projects, filter.project);
  const states = wantedStates(filter.state);
  const { flags, agentOf, projectOf, storedBytes, timesMs, going, atRisk } = catalogue;
  const { minBytes, maxBytes, minAgeMs, maxAgeMs } = filter;
  const hasBytes = minBytes !== null || maxBytes !== null;
  const hasAge = minAgeMs !== null || maxAgeMs !== null;
  return (row) => {
    const flag = flags[row] ?? 0;
    if (filter.pinned && flag < PINNED) return false;
    if (filter.next && going[row] === 0) return false;
    if (filter.risk && atRisk[row] === 0) return false;
    if (states !== null && !states.has(flag & 3)) return false;
    if (agents !== null && !agents.has(agentOf[row] ?? -1)) return false;
    if (projects !== null && !projects.has(projectOf[row] ?? -1)) return false;
    if (hasBytes) {
      const bytes = isLive(flag) ? (storedBytes[row] ?? 0) : 0;
      if ((minBytes !== null && bytes <= minBytes) || (maxBytes !== null && bytes >= maxBytes)) return false;
    }
    if (hasAge) {
      const timeMs = timesMs[row] ?? 0;
      const ageMs = nowMs - timeMs;
      if (timeMs === 0) return false;
      if ((minAgeMs !== null && ageMs <= minAgeMs) || (maxAgeMs !== null && ageMs > maxAgeMs)) return false;
    }
    return true;
  };
}

/** The rows that pass, in order. `matched`: 1 for each row that the free text was found in; null where there is none. */
export function select(
  catalogue: Catalogue,
  order: Uint32Array,
  filter: Filter,
  matched: Uint8Array | null,
  reversed: boolean,
  nowMs = 0,
): Uint32Array {
  const passes = passing(catalogue, filter, nowMs);
  const kept = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i += 1) {
    const row = order[reversed ? order.length - 1 - i : i] ?? 0;
    if ((matched !== null && matched[row] !== 1) || !passes(row)) continue;
    kept[count] = row;
    count += 1;
  }
  return kept.subarray(0, count);
}

/** Indexes of the names that hold the part; null: all. */
function wanted(names: readonly string[], part: string | null): ReadonlySet<number> | null {
  if (part === null) return null;
  return new Set(names.flatMap((name, i) => (name.toLowerCase().includes(part) ? [i] : [])));
}

function wantedProjects(names: readonly string[], part: string | null): ReadonlySet<number> | null {
  if (part?.startsWith('=') !== true) return wanted(names, part);
  const whole = part.slice(1);
  return new Set(
    names.flatMap((name, i) =>
      [name.toLowerCase(), lastPart(name).toLowerCase()].includes(whole) ? [i] : [],
    ),
  );
}

/** `analyzed` must not find `unanalyzed`. */
function wantedStates(part: string | null): ReadonlySet<number> | null {
  if (part === null) return null;
  return new Set(STATES.flatMap((name, i) => (name.startsWith(part) ? [i] : [])));
}

/** The folder's own name. */
export function lastPart(project: string): string {
  return project.split(/[\\/]/).findLast((part) => part !== '') ?? '';
}
