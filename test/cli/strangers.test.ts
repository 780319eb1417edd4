/** `import` of an archive that nobody vouches for, as a person sees it: what comes, how it is marked, what is told, by file and by pipe. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveOf, digestJson, session } from '../../scripts/torture/forged-archive.ts';
import { importSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';
import { Program } from '../support/program.ts';

/** A home whose sessions 1 to 4 are in the archive, but for a store of its own that has another 1. */
async function twoHomes(): Promise<{ home: Home; file: string }> {
  const home = await Home.stored();
  await home.run(['evict', uid(2), '--yes']);
  const file = join(home.path, 'theirs.smx');
  await home.run(['export', '--all', file]);
  home.store = join(home.path, 'mine', 's.db');
  for (const n of [2, 3, 4]) rmSync(join(home.path, claudePath(id(n))));
  home.write(claudePath(id(1)), promptLine(id(1), 'my own 1'));
  await home.run(['ingest']);
  return { home, file };
}

const listed = async (home: Home) =>
  schemas.listSchema.parse(JSON.parse((await home.run(['list', '--json'])).out)).sessions;

test('sessions that are not here come in marked and analyzed here; the others are left and told of', async () => {
  const { home: made, file } = await twoHomes();
  using home = made;
  const told = await home.run(['import', file]);
  expect(told.code).toBe(0);
  expect(told.out).toContain('Added 3 sessions; 0 unchanged.');
  expect(told.out).toContain("marked as a stranger's; 2 analyzed here");
  expect(told.out).toContain('import --trust');
  expect(told.err).toContain(`${uid(1)}: it is here already and stays as it is`);
  const sessions = await listed(home);
  expect(
    sessions.map(({ session_uid, state, origin, pinned }) => [session_uid, state, origin, pinned]).sort(),
  ).toEqual([
    [uid(1), 'analyzed', null, false],
    [uid(2), 'evicted', 'theirs.smx', false],
    [uid(3), 'analyzed', 'theirs.smx', false],
    [uid(4), 'analyzed', 'theirs.smx', false],
  ]);
  expect((await home.run(['show', uid(3)])).out).toContain("from theirs.smx, a stranger's archive");
  expect((await home.run(['show', uid(2), '--json'])).out).toContain('hello 2');
  expect((await home.run(['list'])).out).toContain('analyzed, imported');
  expect((await home.run(['show', uid(1), '--raw'])).bytes.toString()).toBe(promptLine(id(1), 'my own 1'));
  expect((await home.run(['verify'])).out).toStartWith('All is well');
});

test("the mark goes out and comes in with an archive of one's own, and goes once it is vouched for", async () => {
  const { home: made, file } = await twoHomes();
  using home = made;
  await home.run(['import', file]);
  const own = join(home.path, 'own.smx');
  await home.run(['export', '--all', own]);
  const mine = home.store;
  home.store = join(home.path, 'third', 's.db');
  const came = await home.run(['import', '--trust', own]);
  expect([came.code, came.err]).toEqual([0, '']);
  expect((await listed(home)).filter(({ origin }) => origin === 'theirs.smx')).toHaveLength(3);
  expect((await home.run(['verify'])).out).toStartWith('All is well');
  home.store = mine;
  expect((await home.run(['import', '--trust', file])).code).toBe(0);
  expect((await listed(home)).map(({ origin }) => origin)).toEqual([null, null, null, null]);
  expect((await home.run(['verify'])).out).toStartWith('All is well');
});

test('a named pipe that nobody may ever write to is refused, and not waited for', async () => {
  if (process.platform === 'win32') return console.log('skipped: Windows has no FIFO');
  using program = new Program();
  const fifo = join(program.folder, 'fifo');
  Bun.spawnSync(['mkfifo', fifo]);
  for (const flags of [[], ['--trust'], ['--dry-run']]) {
    const { code, err } = await program.run('import', fifo, ...flags);
    expect([code, err]).toEqual([2, expect.stringContaining(`${fifo} is no plain file`)]);
    expect(err).toContain('session-memory import -');
  }
  expect(existsSync(program.store)).toBe(false);
});

