/** A disk that is slow, or answers never: keys, frames and ways back wait for nothing that is read from it. */
import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test';
import fc from 'fast-check';
import type { SessionUid } from '../../src/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../src/domain/limits.ts';
import type { Decision } from '../../src/sweep/ports.ts';
import { Controller } from '../../src/tui/controller.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { Pins } from '../../src/tui/pins.ts';
import type { Services, StoreReads } from '../../src/tui/ports.ts';
import { SEED } from '../support/seed.ts';
import { catalogueOf, EMPTY_VIEW, ROWS, restorePlan, SIZE, uidOf, view } from '../support/tui.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

type Name = keyof StoreReads;

const READ_ROWS = new Map(ROWS.map((row, n) => [n + 1, row]));

/** A store that answers when it is told to, and never before. */
class Slow {
  readonly asked: {
    readonly name: Name;
    readonly args: readonly unknown[];
    readonly answer: (value: unknown) => void;
  }[] = [];
  nowMs = 0;
  readonly #never = new Promise<never>(() => undefined);
  readonly services: Services;
  readonly controller: Controller;

  constructor(about: Partial<Services> = {}) {
    const store = new Proxy({} as StoreReads, {
      get:
        (_, name: Name) =>
        (...args: readonly unknown[]) =>
          new Promise((answer) => {
            this.asked.push({ name, args, answer });
          }),
    });
    const never = () => this.#never;
    this.services = {
      clock: { now: () => view().now, monotonicMs: () => this.nowMs, isSet: true },
      limits: DEFAULT_LIMITS,
      store,
      background: { look: never, ingest: never, analyze: never, stop: never, close: async () => undefined },
      watch: () => ({ close: () => undefined }),
      sweep: never,
      pin: never,
      tryDigest: never,
      exportSessions: never,
      search: never,
      related: never,
      schedule: never,
      evictMarked: never,
      restoreMarked: never,
      indexMore: never,
      conversation: never,
      seek: never,
      restore: never,
      exportFile: () => '/home/me/x.smx',
      ...about,
    };
    this.controller = new Controller(this.services, 'dashboard', SIZE, () => undefined);
    this.controller.start();
  }

  async answer(name: Name, value: unknown): Promise<void> {
    const at = this.asked.findIndex((one) => one.name === name);
    if (at < 0) throw new Error(`nobody asked for ${name}: ${this.asked.map((one) => one.name).join()}`);
    this.asked.splice(at, 1)[0]?.answer(value);
    await settled();
  }

  press(...names: readonly string[]): void {
    for (const name of names) this.controller.dispatch({ kind: 'key', name });
    this.pass(20);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    jest.advanceTimersByTime(ms);
  }

  get screen(): string {
    return this.controller.snapshot().screen.kind;
  }

