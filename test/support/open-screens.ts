/**
 * Every screen, opened on a store of its own, and whether what the terminal shows of it is what the program drew.
 * Used by the journeys and, for as long as one likes, by the torture.
 */
import { appendFileSync, existsSync } from 'node:fs';
import type { Program } from './program.ts';
import { Pty } from './pty.ts';

export interface OpenScreen {
  readonly name: string;
  readonly args: readonly string[];
  /** A key, and what is shown then; the first is shown without one. */
  readonly way: readonly (readonly [key: string, shows: string])[];
}

/** Over both caps: every step of the walk has something to do. */
const OVER = ['sweep', '--soft-cap', '3000', '--hard-cap', '4000', '--max-age-days', '20'];
const DASHBOARD = ['', 'watching ●'] as const;
const STEPS = ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]', '[5 data loss]'] as const;

export const SCREENS: readonly OpenScreen[] = [
  { name: 'dashboard', args: [], way: [DASHBOARD] },
  { name: 'sessions', args: [], way: [DASHBOARD, ['b', 'row 1']] },
  { name: 'filter', args: [], way: [DASHBOARD, ['b', 'row 1'], ['/', 'no filter']] },
  { name: 'digest', args: [], way: [DASHBOARD, ['b', 'row 1'], ['\r', 'session-memory · Digest']] },
  { name: 'transcript', args: [], way: [DASHBOARD, ['b', 'row 1'], ['t', 'session-memory · Transcript']] },
  { name: 'restore', args: [], way: [DASHBOARD, ['b', 'row 1'], ['r', 'session-memory · Restore']] },
  { name: 'search', args: [], way: [DASHBOARD, ['/', 'session-memory · Sessions']] },
  { name: 'history', args: [], way: [DASHBOARD, ['h', 'session-memory · History']] },
  { name: 'help', args: [], way: [DASHBOARD, ['?', 'session-memory · Keys']] },
  ...STEPS.map((step, i) => ({
    name: step,
    args: OVER,
    way: STEPS.slice(0, i + 1).map((shown, n) => [n === 0 ? '' : '\r', shown] as const),
  })),
];

export async function opened(program: Program, screen: OpenScreen): Promise<Pty> {
  const pty = new Pty(program, screen.args);
  for (const [key, shows] of screen.way) {
    if (key !== '') pty.type(key);
    await pty.shows(shows);
  }
  return pty;
}

/** What a frame begins with that owes nothing to the one before. */
const DRAWN_ANEW = '\x1b[H\x1b[J';
/** Two frames a second may come by themselves: a figure, the clock. */
const TRIES_MAX = 5;

/** Null where all that the terminal shows is what the program draws when it draws all anew; else both. */
export async function strayed(pty: Pty): Promise<string | null> {
  let difference = '';
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const before = pty.text();
    const from = pty.raw.length;
    pty.type('\x0c');
    const isDrawn = () => {
      const at = pty.raw.indexOf(DRAWN_ANEW, from);
      return at >= 0 && pty.raw.indexOf('\x1b[?2026l', at) >= 0;
    };
    await pty.until(isDrawn, 'all of the screen anew');
    const after = pty.text();
    if (before === after) return null;
    difference = `shown:\n${before}\ndrawn anew:\n${after}`;
  }
  return difference;
}

/** The descriptors of another process can be written to by name on Linux only. */
export const canWriteAsProcess = existsSync('/proc/self/fd/1');

/** Writes as something within the process would that knows none of its streams: the runtime, a thread, a child. */
export function writeAsProcess(pid: number, descriptor: 1 | 2, text: string): void {
  appendFileSync(`/proc/${pid}/fd/${descriptor}`, text);
}
