/** The dashboard keeps the store up with what agents write: stored at once, digested after two quiet minutes. */
import { afterEach, beforeEach, describe, expect, jest, spyOn, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { parseTime } from '../../src/domain/time.ts';
import { untriedSessions } from '../../src/store/browse.ts';
import { Keeper, type KeeperServices, QUIET_MS, quietSessions } from '../../src/tui/keeper.ts';
import type { Ingested } from '../../src/tui/ports.ts';
import type { Event } from '../../src/tui/state.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { uidOf } from '../support/tui.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A keeper whose clock, folders and background are the test's; its store is a real one. */
class Kept implements Disposable {
  readonly world = new World();
  /** What the background was asked for, with the second at which it began. */
  readonly asked: string[] = [];
  readonly events: Event[] = [];
  readonly keeper: Keeper;
  nowMs = 0;
  /** How far the clock goes on while it is read, as a real one does. */
  readTakesMs = 0;
  /** What each ingest finds changed, one after the other. */
  finds: (readonly SessionUid[])[] = [];
  ingestTakesMs = 0;
  analyzeTakesMs = 0;
  fails: string | null = null;
  running = 0;
  atOnce = 0;
  changed: () => void = () => undefined;
  #inTrouble: (message: string) => void = () => undefined;

  constructor(watchFails: string | null = null) {
    const services: KeeperServices = {
      clock: { now: () => this.world.now, monotonicMs: () => (this.nowMs += this.readTakesMs), isSet: true },
      store: { untried: async (most) => untriedSessions(this.world.db, most) },
      background: {
        look: notUsed,
        ingest: (digests) => this.#ingest(digests),
        analyze: (uids) => this.#work(`analyze ${uids.length}`, this.analyzeTakesMs),
        stop: async () => void this.asked.push(`${this.nowMs / SECOND} s: stop`),
        close: async () => undefined,
      },
      watch: (onChange, onTrouble) => {
        this.changed = onChange;
        this.#inTrouble = onTrouble;
        if (watchFails !== null) this.#inTrouble(watchFails);
        return { close: () => undefined };
      },
    };
    this.keeper = new Keeper(services, (event) => this.events.push(event));
  }

  async #ingest(digests: boolean): Promise<Ingested> {
    const changed = this.finds.shift() ?? [];
    await this.#work(digests ? 'ingest with digests' : 'ingest', this.ingestTakesMs);
    if (this.fails !== null) throw new Error(this.fails);
    return { news: null, trouble: null, changed };
  }

  async #work(what: string, takesMs: number): Promise<void> {
    this.asked.push(`${this.nowMs / SECOND} s: ${what}`);
    this.running += 1;
    this.atOnce = Math.max(this.atOnce, this.running);
    if (takesMs > 0) await new Promise((done) => setTimeout(done, takesMs));
    this.running -= 1;
  }

  /** Lets time pass, a tenth of a second after the other, and all that falls due in it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.nowMs += 100;
      jest.advanceTimersByTime(100);
      for (let i = 0; i < 12; i += 1) await Promise.resolve();
    }
  }

  /** What was asked for since the last time. */
  took(): string[] {
    return this.asked.splice(0);
  }

  [Symbol.dispose](): void {
    this.keeper.stop();
    this.world[Symbol.dispose]();
  }
}

function notUsed(): never {
  throw new Error('the keeper has no use for this');
}

