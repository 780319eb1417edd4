/** What the system refuses: a disk that fails, files that may not grow, no more descriptors, a place that is only to be read. */
import { afterAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { BINARY } from '../support/binary.ts';
import { SmallDisk } from '../support/disk.ts';
import { noise } from '../support/filled.ts';
import { Program } from '../support/program.ts';

const SESSIONS = 30;
const idOf = (n: number) => `71000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function withTranscripts(): Program {
  const program = new Program();
  for (let n = 0; n < SESSIONS; n += 1)
    program.put(claudePath(idOf(n)), promptLine(idOf(n), noise().repeat(12), '2026-05-30T00:00:00.000Z'));
  program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
  return program;
}

/** Whatever happened: what is stored is whole, and with the limit gone everything is. */
async function recovers(program: Program): Promise<void> {
  expect((await program.run('verify')).out).toStartWith('All is well');
  expect((await program.run('ingest')).code).toBe(0);
  for (const n of [0, SESSIONS - 1]) {
    const { bytes } = await program.run('show', idOf(n), '--raw');
    expect(Buffer.from(bytes).equals(readFileSync(join(program.home, claudePath(idOf(n)))))).toBe(true);
  }
  expect((await program.run('verify')).out).toStartWith('All is well');
}

const folder = mkdtempSync(join(tmpdir(), 'session-memory-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function failingDisk(): string | null {
  const compiler = Bun.which('cc') ?? Bun.which('gcc');
  if (process.platform !== 'linux' || BINARY === undefined || compiler === null) return null;
  const library = join(folder, 'eio.so');
  const source = join(import.meta.dir, 'eio.c');
  const { exitCode } = Bun.spawnSync([compiler, '-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  return exitCode === 0 ? library : null;
}

const library = failingDisk();
if (library === null)
  console.log(
    'skipped: a disk that fails needs Linux, a C compiler and the built binary (SESSION_MEMORY_BIN)',
  );

describe.skipIf(library === null)('a disk that fails', () => {
  const failing = (program: Program, call: string, after: number) => {
    program.env = {
      ...program.env,
      LD_PRELOAD: library ?? '',
      EIO_CALL: call,
      EIO_PATH: program.store,
      EIO_AFTER: String(after),
    };
  };
  const well = (program: Program) => {
    const { SESSION_MEMORY_NOW = '' } = program.env;
    program.env = { SESSION_MEMORY_NOW };
  };

  test.each([0, 3, 40, 200, 450])(
    'at the %dth write of an ingest: a word, exit 1, and nothing lost',
    async (after) => {
      using program = withTranscripts();
      failing(program, 'write', after);
      const { code, err } = await program.run('ingest');
      expect([code, err]).toEqual([1, expect.stringMatching(/disk I\/O error|EIO/)]);
      expect(err).toContain(program.store);
      expect(err).not.toContain('unexpected');
      well(program);
      await recovers(program);
    },
  );

  test.each([0, 1, 3])('at the %dth time that it should make sure: a word and exit 1', async (after) => {
    using program = withTranscripts();
    failing(program, 'sync', after);
    const { code, err } = await program.run('ingest');
    expect([code, err]).toEqual([1, expect.stringMatching(/disk I\/O error|EIO/)]);
    well(program);
    await recovers(program);
  });

  test('that cannot be read gives no byte that is not one of the transcript, and says so', async () => {
    using program = withTranscripts();
    expect((await program.run('ingest')).code).toBe(0);
    const whole = readFileSync(join(program.home, claudePath(idOf(7))));
    let failed = 0;
    for (const after of [0, 5, 10, 20, 40]) {
      failing(program, 'read', after);
      const { code, bytes, err } = await program.run('show', idOf(7), '--raw');
      expect(whole.subarray(0, bytes.length).equals(bytes)).toBe(true);
      if (code === 0) expect(bytes.length).toBe(whole.length);
      else expect(err).toMatch(/disk I\/O error|malformed/);
      failed += code === 0 ? 0 : 1;
      const verified = await program.run('verify');
      expect(verified.code, 'verify does not call it well').not.toBe(0);
    }
    expect(failed, 'the disk failed under a show').toBeGreaterThan(0);
    well(program);
    await recovers(program);
  });

  test.each([
    ['sync', 0],
    ['sync', 9],
    ['read', 60],
    ['read', 400],
  ])(
    'at a %s of a large restore, after %d that went well: exit 1, and what has its own name is whole',
    async (call, after) => {
      using program = new Program();
      const ids = Array.from({ length: 20 }, (_, n) => idOf(n));
      for (const id of ids)
        program.put(claudePath(id), promptLine(id, `${id} ${Array.from({ length: 170 }, noise).join('')}`));
      expect((await program.run('ingest')).code).toBe(0);
      const to = join(program.folder, 'to');
      failing(program, call, after);
      if (call === 'sync') program.env = { ...program.env, EIO_PATH: to };
      const { code, err } = await program.run('restore', '--all', '--to', to);
      expect([code, err]).toEqual([1, expect.stringMatching(/disk I\/O error|EIO|malformed/)]);
      expect(err).not.toContain('unexpected');
      const left = existsSync(to) ? readdirSync(to, { recursive: true, withFileTypes: true }) : [];
      for (const { name, parentPath } of left.filter((entry) => entry.isFile())) {
        expect(ids, 'no temporary file').toContain(basename(name, '.jsonl'));
        const original = readFileSync(join(program.home, claudePath(basename(name, '.jsonl'))));
        expect(readFileSync(join(parentPath, name)).equals(original), name).toBe(true);
      }
      well(program);
      expect((await program.run('restore', '--all', '--to', to)).code).toBe(0);
    },
  );

  test('in the middle of a sweep: exit 1, and each session is whole or gone with its event', async () => {
    using program = withTranscripts();
    expect((await program.run('ingest')).code).toBe(0);
    failing(program, 'write', 60);
    const sweep = ['sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off'];
    const { code, err } = await program.run(...sweep);
    expect([code, err]).toEqual([1, expect.stringMatching(/disk I\/O error/)]);
    well(program);
    expect((await program.run('verify')).out).toStartWith('All is well');
    expect((await program.run(...sweep)).code).toBe(0);
    const { sessions } = (await program.run('status', '--json')).json() as {
      sessions: { evicted: { sessions: number } };
    };
    expect(sessions.evicted.sessions).toBe(SESSIONS);
  });
});

/** The program in a shell with a limit of the system's. */
async function limited(program: Program, limit: string, ...args: string[]) {
  const own =
    BINARY === undefined ? [process.execPath, join(import.meta.dir, '../../src/main.ts')] : [BINARY];
  const command = [...own, '--store', program.store, ...args].map((word) => `'${word}'`).join(' ');
  const child = Bun.spawn(['bash', '-c', `ulimit ${limit}; exec ${command}`], {
    env: { PATH: Bun.env['PATH'] ?? '', HOME: program.home, LANG: 'C.UTF-8', ...program.env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { code, err };
}

test.each(['20', '200', '900'])(
  'files that may not grow beyond %s KiB (ulimit -f): a word, exit 1, nothing lost',
  async (kib) => {
    using program = withTranscripts();
    const { code, err } = await limited(program, `-f ${kib}`, 'ingest');
    expect([code, err]).toEqual([1, expect.stringContaining('ulimit -f')]);
    await recovers(program);
  },
);

// Fewer, and the executable itself does not start; run from source it takes more.
test.skipIf(BINARY === undefined)(
  'too few descriptors (ulimit -n): a word, exit 1, nothing lost',
  async () => {
    using program = withTranscripts();
    // How many are too few hangs on the executable.
    let failed = 0;
    for (const most of [8, 10, 11]) {
      const { code, err } = await limited(program, `-n ${most}`, 'ingest');
      expect(err).not.toContain('unexpected');
      failed += code === 1 ? 1 : 0;
    }
    expect(failed).toBeGreaterThan(0);
    await recovers(program);
  },
);

const disk = new SmallDisk(16);
afterAll(() => disk[Symbol.dispose]());

test.skipIf(!disk.isMounted)(
  'a place that is only to be read: what is stored is shown, what would write says so',
  async () => {
    using program = withTranscripts();
    program.store = join(disk.path, 'data', 's.db');
    expect((await program.run('ingest')).code).toBe(0);
    const whole = readFileSync(join(program.home, claudePath(idOf(3))));
    disk.remount('ro');
    for (const args of [['status'], ['list'], ['show', idOf(3)], ['history'], ['verify']])
      expect([args, (await program.run(...args)).code]).toEqual([args, 0]);
    expect(Buffer.from((await program.run('show', idOf(3), '--raw')).bytes).equals(whole)).toBe(true);
    const writing = [['ingest'], ['pin', idOf(3)], ['sweep', '--yes', '--soft-cap', '0'], ['analyze']];
    for (const args of writing) {
      const { code, err } = await program.run(...args);
      expect([args, code]).toEqual([args, 1]);
      expect(err).toContain(program.store);
      expect(err).not.toContain('unexpected');
    }
    disk.remount('rw');
    await recovers(program);
  },
);

test('a folder that has gone: readers see an empty store, a writer makes it anew', async () => {
  using program = withTranscripts();
  expect((await program.run('ingest')).code).toBe(0);
  rmSync(dirname(program.store), { recursive: true });
  expect((await program.run('list')).out).toBe('No session.\n');
  await recovers(program);
});

test('a file where the store’s folder should be is named, and stays', async () => {
  using program = withTranscripts();
  mkdirSync(dirname(dirname(program.store)), { recursive: true });
  writeFileSync(dirname(program.store), 'a file of the user’s');
  const { code, err } = await program.run('ingest');
  expect([code, err]).toEqual([1, expect.stringContaining(dirname(program.store))]);
  expect(err).not.toContain('unexpected');
  expect(statSync(dirname(program.store)).isFile()).toBe(true);
});
