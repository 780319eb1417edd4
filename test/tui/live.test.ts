/** The view follows the store: whoever writes to it, and at no cost while nobody does. */
import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test';
import { DEFAULT_LIMITS, GIB, MIB } from '../../src/domain/limits.ts';
import { DAY_MS, type Iso } from '../../src/domain/time.ts';
import type { ReadableDb } from '../../src/store/connection.ts';
import { openReadable } from '../../src/store/open.ts';
import { dataVersion, listSessions } from '../../src/store/read.ts';
import { saveScans } from '../../src/store/scans.ts';
import { beginSweep, finishSweep } from '../../src/store/write-sweep.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { growthOf, LiveView, readView } from '../../src/tui/live.ts';
import { textOf } from '../../src/tui/paint.ts';
import { DASHBOARD, firstState } from '../../src/tui/state.ts';
import { growthADay, type View } from '../../src/tui/view.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { id, noise, uid } from '../support/filled.ts';
import { play, view } from '../support/tui.ts';

beforeEach(() => void jest.useRealTimers());
afterEach(() => void jest.useRealTimers());

/** A world and a view of it by a connection of its own, as another process has one. */
class Watched implements Disposable {
  readonly world = new World();
  readonly reading: ReadableDb = openReadable(`${this.world.folder}/store/s.db`);
  readonly seen: View[] = [];
  monotonicMs = 0;
  readonly live = new LiveView({
    reads: {
      view: async (now, seen) => {
        const version = dataVersion(this.reading);
        if (version === seen?.version && now.slice(0, 16) === seen.minute) return null;
        return { ...readView(this.reading, DEFAULT_LIMITS, now), version };
      },
      growth: async (now) => growthOf(this.reading, now),
    },
    clock: { now: () => this.world.now, monotonicMs: () => this.monotonicMs, isSet: true },
    // At first what is known at once is told, then what takes adding up.
    onChange: (shown) => shown.growth !== null && this.seen.push(shown),
    onTrouble: (thrown) => {
      throw thrown;
    },
  });

  /** Stores session `n`, which ended on that day of May, and makes its digest or not. */
  async store(n: number, day: number, analyze = true): Promise<void> {
    const at = `2026-05-${String(day).padStart(2, '0')}T10:00:00.000Z`;
    this.world.put(claudePath(id(n)), promptLine(id(n), `${n} ${noise()}`, at));
    await this.world.ingest({ analyze });
  }

  get last(): View {
    const shown = this.seen.at(-1);
    if (shown === undefined) throw new Error('nothing was shown');
    return shown;
  }

  [Symbol.dispose](): void {
    this.live.stop();
    this.reading.close();
    this.world[Symbol.dispose]();
  }
}