describe('what agents write', () => {
  test('is stored soon after the change; several changes are one look', async () => {
    using kept = new Kept();
    kept.keeper.start();
    await kept.pass(SECOND);
    expect(kept.took()).toEqual(['0.4 s: ingest']);
    kept.changed();
    await kept.pass(200);
    kept.changed();
    kept.changed();
    await kept.pass(SECOND);
    expect(kept.took()).toEqual(['1.4 s: ingest']);
  });

  test('is digested after two quiet minutes, not before', async () => {
    using kept = new Kept();
    kept.finds = [[uidOf(1), uidOf(2)]];
    kept.keeper.start();
    await kept.pass(400 + QUIET_MS - 100);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([]);
    // The clock is looked at every five seconds.
    await kept.pass(5 * SECOND);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([
      '125 s: analyze 1',
      '125 s: analyze 1',
    ]);
    await kept.pass(10 * MINUTE);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([]);
  });

  test('waits two minutes anew when it grows again', async () => {
    using kept = new Kept();
    kept.finds = [[uidOf(1)]];
    kept.keeper.start();
    await kept.pass(90 * SECOND);
    kept.finds = [[uidOf(1)]];
    kept.changed();
    await kept.pass(QUIET_MS);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([]);
    await kept.pass(6 * SECOND);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual(['215 s: analyze 1']);
  });

  test('is digested at once where the user asks for the ingest, and not again later', async () => {
    using kept = new Kept();
    kept.finds = [[uidOf(1)]];
    const done = kept.keeper.ingestNow();
    await kept.pass(100);
    await done;
    expect(kept.took()).toEqual(['0.1 s: ingest with digests']);
    await kept.pass(5 * MINUTE);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([]);
  });

  test('costs at most a twentieth of a core: after a look of two seconds it rests forty', async () => {
    using kept = new Kept();
    kept.ingestTakesMs = 2 * SECOND;
    kept.keeper.start();
    for (let second = 0; second < 60; second += 1) {
      kept.changed();
      await kept.pass(SECOND);
    }
    expect(kept.took()).toEqual(['0.4 s: ingest', '42.4 s: ingest']);
  });

  test('is followed at once after a long ingest that the user asked for', async () => {
    using kept = new Kept();
    kept.ingestTakesMs = MINUTE;
    void kept.keeper.ingestNow();
    await kept.pass(MINUTE + 200);
    kept.ingestTakesMs = 0;
    await kept.pass(SECOND);
    expect(kept.took()).toEqual(['0.1 s: ingest with digests', '60.5 s: ingest']);
  });

  test('is looked for every minute, since a watch may miss it; every ten seconds where there is no watch', async () => {
    using kept = new Kept();
    kept.keeper.start();
    await kept.pass(3 * MINUTE);
    expect(kept.took()).toHaveLength(3);
    using unwatched = new Kept('no more folders can be watched');
    unwatched.keeper.start();
    await unwatched.pass(MINUTE);
    expect(unwatched.took().length).toBeWithin(4, 7);
    expect(unwatched.events).toContainEqual({ kind: 'watching', watching: 'trouble' });
    expect(unwatched.events).toContainEqual({
      kind: 'trouble',
      message: 'no more folders can be watched',
      from: 'watch',
    });
  });
});

describe('one thing at a time', () => {
  test('holds whatever comes meanwhile', async () => {
    using kept = new Kept();
    kept.ingestTakesMs = 3 * SECOND;
    kept.analyzeTakesMs = 3 * SECOND;
    kept.finds = [[uidOf(1)], [uidOf(2)], [uidOf(3)]];
    kept.keeper.start();
    for (let second = 0; second < 400; second += 1) {
      kept.changed();
      if (second % 50 === 20) void kept.keeper.ingestNow();
      await kept.pass(SECOND);
    }
    expect(kept.atOnce).toBe(1);
    expect(kept.took().length).toBeGreaterThan(5);
  });

  test('holds for a sweep: nothing starts until it is over, and what waited is not forgotten', async () => {
    using kept = new Kept();
    kept.finds = [[uidOf(1), uidOf(2)]];
    kept.analyzeTakesMs = 2 * SECOND;
    kept.keeper.start();
    await kept.pass(126 * SECOND);
    // The first digest is being made when the sweep begins.
    const paused = kept.keeper.pause();
    await kept.pass(3 * SECOND);
    await paused;
    kept.took();
    kept.changed();
    await kept.pass(10 * MINUTE);
    expect(kept.took()).toEqual([]);
    kept.keeper.resume();
    await kept.pass(20 * SECOND);
    const after = kept.took().map((what) => what.replace(/^.*: /, ''));
    expect(after.filter((what) => what === 'analyze 1')).toHaveLength(2);
    expect(after).toContain('ingest');
    expect(kept.events.filter(({ kind }) => kind === 'watching')).toEqual([
      { kind: 'watching', watching: 'on' },
      { kind: 'watching', watching: 'off' },
      { kind: 'watching', watching: 'on' },
    ]);
  });

  test('goes on after something failed, and says what', async () => {
    using kept = new Kept();
    kept.fails = 'the disk is full';
    kept.keeper.start();
    await kept.pass(SECOND);
    expect(kept.events).toContainEqual({ kind: 'trouble', message: 'the disk is full' });
    expect(kept.events.at(-1)).toEqual({ kind: 'activity', activity: { kind: 'idle' } });
    kept.fails = null;
    kept.changed();
    await kept.pass(SECOND);
    expect(kept.took()).toHaveLength(2);
    expect(kept.events).toContainEqual({ kind: 'trouble', message: null });
  });
});

