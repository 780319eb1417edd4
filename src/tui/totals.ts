/** Who takes the room: totals by project, by agent, by age, each with the filter that shows the sessions behind it. */
import type { Limits } from '../domain/limits.ts';
import { DAY_MS } from '../domain/time.ts';
import { type Catalogue, isLive } from './catalogue.ts';
import { lastPart } from './filter.ts';

export const GROUPINGS = ['project', 'agent', 'age'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface TotalsGroup {
  readonly name: string;
  /** Of live ones. */
  readonly sessions: number;
  readonly storedBytes: number;
  /** How many of them the next sweep takes. */
  readonly going: number;
  readonly filter: string;
}

/** `project`: its number in the catalogue. */
export interface ProjectGroup extends TotalsGroup {
  readonly project: number;
}

/** Groups of live sessions, the largest first; those of ages from the youngest on. */
export type Totals = Readonly<Record<Grouping, readonly TotalsGroup[]>>;

export function totalsOf(
  catalogue: Catalogue,
  { rawMaxAgeDays }: Pick<Limits, 'rawMaxAgeDays'>,
  nowMs: number,
): Totals {
  return {
    project: byName(catalogue, catalogue.projectOf, catalogue.projects, projectNaming(catalogue.projects)),
    agent: byName(catalogue, catalogue.agentOf, catalogue.agents, (name) => ({
      name,
      filter: `agent:${name}`,
    })),
    age: byAge(catalogue, rawMaxAgeDays, nowMs),
  };
}

type Named = Pick<TotalsGroup, 'name' | 'filter'>;

/** Projects of one name in several places are told apart by the folder above. All names are counted once, not once a project. */
export function projectNaming(all: readonly string[]): (path: string) => Named {
  const times = new Map<string, number>();
  for (const path of all) {
    const last = lastPart(path).toLowerCase();
    times.set(last, (times.get(last) ?? 0) + 1);
  }
  return (path) => {
    const last = lastPart(path);
    if (last === '') return { name: '(none)', filter: 'project:=' };
    const isAlone = times.get(last.toLowerCase()) === 1;
    const above = lastPart(path.slice(0, path.lastIndexOf(last)));
    const name = isAlone || above === '' ? last : `${above}/${last}`;
    return { name, filter: quoted(`project:=`, isAlone ? last : path) };
  };
}

function quoted(key: string, value: string): string {
  return /\s/.test(value) ? `${key}"${value}"` : key + value;
}

function byName(
  { flags, storedBytes, going }: Catalogue,
  of: ArrayLike<number>,
  names: readonly string[],
  named: (name: string) => Named,
): TotalsGroup[] {
  const sums = names.map(() => ({ sessions: 0, storedBytes: 0, going: 0 }));
  for (let i = 0; i < flags.length; i += 1) {
    const sum = sums[of[i] ?? 0];
    if (sum === undefined || !isLive(flags[i] ?? 0)) continue;
    add(sum, storedBytes[i] ?? 0, going[i] ?? 0);
  }
  const shown = sums.flatMap((sum, i) => (sum.sessions > 0 ? [{ path: names[i] ?? '', sum }] : []));
  shown.sort((a, b) => b.sum.storedBytes - a.sum.storedBytes || (a.path < b.path ? -1 : 1));
  // Only what can be seen is named.
  return shown.slice(0, GROUPS_MAX).map(({ path, sum }) => ({ ...named(path), ...sum }));
}

/** More than any window shows. */
const GROUPS_MAX = 500;

function add(
  sum: { sessions: number; storedBytes: number; going: number },
  bytes: number,
  going: number,
): void {
  sum.sessions += 1;
  sum.storedBytes += bytes;
  if (going > 0) sum.going += 1;
}

function byAge(
  { flags, storedBytes, timesMs, going }: Catalogue,
  limit: number | 'off',
  nowMs: number,
): TotalsGroup[] {
  const ends = [...new Set([1, 7, 30, ...(limit === 'off' ? [] : [limit]), 90, 365])].sort((a, b) => a - b);
  const groups = [...ends, Number.POSITIVE_INFINITY].map((end, i) => {
    const from = i === 0 ? 0 : (ends[i - 1] ?? 0);
    const isLast = end === Number.POSITIVE_INFINITY;
    const name = isLast ? `older than ${from} d` : i === 0 ? 'the last day' : `${from} to ${end} d`;
    const filter = [from > 0 ? `>${from}d` : '', isLast ? '' : `<${end}d`]
      .filter((part) => part !== '')
      .join(' ');
    return {
      end,
      name: end === limit ? `${name} (limit)` : name,
      filter,
      sum: { sessions: 0, storedBytes: 0, going: 0 },
    };
  });
  for (let i = 0; i < flags.length; i += 1) {
    const timeMs = timesMs[i] ?? 0;
    if (!isLive(flags[i] ?? 0) || timeMs === 0) continue;
    const days = (nowMs - timeMs) / DAY_MS;
    const group = groups.find(({ end }) => days <= end);
    if (group !== undefined) add(group.sum, storedBytes[i] ?? 0, going[i] ?? 0);
  }
  return groups.map(({ name, filter, sum }) => ({ name, filter, ...sum }));
}
