import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { SessionUid } from '../../src/domain/ids.ts';
import { digestsOf, filesOf, findSession, listSessions } from '../../src/store/read.ts';
import { usage } from '../../src/store/usage.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const UID = `claude-code:${ID}` as SessionUid;

const clean = (world: World) =>
  expect(
    verify(
      world.db,
      () => undefined,
      () => false,
    ).findings,
  ).toEqual([]);

describe('an unchanged home', () => {
  test('is read once, and the second time no content is read', async () => {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'hello'));
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, files_read: 1, analyzed: 1, warnings: [] });
    expect(await world.ingest()).toMatchObject({
      sessions_new: 0,
      sessions_unchanged: 1,
      files_read: 0,
      bytes_read: 0,
    });
  });

  test('a file that was only touched is compared, and nothing is stored again', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'hello'));
    await world.ingest();
    const before = findSession(world.db, UID);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    expect(await world.ingest()).toMatchObject({
      sessions_unchanged: 1,
      files_read: 1,
      stored_bytes_added: 0,
    });
    expect(findSession(world.db, UID)?.generation).toBe(before?.generation ?? -1);
  });

  test('a dry run stores nothing', async () => {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'hello'));
    expect(await world.ingest({ dryRun: true })).toMatchObject({
      sessions_found: 1,
      sessions_new: 1,
      files_read: 0,
    });
    expect(listSessions(world.db)).toEqual([]);
  });
});

describe('a session that grows', () => {
  test('adds what is new and is un-analyzed until it is analyzed again', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    appendFileSync(path, promptLine(ID, 'two'));
    expect(await world.ingest({ analyze: false })).toMatchObject({ sessions_grown: 1 });
    expect(findSession(world.db, UID)).toMatchObject({ state: 'unanalyzed', digestAt: expect.any(String) });
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'one') + promptLine(ID, 'two'));
    // The next ingest finds no change on disk and still goes on with what waits.
    expect(await world.ingest()).toMatchObject({ files_read: 0, analyzed: 1 });
    expect(digestsOf(world.db, UID)).toHaveLength(1);
    clean(world);
  });

  test('a torn last line is stored torn, and whole once the agent has finished it', async () => {
    using world = new World();
    const [head, tail] = [promptLine(ID, 'one').slice(0, 40), promptLine(ID, 'one').slice(40)];
    const path = world.put(claudePath(ID), promptLine(ID, 'zero') + head);
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'zero') + head);
    appendFileSync(path, tail);
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'zero') + promptLine(ID, 'one'));
    expect(filesOf(world.db, UID)[0]).toMatchObject({ removedBytes: 0, segmentCount: 1 });
  });
});

describe('a rewritten transcript', () => {
  test('keeps the lines that the agent removed, and stores only what is new', async () => {
    using world = new World();
    const lines = Array.from({ length: 200 }, (_, i) => promptLine(ID, `prompt ${i} ${Bun.hash(String(i))}`));
    const path = world.put(claudePath(ID), lines.join(''));
    await world.ingest();
    const before = findSession(world.db, UID)?.storedBytes ?? 0;
    const kept = [...lines.slice(0, 50), ...lines.slice(60), promptLine(ID, 'new at the end')];
    writeFileSync(path, kept.join(''));
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(kept.join(''));
    expect(world.removed(UID)).toBe(lines.slice(50, 60).join(''));
    expect((findSession(world.db, UID)?.storedBytes ?? 0) - before).toBeLessThan(500);
    clean(world);
  });

  test('cut off at the front it is what is left, and the digest still tells of what was removed', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'the first question') + promptLine(ID, 'second'));
    await world.ingest();
    writeFileSync(path, promptLine(ID, 'second'));
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'second'));
    expect(digestsOf(world.db, UID)[0]?.json).toContain('the first question');
  });

  test('truncated to nothing it loses nothing', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    writeFileSync(path, '');
    await world.ingest();
    expect(world.stored(UID)).toHaveLength(0);
    expect(world.removed(UID)).toBe(promptLine(ID, 'one'));
    expect(digestsOf(world.db, UID)[0]?.json).toContain('one');
  });

  test('a source that vanishes changes nothing', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    rmSync(path);
    expect(await world.ingest()).toMatchObject({ sessions_found: 0 });
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'one'));
  });
});

