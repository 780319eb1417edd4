/** `forget`: nothing of the session is left in any file of the store, and nothing of it ever comes back. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { forgetSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

const PROJECT = '-home-me-zanzibar';

/** Every piece of a session that could betray it, each a word that nothing else has. */
const PIECES = ['quetzalcoatl', 'zanzibar', 'xylophone', 'wollongong', 'rumpelstilz'];

/** Session 5 holds a secret, has a spilled tool result, was restored elsewhere and failed its analyzer once. */
async function withSecret(): Promise<Home> {
  const home = await Home.stored();
  const line = promptLine(id(5), 'the key is quetzalcoatl xylophone', '2026-05-05T00:00:00.000Z');
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(300_000))).toString('base64');
  home.write(
    claudePath(id(5), PROJECT),
    line.replace('/home/me/project', '/home/me/zanzibar') + promptLine(id(5), noise),
  );
  home.write(`.claude/projects/${PROJECT}/${id(5)}/tool-results/wollongong.txt`, 'xylophone');
  await home.run(['ingest', '--no-analyze']);
  // A sweep far above its cap analyzes, fails, and says so in a report that is kept.
  const caps = ['--soft-cap', '100000', '--hard-cap', '100000'];
  await home.run([
    'sweep',
    '--yes',
    '--no-data-loss',
    ...caps,
    '--analyzer',
    `test $SESSION_UID = ${uid(5)} && echo rumpelstilz >&2; exit 3`,
  ]);
  expect((await home.run(['history', '--json'])).out).toContain('rumpelstilz');
  expect((await home.run(['ingest'])).code).toBe(0);
  await home.run(['analyze']);
  await home.run(['restore', uid(5), '--to', join(home.path, 'wollongong')]);
  return home;
}

/** Bytes of every file of the store, each piece looked for in UTF-8 and UTF-16. */
function found(home: Home, pieces: readonly (string | Buffer)[]): string[] {
  const folder = dirname(home.store);
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const has = (piece: string | Buffer) =>
      bytes.includes(piece) || (typeof piece === 'string' && bytes.includes(Buffer.from(piece, 'utf16le')));
    return pieces.filter(has).map((piece) => `${name}: ${piece.toString('latin1')}`);
  });
}

/** Slices of the session's compressed bytes, as they lie in the file. */
function slices(home: Home): Buffer[] {
  const db = new Database(home.store, { readonly: true });
  const rows = db
    .query<{ data: Uint8Array }, [string]>(
      'SELECT data FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
    )
    .all(uid(5));
  db.close();
  return rows
    .flatMap(({ data }) =>
      [0.1, 0.5, 0.9].map((part) =>
        Buffer.from(data.subarray(Math.floor(data.length * part)).subarray(0, 12)),
      ),
    )
    .filter((slice) => slice.length === 12);
}

