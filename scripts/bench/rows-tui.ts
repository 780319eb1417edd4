/** Rows: the screens at 100,000 sessions, in a real terminal of 160 × 50, against an empty app made with the same library. */
import { emptyInkExecutable } from './cache.ts';
import { percentile } from './figures.ts';
import { warm } from './process.ts';
import { NOW } from './program.ts';
import { always, atMost, type Bench, type Measured, type Row } from './row.ts';
import { growingStore } from './stores.ts';
import { Screen } from './terminal.ts';

const SESSIONS = 100_000;
const KEYS = 40;
const IDLE_MS = 10_000;
/** On the dashboard, once it is drawn. */
const READY = 'Tier 1';
const EMPTY_READY = 'line 49';

async function screenOf(bench: Bench): Promise<Screen> {
  const store = await growingStore(bench.cache, SESSIONS);
  return new Screen(bench, [bench.binary, '--store', store], { SESSION_MEMORY_NOW: NOW });
}

const only = (value: number, cpuMs = 0): Measured => ({ value, wallMs: value, cpuMs });

/** The 95th percentile of one key pressed many times. */
async function timesOf(screen: Screen, keys: readonly string[]): Promise<Measured> {
  const times: number[] = [];
  const before = screen.cpuMs();
  for (let i = 0; i < KEYS; i += 1) times.push(await screen.key(keys[i % keys.length] ?? ''));
  return only(percentile(times, 0.95), (screen.cpuMs() - before) / KEYS);
}

/** `opening`: typed before; `keys`: pressed in turns, each of which must change what is on the screen. */
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
    unavailable: always,
    prepare: async (bench) => {
      const empty = await emptyInkExecutable(bench.cache);
      const contest = {
        subject: async () => {
          await using screen = await screenOf(bench);
          await screen.shows(READY);
          for (const key of opening) await screen.key(key);
          return timesOf(screen, keys);
        },
      };
      if (than === 'limit') return contest;
      return {
        ...contest,
        baseline: async () => {
          await using screen = new Screen(bench, [empty]);
          await screen.shows(EMPTY_READY);
          return timesOf(screen, ['x']);
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
    return {
      reset: async () => warm(empty, bench.binary, await growingStore(bench.cache, SESSIONS)),
      subject: async () => {
        await using screen = await screenOf(bench);
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
  what: `CPU of the dashboard while nothing happens, over ${IDLE_MS / 1000} s`,
  unit: '%',
  target: atMost(1),
  roundsMax: 3,
  unavailable: always,
  prepare: async (bench) => ({
    subject: async () => {
      await using screen = await screenOf(bench);
      await screen.shows(READY);
      await screen.quiet();
      const [before, began] = [screen.cpuMs(), performance.now()];
      await Bun.sleep(IDLE_MS);
      const cpuMs = screen.cpuMs() - before;
      return { value: (100 * cpuMs) / (performance.now() - began), wallMs: IDLE_MS, cpuMs };
    },
  }),
};

const memory: Row = {
  name: 'tui-memory',
  what: 'the dashboard and the list of 100,000 sessions, peak memory',
  unit: 'MiB',
  target: atMost(120, 'issue 6'),
  roundsMax: 3,
  unavailable: always,
  prepare: async (bench) => ({
    subject: async () => {
      await using screen = await screenOf(bench);
      await screen.shows(READY);
      for (const key of ['b', 'j', 'G', 'g', 'o']) await screen.key(key);
      await screen.quiet();
      return { value: screen.peakBytes() / 1024 ** 2, wallMs: 0, cpuMs: screen.cpuMs() };
    },
  }),
};

const PAGE_DOWN = '\x1b[6~';

export const tuiRows: readonly Row[] = [
  keyRow('tui-key', 'browse: down, key to first byte, 95th percentile', ['b'], ['j'], 'limit'),
  keyRow('tui-key-page', 'browse: a page down, the same', ['b'], [PAGE_DOWN], 'limit'),
  keyRow('tui-key-end', 'browse: last and first in turns, the same', ['b'], ['G', 'g'], 'limit'),
  keyRow('tui-key-order', 'browse: another order, the same', ['b'], ['o'], 'limit'),
  keyRow(
    'tui-key-filter',
    'browse: typing a filter and erasing it, the same',
    ['b', 'f'],
    ['m', '\x7f'],
    'limit',
  ),
  keyRow('tui-key-empty', 'browse: down / any key of an empty Ink app', ['b'], ['j'], 'empty'),
  start,
  idle,
  memory,
];