describe('an evicted session', () => {
  test('is not stored again while its source is what it was', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    world.evict(UID);
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    expect(await world.ingest()).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
    expect(await world.ingest()).toMatchObject({ files_read: 0 });
  });

  test('nor moved to another project, nor copied beside itself', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    world.evict(UID);
    const moved = join(world.home, claudePath(ID, '-home-me-moved'));
    mkdirSync(dirname(moved), { recursive: true });
    renameSync(path, moved);
    expect(await world.ingest()).toMatchObject({ sessions_evicted: 1 });
    copyFileSync(moved, join(dirname(moved), 'a copy.jsonl'));
    expect(await world.ingest()).toMatchObject({ sessions_evicted: 1 });
    expect(listSessions(world.db)).toHaveLength(1);
    expect(usage(world.db).tier1Bytes).toBe(0);
  });

  test('nor compressed by its agent', async () => {
    using world = new World();
    const name = 'rollout-2026-05-01T10-00-00-33333333-3333-4333-8333-333333333333.jsonl';
    const plain =
      `${JSON.stringify({ timestamp: '2026-05-01T10:00:00.000Z', type: 'session_meta', payload: { id: '33333333-3333-4333-8333-333333333333', timestamp: '2026-05-01T10:00:00.000Z', cwd: '/p', originator: 'cli', cli_version: '0.1' } })}\n` +
      `${JSON.stringify({ timestamp: '2026-05-01T10:00:01.000Z', type: 'event_msg', payload: { type: 'user_message', message: 'hello' } })}\n`;
    const path = world.put(`.codex/sessions/2026/05/01/${name}`, plain);
    await world.ingest();
    const uid = 'codex:33333333-3333-4333-8333-333333333333';
    world.evict(uid);
    rmSync(path);
    world.put(`.codex/archived_sessions/${name}.zst`, Bun.zstdCompressSync(Buffer.from(plain)));
    expect(await world.ingest()).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
  });

  test('that grew is stored whole, and the new digest covers the old one', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'one'));
    await world.ingest();
    world.evict(UID);
    appendFileSync(path, promptLine(ID, 'two'));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'one') + promptLine(ID, 'two'));
    expect(digestsOf(world.db, UID)).toHaveLength(1);
    clean(world);
  });

  test('that came back different keeps its old digest beside the new one', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'the old question'));
    await world.ingest();
    world.evict(UID);
    writeFileSync(path, promptLine(ID, 'another'));
    await world.ingest();
    const digests = digestsOf(world.db, UID).map((digest) => digest.json);
    expect(digests).toHaveLength(2);
    expect(digests.join()).toContain('the old question');
    world.evict(UID);
    clean(world);
  });
});

describe('two transcripts of one id', () => {
  test('a copy, or a shorter copy, is no second session', async () => {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'one') + promptLine(ID, 'two'));
    world.put(claudePath(ID, '-elsewhere'), promptLine(ID, 'one'));
    await world.ingest();
    expect(listSessions(world.db).map((row) => row.uid)).toEqual([UID]);
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'one') + promptLine(ID, 'two'));
  });

  test('two that differ are both kept, byte for byte', async () => {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'shared') + promptLine(ID, 'one way, and longer'));
    world.put(claudePath(ID, '-elsewhere'), promptLine(ID, 'shared') + promptLine(ID, 'other'));
    await world.ingest();
    const rows = listSessions(world.db);
    expect(rows).toHaveLength(2);
    const contents = rows.map((row) => world.stored(row.uid).toString()).sort();
    expect(contents).toEqual(
      [
        promptLine(ID, 'shared') + promptLine(ID, 'one way, and longer'),
        promptLine(ID, 'shared') + promptLine(ID, 'other'),
      ].sort(),
    );
    expect(await world.ingest()).toMatchObject({ files_read: 0 });
  });
});

test('of two that differ and have one length, what grows is added to the right one', async () => {
  using world = new World();
  const [ours, theirs] = [
    promptLine(ID, 'shared') + promptLine(ID, 'one way'),
    promptLine(ID, 'shared') + promptLine(ID, 'another'),
  ];
  expect(ours.length).toBe(theirs.length);
  world.put(claudePath(ID), ours);
  const path = world.put(claudePath(ID, '-elsewhere'), theirs);
  await world.ingest();
  appendFileSync(path, promptLine(ID, 'more'));
  await world.ingest();
  const contents = listSessions(world.db).map((row) => world.stored(row.uid).toString());
  expect(contents.sort()).toEqual([ours, theirs + promptLine(ID, 'more')].sort());
});

test('a compressed twin beside a plain transcript never replaces it', async () => {
  using world = new World();
  const name =
    '.codex/sessions/2026/05/01/rollout-2026-05-01T10-00-00-33333333-3333-4333-8333-333333333333.jsonl';
  const plain = `${JSON.stringify({ timestamp: '2026-05-01T10:00:01.000Z', type: 'event_msg', payload: { type: 'user_message', message: 'hello' } })}\n`;
  world.put(name, plain);
  world.put(`${name}.zst`, Bun.zstdCompressSync(Buffer.from(`${plain}longer`)));
  await world.ingest();
  world.put(`${name}.zst`, Bun.zstdCompressSync(Buffer.from('short')));
  await world.ingest();
  expect(world.stored('codex:33333333-3333-4333-8333-333333333333').toString()).toBe(plain);
});