describe('forget', () => {
  test('leaves no piece in the store, its log, or a copy of an older one', async () => {
    using home = await withSecret();
    const parts = slices(home);
    expect(parts.length).toBeGreaterThan(2);
    expect(found(home, PIECES).length).toBeGreaterThan(3);
    expect(found(home, parts).length).toBeGreaterThanOrEqual(parts.length);
    // A copy as an upgrade leaves it, and one of which only half was made.
    const copy = new Database(`${home.store}.before-v2`, { create: true });
    copy.run(`CREATE TABLE sessions AS SELECT '${uid(5)}' AS session_uid, 'quetzalcoatl' AS title`);
    copy.close();
    writeFileSync(`${home.store}.before-v3`, 'half a copy of xylophone');
    const told = await home.run(['forget', uid(5), '--yes', '--json']);
    const report = forgetSchema.parse(JSON.parse(told.out));
    expect([told.code, report.forgotten, report.written_anew]).toEqual([0, [uid(5)], true]);
    expect(report.removed).toEqual([`${home.store}.before-v2`, `${home.store}.before-v3`]);
    expect(found(home, [...PIECES, ...parts])).toEqual([]);
    // The agent's own file is not ours to delete: it is named.
    expect(report.own_files).toContain(join(home.path, claudePath(id(5), PROJECT)));
    expect(existsSync(join(home.path, claudePath(id(5), PROJECT)))).toBe(true);
    expect((await home.run(['verify'])).out).toStartWith('All is well');
  });

  test('keeps the id and the event, and nothing else, and the other sessions as they were', async () => {
    using home = await withSecret();
    const before = await home.states();
    await home.run(['forget', uid(5), '--yes']);
    const { sessions } = schemas.listSchema.parse(JSON.parse((await home.run(['list', '--json'])).out));
    expect(sessions.find(({ session_uid: each }) => each === uid(5))).toMatchObject({
      forgotten: true,
      state: 'evicted',
      title: null,
      project: null,
      started_at: null,
      ended_at: null,
      raw_bytes: 0,
      digest_bytes: 0,
      files: 0,
    });
    expect((await home.events()).filter((event) => event.includes(uid(5)))).toEqual([
      `forgotten ${uid(5)} by hand`,
      ...Array.from({ length: (await home.events()).filter((e) => e.includes(uid(5))).length - 1 }, () =>
        expect.stringMatching(/ forgotten$/),
      ),
    ]);
    const { [`70000005`]: _gone, ...others } = before;
    expect(await home.states()).toMatchObject(others);
    for (const args of [
      ['show', uid(5)],
      ['show', uid(5), '--raw'],
      ['restore', uid(5)],
    ])
      expect((await home.run(args)).code, args.join(' ')).toBe(1);
    expect((await home.run(['show', uid(4), '--raw'])).bytes.toString()).toContain('hello 4');
  });

  test('what is forgotten is never stored again: unchanged, grown, moved, compressed, by --full', async () => {
    using home = await withSecret();
    await home.run(['forget', uid(5), '--yes']);
    const path = join(home.path, claudePath(id(5), PROJECT));
    const again = async (...args: string[]) => {
      const told = await home.run(['ingest', '--json', ...args]);
      const report = schemas.ingestSchema.parse(JSON.parse(told.out));
      expect([told.code, report.sessions_new, report.sessions_forgotten], args.join(' ')).toEqual([0, 0, 1]);
      expect(found(home, PIECES)).toEqual([]);
    };
    await again();
    await again('--full');
    appendFileSync(path, promptLine(id(5), 'quetzalcoatl again'));
    await again();
    const moved = join(home.path, claudePath(id(5), '-home-me-elsewhere'));
    mkdirSync(dirname(moved), { recursive: true });
    renameSync(path, moved);
    await again();
    const backup = join(home.path, 'backup', `${id(5)}.jsonl`);
    mkdirSync(dirname(backup), { recursive: true });
    renameSync(moved, backup);
    await again(backup);
    expect((await home.run(['agents', '--json'])).out).not.toContain('"sessions_not_stored": 1');
  });

  test.each([
    [[uid(1)], 2, 'Add --yes'],
    [[uid(1), 'nobody', '--yes'], 2, 'session-memory list'],
    [[uid(1), '--dry-run'], 0, "the agent's own file still holds it"],
  ] as const)('%p changes not one byte, exits %p and says %p', async (args, code, way) => {
    using home = await Home.stored();
    const before = home.bytes();
    const told = await home.run(['forget', ...args]);
    expect([told.code, told.err]).toEqual([code, expect.stringContaining(way)]);
    expect(home.bytes()).toBe(before);
  });

  test.each([
    ['forget 2 sessions', 0],
    ['forget 1 sessions', 2],
    ['yes', 2],
  ] as const)('in a terminal takes the phrase: %p exits %p', async (types, code) => {
    using home = await Home.stored();
    const told = await home.run(['forget', uid(1), uid(2)], { tty: true, types });
    expect([told.code, told.err]).toEqual([code, expect.stringContaining('forget 2 sessions')]);
    expect((await home.run(['show', uid(1)])).code).toBe(code === 0 ? 1 : 0);
  });

  test('twice is no failure, and evicted and un-analyzed sessions can be forgotten too', async () => {
    using home = await Home.stored();
    await home.run(['evict', uid(2), '--yes']);
    for (const n of [2, 3, 2]) expect((await home.run(['forget', uid(n), '--yes'])).code, `${n}`).toBe(0);
    expect((await home.run(['verify'])).out).toStartWith('All is well');
  });
});

// A forgotten twin keeps nothing but its uid. Its file is there still, or comes back, and no later ingest may fail at it.
describe('of two transcripts with one id', () => {
  const KILN = claudePath(id(7), '-srv-kiln');
  const ORCHARD = claudePath(id(7), '-srv-orchard');
  const TEXTS = { [KILN]: 'fire the kiln', [ORCHARD]: 'prune the trees' } as const;
  const PATHS = [KILN, ORCHARD] as const;
  const lines = (path: string) =>
    [TEXTS[path], 'go on']
      .map((text) => promptLine(id(7), `${text} at ${path}`).replace('/home/me/project', path.slice(17, -42)))
      .join('');

  test.each(
    [PATHS, PATHS.toReversed()].flatMap((order) =>
      (['stays', 'comes back', 'is elsewhere'] as const).map((then) => [KILN, order, then] as const),
    ),
  )(
    '%s is forgotten, and the other one is not (met in the order %p; its file %s)',
    async (gone, order, then) => {
      using home = new Home();
      const other = gone === KILN ? ORCHARD : KILN;
      for (const path of order) {
        home.write(path, lines(path));
        expect((await home.run(['ingest'])).code).toBe(0);
      }
      const uids = async () =>
        schemas.listSchema
          .parse(JSON.parse((await home.run(['list', '--json'])).out))
          .sessions.filter(({ forgotten }) => !forgotten)
          .map(({ session_uid }) => session_uid);
      const textOf = async (name: string) => (await home.run(['show', name, '--raw'])).bytes.toString();
      for (const name of await uids())
        if ((await textOf(name)).includes(TEXTS[gone] ?? '-')) await home.run(['forget', name, '--yes']);

      rmSync(join(home.path, gone), { force: then !== 'stays' });
      home.write(other, lines(other) + lines(other));
      home.write(claudePath(id(8), '-srv-kiln'), promptLine(id(8), 'something new'));
      if (then !== 'comes back') home.write(gone, lines(gone));
      if (then === 'is elsewhere') renameSync(join(home.path, gone), `${join(home.path, gone)}.jsonl`);
      for (const full of [[], ['--full']]) {
        expect((await home.run(['ingest', ...full])).code).toBe(0);
        if (then === 'comes back') home.write(gone, lines(gone));
      }
      expect((await home.run(['ingest'])).code).toBe(0);
      const left = await Promise.all((await uids()).map(textOf));
      expect(left.toSorted()).toEqual(
        [lines(other) + lines(other), promptLine(id(8), 'something new')].sort(),
      );
      expect(found(home, [TEXTS[gone] ?? '-'])).toEqual([]);
    },
  );
});
