/** Whatever lies under the name of a file of ours, by whomever it was put there: nothing behind it is read, changed or waited for. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program, type Result } from '../support/program.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const PRECIOUS = 'my only copy\n';
const ENDS = ['', '-wal', '-shm', '-journal', '.reserve', '.sweep-lock', '.before-v1', '.repair'];

/** A store with a session, in a folder of its own. */
class Own extends Program {
  readonly victim = join(this.folder, 'precious');

  constructor() {
    super();
    writeFileSync(this.victim, PRECIOUS);
    this.put(claudePath(ID), promptLine(ID, 'mine'));
  }

  /** All that touches the store's files, each ended after so long at the latest. */
  async all(): Promise<Result[]> {
    const results: Result[] = [];
    for (const args of [
      ['status'],
      ['ingest'],
      ['sweep', '--soft-cap', '1', '--max-age-days', 'off', '--yes', '--no-data-loss'],
      ['verify'],
      ['verify', '--repair', '--yes'],
      ['maintain', '--yes', '--no-data-loss'],
    ]) {
      const child = this.start(...args);
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      const [out, err, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      clearTimeout(timer);
      expect(code, `${args.join(' ')} was waited for`).toBeLessThan(7);
      expect(out + err).not.toContain('This is a bug');
      results.push({ code, out, err, bytes: new Uint8Array(), json: () => null });
    }
    return results;
  }

  expectUnharmed(): void {
    expect(readFileSync(this.victim, 'utf8')).toBe(PRECIOUS);
  }
}

describe('under the name of a file of the store', () => {
  for (const end of ENDS)
    for (const age of ['before the first run', 'in a store of some age'])
      test(`store.db${end}, ${age}: what a link leads to is as it was`, async () => {
        using own = new Own();
        if (age !== 'before the first run') await own.run('ingest');
        else mkdirSync(join(own.folder, 'data'));
        for (const victim of [own.victim, join(own.folder, 'nowhere')]) {
          rmSync(own.store + end, { force: true });
          symlinkSync(victim, own.store + end);
          await own.all();
          own.expectUnharmed();
          expect(existsSync(join(own.folder, 'nowhere'))).toBe(false);
        }
      }, 120_000);

  for (const end of ENDS)
    test(`store.db${end}: a pipe or a folder is not waited for`, async () => {
      for (const make of ['pipe', 'folder']) {
        using own = new Own();
        await own.run('ingest');
        rmSync(own.store + end, { force: true });
        if (make === 'pipe') Bun.spawnSync(['mkfifo', own.store + end]);
        else mkdirSync(own.store + end);
        await own.all();
      }
    }, 120_000);

  test('a second name of a file of the person is no reserve', async () => {
    using own = new Own();
    await own.run('ingest');
    rmSync(`${own.store}.reserve`);
    linkSync(own.victim, `${own.store}.reserve`);
    await own.all();
    own.expectUnharmed();
  }, 60_000);
});

describe('a folder that others may write to', () => {
  const isRoot = userInfo().uid === 0;
  for (const [mode, why] of [
    [0o777, 'anybody'],
    [0o733, 'anybody'],
  ] as const)
    test(`of mode ${mode.toString(8)} is refused, nothing is made in it, and the way out works`, async () => {
      using own = new Own();
      const folder = join(own.folder, 'data');
      mkdirSync(folder);
      chmodSync(folder, mode);
      const { code, err } = await own.run('ingest');
      expect([code, err]).toEqual([2, expect.stringContaining(`may be written to by ${why}`)]);
      expect(err).toContain('shared_folder = true');
      expect(readdirSync(folder)).toEqual([]);
      own.env = { SESSION_MEMORY_SHARED_FOLDER: '1' };
      expect((await own.run('ingest')).code).toBe(0);
      own.env = {};
      own.put('.config/session-memory/config.toml', 'shared_folder = true\n');
      expect((await own.run('ingest')).code).toBe(0);
    }, 30_000);

  test('is taken where the sticky bit keeps what is ours, but for files that others made there', async () => {
    using own = new Own();
    const folder = join(own.folder, 'data');
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    expect((await own.run('ingest')).code).toBe(0);
    if (!isRoot) return console.log('skipped in part: only root may give a file to another user');
    const [store = ''] = readdirSync(folder).filter((name) => name.endsWith('.db'));
    for (const name of ['', '-wal', '-shm', '-journal'].map((end) => `${store}${end}`)) {
      const path = join(folder, name);
      const isPlanted = !existsSync(path);
      if (isPlanted) writeFileSync(path, '');
      Bun.spawnSync(['chown', 'nobody', path]);
      const { code, err } = await own.run('ingest');
      expect([name, code, err]).toEqual([name, 2, expect.stringContaining('belongs to another user')]);
      if (isPlanted) rmSync(path);
      else Bun.spawnSync(['chown', 'root', path]);
    }
    expect((await own.run('ingest')).code).toBe(0);
  }, 60_000);

  test('by a group of one user, as a umask of 002 makes it, is taken; by another group it is not', async () => {
    if (!isRoot) return console.log('skipped: only root may give a folder to another group');
    using own = new Own();
    const folder = join(own.folder, 'data');
    mkdirSync(folder);
    chmodSync(folder, 0o775);
    expect((await own.run('ingest')).code).toBe(0);
    Bun.spawnSync(['chgrp', 'daemon', folder]);
    const { code, err } = await own.run('ingest');
    expect([code, err]).toEqual([2, expect.stringContaining('may be written to by its group')]);
  }, 30_000);

  test('of another user is refused', async () => {
    if (!isRoot) return console.log('skipped: only root may give a folder to another user');
    using own = new Own();
    const folder = join(own.folder, 'data');
    mkdirSync(folder);
    Bun.spawnSync(['chown', 'nobody', folder]);
    const { code, err } = await own.run('ingest');
    expect([code, err]).toEqual([2, expect.stringContaining('belongs to another user')]);
    // Its rights are not ours to change.
    expect(err).not.toContain('chmod');
    expect(err).toContain('Give a --store in a folder of your own');
  }, 30_000);

  test('is made private where it is not there yet, under any umask', async () => {
    using own = new Own();
    const child = Bun.spawnSync(
      ['sh', '-c', 'umask 000; exec "$@"', 'sh', ...own.command, '--store', own.store, 'ingest'],
      {
        env: { PATH: Bun.env['PATH'] ?? '', HOME: own.home, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
      },
    );
    expect(child.exitCode).toBe(0);
    expect(lstatSync(join(own.folder, 'data')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(own.folder, 'data')))
      expect([name, lstatSync(join(own.folder, 'data', name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});

describe('a file that is no store, or no whole one', () => {
  const cases: Readonly<Record<string, (path: string) => void>> = {
    'a file of zeros': (path) => writeFileSync(path, new Uint8Array(8192)),
    'a file of two bytes': (path) => writeFileSync(path, 'xy'),
    'a file of words': (path) => writeFileSync(path, 'hello\n'.repeat(1000)),
    'an empty database of another program': (path) => change(path, ['PRAGMA user_version = 3']),
    "another program's database": (path) => change(path, ['CREATE TABLE t (x)']),
    'the first hundred bytes of a store': (path) => part(path, 100),
    'the first page of a store': (path) => part(path, 4096),
    'half a store': (path) => part(path, 20_000),
    'a store of the future': (path) => change(part(path), ['PRAGMA user_version = 99']),
    'a store without tables': (path) =>
      change(path, ['PRAGMA application_id = 0x534d454d', 'PRAGMA user_version = 9']),
  };

  function change(path: string, statements: readonly string[]): void {
    using db = new Database(path);
    for (const sql of statements) db.run(sql);
  }

  function part(path: string, bytes?: number): string {
    using own = new Own();
    Bun.spawnSync([...own.command, '--store', own.store, 'ingest'], { env: { PATH: '', HOME: own.home } });
    writeFileSync(path, readFileSync(own.store).subarray(0, bytes));
    return path;
  }

  for (const [what, make] of Object.entries(cases))
    test(`${what}: every command says what to do`, async () => {
      using own = new Own();
      mkdirSync(join(own.folder, 'data'));
      make(own.store);
      const before = readFileSync(own.store);
      for (const args of [
        ['status'],
        ['list'],
        ['ingest'],
        ['show', 'x'],
        ['sweep', '--yes', '--no-data-loss'],
        ['verify'],
      ]) {
        const { code, err, out } = await own.run(...args);
        expect([args.join(' '), code === 1 || code === 2], err).toEqual([args.join(' '), true]);
        expect(err + out).not.toContain('This is a bug');
        expect(err + out).toMatch(/verify|--store|newer session-memory|Move it away/);
      }
      expect(readFileSync(own.store).equals(before), 'it was changed').toBe(true);
    }, 60_000);
});