test('a copy that changes becomes a session of its own while the first is still what it was', async () => {
  using world = new World();
  world.put(claudePath(ID), promptLine(ID, 'one') + promptLine(ID, 'two'));
  const copy = world.put(claudePath(ID, '-elsewhere'), promptLine(ID, 'one') + promptLine(ID, 'two'));
  await world.ingest();
  writeFileSync(copy, promptLine(ID, 'one'));
  await world.ingest();
  writeFileSync(copy, promptLine(ID, 'other'));
  await world.ingest();
  expect(world.stored(UID).toString()).toBe(promptLine(ID, 'one') + promptLine(ID, 'two'));
  expect(listSessions(world.db)).toHaveLength(2);
});

describe('sidecars', () => {
  test('subagents nested and flat, spilled results, meta files and orphans belong to their session; memory does not', async () => {
    using world = new World();
    const base = '.claude/projects/-home-me-project';
    world.put(claudePath(ID), promptLine(ID, 'one'));
    world.put(`${base}/${ID}/subagents/agent-aaaaaaaa.jsonl`, promptLine(ID, 'sub'));
    world.put(`${base}/${ID}/subagents/agent-aaaaaaaa.meta.json`, '{"agentType":"Explore"}');
    world.put(`${base}/${ID}/tool-results/toolu_1.txt`, 'spilled');
    world.put(`${base}/agent-bbbbbbbb.jsonl`, promptLine(ID, 'flat'));
    world.put(`${base}/${ID}.orphaned-1717171717-abc.jsonl`, promptLine(ID, 'set aside'));
    world.put(`${base}/memory/MEMORY.md`, 'never');
    await world.ingest();
    expect(listSessions(world.db).map((row) => row.uid)).toEqual([UID]);
    const roles = filesOf(world.db, UID).map((file) => file.role);
    expect(roles.sort()).toEqual(['main', 'meta', 'orphaned', 'subagent', 'subagent', 'tool-result']);
    clean(world);
  });

  test('a session whose transcript is gone is kept by its subagents', async () => {
    using world = new World();
    world.put(`.claude/projects/-p/${ID}/subagents/agent-aaaaaaaa.jsonl`, promptLine(ID, 'sub'));
    await world.ingest();
    expect(listSessions(world.db).map((row) => row.uid)).toEqual([UID]);
  });
});

describe('hostile and broken files stop nothing', () => {
  test('each is stored exactly or named in a warning, and a good one beside them is stored', async () => {
    using world = new World();
    const bad: Record<string, Uint8Array> = {
      '30000000-0000-4000-8000-000000000001': Buffer.concat([
        Buffer.from(promptLine('x', 'a')),
        Buffer.alloc(700),
        Buffer.from(promptLine('x', 'b')),
      ]),
      '30000000-0000-4000-8000-000000000002': Buffer.from(
        promptLine('x', 'a').slice(0, -1) + promptLine('x', 'glued'),
      ),
      '30000000-0000-4000-8000-000000000003': Buffer.from([0xff, 0xfe, 0x80, 0x0a, 0xc3, 0x28]),
      '30000000-0000-4000-8000-000000000004': new Uint8Array(0),
      '30000000-0000-4000-8000-000000000005': Buffer.from('a\r\nb\r\n'),
    };
    for (const [id, bytes] of Object.entries(bad)) world.put(claudePath(id), bytes);
    world.put(claudePath(ID), promptLine(ID, 'good'));
    const fifo = join(world.home, claudePath(OTHER));
    expect(Bun.spawnSync(['mkfifo', fifo]).exitCode).toBe(0);
    symlinkSync('/etc/passwd', join(dirname(fifo), '44444444-4444-4444-8444-444444444444.jsonl'));
    const report = await world.ingest();
    expect(report.failed).toBe(0);
    expect(report.warnings.filter((text) => text.startsWith('skipped')).length).toBe(2);
    for (const [id, bytes] of Object.entries(bad)) {
      expect(world.stored(`claude-code:${id}`).equals(bytes), `${id} comes back as it went in`).toBe(true);
    }
    expect(findSession(world.db, UID)?.state).toBe('analyzed');
    // Nothing readable in it: never an empty digest that would make it evictable.
    expect(
      findSession(world.db, 'claude-code:30000000-0000-4000-8000-000000000003' as SessionUid)?.state,
    ).toBe('unanalyzed');
    clean(world);
  });

  test('an id that is a path, a device or 4 KiB long becomes a harmless one', async () => {
    using world = new World();
    world.put('.claude/projects/-p/odd name.jsonl', promptLine('../../../etc/passwd', 'one'));
    await world.ingest();
    const [row] = listSessions(world.db);
    expect(row?.uid).toMatch(/^claude-code:x-[0-9a-f]{32}$/);
  });
});
