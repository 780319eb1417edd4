/** `export` and `import`: what goes out comes in again, whole, from a whole file or from what is left of one. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportSchema, importSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

/** Of every state: 1 analyzed, 2 evicted, 3 un-analyzed, 4 pinned, 5 lost, 6 evicted and returned changed, 7 rewritten, 8 forgotten. */
async function everyState(): Promise<Home> {
  const home = await Home.stored();
  const path = (n: number) => join(home.path, claudePath(id(n)));
  home.write(claudePath(id(5)), promptLine(id(5), 'lost 5'));
  await home.run(['ingest', '--no-analyze']);
  await home.run(['evict', uid(5), '--data-loss', '--yes']);
  for (const n of [6, 7, 8]) home.put(n);
  appendFileSync(path(7), promptLine(id(7), 'to be removed'));
  await home.run(['ingest', '--no-analyze']);
  await home.run(['analyze', uid(6), uid(7), uid(8)]);
  await home.run(['evict', uid(2), uid(6), '--yes']);
  await home.run(['forget', uid(8), '--yes']);
  home.write(claudePath(id(6)), promptLine(id(6), 'another beginning'));
  home.write(claudePath(id(7)), `${promptLine(id(7), 'hello 7')}${promptLine(id(7), 'instead')}`);
  await home.run(['ingest', '--no-analyze']);
  await home.run(['analyze', uid(6), uid(7)]);
  return home;
}

/** The same home, another store. */
async function inOther<T>(home: Home, name: string, work: () => Promise<T>): Promise<T> {
  const before = home.store;
  home.store = join(home.path, name, 's.db');
  try {
    return await work();
  } finally {
    home.store = before;
  }
}

const listed = async (home: Home) => (await home.run(['list', '--json'])).out;
const imported = async (home: Home, ...args: string[]) => {
  const told = await home.run(['import', '--trust', ...args, '--json']);
  return { code: told.code, ...importSchema.parse(JSON.parse(told.out)) };
};

/** Every byte, digest and event that a person can ask for. */
async function all(home: Home): Promise<unknown[]> {
  const out: unknown[] = [];
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8])
    for (const args of [['--raw'], ['--removed'], ['--files', '--json'], ['--json']]) {
      const told = await home.run(['show', uid(n), ...args]);
      const sources = /"sources": \[[^\]]*\]/g;
      out.push([n, args[0], told.code, told.bytes.toString(), told.out.replace(sources, '')]);
    }
  const { events } = schemas.historySchema.parse(JSON.parse((await home.run(['history', '--json'])).out));
  // That an event came from elsewhere is all that may differ; a forgotten id has nothing else to tell.
  out.push(
    events
      .filter(({ kind }) => kind !== 'forgotten')
      .map(({ imported: _imported, ...event }) => JSON.stringify(event))
      .sort(),
  );
  return out;
}

describe('a round trip', () => {
  test('through a file into an empty store gives the same list and the same bytes, and again changes nothing', async () => {
    using home = await everyState();
    const file = join(home.path, 'all.smx');
    const told = await home.run(['export', '--all', file, '--json']);
    const report = exportSchema.parse(JSON.parse(told.out));
    expect([told.code, report.sessions, report.live, report.forgotten]).toEqual([0, 7, 5, 1]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [list, everything] = [await listed(home), await all(home)];
    await inOther(home, 'other', async () => {
      const first = await imported(home, file);
      expect([first.code, first.added.length, first.damaged, first.conflicts]).toEqual([0, 7, [], []]);
      expect(await listed(home)).toBe(list);
      expect(await all(home)).toEqual(everything);
      expect((await home.run(['verify'])).out).toStartWith('All is well');
      const before = await listed(home);
      const again = await imported(home, file);
      expect([again.code, again.unchanged, again.merged, again.added]).toEqual([0, 7, [], []]);
      expect(await listed(home)).toBe(before);
      // What was evicted or forgotten there is known here: its source is not stored again.
      const ingest = schemas.ingestSchema.parse(JSON.parse((await home.run(['ingest', '--json'])).out));
      expect([ingest.sessions_new, ingest.sessions_forgotten]).toEqual([0, 1]);
      // And out again: the file says the same.
      await home.run(['export', '--all', join(home.path, 'again.smx')]);
    });
    await inOther(home, 'third', async () => {
      expect((await imported(home, join(home.path, 'again.smx'))).added).toHaveLength(7);
      expect((await listed(home)).length).toBeGreaterThan(100);
    });
  });

  test('of one session takes that one, and a dry run takes none', async () => {
    using home = await everyState();
    const file = join(home.path, 'one.smx');
    expect((await home.run(['export', uid(1), file])).out).toContain(
      'Exported 1 session, 1 of them with raw bytes',
    );
    await inOther(home, 'other', async () => {
      expect(await imported(home, file, '--dry-run')).toMatchObject({
        code: 0,
        dry_run: true,
        added: [uid(1)],
      });
      expect(existsSync(dirname(home.store))).toBe(false);
      expect((await imported(home, file)).added).toEqual([uid(1)]);
      const before = home.bytes();
      expect(await imported(home, file, '--dry-run')).toMatchObject({ added: [], merged: [], unchanged: 1 });
      expect(home.bytes()).toBe(before);
    });
  });

  test('the file is plain zstd, and says what it holds', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'one.smx');
    await home.run(['export', uid(1), file]);
    const plain = Buffer.from(
      await new Response(
        new Blob([readFileSync(file)]).stream().pipeThrough(new DecompressionStream('zstd')),
      ).bytes(),
    ).toString();
    expect(plain).toStartWith('{"record":"header","format":"session-memory export","version":1,');
    expect(plain).toContain(promptLine(id(1), 'hello 1', '2026-05-01T00:00:00.000Z'));
    expect(plain.trimEnd().split('\n').at(-1)).toBe('{"record":"end","sessions":1}');
  });
});

