/** Rows: the screens at 100,000 sessions, in a real terminal of 160 × 50, against an empty app made with the same library. */
import { existsSync } from 'node:fs';
import { emptyInkExecutable } from './cache.ts';
import { percentile } from './figures.ts';
import { warm } from './process.ts';
import { copyStore, NOW } from './program.ts';
import { always, atMost, type Bench, type Measured, type Row } from './row.ts';
import { growingStore } from './stores.ts';
import { Screen } from './terminal.ts';

const SESSIONS = 100_000;
const KEYS = 40;
const IDLE_MS = 10_000;
/** By then the first look at what agents wrote is over, and the code that it took is compiled: that is its start, not idleness. */
const SETTLED_MS = 15_000;
/** On the dashboard, once it is drawn. */
const READY = 'Tier 1';
const EMPTY_READY = 'listens';

/** The dashboard writes what it saw of the agents: it gets a copy. */
async function storeOf(bench: Bench): Promise<string> {
  return copyStore(bench, await growingStore(bench.cache, SESSIONS));
}

function screenOf(bench: Bench, store: string): Screen {
  return new Screen(bench, [bench.binary, '--store', store], { SESSION_MEMORY_NOW: NOW });
}

const only = (value: number, cpuMs = 0): Measured => ({ value, wallMs: value, cpuMs });

/** `b` until all sessions are in the list, then the other keys. */
async function openList(screen: Screen, keys: readonly string[]): Promise<void> {
  await screen.quiet();
  await screen.key('b');
  await screen.shows('100,000 sessions, by newest');
  for (const key of keys) await screen.key(key);
}

/** The 95th percentile of one key pressed many times. */
async function timesOf(screen: Screen, keys: readonly string[]): Promise<Measured> {
  const times: number[] = [];
  const before = screen.cpuMs();
  for (let i = 0; i < KEYS; i += 1) times.push(await screen.key(keys[i % keys.length] ?? ''));
  return only(percentile(times, 0.95), (screen.cpuMs() - before) / KEYS);
}

/** `opening`: typed in the list before; `keys`: pressed in turns, each of which must change what is on the screen. */
function keyRow(
  name: string,
  what: string,
  opening: readonly string[],
  keys: readonly string[],
  than: 'limit' | 'empty',
): Row {
  return {
    name,
    what,
    unit: than === 'limit' ? 'ms' : '×',
    target: than === 'limit' ? atMost(33) : null,
    // Each round is forty keys already, and most of its time is waiting.
    roundsMax: 3,
    unavailable: always,
    prepare: async (bench) => {
      const empty = await emptyInkExecutable(bench.cache);
      const store = await storeOf(bench);
      const contest = {
        subject: async () => {
          await using screen = screenOf(bench, store);
          await screen.shows(READY);
          await openList(screen, opening);
          return await timesOf(screen, keys);
        },
      };
      if (than === 'limit') return contest;
      return {
        ...contest,
        baseline: async () => {
          await using screen = new Screen(bench, [empty]);
          await screen.shows(EMPTY_READY);
          return await timesOf(screen, ['x']);
        },
      };
    },
  };
}

const start: Row = {
  name: 'tui-start',
  what: 'from the start to the dashboard, 100,000 sessions, wall / an empty Ink app',
  unit: '×',
  target: null,
  unavailable: always,
  prepare: async (bench) => {
    const empty = await emptyInkExecutable(bench.cache);
    const store = await storeOf(bench);
    return {
      reset: async () => warm(empty, bench.binary, store),
      subject: async () => {
        await using screen = screenOf(bench, store);
        return only(await screen.shows(READY), screen.cpuMs());
      },
      baseline: async () => {
        await using screen = new Screen(bench, [empty]);
        return only(await screen.shows(EMPTY_READY), screen.cpuMs());
      },
    };
  },
};

const idle: Row = {
  name: 'tui-idle',
  what: `CPU of the dashboard while nothing happens, over ${IDLE_MS / 1000} s, ${SETTLED_MS / 1000} s after its start`,
  unit: '%',
  target: atMost(1),
  roundsMax: 3,
  unavailable: always,
  prepare: async (bench) => {
    const store = await storeOf(bench);
    return {
      subject: async () => {
        await using screen = screenOf(bench, store);
        await screen.shows(READY);
        await Bun.sleep(SETTLED_MS);
        await screen.quiet();
        const [before, began] = [screen.cpuMs(), performance.now()];
        await Bun.sleep(IDLE_MS);
        const cpuMs = screen.cpuMs() - before;
        return { value: (100 * cpuMs) / (performance.now() - began), wallMs: IDLE_MS, cpuMs };
      },
    };
  },
};

/** `keys`: what is typed before the peak is read. */
function memoryRow(name: string, what: string, keys: readonly string[], mib: number): Row {
  return {
    name,
    what,
    unit: 'MiB',
    target: atMost(mib),
    roundsMax: 3,
    unavailable: () => (existsSync('/proc/self/status') ? null : 'no /proc here'),
    prepare: async (bench) => {
      const store = await storeOf(bench);
      return {
        subject: async () => {
          await using screen = screenOf(bench, store);
          await screen.shows(READY);
          if (keys.length > 0) await openList(screen, keys);
          await screen.quiet();
          return { value: screen.peakBytes() / 1024 ** 2, wallMs: 0, cpuMs: screen.cpuMs() };
        },
      };
    },
  };
}

const PAGE_DOWN = '\x1b[6~';

export const tuiRows: readonly Row[] = [
  keyRow('tui-key', 'sessions: down, key to first byte, 95th percentile', [], ['j'], 'limit'),
  keyRow('tui-key-page', 'sessions: a page down, the same', [], [PAGE_DOWN], 'limit'),
  keyRow('tui-key-end', 'sessions: last and first in turns, the same', [], ['G', 'g'], 'limit'),
  keyRow('tui-key-order', 'sessions: another order, the same', [], ['s'], 'limit'),
  keyRow(
    'tui-key-filter',
    'sessions: typing a filter and erasing it, the same',
    ['/'],
    ['m', '\x7f'],
    'limit',
  ),
  keyRow('tui-key-empty', 'sessions: down / any key of an empty Ink app', [], ['j'], 'empty'),
  start,
  idle,
  memoryRow('tui-memory', 'the dashboard at 100,000 sessions, peak memory', [], 120),
  memoryRow('tui-memory-list', 'the list of them, another order too, peak memory', ['j', 'G', 'g', 's'], 256),
];
