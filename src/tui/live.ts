/**
 * A view of the store that follows other processes.
 * Promises: told once a state, whoever wrote it; one cheap question four times a second, and never two at once, however long one takes.
 */
import { firstSweep } from '../cli/first-sweep.ts';
import { EXIT } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import { addMs, type Clock, DAY_MS, type Iso } from '../domain/time.ts';
import { forecastSweep } from '../policy/plan.ts';
import { storedByDay } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import { listSweeps } from '../store/read.ts';
import { countBucketOnly, hasBucket } from '../store/remote/receipts.ts';
import { lastRun, type RunRow } from '../store/runs.ts';
import { lastScans } from '../store/scans.ts';
import { type CounterRow, census, counters, usage } from '../store/usage.ts';
import type { SeenState, StoreReads } from './ports.ts';
import type { AgentPart, Part, View } from './view.ts';

const POLL_MS = 250;
/** Days of the sparkline, today last. */
const GROWTH_DAYS = 15;
/** The days before today change seldom, and adding them up reads their sessions. */
const GROWTH_EVERY_MS = 60_000;

export interface LiveDeps {
  readonly reads: Pick<StoreReads, 'view' | 'growth'>;
  readonly clock: Clock;
  readonly onChange: (view: View) => void;
  /** Null: it can be read again. */
  readonly onTrouble: (thrown: unknown) => void;
}

export class LiveView {
  readonly #deps: LiveDeps;
  #seen: SeenState | null = null;
  #view: View | null = null;
  #growthAtMs: number | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #isLooking = false;
  #isStopped = false;
  #hasFailed = false;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#isStopped = false;
    void this.look();
    this.#timer = setInterval(() => void this.look(), POLL_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#isStopped = true;
  }

  /** Tells of a change, if there was one. A store that cannot be read any more is said once, and so is that it can be again. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { onTrouble } = this.#deps;
    try {
      await this.#look();
      if (this.#hasFailed) onTrouble(null);
      this.#hasFailed = false;
    } catch (thrown) {
      if (!this.#hasFailed) onTrouble(thrown);
      this.#hasFailed = true;
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(): Promise<void> {
    const { reads, clock } = this.#deps;
    const now = clock.now();
    const viewed = await reads.view(now, this.#seen);
    if (viewed === null || this.#isStopped) return;
    this.#seen = { version: viewed.version, minute: now.slice(0, 16) };
    const known = this.#view?.growth ?? [];
    this.#tell({ ...viewed, growth: known.length === 0 ? null : known });
    await this.#grow();
  }

  /** What adds up many sessions comes after what is known at once. */
  async #grow(): Promise<void> {
    const { reads, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const isKnown = (this.#view?.growth ?? []).length > 0;
    if (isKnown && this.#growthAtMs !== null && nowMs - this.#growthAtMs <= GROWTH_EVERY_MS) return;
    const growth = await reads.growth(clock.now());
    this.#growthAtMs = nowMs;
    const view = this.#view;
    if (view === null || this.#isStopped || isSame(view.growth, growth)) return;
    this.#tell({ ...view, growth });
  }

  #tell(view: View): void {
    this.#view = view;
    this.#deps.onChange(view);
  }
}

function isSame(one: readonly number[] | null, other: readonly number[]): boolean {
  return one !== null && one.length === other.length && one.every((bytes, i) => bytes === other[i]);
}

/** Stored bytes by day, oldest first, today last; empty where there is none at all. */
export function growthOf(db: ReadableDb, now: Iso): number[] {
  const days = Array.from({ length: GROWTH_DAYS }, (_, i) =>
    addMs(now, (i - GROWTH_DAYS + 1) * DAY_MS).slice(0, 10),
  );
  const stored = new Map(storedByDay(db, days[0] ?? '').map((row) => [row.day, row.stored_bytes]));
  return stored.size === 0 ? [] : days.map((day) => stored.get(day) ?? 0);
}

export function readView(db: ReadableDb, limits: Limits, now: Iso): Omit<View, 'version' | 'growth'> {
  return db.snapshot(() => {
    const used = usage(db);
    const rows = counters(db);
    const planned = forecastSweep(census(db, now), limits, { analyze: true, dataLoss: true }, now);
    const [last] = listSweeps(db, 1);
    const first = firstSweep(db, limits, now, { made: planned });
    return {
      limits,
      now,
      tier1Bytes: used.tier1Bytes,
      tier2Bytes: used.tier2Bytes,
      analyzed: partOf(rows, 'analyzed'),
      unanalyzed: partOf(rows, 'unanalyzed'),
      pinned: rows.reduce((total, row) => total + (row.pinned === 1 ? row.sessions : 0), 0),
      evicted: partOf(rows, 'evicted').sessions,
      byAgent: agentParts(rows),
      next: planned.passes.map(({ pass, sessions, storedBytes }) => ({ pass, sessions, bytes: storedBytes })),
      toAnalyze: planned.toAnalyze,
      worstCaseLoss: planned.worstCaseDataLoss,
      hasBucket: hasBucket(db),
      bucketOnly: countBucketOnly(db),
      atRisk: lastScans(db).flatMap((scan) =>
        scan.sessions_at_risk === 0
          ? []
          : [
              {
                agent: scan.agent,
                sessions: scan.sessions_at_risk,
                notStored: scan.at_risk_not_stored,
                days: scan.deletes_after_days,
                // The store's own text of a time.
                firstAt: scan.first_deletion_at as Iso | null,
              },
            ],
      ),
      firstSweep: first === null ? null : first.isTold ? 'told' : 'untold',
      lastRun: runOf(lastRun(db)),
      lastSweep:
        last === undefined
          ? null
          : { at: last.started_at, freedBytes: last.bytes_freed, lost: last.lost_data },
    };
  });
}

/** Over the hard cap, or another run was on: that is told elsewhere, or is nothing. */
const WELL: readonly number[] = [EXIT.done, EXIT.overHardCap, EXIT.sweepRunning, EXIT.interrupted];

function runOf(run: RunRow | null): View['lastRun'] {
  if (run === null) return null;
  const { exit_code: code, problems, started_at: at } = run;
  return { at, isWell: code === null || WELL.includes(code), result: problems[0] ?? `exit code ${code}` };
}

function partOf(rows: readonly CounterRow[], state: CounterRow['state']): Part {
  return sum(rows.filter((row) => row.state === state));
}

function sum(rows: readonly CounterRow[]): Part {
  return rows.reduce(
    (total, row) => ({ sessions: total.sessions + row.sessions, bytes: total.bytes + row.stored_bytes }),
    { sessions: 0, bytes: 0 },
  );
}

function agentParts(rows: readonly CounterRow[]): AgentPart[] {
  return [...new Set(rows.map((row) => row.agent))].map((agent) => {
    const own = rows.filter((row) => row.agent === agent);
    return {
      agent,
      live: sum(own.filter((row) => row.state !== 'evicted')),
      unanalyzed: partOf(own, 'unanalyzed').sessions,
      evicted: partOf(own, 'evicted').sessions,
    };
  });
}
