/** What a person changes by hand goes through the same five steps, whatever they typed and wherever they sit. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../src/cli/context.ts';
import type { Io } from '../../src/cli/io.ts';
import { carryOut } from '../../src/cli/planned-change.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { openWritable } from '../../src/store/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-planned-'));
const storePath = join(folder, 's.db');
openWritable(storePath).close();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly tty: boolean;
  readonly isEmpty: boolean;
  readonly isYesEnough: boolean;
  readonly typed: 'the phrase' | 'something else' | null;
}

/** All that can be asked in any place: 192 cases. */
const CASES: readonly Case[] = [false, true].flatMap((yes) =>
  [false, true].flatMap((dryRun) =>
    [false, true].flatMap((json) =>
      [false, true].flatMap((tty) =>
        [false, true].flatMap((isEmpty) =>
          [false, true].flatMap((isYesEnough) =>
            (['the phrase', 'something else', null] as const).map((typed) => ({
              yes,
              dryRun,
              json,
              tty,
              isEmpty,
              isYesEnough,
              typed,
            })),
          ),
        ),
      ),
    ),
  ),
);

/** What is done, in order, and the exit code. */
async function carriedOut(one: Case): Promise<readonly (string | number)[]> {
  const steps: string[] = [];
  const io: Partial<Io> = {
    stdinIsTty: one.tty,
    stdoutIsTty: one.tty,
    colour: false,
    out: (text) => void steps.push(text.startsWith('{') ? 'json' : text),
    err: () => undefined,
  };
  const context: Partial<Context> = {
    io: io as Io,
    json: one.json,
    signal: new AbortController().signal,
    flags: { yes: one.yes || undefined, dryRun: one.dryRun || undefined },
    settings: { storePath } as Context['settings'],
    ask: async () => {
      const lock = takeSweepLock(storePath);
      steps.push(lock === null ? 'asked under the lock' : 'asked');
      lock?.release();
      return one.typed;
    },
  };
  const code = await carryOut<'curate'>(context as Context, {
    isEmpty: one.isEmpty,
    isYesEnough: one.isYesEnough,
    phrase: 'the phrase',
    freesSpace: false,
    page: 'shown',
    plan: [],
    subject: 'it',
    waysOn: 'Do so.',
    make: () => {
      const lock = takeSweepLock(storePath);
      steps.push(lock === null ? 'made' : 'made without the lock');
      lock?.release();
    },
    report: (isDry) => ({
      version: 1,
      dry_run: isDry,
      action: 'drop',
      changed: [],
      skipped: [],
      bytes_freed: 0,
      lost_data: true,
      interrupted: false,
      plan: [],
    }),
    say: (isDry) => void steps.push(isDry ? 'would' : 'did'),
    outcome: () => ({ dataLost: !one.dryRun }),
  });
  return [...steps, code];
}

/** The rules, from what the page of each command says. */
function expected({
  yes,
  dryRun,
  json,
  tty,
  isEmpty,
  isYesEnough,
  typed,
}: Case): readonly (string | number)[] {
  const shown = json ? [] : ['shown'];
  if (dryRun) return [...shown, json ? 'json' : 'would', 0];
  const done = ['made', json ? 'json' : 'did', 3];
  if (isEmpty) return [...shown, ...done];
  const needed = [...(json ? ['json'] : []), 2];
  if (yes) return [...shown, ...(isYesEnough ? done : needed)];
  if (!tty || json) return [...shown, ...needed];
  return [...shown, 'asked', ...(typed === 'the phrase' ? done : needed)];
}

test('a change by hand is shown, asked for without the lock, made under it, and told, in each of 192 cases', async () => {
  for (const one of CASES)
    expect([JSON.stringify(one), await carriedOut(one)]).toEqual([JSON.stringify(one), expected(one)]);
});
