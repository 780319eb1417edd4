/** What a transcript was before: listed, given, chosen; a stub never comes out in silence. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ID, RestoreHome, turns, UID } from '../support/restoring.ts';
import { SEED } from '../support/seed.ts';

const STUBS: readonly (readonly [string, string])[] = [
  ['its new turn alone', promptLine(ID, 'are you still there')],
  ['a line of metadata', `${JSON.stringify({ type: 'mode', mode: 'default', sessionId: ID })}\n`],
  ['nothing', ''],
];
const listed = async (home: RestoreHome) =>
  schemas.versionsSchema.parse(await home.json('show', ID, '--versions')).versions;

describe.each(STUBS)('a transcript that was replaced by %s', (_, stub) => {
  async function replaced(): Promise<RestoreHome> {
    const home = await RestoreHome.stored();
    home.write(home.main, stub);
    return home;
  }

  test('is named by ingest, with what was there and how it is had; once', async () => {
    using home = await replaced();
    const { err } = await home.must('ingest');
    expect(err).toContain(home.main);
    expect(err).toContain('20 lines before');
    expect(err).toContain(`restore ${UID} --version 1`);
    expect((await home.must('ingest')).err).toBe('');
  });

  test('is not restored before a person has said which version is meant', async () => {
    using home = await replaced();
    await home.must('ingest');
    rmSync(home.main);
    const told = await home.run('restore', ID);
    expect([told.code, existsSync(home.main)]).toEqual([2, false]);
    expect(told.err).toContain('--version 1');
    expect(told.err).toContain('--version 2');
    expect((await home.json('restore', ID)).error.code).toBe('consent_needed');
    await home.must('restore', ID, '--version', '2');
    expect(home.read(home.main)).toBe(stub);
    rmSync(home.main);
    expect((await home.must('restore', ID, '--version', '1')).out).toContain('version 1');
    expect(home.read(home.main)).toBe(turns(0, 20));
  });

  test('restored as it was, goes on from there, and is stored once', async () => {
    using home = await replaced();
    await home.must('ingest');
    await home.must('restore', ID, '--version', 'fullest', '--force');
    expect((await home.must('ingest')).out).toContain('no file was read');
    appendFileSync(home.main, turns(20, 21));
    const { stored_bytes_added: added, warnings } = await home.json('ingest');
    expect([await home.raw(), warnings]).toEqual([turns(0, 21), []]);
    expect(added).toBeLessThan(1500);
    expect((await home.run('verify')).code).toBe(0);
  });

  test('fails among several by name, keeps no other one, and comes with --version fullest', async () => {
    using home = await replaced();
    const other = join(home.path, claudePath('81000000-0000-4000-8000-000000000002'));
    home.write(other, promptLine('81000000-0000-4000-8000-000000000002', 'another one'));
    await home.must('ingest');
    rmSync(join(home.path, '.claude'), { recursive: true });
    const { restored, failed } = schemas.restoreSeveralSchema.parse(await home.json('restore', '--all'));
    expect([restored.length, failed.map(({ session_uid: uid }) => uid), existsSync(other)]).toEqual([
      1,
      [UID],
      true,
    ]);
    await home.must('restore', '--all', '--version', 'fullest');
    expect(home.read(home.main)).toBe(turns(0, 20));
  });

  test('is listed with what it was, and both come out of show', async () => {
    using home = await replaced();
    await home.must('ingest');
    expect(
      (await listed(home)).map(({ number, present, raw_bytes }) => [number, present, raw_bytes]),
    ).toEqual([
      [1, false, turns(0, 20).length],
      [2, true, stub.length],
    ]);
    const now = await home.must('show', ID, '--raw');
    expect([now.bytes.toString(), now.err.includes('--version 1')]).toEqual([stub, true]);
    expect(await home.raw('--version', '1')).toBe(turns(0, 20));
    expect((await home.run('show', ID, '--raw', '--version', '3')).code).toBe(2);
    expect((await home.run('show', ID, '--version', '1')).code).toBe(2);
    expect((await home.must('show', ID, '--versions')).out).toContain('present');
  });

  test('is still known as one in another store, and as it was in a merged one', async () => {
    using home = await replaced();
    await home.must('ingest');
    await home.must('export', '--all', join(home.path, 'all.smx'));
    for (const merges of [false, true]) {
      using other = new RestoreHome();
      if (merges) {
        other.write(other.main, turns(0, 20));
        await other.must('ingest');
        rmSync(other.main);
      }
      expect((await other.run('import', '--trust', join(home.path, 'all.smx'))).code).toBe(0);
      expect((await other.run('import', '--trust', join(home.path, 'all.smx'), '--json')).out).toContain(
        '"unchanged": 1',
      );
      expect((await other.run('verify')).code).toBe(0);
      const raws = await Promise.all(
        (await listed(other)).map(({ number }) => other.raw('--version', String(number))),
      );
      expect(raws).toContain(turns(0, 20));
      const told = await other.run('restore', ID);
      if (told.code === 0) expect(other.read(other.main)).toBe(turns(0, 20));
      else expect([told.code, told.err.includes('--version 1')]).toEqual([2, true]);
    }
  });
});

// How many bytes stand there now says nothing: a crash leaves NULs to the old length, a proxy a long page.
describe.each([
  ['NULs', (bytes: number) => '\0'.repeat(bytes)],
  ['a longer page', (bytes: number) => `<html>${'x'.repeat(bytes * 2)}</html>\n`],
  ['blanks', (bytes: number) => ' '.repeat(bytes)],
])('a short talk in whose place stand %s', (_, wreck) => {
  test.each([1, 3])('(%p turns) is named, and does not come out in silence', async (count) => {
    const document = JSON.stringify({
      sessionId: '5ac1',
      workspaceDirectory: '/home/me/project',
      history: Array.from({ length: count }, (_, n) => ({ message: { role: 'user', content: `say ${n}` } })),
    });
    for (const [path, text] of [
      [claudePath(ID), turns(0, count)],
      ['.continue/sessions/5ac1.json', document],
    ] as const) {
      using home = new RestoreHome();
      const file = join(home.path, path);
      home.write(file, text);
      await home.must('ingest');
      home.write(file, wreck(text.length));
      expect((await home.must('ingest')).err).toContain('has lost most of what it held');
      rmSync(file);
      const uid = (await home.json('list')).sessions[0].session_uid;
      const told = await home.run('restore', uid);
      expect([told.code, existsSync(file)]).toEqual([2, false]);
      await home.must('restore', uid, '--version', 'fullest');
      expect(home.read(file)).toBe(text);
    }
  });
});

test('a stub that has grown since into a talk of its own still does not come out in silence', async () => {
  using home = await RestoreHome.stored();
  home.write(home.main, turns(100, 102));
  await home.must('ingest');
  appendFileSync(home.main, turns(102, 140));
  await home.must('ingest');
  rmSync(home.main);
  expect((await home.run('restore', ID)).code).toBe(2);
});

test.each([
  ['a line is taken out', [...Array(20).keys()].filter((n) => n !== 7)],
  ['a third is taken out', [...Array(20).keys()].filter((n) => n % 3 !== 0)],
  ['it is written in another order', [...Array(20).keys()].reverse()],
])('where %s nothing is warned of, and the present version is restored', async (_, kept) => {
  using home = await RestoreHome.stored();
  const now = kept.map((n) => turns(n, n + 1)).join('');
  home.write(home.main, now);
  expect((await home.must('ingest')).err).toBe('');
  rmSync(home.main);
  await home.must('restore', ID);
  expect(home.read(home.main)).toBe(now);
});

test('a document whose last message is written anew with each turn is no loss', async () => {
  using home = new RestoreHome();
  const path = join(home.path, '.cline/data/tasks/1700000000000/api_conversation_history.json');
  const document = (count: number, last: string) =>
    JSON.stringify(
      Array.from({ length: count }, (_, n) => ({
        role: n % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text: n === count - 1 ? last : `message ${n}` }],
      })),
    );
  for (let turn = 1; turn < 12; turn++)
    for (const last of ['a', 'a b', 'a b c']) {
      home.write(path, document(turn, last));
      expect((await home.must('ingest')).err).not.toContain('lost most');
    }
  home.write(path, '[]');
  expect((await home.must('ingest')).err).toContain('has lost most of what it held');
});

test('a sidecar that was emptied is named, and comes back with the words for all files', async () => {
  using home = await RestoreHome.stored();
  home.write(home.spilled, '');
  expect((await home.must('ingest')).err).toContain('--version fullest');
  rmSync(join(home.path, '.claude'), { recursive: true });
  expect((await home.run('restore', ID)).code).toBe(2);
  await home.must('restore', ID, '--version', 'fullest');
  expect([home.read(home.spilled), home.read(home.main)]).toEqual([
    'a long answer\nof two lines\n',
    turns(0, 20),
  ]);
});

test('--removed parts pieces by a line break where one ended without', async () => {
  using home = await RestoreHome.stored(`${turns(0, 3)}{"torn": `);
  home.write(home.main, `${turns(0, 2)}{"torn too": `);
  await home.must('ingest');
  home.write(home.main, turns(0, 1));
  await home.must('ingest');
  const removed = (await home.must('show', ID, '--removed')).bytes.toString();
  expect(
    removed
      .split('\n')
      .filter((line) => line !== '')
      .sort(),
  ).toEqual(['{"torn": ', '{"torn too": ', ...turns(1, 3).trim().split('\n')].sort());
});

test('a wrong version, and a number for several sessions, are wrong uses', async () => {
  using home = await RestoreHome.stored();
  for (const args of [
    ['restore', ID, '--version', 'last'],
    ['restore', ID, '--version', '0'],
    ['restore', ID, '--version', '7'],
    ['restore', '--all', '--version', '1'],
    ['restore', ID, '--version'],
  ])
    expect([args, (await home.run(...args)).code]).toEqual([args, 2]);
  expect((await home.run('--version')).out).toContain('1.2.3');
});

type Step =
  | { readonly kind: 'write'; readonly lines: readonly number[]; readonly torn: boolean }
  | { readonly kind: 'grow'; readonly line: number }
  | { readonly kind: 'shorten'; readonly share: number }
  | { readonly kind: 'restore'; readonly nth: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    lines: fc.array(fc.nat(30), { maxLength: 20 }),
    torn: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('grow' as const), line: fc.nat(60) }),
  fc.record({ kind: fc.constant('shorten' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('restore' as const), nth: fc.nat(9) }),
);

test('every version that was ever listed comes out byte for byte, whatever follows, and the next ingest has nothing to do after a restore', async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      using home = await RestoreHome.stored();
      const was = new Map<number, string>([[1, turns(0, 20)]]);
      for (const one of steps) {
        const now = home.read(home.main);
        if (one.kind === 'write')
          home.write(home.main, one.lines.map((n) => turns(n, n + 1)).join('') + (one.torn ? '{"torn' : ''));
        if (one.kind === 'grow') home.write(home.main, now + turns(one.line, one.line + 1));
        if (one.kind === 'shorten') home.write(home.main, now.slice(0, Math.floor(now.length * one.share)));
        if (one.kind === 'restore') {
          const numbers = [...was.keys()];
          const number = numbers[one.nth % numbers.length] ?? 1;
          await home.must('restore', ID, '--version', String(number), '--force');
          expect(home.read(home.main).startsWith(was.get(number) ?? '-')).toBe(true);
        }
        const report = await home.json('ingest');
        expect([report.failed, report.sessions_new]).toEqual([0, 0]);
        if (one.kind === 'restore') expect(report.stored_bytes_added).toBe(0);
        for (const { number, present, raw_bytes: bytes } of (await listed(home)).filter(
          ({ key }) => key === 'main',
        )) {
          const raw = await home.raw('--version', String(number));
          expect(raw.length).toBe(bytes);
          if (present) expect(raw).toBe(home.read(home.main));
          // The present one may have grown.
          else if (was.has(number)) expect(raw.startsWith(was.get(number) ?? '-')).toBe(true);
          was.set(number, raw);
          seen += 1;
        }
        expect((await listed(home)).map(({ number }) => number)).toEqual(
          expect.arrayContaining([...was.keys()]),
        );
      }
      expect((await home.run('verify')).code).toBe(0);
    }),
    { seed: SEED, numRuns: 20 },
  );
  expect(seen).toBeGreaterThan(100);
}, 180_000);