test('an archive comes by a pipe, by its name or by none', async () => {
  using program = new Program();
  const text = promptLine(id(5), 'by a pipe');
  const archive = archiveOf(session({ uid: uid(5), files: { main: text } }));
  const path = program.put('in.smx', archive);
  for (const [n, script] of ['cat "$0" | "$@" import -', '"$@" import <(cat "$0")'].entries()) {
    program.store = join(program.folder, `store-${n}`, 's.db');
    const command = [...program.command, '--store', program.store];
    const child = Bun.spawn(['bash', '-c', script, path, ...command], {
      env: { PATH: Bun.env['PATH'] ?? '', HOME: program.home, LANG: 'C.UTF-8' },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect([out, err, code], script).toEqual([expect.stringContaining('Added 1 session'), '', 0]);
    expect((await program.run('list', '--json')).out).toContain('"origin": "a pipe"');
    expect(Buffer.from((await program.run('show', uid(5), '--raw')).bytes).toString()).toBe(text);
  }
  expect((await program.run('import', program.home)).code).toBe(2);
});

test('what is wrong in an archive is named, with the session that it is in, and the rest comes', async () => {
  using home = new Home();
  const good = (n: number) => session({ uid: uid(n), files: { main: promptLine(id(n), `good ${n}`) } });
  const bad = (n: number, row: Record<string, unknown>) =>
    session({ uid: uid(n), files: { main: promptLine(id(n), `bad ${n}`) }, row });
  const file = join(home.path, 'in.smx');
  writeFileSync(
    file,
    archiveOf(
      good(1),
      bad(2, { raw_bytes: -1 }),
      bad(3, { native_id: id(9) }),
      session({ uid: uid(4), files: { main: 'x', '../../evil': 'x' } }),
      session({ uid: uid(5), files: { main: promptLine(id(5), 'five') }, digest: '{"version":9}' }),
      session({ uid: uid(6), files: { main: 'x' }, evicted: true, digest: '{}' }),
      bad(7, {
        started_at: 'yesterday',
        ended_at: '9999-12-31T00:00:00.000Z',
        title: 'a\u001b[31mb',
        project: '/a\0b',
      }),
    ),
  );
  const told = await home.run(['import', file, '--json']);
  const report = importSchema.parse(JSON.parse(told.out));
  expect(told.code).toBe(1);
  expect(report.added).toEqual([uid(1), uid(4), uid(5), uid(7)]);
  expect(report.left_out.map(({ session_uid, key }) => [session_uid, key])).toEqual([[uid(4), '../../evil']]);
  const named = Object.fromEntries(report.damaged.map(({ session_uid, problem }) => [session_uid, problem]));
  expect(named).toEqual({
    [uid(2)]: expect.stringContaining('raw_bytes'),
    [uid(3)]: expect.stringContaining('its name is not that of its id'),
    [uid(5)]: expect.stringContaining('a digest of it was left out'),
    [uid(6)]: expect.stringContaining('a digest of it was left out'),
  });
  const seven = (await listed(home)).find(({ session_uid }) => session_uid === uid(7));
  expect([seven?.title, seven?.project, seven?.ended_at]).toEqual([
    'bad 7',
    '/home/me/project',
    '2026-05-01T10:00:00.000Z',
  ]);
  for (const args of [['list'], ['status'], ['show', uid(5)], ['curate'], ['verify'], ['sweep', '--dry-run']])
    expect((await home.run(args)).code, args.join(' ')).toBe(0);
});

test("a digest alone stands under its origin, and this machine's transcript of that id is stored all the same", async () => {
  using home = new Home();
  const text = promptLine(id(1), 'mine');
  const file = join(home.path, 'in.smx');
  writeFileSync(
    file,
    archiveOf(
      session({ uid: uid(1), files: { main: text }, evicted: true, digest: digestJson(uid(1), ['theirs']) }),
    ),
  );
  expect((await home.run(['import', file])).code).toBe(0);
  home.write(claudePath(id(1)), text);
  const ingest = schemas.ingestSchema.parse(JSON.parse((await home.run(['ingest', '--json'])).out));
  expect([ingest.sessions_new, ingest.sessions_evicted]).toEqual([1, 0]);
  expect((await home.run(['show', id(1), '--raw'])).bytes.toString()).toBe(text);
  expect(readFileSync(file).length).toBeGreaterThan(0);
});
