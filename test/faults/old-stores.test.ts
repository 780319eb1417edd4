/** A store file of each schema that was ever used: brought up to date on opening, whatever happens meanwhile. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { SmallDisk } from '../support/disk.ts';
import { Program } from '../support/program.ts';

const FOLDER = join(import.meta.dir, '../store/old');
const NEWEST = Math.max(...MIGRATIONS.map(({ version }) => version));
/** No program wrote them: they were published together with the next one. */
const NEVER_NEWEST: readonly number[] = [2, 5, 6, 7, 8, 10];
const VERSIONS = readdirSync(FOLDER)
  .flatMap((name) => /^v(\d+)\.json$/.exec(name)?.[1] ?? [])
  .map(Number);

interface Truth {
  readonly sessions: readonly {
    readonly session_uid: string;
    readonly state: string;
    readonly title: string | null;
    readonly raw_sha256: string | null;
  }[];
}

function truthOf(version: number): Truth {
  return JSON.parse(readFileSync(join(FOLDER, `v${version}.json`), 'utf8'));
}

function storeOf(version: number): Uint8Array {
  const packed = readFileSync(join(FOLDER, `v${version}.zst.base64`), 'utf8');
  return Bun.zstdDecompressSync(Buffer.from(packed, 'base64'));
}

function withStore(version: number): Program {
  const program = new Program();
  program.env = { SESSION_MEMORY_NOW: '2026-06-02T00:00:00.000Z' };
  lay(program, version);
  return program;
}

function lay(program: Program, version: number): void {
  mkdirSync(dirname(program.store), { recursive: true });
  writeFileSync(program.store, storeOf(version));
}

function versionAt(path: string): number {
  using db = new Database(path, { readonly: true });
  return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
}

/** Every session as it was kept, by the program's own answers. */
async function isWhole(program: Program, version: number): Promise<void> {
  const { sessions } = truthOf(version);
  const listed = (await program.run('list', '--json')).json() as Truth;
  const facts = ({ session_uid, state, title }: Truth['sessions'][number]) =>
    [session_uid, state, title].join(' ');
  expect(listed.sessions.map(facts).sort()).toEqual(sessions.map(facts).sort());
  for (const { session_uid: uid, raw_sha256: hash } of sessions) {
    if (hash === null) continue;
    const { bytes } = await program.run('show', uid, '--raw');
    expect(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'), uid).toBe(hash);
  }
  for (const { session_uid: uid, state } of sessions) {
    if (state !== 'unanalyzed') expect((await program.run('show', uid)).out, 'its digest').toContain(uid);
  }
  expect((await program.run('verify')).out).toStartWith('All is well');
}

test('there is one of each schema before this one', () => {
  const before = MIGRATIONS.map(({ version }) => version).filter(
    (version) => version < NEWEST && !NEVER_NEWEST.includes(version),
  );
  expect(VERSIONS).toEqual(expect.arrayContaining(before));
});

describe.each(VERSIONS)('a store of version %d', (version) => {
  test('opens, is brought up to date, and has every session, byte for byte', async () => {
    using program = withStore(version);
    await isWhole(program, version);
    expect(versionAt(program.store)).toBe(NEWEST);
    expect((await program.run('ingest')).code, 'and goes on').toBe(0);
    if (version < NEWEST) expect(existsSync(`${program.store}.before-v${version + 1}`)).toBe(true);
  });

  test('that a newer program has opened is refused, and not a byte of it changed', async () => {
    using program = withStore(version);
    using db = new Database(program.store);
    db.run(`PRAGMA user_version = ${NEWEST + 1}`);
    db.close();
    const before = readFileSync(program.store);
    for (const args of [
      ['status'],
      ['list'],
      ['ingest'],
      ['sweep', '--yes'],
      ['verify', '--repair', '--yes'],
    ]) {
      const { code, err } = await program.run(...args);
      expect(code, args.join(' ')).not.toBe(0);
      expect(err, args.join(' ')).toContain(`has version ${NEWEST + 1}`);
    }
    expect(readFileSync(program.store).equals(before)).toBe(true);
  });
});

const OLDER = VERSIONS.filter((version) => version < NEWEST && !NEVER_NEWEST.includes(version));
if (OLDER.length === 0) console.log('skipped: no store is older than the present schema yet');

describe.skipIf(OLDER.length === 0).each(OLDER)('bringing version %d up to date', (version) => {
  test('killed at each of its points, also again and again, leaves a store that opens whole', async () => {
    const binary = await tortureBinary();
    const points = [
      'migrate.copy-made',
      'migrate.copied',
      'migrate.applied',
      'store.commit',
      'open.migrated',
    ];
    for (const point of points) {
      using program = withStore(version);
      for (const _ of [1, 2]) {
        const child = Bun.spawn([binary, '--store', program.store, 'status'], {
          env: { HOME: program.home, LANG: 'C.UTF-8', SESSION_MEMORY_KILL_AT: `${point}:1` },
          stdout: 'ignore',
          stderr: 'ignore',
        });
        await child.exited;
        const isDone = versionAt(program.store) === NEWEST;
        expect(child.signalCode === 'SIGKILL' || isDone, `${point} was hit`).toBe(true);
      }
      await isWhole(program, version);
    }
  }, 60_000);

  const disk = new SmallDisk(4);
  test.skipIf(!disk.isMounted)(
    'without room says so and leaves it as it was; with room it goes on',
    async () => {
      using small = disk;
      using program = new Program();
      program.env = { SESSION_MEMORY_NOW: '2026-06-02T00:00:00.000Z' };
      program.store = join(small.path, 'data', 's.db');
      lay(program, version);
      small.fill(64 * 1024);
      const { code, err } = await program.run('status');
      expect([code, err]).toEqual([1, expect.stringContaining('the disk is full')]);
      expect(versionAt(program.store), 'nothing was half done').toBe(version);
      small.free();
      await isWhole(program, version);
    },
  );
});
