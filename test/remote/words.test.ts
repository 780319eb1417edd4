/** What is said of a session whose bytes are not here: never that they are gone where the bucket has them. */
import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import { resumeOf } from '../../src/cli/commands/restore.resume.ts';
import type { Host, RestoreTarget } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SessionRow } from '../../src/domain/session.ts';
import type { Iso } from '../../src/domain/time.ts';
import { readTranscript, type Shelf, searchSessions } from '../../src/mcp/answers.ts';
import type { SessionToPlace } from '../../src/restore/placement.ts';
import { numbersOf, sessionsByIds } from '../../src/store/browse.ts';
import { openReadable } from '../../src/store/open.ts';
import { goneText } from '../../src/tui/frames/session-told.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
const UNREADABLE = '\u0001 unreadable\n';
/** Of whatever is said of one that the bucket has. */
const WRONG = /were lost|raw lost|are gone|raw evicted|evicted before|no session/;

test(
  'show, search, related, evict, forget and the answers to an agent say that the bucket has the bytes',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    for (const n of [1, 3]) laptop.write(n, `plantedword in src/planted-file.ts, number ${n}`);
    laptop.put(claudePath(id(2)), UNREADABLE);
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', id(1), id(2), id(3), '--yes');
    rmSync(join(laptop.home, '.claude'), { recursive: true });
    await desktop.sync();
    const said = await Promise.all([
      laptop.ok('show', id(1)),
      laptop.ok('show', id(2)),
      laptop.ok('search', 'plantedword'),
      desktop.ok('show', id(1)),
      desktop.ok('search', 'plantedword'),
      desktop.ok('related', id(1)),
      desktop.ok('evict', id(1), '--yes'),
    ]);
    for (const { out, err } of said) expect(out + err).not.toMatch(WRONG);
    const [own, only, found, theirs, foundThere, , left] = said.map(({ out }) => out);
    expect(own).toContain('it has the bytes: `restore` and `show --raw` fetch them');
    expect(only).toContain('it alone has the bytes');
    expect(found).toContain('raw in the bucket');
    expect(theirs).toContain('on laptop, which tells of it in the bucket; the digest is here');
    expect(theirs).not.toContain('evicted');
    expect(foundThere).toContain('on laptop');
    expect(left).toContain('its bytes are on laptop, and none of them here');
    expect((await laptop.listed()).map((one) => [one.state, one.in_bucket, one.machine])).toEqual(
      Array.from({ length: 3 }, () => ['evicted', true, null]),
    );

    const shelf: Shelf = {
      open: () => openReadable(laptop.store),
      exclude: { isEmpty: true, leavesOut: () => null } as unknown as Shelf['exclude'],
      transcripts: true,
      mark: 'm',
      understood: (query) => query,
      now: () => '2027-01-01T00:00:00.000Z' as Iso,
      since: () => '2020-01-01T00:00:00.000Z' as Iso,
    };
    const asked = { query: 'plantedword', project: null, since: null, limit: 5, offset: 0 };
    expect((await searchSessions(shelf, asked)).text).toContain('raw in the bucket');
    const { text } = await readTranscript(shelf, { id: id(1), from: 1, lines: 5 });
    expect(text).toContain('in its bucket');

    // What no machine has made a digest of goes by the beginning of its id too, and can be forgotten where its machine is gone.
    expect((await desktop.ok('show', id(2).slice(0, 8), '--raw')).out).toBe(UNREADABLE);
    const bare = await desktop.run('show', id(2).slice(0, 8));
    expect([bare.code, bare.err]).toEqual([
      2,
      expect.stringContaining(`${uid(2)} lies in the bucket, and no machine has made a digest of it`),
    ]);
    await desktop.ok('remote', 'forget', '--machine', 'laptop');
    await desktop.ok('remote', 'forget', id(2).slice(0, 8), '--yes');
    expect((await desktop.run('show', id(2), '--raw')).code).not.toBe(0);
  },
  LONG,
);

test('an agent that makes a session another one where it is gone on with elsewhere is said to, and no other', () => {
  const host = { env: {}, homeDir: '/home/me', platform: 'linux' } as unknown as Host;
  const needsOf = (id: string, machine: string | null) => {
    const target = {
      nativeId: '1_a',
      project: '/p',
      isMoved: false,
      startedAt: null,
    } as unknown as RestoreTarget;
    const asked = { target, isForeign: true } as unknown as SessionToPlace;
    const session = { project: '/p' } as unknown as SessionRow;
    const way = { asked, placed: target, otherProject: null, path: undefined, machine };
    return resumeOf(agentById(id, host), session, way).needs ?? '';
  };
  const said = (id: string) => needsOf(id, 'laptop').includes('it is another one, beside that of laptop');
  const all = ['cline', 'opencode', 'kilo', 'claude-code', 'codex', 'gemini-cli', 'pi', 'roo-code'];
  expect(all.filter(said)).toEqual(['cline', 'opencode', 'kilo']);
  expect(needsOf('cline', null)).not.toContain('another one');
});

test('the screens say of a session that is not here whether the bucket has it', async () => {
  using model = await ModelBucket.started();
  using one = new RemoteWorld(model, 'one');
  using other = new RemoteWorld(model, 'other');
  for (const n of [1, 2]) one.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await one.ingest();
  await one.sync();
  one.evict(uid(1));
  await other.sync();
  const rowOf = ({ db }: RemoteWorld, n: number) => {
    const [number = 0] = numbersOf(db, [uid(n) as SessionUid]);
    const row = sessionsByIds(db, [number]).get(number);
    if (row === undefined) throw new Error(`no session ${n}`);
    return row;
  };
  expect(goneText(rowOf(one, 1))).toEndWith('the digest stays. A restore fetches it from the bucket.');
  expect(rowOf(one, 2).isInBucket, 'its bytes are here').toBeUndefined();
  expect(goneText(rowOf(other, 2))).toBe('On one, and told of here; a restore fetches it from the bucket.');
  one.db.run('DELETE FROM remote_records');
  expect(goneText(rowOf(one, 1))).toEndWith('the digest stays.');
});