/** All that was answered so far has come to whoever asked. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

describe('the view', () => {
  test('is told at the start, and again only when something has changed', async () => {
    using watched = new Watched();
    await watched.live.look();
    await watched.live.look();
    expect(watched.seen).toHaveLength(1);
    await watched.store(1, 20);
    await watched.live.look();
    expect(watched.seen).toHaveLength(2);
    await watched.live.look();
    expect(watched.seen).toHaveLength(2);
  });

  test('shows what another connection writes within a second', async () => {
    using watched = new Watched();
    await watched.store(1, 20);
    jest.useFakeTimers();
    watched.live.start();
    await settled();
    expect(watched.last.evicted).toBe(0);
    const before = watched.seen.length;
    watched.world.evict(uid(1));
    jest.advanceTimersByTime(1000);
    await settled();
    expect(watched.seen).toHaveLength(before + 1);
    expect([watched.last.analyzed, watched.last.evicted, watched.last.tier1Bytes]).toEqual([
      { sessions: 0, bytes: 0 },
      1,
      0,
    ]);
  });

  test('is told anew each minute: what is too old changes by itself', async () => {
    using watched = new Watched();
    await watched.live.look();
    watched.world.now = '2026-06-01T00:00:59.999Z' as Iso;
    await watched.live.look();
    expect(watched.seen).toHaveLength(1);
    watched.world.now = '2026-06-01T00:01:00.000Z' as Iso;
    await watched.live.look();
    expect(watched.seen).toHaveLength(2);
  });

  test('counts sessions and bytes by state and agent, and never mixes them up', async () => {
    using watched = new Watched();
    await watched.store(1, 20);
    await watched.store(2, 21);
    await watched.store(3, 22, false);
    watched.world.evict(uid(1));
    await watched.live.look();
    const bytes = new Map(listSessions(watched.reading).map((row) => [row.uid as string, row.storedBytes]));
    const [two, three] = [bytes.get(uid(2)) ?? 0, bytes.get(uid(3)) ?? 0];
    expect(two).toBeGreaterThan(1000);
    expect(watched.last).toMatchObject({
      tier1Bytes: two + three,
      analyzed: { sessions: 1, bytes: two },
      unanalyzed: { sessions: 1, bytes: three },
      pinned: 0,
      evicted: 1,
      byAgent: [
        { agent: 'claude-code', live: { sessions: 2, bytes: two + three }, unanalyzed: 1, evicted: 1 },
      ],
      toAnalyze: 0,
      worstCaseLoss: 0,
      lastSweep: null,
    });
    expect(watched.last.next.map(({ pass, sessions }) => [pass, sessions])).toEqual([
      ['backstop', 0],
      ['budget', 0],
      ['overflow', 0],
    ]);
  });

  test('forecasts the backstop: 46 days later the analyzed session goes, the other one stays', async () => {
    using watched = new Watched();
    await watched.store(1, 20);
    await watched.store(2, 20, false);
    watched.world.now = '2026-07-05T10:00:00.001Z' as Iso;
    await watched.live.look();
    expect(watched.last.next[0]?.sessions).toBe(1);
  });

  test('has what agents will delete as the last scan knew it, and the last sweep', async () => {
    using watched = new Watched();
    saveScans(watched.world.db, [
      {
        agent: 'claude-code',
        root: '/home/me/.claude',
        scanned_at: watched.world.now,
        sessions: 9,
        raw_bytes: 1,
        sessions_not_stored: 4,
        sessions_at_risk: 6,
        at_risk_not_stored: 2,
        deletes_after_days: 30,
        first_deletion_at: '2026-06-04T12:00:00.000Z' as Iso,
      },
    ]);
    beginSweep(watched.world.db, { sweepId: 's-1', planId: 'p', startedAt: watched.world.now });
    const end = { finishedAt: watched.world.now, lostData: true, bytesFreed: 310 * MIB, report: '{}' };
    finishSweep(watched.world.db, { sweepId: 's-1', ...end });
    await watched.live.look();
    expect(
      watched.last.atRisk.map(({ sessions, notStored, firstAt }) => [sessions, notStored, firstAt as string]),
    ).toEqual([[6, 2, '2026-06-04T12:00:00.000Z']]);
    expect(watched.last.lastSweep).toEqual({ at: watched.world.now, freedBytes: 310 * MIB, lost: true });
  });
});

describe('growth', () => {
  test('is what was stored of the sessions of each of fifteen days, today last', async () => {
    using watched = new Watched();
    expect(growthOf(watched.reading, watched.world.now)).toEqual([]);
    // 1 June is today: 18 May is the first of the fifteen days, 17 May is too long ago.
    await watched.store(1, 17);
    await watched.store(2, 18);
    await watched.store(3, 31);
    await watched.store(4, 31);
    const bytes = new Map(listSessions(watched.reading).map((row) => [row.uid as string, row.storedBytes]));
    const of = (n: number) => bytes.get(uid(n)) ?? Number.NaN;
    expect(growthOf(watched.reading, watched.world.now)).toEqual([
      of(2),
      ...Array(12).fill(0),
      of(3) + of(4),
      0,
    ]);
  });

  test('is added up once a minute at most', async () => {
    using watched = new Watched();
    await watched.store(1, 31);
    await watched.live.look();
    const { growth } = watched.last;
    await watched.store(2, 31);
    watched.monotonicMs = 59_000;
    await watched.live.look();
    expect(watched.last.growth).toEqual(growth);
    await watched.store(3, 31);
    watched.monotonicMs = 61_000;
    await watched.live.look();
    expect(watched.last.growth?.[13]).toBeGreaterThan(2 * (growth?.[13] ?? 0));
  });

  test.each<[string, number[], number]>([
    ['nothing stored', [], 0],
    ['today alone, which is not over', [0, 0, 0, 0, 0, 0, 0, 0, 70], 0],
    ['7 a day for a week', [900, 7, 7, 7, 7, 7, 7, 7, 3], 7],
    ['14 yesterday and nothing before', [0, 0, 0, 0, 0, 0, 0, 14, 0], 2],
  ])('a day is the mean of the seven days before today: %s', (_, growth, aDay) => {
    expect(growthADay(growth)).toBe(aDay);
  });

  // 4 GiB is the soft cap; a GiB is 1,024 MiB.
  test.each([
    ['1 GiB left at 128 MiB a day', 3 * GIB, 128, '+128 MiB a day · soft cap in about 8 days'],
    ['1 GiB left at 1 GiB a day', 3 * GIB, 1024, '+1.0 GiB a day · soft cap in about 1 day'],
    ['1 GiB left at 100 MiB a day', 3 * GIB, 100, '+100 MiB a day · soft cap in about 11 days'],
    ['nothing left', 4 * GIB, 128, 'over the soft cap now'],
    [
      '1 GiB left at 22 MiB a day, and an age limit of 45 days',
      3 * GIB,
      22,
      '+22.0 MiB a day · the age limit comes first',
    ],
    ['4 GiB left at 80 MiB a day, more than 45 days of it', 0, 80, 'the age limit comes first'],
    ['4 GiB left at 95 MiB a day, which 45 days of it pass', 0, 95, 'soft cap in about 44 days'],
    ['4 GiB left at 1 MiB a day', 0, 1, '+1.0 MiB a day · soft cap years away'],
  ])('is put forward to the soft cap: %s', (_, tier1Bytes, mibADay, words) => {
    const shown = view({ tier1Bytes, growth: Array(15).fill(mibADay * MIB) });
    const state = play(firstState(DASHBOARD, { columns: 100, rows: 30 }), {
      kind: 'view',
      view: shown,
    });
    expect(
      frame(state, { unicode: true })
        .map(textOf)
        .find((line) => line.includes('Growth')),
    ).toContain(words);
  });

  test('says how many days a risk is away, in whole days, and that none are left', () => {
    const said = (days: number) => {
      const firstAt = new Date(Date.parse(view().now) + days * DAY_MS).toISOString() as Iso;
      const risk = { agent: 'Claude Code', sessions: 6, notStored: 2, days: 30, firstAt };
      const state = play(firstState(DASHBOARD, { columns: 120, rows: 30 }), {
        kind: 'view',
        view: view({ atRisk: [risk] }),
      });
      return frame(state, { unicode: true })
        .map(textOf)
        .find((line) => line.includes('At risk'));
    };
    expect(said(3.9)).toContain(
      "6 sessions go, the first in 3 days, by Claude Code's cleanup; 2 not stored yet",
    );
    expect(said(1)).toContain('the first in 1 day,');
    expect(said(0.5)).toContain('the first within a day,');
    expect(said(-1)).toContain('the first at its next start,');
  });
});
