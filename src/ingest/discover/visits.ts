/**
 * What lies on mounts that may never answer is looked at by a process of its own for each mount, which can be left.
 * Promises: one that does not answer is named with the roots or paths that are on it; none holds up another.
 */
import type { AgentFormat, Host } from '../../domain/agent.ts';
import { isVisit, mayLook, mountOfPath } from '../../files/mounts.ts';
import type { ScanRow } from '../../store/scans.ts';
import type { IngestOptions, IngestProgress, IngestReport } from '../ingest-report.ts';
import { type AgentRoot, rootsAway } from './roots.ts';
import type { AgentScan, Unplaced } from './scan.schema.ts';

/** What is to be looked at on one mount. */
export interface Away {
  readonly mount: string;
  /** Where agents may keep sessions, existing or not; none where paths were named. */
  readonly roots: readonly AgentRoot[];
  /** Of the paths that were named. */
  readonly paths: readonly string[];
}

export type Visit<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** Nothing moved there for so long that nobody waits any more. */
  | { readonly kind: 'silent'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly why: string }
  /** We were told to stop. */
  | { readonly kind: 'stopped' };

export interface IngestVisit {
  readonly report: IngestReport;
  readonly scans: readonly ScanRow[];
}

export interface ScanVisit {
  readonly scans: readonly AgentScan[];
  readonly unplaced: readonly Unplaced[];
  readonly warnings: readonly string[];
}

/** Starts a process that looks at one mount. It comes back whatever happens there. */
export interface Visitor {
  ingest(
    mount: string,
    options: IngestOptions,
    progress: (event: IngestProgress) => void,
    signal: AbortSignal,
  ): Promise<Visit<IngestVisit>>;
  scan(mount: string, wantsUnplaced: boolean, signal?: AbortSignal): Promise<Visit<ScanVisit>>;
}

/** `paths`: those that were named; empty: all roots of these agents. */
export function placesAway(
  host: Host,
  agents: readonly AgentFormat[],
  paths: readonly string[],
): readonly Away[] {
  if (isVisit()) return [];
  if (paths.length === 0)
    return [...rootsAway(host, agents)].map(([mount, roots]) => ({ mount, roots, paths: [] }));
  const away = new Map<string, string[]>();
  for (const path of paths) {
    const mount = mountOfPath(path);
    if (mount === null || mayLook(mount)) continue;
    away.set(mount, [...(away.get(mount) ?? []), path]);
  }
  return [...away].map(([mount, ofMount]) => ({ mount, roots: [], paths: ofMount }));
}

export interface Visits<Result> {
  readonly results: readonly Result[];
  /** Where nothing could be seen. */
  readonly unseen: readonly Away[];
  readonly warnings: readonly string[];
}

/** All at the same time: each may take until it is given up. */
export async function visitAll<Result>(
  visitor: Visitor | null,
  away: readonly Away[],
  visit: (visitor: Visitor, away: Away) => Promise<Visit<Result>>,
): Promise<Visits<Result>> {
  const made = await Promise.all(
    away.map(
      async (one): Promise<readonly [Away, Visit<Result>]> => [
        one,
        visitor === null
          ? { kind: 'failed', why: 'it may never answer, and is not looked at from here' }
          : await visit(visitor, one),
      ],
    ),
  );
  return {
    results: made.flatMap(([, outcome]) => (outcome.kind === 'done' ? [outcome.result] : [])),
    unseen: made.flatMap(([one, { kind }]) => (kind === 'done' ? [] : [one])),
    warnings: made.flatMap(([one, outcome]) => whyUnseen(one, outcome) ?? []),
  };
}

function whyUnseen(away: Away, visit: Visit<unknown>): string | null {
  switch (visit.kind) {
    case 'done':
    case 'stopped':
      return null;
    case 'silent':
      return `${away.mount} does not answer; it was left after ${Math.round(visit.afterMs / 1000)} s; not seen, or not all of it: ${whatIs(away)}`;
    case 'failed':
      return `${away.mount}: ${visit.why}; not seen, or not all of it: ${whatIs(away)}`;
    default:
      return visit satisfies never;
  }
}

/** More than a few names nobody reads. */
const NAMED_MAX = 4;

/** The roots by their agents; of many projects' folders, where an agent might have something, only how many there are. */
function whatIs({ roots, paths }: Away): string {
  const own = roots.filter(({ agent }) => agent.projectRoot === undefined);
  const names = [...paths, ...own.map(({ agent, root }) => `${root} (${agent.name})`)];
  const others = roots.length - own.length;
  const more = names.length - NAMED_MAX;
  return [
    ...names.slice(0, NAMED_MAX),
    ...(more > 0 ? [`${more} more`] : []),
    ...(others > 0 ? [`what agents may have in folders of projects there (${others})`] : []),
  ].join(', ');
}