describe('what an earlier run stored without a digest', () => {
  test.each([
    ['ten minutes ago', '2026-06-01T00:10:00.000Z', 5],
    ['half a minute ago', '2026-06-01T00:00:30.000Z', 90],
  ])('and was stored %s is digested when it has been quiet for two minutes', async (_, now, second) => {
    using kept = new Kept();
    const id = '50000001-0000-4000-8000-000000000000';
    kept.world.put(claudePath(id), promptLine(id, 'hello'));
    // Real files are read here, which fake timers would hold up.
    jest.useRealTimers();
    await kept.world.ingest({ analyze: false });
    jest.useFakeTimers();
    kept.world.now = isoOf(now);
    kept.keeper.start();
    await kept.pass((second - 1) * SECOND);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([]);
    await kept.pass(2 * SECOND);
    expect(kept.took().filter((what) => what.includes('analyze'))).toEqual([`${second} s: analyze 1`]);
  });
});

test('TimeoutNegativeWarning: no timer is set for a time that has passed while the clock was read', async () => {
  using kept = new Kept();
  kept.readTakesMs = 0.01;
  const delays: number[] = [];
  const before = globalThis.setTimeout;
  const timers = spyOn(globalThis, 'setTimeout');
  timers.mockImplementation(((work: () => void, delayMs?: number) => {
    delays.push(delayMs ?? 0);
    return before(work, delayMs);
  }) as typeof setTimeout);
  try {
    kept.keeper.start();
    // A look that is due each minute is set for this very moment.
    await kept.pass(10 * MINUTE);
  } finally {
    timers.mockRestore();
  }
  expect(delays.length, 'timers').toBeGreaterThan(5);
  expect(delays.filter((delayMs) => delayMs < 0)).toEqual([]);
});

test('quiet means two minutes to the millisecond', () => {
  const grown = new Map([
    [uidOf(1), 1000],
    [uidOf(2), 1001],
  ]);
  expect(quietSessions(grown, 121_000)).toEqual([uidOf(1)]);
  expect(quietSessions(grown, 121_001)).toEqual([uidOf(1), uidOf(2)]);
});

function isoOf(text: string) {
  const time = parseTime(text);
  if (time === null) throw new Error(`${text} is no time`);
  return time;
}

describe('what the person stops', () => {
  test('ends, and nothing starts by itself until they ask for it', async () => {
    using kept = new Kept();
    kept.keeper.start();
    await kept.pass(SECOND);
    kept.took();
    await kept.keeper.stopWork();
    expect(kept.took()).toEqual(['1 s: stop']);
    expect(kept.events).toContainEqual({ kind: 'watching', watching: 'stopped' });
    kept.changed();
    await kept.pass(200 * SECOND);
    expect(kept.took(), 'neither a change nor the time starts anything').toEqual([]);
    const asked = kept.keeper.ingestNow();
    await kept.pass(SECOND);
    await asked;
    expect(kept.took()[0]).toContain('ingest with digests');
    expect(kept.events.findLast(({ kind }) => kind === 'watching')).toEqual({
      kind: 'watching',
      watching: 'on',
    });
    kept.changed();
    await kept.pass(SECOND);
    expect(kept.took().at(-1)).toContain('s: ingest');
  });

  test('says what was stored until then, and how to go on', async () => {
    using kept = new Kept();
    kept.ingestTakesMs = 5 * SECOND;
    const asked = kept.keeper.ingestNow();
    await kept.pass(SECOND);
    const stopped = kept.keeper.stopWork();
    await kept.pass(10 * SECOND);
    await Promise.all([asked, stopped]);
    expect(kept.events).toContainEqual({ kind: 'ingested', news: 'Stopped by you; i goes on.' });
  });

  test('a sweep that is over does not start it again', async () => {
    using kept = new Kept();
    kept.keeper.start();
    await kept.pass(SECOND);
    await kept.keeper.stopWork();
    await kept.keeper.pause();
    kept.took();
    kept.keeper.resume();
    kept.changed();
    await kept.pass(100 * SECOND);
    expect(kept.took()).toEqual([]);
    expect(kept.events.at(-1)).toEqual({ kind: 'watching', watching: 'stopped' });
  });
});