describe('an export', () => {
  test.each([
    [['--all'], 2, 'only one word'],
    [['x.smx'], 2, '--all'],
    [[uid(1), '--all', 'x.smx'], 2, 'at once'],
    [['nobody', 'x.smx'], 2, 'session-memory list'],
    [['--all', '.'], 2, 'folder'],
  ] as const)('%p exits %p and says %p', async (args, code, text) => {
    using home = await Home.stored();
    const told = await home.run(['export', ...args.map((arg) => (arg === '.' ? home.path : arg))]);
    expect([told.code, told.err]).toEqual([
      code,
      expect.stringContaining(text === 'only one word' ? 'FILE' : text),
    ]);
  });

  test('never takes the place of a file without --force, and leaves nothing else behind', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'mine');
    writeFileSync(file, 'my diary');
    expect((await home.run(['export', '--all', file])).code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('my diary');
    expect((await home.run(['export', '--all', file, '--force'])).code).toBe(0);
    expect((await home.run(['import', file, '--dry-run'])).code).toBe(0);
    expect(readdirSync(home.path).filter((name) => name.startsWith('.mine'))).toEqual([]);
  });
});

describe('what is not whole', () => {
  test('a file that is cut anywhere gives each whole session and names the others', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    const whole = readFileSync(file);
    for (const share of [0.999, 0.9, 0.7, 0.5, 0.3, 0.15]) {
      writeFileSync(file, whole.subarray(0, Math.floor(whole.length * share)));
      await inOther(home, `cut-${share}`, async () => {
        const report = await imported(home, file);
        expect(report.code, `${share}`).toBe(1);
        const named = report.damaged.flatMap(({ session_uid: each }) => (each === null ? [] : [each]));
        expect([...report.added, ...named].sort(), `${share}`).toEqual([1, 2, 3, 4].map(uid));
        for (const each of report.added) expect((await home.run(['show', each, '--raw'])).code).toBe(0);
        expect((await home.run(['verify'])).code).toBe(0);
      });
    }
  });

  test('a damaged byte anywhere costs at most the session it is in, and is named', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    const whole = readFileSync(file);
    const step = Math.ceil(whole.length / 40);
    for (let at = 250; at < whole.length; at += step) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
      writeFileSync(file, damaged);
      await inOther(home, `flip-${at}`, async () => {
        const told = await home.run(['import', '--trust', file, '--json']);
        if (told.code === 2) return expect(at).toBeLessThan(400);
        const report = importSchema.parse(JSON.parse(told.out));
        expect([told.code, report.damaged.length > 0], `byte ${at}`).toEqual([1, true]);
        expect(report.added.length, `byte ${at}`).toBeGreaterThanOrEqual(3);
        return expect((await home.run(['verify'])).code).toBe(0);
      });
    }
  });

  test.each([
    ['an empty file', ''],
    ['a diary', 'my diary, which is no export at all'],
    ['zstd of somebody else', Buffer.from(Bun.zstdCompressSync('hello'))],
  ])('%s is refused, and makes no store', async (_what, content) => {
    using home = new Home();
    const file = join(home.path, 'x');
    writeFileSync(file, content);
    const told = await home.run(['import', file]);
    expect([told.code, told.err]).toEqual([2, expect.stringContaining('no export of session-memory')]);
    expect(existsSync(home.store)).toBe(false);
  });
});

describe('an import', () => {
  test('stops at the hard cap, says who waits, and goes on when there is room', async () => {
    using home = new Home();
    for (const n of [1, 2, 3])
      home.write(
        claudePath(id(n)),
        promptLine(id(n), Buffer.from(crypto.getRandomValues(new Uint8Array(9000))).toString('base64')),
      );
    await home.run(['ingest']);
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    await inOther(home, 'other', async () => {
      const caps = ['--hard-cap', '20000', '--soft-cap', '20000'];
      const told = await home.run(['import', '--trust', file, '--json', ...caps]);
      const report = importSchema.parse(JSON.parse(told.out));
      expect([told.code, report.added.length, report.waiting.length, report.over_hard_cap]).toEqual([
        4,
        2,
        1,
        true,
      ]);
      expect((await imported(home, file)).added).toEqual(report.waiting);
    });
  });

  test('never brings back what was forgotten here, and says what was forgotten there', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    await home.run(['forget', uid(1), '--yes']);
    expect(await imported(home, file)).toMatchObject({ code: 0, left_forgotten: [uid(1)], added: [] });
    const later = join(home.path, 'later.smx');
    await home.run(['export', '--all', later]);
    await inOther(home, 'other', async () => {
      await imported(home, file);
      const report = await imported(home, later);
      expect(report.conflicts).toEqual([{ session_uid: uid(1), what: expect.stringContaining('forget') }]);
      expect((await home.run(['show', uid(1)])).code).toBe(0);
    });
    await inOther(home, 'third', async () => {
      expect(await imported(home, later)).toMatchObject({ forgotten: [uid(1)] });
      expect((await imported(home, file)).left_forgotten).toEqual([uid(1)]);
    });
  });

  test('brings back the raw bytes of what was evicted or lost here', async () => {
    using home = await Home.stored();
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    await home.run(['evict', uid(1), uid(3), '--data-loss', '--yes']);
    const report = await imported(home, file);
    expect([report.code, report.merged]).toEqual([0, [uid(1), uid(3)]]);
    expect(await home.states()).toMatchObject({ '70000001': 'analyzed', '70000003': 'unanalyzed' });
    expect((await home.run(['show', uid(3), '--raw'])).bytes.toString()).toContain('hello 3');
    expect((await home.run(['verify'])).out).toStartWith('All is well');
  });
});
