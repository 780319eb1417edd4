/** Consent: what a call without it does is nothing, byte for byte; and what each flag says yes to. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const id = (n: number) => `900000${String(n).padStart(2, '0')}-0000-4000-8000-000000000000`;

/** A home with three analyzed sessions, oldest first, and a store in a folder of its own. */
class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-consent-'));
  readonly store = join(this.path, 'store', 's.db');

  static async stored(): Promise<Home> {
    const home = new Home();
    for (const n of [1, 2, 3]) home.put(n);
    expect((await home.run('ingest')).code).toBe(0);
    return home;
  }

  put(n: number, text = `hello ${n}`): void {
    const path = join(this.path, claudePath(id(n)));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, promptLine(id(n), text, `2026-05-01T${String(n).padStart(2, '0')}:00:00.000Z`));
  }

  run(...args: string[]) {
    return runIn(this.path, ['--store', this.store, ...args], { env: { SESSION_MEMORY_NOW: '2026-05-10' } });
  }

  /** Every file of the store that holds data, with its bytes; each reader makes SQLite's shared memory anew and an empty log. */
  files(): Record<string, string> {
    const files = readdirSync(dirname(this.store))
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [name, readFileSync(join(dirname(this.store), name))] as const);
    return Object.fromEntries(
      files
        .filter(([, bytes]) => bytes.length > 0)
        .map(([name, bytes]) => [name, Bun.hash(bytes).toString(16)]),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const CAPS = ['--soft-cap', '0', '--hard-cap', '1GiB', '--max-age-days', 'off'];

describe('without consent', () => {
  test.each([
    [['sweep', ...CAPS], 2],
    [['sweep', ...CAPS, '--json'], 2],
    [['sweep', ...CAPS, '--dry-run'], 0],
    [['sweep', ...CAPS, '--dry-run', '--yes'], 0],
    [['maintain', ...CAPS], 2],
    [['maintain', ...CAPS, '--json'], 2],
    [['ingest', '--dry-run'], 0],
    [['status', ...CAPS], 0],
  ] as const)('%p changes not one byte of the store and exits %p', async (args, code) => {
    using home = await Home.stored();
    home.put(4);
    const before = home.files();
    expect((await home.run(...args)).code).toBe(code);
    expect(home.files()).toEqual(before);
  });

  test('a sweep prints the plan with a reason for each session, and says what to add', async () => {
    using home = await Home.stored();
    const { out, err } = await home.run('sweep', ...CAPS);
    expect(out.indexOf(id(1))).toBeLessThan(out.indexOf(id(2)));
    expect(out.split('\n').filter((line) => /over the soft cap .*its digest stays/.test(line))).toHaveLength(
      3,
    );
    expect(err).toMatch(/nothing was changed[\s\S]*--yes[\s\S]*--plan [0-9a-f]{16}[\s\S]*--dry-run/);
  });

  test('a dry run before the first ingest makes no store', async () => {
    using home = new Home();
    home.put(1);
    expect((await home.run('ingest', '--dry-run')).out).toContain('Would store 1 new session');
    for (const args of [
      ['sweep', '--dry-run'],
      ['sweep'],
      ['status'],
      ['list'],
      ['history'],
      ['verify'],
      ['maintain'],
    ])
      await home.run(...args);
    expect(readdirSync(home.path)).toEqual(['.claude']);
  });
});

describe('another sweep', () => {
  test('that is running makes this one exit 6 and change nothing', async () => {
    using home = await Home.stored();
    const lock = takeSweepLock(home.store);
    expect(lock).not.toBeNull();
    try {
      const before = home.files();
      const told = await home.run('sweep', ...CAPS, '--yes', '--json');
      expect([told.code, schemas.errorSchema.parse(JSON.parse(told.out)).error.code]).toEqual([
        6,
        'sweep_running',
      ]);
      expect(home.files()).toEqual(before);
    } finally {
      lock?.release();
    }
    expect((await home.run('sweep', ...CAPS, '--yes')).code).toBe(0);
  });
});

test('maintain of a history above the hard cap keeps the newest raw, all as digests, and says so beforehand', async () => {
  using home = new Home();
  // 4,000 characters of noise are some 3,000 bytes compressed: three fit under the hard cap, two under the soft one.
  const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(3000))).toString('base64');
  for (let n = 0; n < 20; n += 1) home.put(n, noise());
  const caps = ['--soft-cap', '7000', '--hard-cap', '10000', '--max-age-days', 'off'];
  const told = await home.run('maintain', '--yes', '--no-data-loss', ...caps);
  expect(told.code).toBe(0);
  expect(told.err).toMatch(/^Found 20 sessions to store, [\d.]+ KiB/);
  expect(told.err.match(/more than the hard cap of 9\.8 KiB/g)).toHaveLength(1);
  const { sessions } = schemas.listSchema.parse(JSON.parse((await home.run('list', '--json')).out));
  expect(sessions.map(({ session_uid: uid }) => uid)).toEqual(
    Array.from({ length: 20 }, (_, i) => `claude-code:${id(19 - i)}`),
  );
  expect(sessions.map(({ state }) => state)).toEqual([
    ...Array.from({ length: 2 }, () => 'analyzed' as const),
    ...Array.from({ length: 18 }, () => 'evicted' as const),
  ]);
  expect(sessions.every(({ digest_bytes: bytes }) => bytes > 0)).toBe(true);
});

test('an import of which nothing would stay raw was told to keep about 0 of them', async () => {
  using home = new Home();
  for (let n = 0; n < 3; n += 1) home.put(n, 'a prompt');
  const told = await home.run('maintain', '--yes', '--no-data-loss', '--soft-cap', '0', '--hard-cap', '1');
  expect(told.err).toContain('`session-memory maintain` all of them stay as digests only.');
  expect(told.err).not.toContain('about 0');
});