  get text(): string {
    return frame(this.controller.snapshot(), { unicode: true }).map(textOf).join('\n');
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

/** The list of sessions, of which no row has been read. */
async function listed(about: Partial<Services> = {}): Promise<Slow> {
  const slow = new Slow(about);
  await slow.answer('view', { ...view(), growth: undefined });
  slow.press('b');
  await settled();
  slow.pass(100);
  await slow.answer('catalogue', catalogueOf(ROWS));
  slow.pass(100);
  return slow;
}

describe('before anything of it is read', () => {
  test('the screen says so, and keys work: help and back, the list and back, quit', () => {
    const slow = new Slow();
    slow.pass(50);
    expect(slow.text).toContain('Opening the store…');
    slow.press('?');
    expect(slow.screen).toBe('help');
    slow.press('esc', 'b');
    expect(slow.screen).toBe('sessions');
    slow.press('esc');
    expect(slow.screen).toBe('dashboard');
    slow.press('q');
    expect(slow.screen).toBe('done');
  });

  test('what takes adding up holds up nothing that is known', async () => {
    const slow = new Slow();
    await slow.answer('view', { ...view(), growth: undefined });
    slow.pass(50);
    expect(slow.text).toContain('Tier 1');
    expect(slow.text).toContain('adding it up…');
    await slow.answer('growth', [1, 2, 3]);
    slow.pass(50);
    expect(slow.text).not.toContain('adding it up…');
  });
});

describe('while a key waits for it', () => {
  test('the list is there, its cursor moves, and after a moment it is said that the store is being read', async () => {
    const slow = await listed();
    expect(slow.text).toContain('›  …');
    expect(slow.text).not.toContain('reading the store');
    slow.press('down');
    expect(slow.text).toContain('row 2 of');
    slow.pass(400);
    expect(slow.text).toContain('reading the store…');
    while (slow.asked.some(({ name }) => name === 'rows')) await slow.answer('rows', READ_ROWS);
    slow.pass(50);
    expect(slow.text).not.toContain('reading the store');
    expect(slow.text).toContain(ROWS[0]?.agent ?? '');
  });

  test('a frame is not late for it: what comes within a moment is in the same frame, what does not is not waited for', async () => {
    const slow = new Slow();
    await slow.answer('view', { ...view(), growth: undefined });
    slow.pass(100);
    const frames: string[] = [];
    slow.controller.subscribe(() => frames.push(slow.screen));
    slow.controller.dispatch({ kind: 'key', name: 'Z' });
    expect(frames).toHaveLength(1);
    slow.controller.dispatch({ kind: 'key', name: 'h' });
    slow.pass(5);
    await slow.answer('sweeps', []);
    expect(frames.at(-1)).toBe('history');
  });

  test('a text opens at once and says that it is read; after esc nothing comes up any more', async () => {
    const slow = await listed();
    await slow.answer('rows', READ_ROWS);
    slow.press('enter');
    expect(slow.screen).toBe('reader');
    expect(slow.text).toContain('Reading…');
    slow.press('esc');
    expect(slow.screen).toBe('sessions');
    await slow.answer('digest', ['too late']);
    slow.pass(50);
    expect(slow.screen).toBe('sessions');
    expect(slow.text).not.toContain('too late');
  });

  test('of two texts that were asked for the one that was asked for last is shown', async () => {
    const slow = await listed();
    await slow.answer('rows', READ_ROWS);
    slow.press('enter', 'x');
    await slow.answer('raw', { lines: ['the raw one'], more: null, before: null });
    await slow.answer('digest', ['the digest']);
    slow.pass(50);
    expect(slow.text).toContain('the raw one');
  });

  test('what a key opens does not come up over where the person went meanwhile', async () => {
    const slow = await listed();
    await slow.answer('rows', READ_ROWS);
    slow.press('r');
    expect(slow.text).toContain('Looking at what is there…');
    slow.press('enter');
    expect(slow.screen).toBe('restore');
    slow.press('esc', 'esc');
    expect(slow.screen).toBe('dashboard');
    await slow.answer('planRestore', restorePlan());
    slow.press('h', 'b');
    expect(slow.screen).toBe('sessions');
    await slow.answer('sweeps', []);
    slow.pass(50);
    expect(slow.screen).toBe('sessions');
  });
});

test('a first run looks again by itself: what an agent writes is seen without a key', async () => {
  let looks = 0;
  const found = { agents: [], lookedFor: ['codex'] };
  const services = new Slow().services;
  const look = async () => {
    looks += 1;
    return found;
  };
  const slow = new Slow({ background: { ...services.background, look } });
  await slow.answer('view', { ...EMPTY_VIEW, growth: undefined });
  slow.pass(50);
  expect(slow.screen).toBe('first_run');
  const first = looks;
  for (let i = 0; i < 4; i += 1) {
    slow.pass(3_000);
    await settled();
  }
  expect(looks).toBeGreaterThanOrEqual(first + 3);
});

describe('keys that are typed ahead', () => {
  /** Whose restore is asked for, once all has been answered. */
  async function restored(...keys: readonly string[]): Promise<readonly unknown[]> {
    const slow = await listed();
    await answerAll(slow);
    slow.press(...keys);
    await answerAll(slow);
    return slow.asked.flatMap(({ name, args }) => (name === 'planRestore' ? [args[0]] : []));
  }

  async function answerAll(slow: Slow): Promise<void> {
    for (let i = 0; i < 10; i += 1) {
      if (slow.asked.some(({ name }) => name === 'matching')) await slow.answer('matching', [7]);
      if (slow.asked.some(({ name }) => name === 'rows')) await slow.answer('rows', READ_ROWS);
      slow.pass(50);
      await settled();
    }
  }

  test('are for the row that the filter leads to, and not for the one that was there before', async () => {
    expect(await restored('r')).toEqual([uidOf(119)]);
    expect(await restored('/', 'x', 'y', 'enter', 'r')).toEqual([uidOf(6)]);
  });

  test('are for a row that is still being read when it is', async () => {
    const slow = await listed();
    slow.press('down', 'enter');
    expect(slow.screen).toBe('sessions');
    await slow.answer('rows', READ_ROWS);
    slow.pass(50);
    expect(slow.screen).toBe('reader');
    expect(slow.asked.some(({ name }) => name === 'digest')).toBe(true);
  });

  test('are forgotten by esc', async () => {
    expect(await restored('/', 'x', 'enter', 'r', 'esc')).toEqual([]);
  });
});

test('whatever is pressed, esc comes back to the dashboard, whatever is answered meanwhile', async () => {
  const keys = ['b', 'down', 'enter', 't', 'x', 'h', '?', '/', 'a', 's', 'r', 'G', 'pagedown', 'tab'];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...keys), { maxLength: 8 }), async (pressed) => {
      const slow = await listed();
      slow.press(...pressed);
      // A sweep that has begun is stopped first, and says so.
      if (slow.screen === 'sweep') return;
      for (let i = 0; i < 12 && slow.screen !== 'dashboard'; i += 1) slow.press('esc');
      expect([pressed, slow.screen]).toEqual([pressed, 'dashboard']);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test('a store that changes while its list is read for long is read to the end, and then once more', async () => {
  const slow = new Slow();
  await slow.answer('view', { ...view(), growth: undefined });
  await slow.answer('growth', [1]);
  const loads = () => slow.asked.filter(({ name }) => name === 'catalogue').length;
  for (let version = 100; version < 110; version += 1) {
    slow.pass(3_000);
    await settled();
    await slow.answer('view', { ...view({ version }), growth: undefined });
  }
  expect(loads()).toBe(1);
  await slow.answer('catalogue', catalogueOf(ROWS));
  slow.pass(100);
  expect(slow.text).toContain('By project');
  slow.pass(600_000);
  await settled();
  expect(loads()).toBe(1);
});

describe('a pin that is still being written', () => {
  const run: Decision = { kind: 'run', keepOut: new Set<SessionUid>([uidOf(1)]) };

  test('holds up the decision that was made after it', async () => {
    const written = Promise.withResolvers<boolean>();
    const pins = new Pins({ pin: () => written.promise });
    void pins.set(uidOf(0), true);
    let decided: Decision | null = null;
    void pins.heeded(run).then((decision) => {
      decided = decision;
    });
    await settled();
    expect(decided).toBeNull();
    written.resolve(true);
    await settled();
    expect(decided as Decision | null).toEqual(run);
  });

  test('and fails keeps its session out of what is decided, until it is pinned after all', async () => {
    let fails = true;
    const pins = new Pins({ pin: async () => (fails ? Promise.reject(new Error('busy')) : true) });
    await pins.set(uidOf(0), true).catch(() => undefined);
    expect(await pins.heeded(run)).toEqual({ kind: 'run', keepOut: new Set([uidOf(1), uidOf(0)]) });
    expect(await pins.heeded({ kind: 'stop' })).toEqual({ kind: 'stop' });
    fails = false;
    await pins.set(uidOf(0), true);
    expect(await pins.heeded(run)).toEqual(run);
  });
});
