/** What a move to another store takes along beside the sessions, and what it leaves behind. */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  archiveOf,
  digestJson,
  type Piece,
  piecesOf,
  session,
  written,
} from '../../scripts/torture/forged-archive.ts';
import { withoutPaths } from '../../src/domain/text.ts';
import { openWritable } from '../../src/store/open.ts';
import { Home } from '../support/home.ts';
import '../support/seed.ts';

const ID = '0199a213-81c0-7800-8aa1-bbab2a035a53';
const UID = `codex:${ID}`;
const PATH = `.codex/sessions/2026/05/01/rollout-2026-05-01T10-00-00-${ID}.jsonl`;

/** A rollout of so many turns; `ordinals`: as a later Codex writes the same anew. */
function rollout(turns: number, ordinals = false): string {
  const at = (n: number) => `2026-05-01T10:${String(n).padStart(2, '0')}:00.000Z`;
  const of = (n: number, type: string, payload: object) => ({ timestamp: at(n), type, payload });
  const records = [
    of(0, 'session_meta', { id: ID, timestamp: at(0), cwd: '/srv/forge', originator: 'codex_cli_rs' }),
    ...Array.from({ length: turns }, (_, n) => [
      of(n + 1, 'event_msg', { type: 'user_message', message: `temper blade ${n}` }),
      of(n + 1, 'event_msg', { type: 'agent_message', message: `blade ${n} is tempered` }),
    ]).flat(),
  ];
  const lines = records.map((record, ordinal) => (ordinals ? { ...record, ordinal } : record));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

async function done(home: Home, ...args: string[]): Promise<string> {
  const { code, out, err } = await home.run(args);
  expect([args, code, err]).toEqual([args, 0, expect.anything()]);
  return out;
}

/** Evicts the session in a store of its own and gives the archive of that store. */
async function evictedElsewhere(home: Home, turns: number): Promise<string> {
  const [here, archive] = [home.store, join(home.path, `of-${turns}.smx`)];
  home.store = join(home.path, `elsewhere-${turns}`, 's.db');
  home.write(PATH, rollout(turns));
  await done(home, 'ingest');
  await done(home, 'sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
  await done(home, 'export', '--all', archive);
  home.store = here;
  return archive;
}

const ingested = async (home: Home) => JSON.parse(await done(home, 'ingest', '--json'));

test('an evicted session that was moved to another store stays evicted where its agent writes it anew', async () => {
  using home = new Home();
  await done(home, 'import', '--trust', await evictedElsewhere(home, 3));
  home.write(PATH, rollout(3, true));
  expect(await ingested(home)).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
  // And once more from there: an archive of an archive knows it too.
  await done(home, 'export', '--all', join(home.path, 'second.smx'));
  home.store = join(home.path, 'third', 's.db');
  await done(home, 'import', '--trust', join(home.path, 'second.smx'));
  expect(await ingested(home)).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
  // With a turn more it is another.
  home.write(PATH, rollout(4, true));
  expect(await ingested(home)).toMatchObject({ sessions_grown: 1, analyzed: 1 });
  expect((await home.run(['show', UID, '--raw'])).bytes.toString()).toBe(rollout(4, true));
  await done(home, 'verify');
});

test('what the other store knows of an evicted session reaches one that evicted it without a note', async () => {
  using home = new Home();
  const archive = await evictedElsewhere(home, 3);
  home.write(PATH, rollout(3));
  await done(home, 'ingest');
  await done(home, 'sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
  changed(home, 'DELETE FROM contents');
  await done(home, 'import', '--trust', archive);
  home.write(PATH, rollout(3, true));
  expect(await ingested(home)).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
});

test('an archive of an older program, without a word on what bytes say, is taken as before', async () => {
  using home = new Home();
  const archive = await evictedElsewhere(home, 3);
  const pieces = await piecesOf(readFileSync(archive));
  writeFileSync(archive, written(pieces.map(withoutContent)));
  await done(home, 'import', '--trust', archive);
  home.write(PATH, rollout(3));
  expect(await ingested(home)).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
  home.write(PATH, rollout(3, true));
  expect(await ingested(home)).toMatchObject({ sessions_grown: 1 });
});

test("a stranger's word on what bytes say keeps no transcript of this machine from being stored", async () => {
  using home = new Home();
  const archive = await evictedElsewhere(home, 3);
  await done(home, 'import', archive);
  home.write(PATH, rollout(3, true));
  const { sessions_new: added, analyzed } = await ingested(home);
  expect([added, analyzed]).toEqual([1, 1]);
  expect(
    JSON.parse(await done(home, 'list', '--json')).sessions.map((one: { state: string }) => one.state),
  ).toContain('analyzed');
});

test("a stranger's word on what bytes say changes nothing for what was evicted here", async () => {
  using home = new Home();
  const said = readSaid(await piecesOf(readFileSync(await evictedElsewhere(home, 4))));
  home.write(PATH, rollout(3));
  await done(home, 'ingest');
  await done(home, 'sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
  // Of the very bytes that were evicted here it says that they were four turns.
  const ours = {
    generation: 1,
    key: 'main',
    raw_bytes: rollout(3).length,
    sha256: hashOf(rollout(3)),
    content: said,
  };
  const forged = session({
    uid: UID,
    files: { main: rollout(3) },
    evicted: true,
    digest: digestJson(UID, ['four turns']),
    row: { tombstones: [ours] },
  });
  const archive = join(home.path, 'forged.smx');
  writeFileSync(archive, archiveOf(forged));
  for (const flags of [[], ['--trust']]) await home.run(['import', ...flags, archive]);
  // Not even one that is trusted changes what was noted here of the bytes themselves.
  home.write(PATH, rollout(4, true));
  expect(await ingested(home)).toMatchObject({ sessions_grown: 1, analyzed: 1 });
});

const hashOf = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex');

function changed(home: Home, sql: string): void {
  const db = openWritable(home.store);
  try {
    db.run(sql);
  } finally {
    db.close();
  }
}

type Stone = { readonly content?: unknown };

function readSaid(pieces: readonly Piece[]): unknown {
  const rows = pieces.flatMap((piece) =>
    piece.kind === 'line' ? [piece.value as { tombstones?: Stone[] }] : [],
  );
  const said = rows.flatMap(({ tombstones = [] }) => tombstones).find(({ content }) => content !== undefined);
  expect(said?.content).toBeDefined();
  return said?.content;
}

function withoutContent(piece: Piece): Piece {
  if (piece.kind !== 'line') return piece;
  const value = piece.value as { tombstones?: Stone[] };
  if (value.tombstones === undefined) return piece;
  const tombstones = value.tombstones.map(({ content: _, ...stone }) => stone);
  return { ...piece, value: { ...value, tombstones } };
}

const FOLDERS = ['/home/me/my projects/forge', 'C:\\Users\\me\\forge', '\\\\server\\share\\forge', '~/forge'];

test('no event of an archive tells where something lies on this machine, whatever the event', async () => {
  using home = new Home();
  home.put(1);
  await done(home, 'ingest');
  await done(home, 'restore', '--all', '--to', join(home.path, 'my files'));
  await done(home, 'restore', '--all', '--force');
  const kinds = [
    'restored',
    'imported repaired',
    'data_loss',
    'imported restored',
    'returned',
    'a kind to come',
  ];
  for (const [i, kind] of kinds.entries())
    for (const folder of FOLDERS)
      changed(
        home,
        `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason, file_id)
         SELECT '2026-05-09T00:00:00.000Z', '${kind}', id, session_uid, raw_generation, ${i}, 0,
           'sh: 1: cannot read "${folder}/a b.jsonl": gone',
           ${kind === 'data_loss' ? '(SELECT min(id) FROM files WHERE session_id = sessions.id)' : 'NULL'} FROM sessions`,
      );
  changed(home, "UPDATE sessions SET analyze_error = 'no such file: /home/me/my projects/x'");
  const archive = join(home.path, 'all.smx');
  await done(home, 'export', '--all', archive);
  type Row = { events?: { kind: string; reason: string }[]; analyze_error?: string };
  const rows = (await piecesOf(readFileSync(archive))).flatMap((piece) =>
    piece.kind === 'line' ? [piece.value as Row] : [],
  );
  const events = rows.flatMap(({ events: each = [] }) => each);
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(kinds));
  const told =
    JSON.stringify(events.map(({ reason }) => reason)) + JSON.stringify(rows.map((row) => row.analyze_error));
  for (const word of ['forge', 'projects', 'my files', home.path, 'a b.jsonl'])
    expect(told).not.toContain(word);
  expect(told).toContain('cannot read');
  // To the store that wrote it they are the same events.
  const before = await home.events();
  expect(JSON.parse(await done(home, 'import', '--trust', archive, '--json'))).toMatchObject({
    merged: [],
    unchanged: 1,
  });
  expect(await home.events()).toEqual(before);
});

test('a sentence loses all from the first path on, and what is no path stays', () => {
  for (const [text, is] of [
    ['to /home/me/a b/c.jsonl', 'to …'],
    ["cannot open 'C:\\Users\\me': gone", "cannot open '…"],
    ['file:///home/me/x', '…'],
    ['cwd:/srv/x', 'cwd:…'],
    ['read and/or written 1/2 of https://example.com/a/b', null],
    ['60 / 45 days, a ratio of 3:1', null],
    ['src/store/open.ts', null],
    ['by hand', null],
    ['', null],
  ] as const)
    expect(withoutPaths(text)).toBe(is ?? text);
  const name = fc.string({ minLength: 1, maxLength: 9 }).filter((one) => !/[\s/\\]/.test(one));
  fc.assert(
    fc.property(
      fc.constantFrom('to ', 'in "', '(', 'path=', ''),
      fc.constantFrom('/', 'C:\\', '\\\\host\\', '~/'),
      fc.array(name, { minLength: 1 }),
      (before, root, names) => {
        expect(withoutPaths(`${before}${root}${names.join(root.includes('\\') ? '\\' : '/')}`)).toBe(
          `${before}…`,
        );
      },
    ),
  );
});
