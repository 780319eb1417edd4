/** A long ingest begins anew with other settings of the runtime: once, unseen, and with the same result. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentAnew, isBegunAnew } from '../../src/cli/begin-anew.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { BINARY } from '../support/binary.ts';
import { id } from '../support/home.ts';
import { Program } from '../support/program.ts';

describe('the environment', () => {
  const given = { HOME: '/home/me', EMPTY: '', PATH: '/bin' };

  test('has the settings when it begins anew, and is as it was given afterwards', () => {
    const anew: Record<string, string | undefined> = environmentAnew(given);
    expect(Object.keys(anew).length).toBeGreaterThan(Object.keys(given).length);
    expect(isBegunAnew(anew)).toBe(true);
    expect(anew).toEqual(given);
    expect(isBegunAnew(anew), 'the next program is begun for the first time').toBe(false);
  });

  test('keeps what a person has set', () => {
    const mine = { ...given, BUN_JSC_useFTLJIT: '1' };
    const anew: Record<string, string | undefined> = environmentAnew(mine);
    expect(anew['BUN_JSC_useFTLJIT']).toBe('1');
    expect(isBegunAnew(anew)).toBe(true);
    expect(anew).toEqual(mine);
  });

  test('loses nothing to a mark that names what is none of the settings', () => {
    const odd: Record<string, string | undefined> = { ...given, SESSION_MEMORY_BEGUN_ANEW: 'HOME,PATH' };
    expect(isBegunAnew(odd)).toBe(true);
    expect(odd).toEqual(given);
  });
});

/** So many new bytes that it is worth it: a few sessions, each well within what threads take. */
function homeOf(program: Program): void {
  for (let n = 1; n <= 9; n++) {
    const lines = [promptLine(id(n), `words of ${n}`)];
    for (let turn = 0; turn < 8; turn++) lines.push(promptLine(id(n), `${turn} `.padEnd(1_000_000, 'word ')));
    program.put(claudePath(id(n)), lines.join(''));
  }
}

const withBinary = test.skipIf(BINARY === undefined);

withBinary(
  'a large first ingest begins anew once, says nothing of it, and stores what it would have stored',
  async () => {
    using program = new Program(BINARY);
    const log = join(program.folder, 'decisions.log');
    const now = { SESSION_MEMORY_NOW: '2026-05-10T00:00:00.000Z' };
    homeOf(program);
    program.env = { ...now, SESSION_MEMORY_LOG: log };
    const first = await program.run('ingest');
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toStartWith('Stored 9 new sessions');
    expect(readFileSync(log, 'utf8').match(/begun anew/g)).toHaveLength(1);
    const stored = await program.run('list', '--json');

    // As if it had begun anew already.
    program.store = join(program.folder, 'other', 's.db');
    program.env = { ...now, SESSION_MEMORY_BEGUN_ANEW: '' };
    expect((await program.run('ingest')).code).toBe(0);
    expect((await program.run('list', '--json')).out).toBe(stored.out);
  },
);

withBinary('a small ingest and a dry run do not begin anew', async () => {
  using program = new Program(BINARY);
  const log = join(program.folder, 'decisions.log');
  program.env = { SESSION_MEMORY_LOG: log };
  homeOf(program);
  expect((await program.run('ingest', '--dry-run')).code).toBe(0);
  program.env = {};
  expect((await program.run('ingest', '--no-analyze')).code).toBe(0);
  program.env = { SESSION_MEMORY_LOG: log };
  program.put(claudePath('50000001-0000-4000-8000-000000000000'), promptLine('50000001', 'few words'));
  expect((await program.run('ingest')).code).toBe(0);
  expect(readFileSync(log, 'utf8')).not.toContain('begun anew');
});
