/**
 * Every screen left open for two minutes of real time, side by side, while agents write, another process ingests, and others
 * write to the program's own descriptors.
 * Promises: each second every terminal shows its screen in its place; now and then all of it is held against what is drawn anew; at
 * the end only what this part wrote was kept off it, so the program and its runtime had nothing to complain of.
 */
import { claudePath, promptLine } from '../../test/support/bench-world.ts';
import {
  canWriteAsProcess,
  type OpenScreen,
  opened,
  SCREENS,
  strayed,
  writeAsProcess,
} from '../../test/support/open-screens.ts';
import { Program } from '../../test/support/program.ts';
import type { Pty } from '../../test/support/pty.ts';
import type { Outcome, Part, Round } from './part.ts';
import { noiseOf } from './random.ts';

/** Timers of a minute come twice in it. Nothing but time does this harm, so here time is waited for. */
const ROUND_MS = 120_000;
/** Between two looks at all screens. */
const PACE_MS = 1000;
const SESSIONS = 3;
const NOISE = 'a line that tears a screen';
const HEAD = 'kept off them:';

export const openScreens: Part = {
  name: 'open-screens',
  about:
    'Every screen open for two minutes while agents write, another process ingests and others write to its terminal: each stays whole.',
  unavailable: async () =>
    canWriteAsProcess ? null : 'writing as another process needs its descriptors in /proc',
  round: (round) => leaveOpen(round),
};

interface Left {
  readonly screen: OpenScreen;
  readonly program: Program;
  readonly pty: Pty;
  readonly failures: string[];
  files: number;
}

async function leaveOpen({ binary, seed, log }: Round): Promise<Outcome> {
  const outcome = { harm: 0, checks: 0, failures: [] as string[] };
  const all: Left[] = [];
  try {
    for (const screen of SCREENS) all.push(await open(screen, binary, seed));
    log(`${all.length} screens are open`);
    const until = performance.now() + ROUND_MS;
    for (let look = 0; performance.now() < until; look += 1) {
      const one = all[look % all.length];
      if (one !== undefined) await disturb(one, seed);
      for (const { pty } of all) {
        for (const descriptor of [1, 2] as const) writeAsProcess(pty.pid, descriptor, `${NOISE}\n`);
        outcome.harm += 2;
      }
      for (const left of all) outcome.checks += hold(left);
      await Bun.sleep(PACE_MS);
    }
    for (const left of all) outcome.checks += await close(left);
  } finally {
    for (const { pty, program, screen, failures } of all) {
      outcome.failures.push(...failures.map((failure) => `${screen.name}: ${failure}`));
      await pty[Symbol.asyncDispose]();
      program[Symbol.dispose]();
    }
  }
  return outcome;
}

const idOf = (n: number) => `5000${String(n).padStart(4, '0')}-0000-4000-8000-000000000000`;

function lineOf(n: number, seed: number): string {
  const at = new Date(Date.UTC(2026, 4, 1) + n * 3_600_000).toISOString();
  return promptLine(idOf(n), `number ${n} ${noiseOf(`${seed} ${n}`, 3000)}`, at);
}

async function open(screen: OpenScreen, binary: string, seed: number): Promise<Left> {
  const program = new Program(binary);
  for (let n = 0; n < SESSIONS; n += 1) program.put(claudePath(idOf(n)), lineOf(n, seed));
  // Unreadable: the walk comes to its last step.
  program.put(claudePath(idOf(SESSIONS)), Buffer.from(`\u0001 ${noiseOf(seed, 8000)}\n`));
  const stored = await program.run('ingest');
  if (stored.code !== 0) throw new Error(`nothing was stored: ${stored.err}`);
  return { screen, program, pty: await opened(program, screen), failures: [], files: SESSIONS + 1 };
}

/** A new session, stored by another process, and all of the screen drawn anew. */
async function disturb(left: Left, seed: number): Promise<void> {
  const { program, pty, failures } = left;
  program.put(claudePath(idOf(left.files)), lineOf(left.files, seed));
  left.files += 1;
  const { code, err } = await program.run('ingest');
  if (code !== 0) failures.push(`ingest beside it ended with ${code}: ${err}`);
  const difference = await strayed(pty);
  if (difference !== null) failures.push(`the screen had strayed. ${difference}`);
}

function hold({ pty, failures }: Left): number {
  const rows = pty.text().split('\n');
  const isWhole = rows[0]?.startsWith(' session-memory') === true && rows.at(-1)?.trim() !== '';
  if (!pty.isAlternate || !isWhole) failures.push(`no longer in its place:\n${pty.text()}`);
  return 1;
}

/** What was kept off it is printed at the end: only what was written here. */
async function close({ pty, failures }: Left): Promise<number> {
  pty.type('\x03');
  await pty.ends();
  const printed = pty.scrollback();
  const at = printed.indexOf(HEAD);
  const kept = printed
    .slice(at + HEAD.length)
    .split('\n')
    .filter((line) => line.startsWith('  '));
  if (at < 0 || kept.length === 0) failures.push('what was kept off it was not printed');
  const foreign = kept.filter((line) => !line.includes(NOISE) && /warning|error|\(node:/i.test(line));
  if (foreign.length > 0) failures.push(`the program complained: ${foreign.join(' | ')}`);
  return 1;
}
