// A restored session of Codex gets the name back that only Codex's own list had; that list is added to and never changed.
import { expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { nameInIndex } from '../../src/agents/codex/names.ts';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import { appendLines } from '../../src/restore/write-files.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const ID = '01a22a27-67e3-78a1-8aed-e6cb99188c62';
const UID = `codex:${ID}`;
const AT = `sessions/2026/11/30/rollout-2026-11-30T01-52-35-${ID}.jsonl`;
const NAME = 'renamed in codex';
const PROMPT = 'Please build the hello file';

const lineOf = (id: string, name: string) => `${JSON.stringify({ id, thread_name: name })}\n`;

/** A home with a session that a person has named in Codex, stored. */
async function named(index: string | null = lineOf(ID, NAME)) {
  const home = mkdtempSync(join(tmpdir(), 'session-memory-'));
  cpSync(join(import.meta.dir, '../fixtures/recorded/codex-named'), home, { recursive: true });
  const list = join(home, '.codex/session_index.jsonl');
  const transcript = join(home, '.codex', AT);
  if (index === null) rmSync(list);
  else writeFileSync(list, index);
  const run = (...args: string[]) => runIn(home, ['--store', join(home, 's.db'), ...args]);
  expect((await run('ingest')).code).toBe(0);
  const now = () => (existsSync(list) ? readFileSync(list, 'utf8') : null);
  const says = () => nameInIndex(ID, () => now());
  const tidy = () => rmSync(home, { recursive: true });
  return { home, list, transcript, run, now, says, [Symbol.dispose]: tidy };
}

test('a session whose transcript and whose line in the list are gone comes back with its name', async () => {
  using one = await named();
  rmSync(join(one.home, '.codex'), { recursive: true });
  const { code, out } = await one.run('restore', UID);
  expect(code).toBe(0);
  expect(out).toContain(`To be added to, by a line with its name:\n  ${one.list}\n`);
  expect(out).toContain(`Its name, ${NAME}, was added to ${one.list}.`);
  expect(one.says()).toBe(NAME);
  const [record, ...more] = (one.now() ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([Object.keys(record), record.id, more]).toEqual([['id', 'thread_name', 'updated_at'], ID, []]);
  const before = one.now();
  const again = await one.run('restore', UID);
  expect([again.code, one.now()]).toEqual([0, before]);
  expect(again.out).not.toContain('name');
});

test('what another machine has in its list stays, byte for byte, whatever it is; one line more is there, and it counts', async () => {
  using one = await named();
  const piece = fc.oneof(
    fc.constantFrom(lineOf(ID, 'as it was'), lineOf(ID, NAME), lineOf('x', NAME), '\r\n', '\n', '{"id":"to'),
    fc.string({ maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 4 }), async (pieces) => {
      const before = pieces.join('');
      rmSync(one.transcript, { force: true });
      writeFileSync(one.list, before);
      const wasSaid = one.says();
      const { code } = await one.run('restore', UID);
      const after = one.now() ?? '';
      expect([code, one.says(), after.startsWith(before)]).toEqual([0, NAME, true]);
      if (wasSaid === NAME) expect(after).toBe(before);
      else expect(after.slice(before.length).trimStart().split('\n')).toHaveLength(2);
      expect(after === '' || after.endsWith('\n') || after === before).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('a name that was given since stays, where the transcript was there all the time', async () => {
  using one = await named();
  writeFileSync(one.list, lineOf(ID, NAME) + lineOf(ID, 'a later one'));
  const before = one.now();
  expect((await one.run('restore', UID)).code).toBe(0);
  expect(one.now()).toBe(before);
  // Where the list was lost, that is no name at all.
  rmSync(one.list);
  expect((await one.run('restore', UID)).code).toBe(0);
  expect(one.says()).toBe(NAME);
});

test('a session that nobody named, a dry run and a restore to a folder of the user’s add no name', async () => {
  using unnamed = await named(null);
  rmSync(unnamed.transcript);
  const { code, out } = await unnamed.run('restore', UID, '--json');
  expect([code, JSON.parse(out).named, unnamed.now()]).toEqual([0, null, null]);
  using one = await named();
  rmSync(join(one.home, '.codex'), { recursive: true });
  const dry = await one.run('restore', UID, '--dry-run', '--json');
  expect(JSON.parse(dry.out).named).toEqual({ path: one.list, name: NAME, why_not: null });
  const aside = join(one.home, 'aside');
  const elsewhere = await one.run('restore', UID, '--to', aside, '--json');
  expect([elsewhere.code, JSON.parse(elsewhere.out).named]).toEqual([0, null]);
  expect([one.now(), existsSync(join(aside, 'session_index.jsonl'))]).toEqual([null, false]);
});

test('a prompt that is the title is no name, though a list has another session of it', async () => {
  using one = await named(lineOf('01a22a27-67e3-78a1-8aed-e6cb99188c63', PROMPT));
  rmSync(one.transcript);
  const before = one.now();
  expect((await one.run('restore', UID)).code).toBe(0);
  expect(one.now()).toBe(before);
});

test('an archive of a stranger puts no name into a list; one that is trusted brings it', async () => {
  using first = await named();
  const archive = join(first.home, 'all.smx');
  expect((await first.run('export', '--all', archive)).code).toBe(0);
  for (const isTrusted of [false, true]) {
    const home = mkdtempSync(join(tmpdir(), 'session-memory-'));
    const run = (...args: string[]) => runIn(home, ['--store', join(home, 's.db'), ...args]);
    mkdirSync(join(home, '.codex'));
    await run('import', archive, ...(isTrusted ? ['--trust'] : []));
    expect((await run('restore', UID)).code).toBe(0);
    const list = join(home, '.codex/session_index.jsonl');
    expect(existsSync(list) ? nameInIndex(ID, () => readFileSync(list, 'utf8')) : null).toBe(
      isTrusted ? NAME : null,
    );
    rmSync(home, { recursive: true });
  }
});

test('a session that came with a stranger’s archive is given no name, whatever its row says', async () => {
  using world = new World();
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  cpSync(join(import.meta.dir, '../fixtures/recorded/codex-named'), world.home, { recursive: true });
  await world.ingest();
  rmSync(join(world.home, '.codex'), { recursive: true });
  mkdirSync(join(world.home, '.codex'));
  const [session] = listSessions(world.db);
  if (session === undefined) throw new Error('no session');
  const places = { host: world.host, settings: { storePath: world.db.path } };
  const named = (origin: string | null) =>
    planRestore(places, world.db, { ...session, origin }, { to: null, force: false }).listing?.name ?? null;
  expect([named(null), named('/x/of-a-stranger.smx')]).toEqual([NAME, null]);
});

test('a list that is a link, a folder or a FIFO is left alone; the files are back, and it is said why the name is not', async () => {
  using one = await named();
  const target = join(one.home, 'of-others.txt');
  const inTheWay: readonly (() => void)[] = [
    () => {
      writeFileSync(target, 'of others\n');
      symlinkSync(target, one.list);
    },
    () => mkdirSync(one.list),
    () => expect(Bun.spawnSync(['mkfifo', one.list]).exitCode).toBe(0),
  ];
  for (const put of inTheWay) {
    rmSync(join(one.home, '.codex'), { recursive: true });
    mkdirSync(dirname(one.list));
    put();
    const { code, out } = await one.run('restore', UID);
    expect(code).toBe(0);
    expect(existsSync(one.transcript)).toBe(true);
    expect(out).toContain(`Its name, ${NAME}, is not in its agent's list: cannot write ${one.list}: `);
    if (existsSync(target)) expect(readFileSync(target, 'utf8')).toBe('of others\n');
  }
});

test('all names of a restore of all are added, each once', async () => {
  using one = await named();
  const other = ID.replace(/2$/, '9');
  const second = one.transcript.replaceAll(ID, other);
  writeFileSync(
    second,
    readFileSync(one.transcript, 'utf8').replaceAll(ID, other).replaceAll(PROMPT, 'Another hello'),
  );
  writeFileSync(one.list, lineOf(ID, NAME) + lineOf(other, 'the other one'));
  expect((await one.run('ingest', '--full')).code).toBe(0);
  rmSync(join(one.home, '.codex'), { recursive: true });
  const { code, out } = await one.run('restore', '--all', '--json');
  expect(code).toBe(0);
  const told = JSON.parse(out).restored.map(({ named: { name } }: { named: { name: string } }) => name);
  expect(told.sort()).toEqual([NAME, 'the other one']);
  expect((one.now() ?? '').trimEnd().split('\n')).toHaveLength(2);
  expect(nameInIndex(other, () => one.now())).toBe('the other one');
});

test('lines that are added while the list is written anew are in the new one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-'));
  const path = join(folder, 'list.jsonl');
  writeFileSync(path, 'old\n');
  let isNew = false;
  // What Codex does when a session is deleted: it puts another file into the place of its list.
  const rewrite = () => {
    if (isNew) return;
    isNew = true;
    writeFileSync(`${path}.new`, 'kept\n');
    renameSync(`${path}.new`, path);
  };
  appendLines(path, 'mine\n', rewrite);
  expect(readFileSync(path, 'utf8')).toBe('kept\nmine\n');
  rmSync(folder, { recursive: true });
});
