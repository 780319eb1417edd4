/** A transcript that is named by its path is taken by its records, wherever it lies and whatever its name. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionUid } from '../../src/domain/ids.ts';
import { lookAtAgents } from '../../src/ingest/discover/scan.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const TEXT = promptLine(ID, 'hello') + promptLine(ID, 'again');

const PLACES = {
  'one folder too deep': `.claude/projects/-home-me-project/-home-me-project/${ID}.jsonl`,
  'one folder too high': `.claude/projects/${ID}.jsonl`,
  'in the root itself': `.claude/${ID}.jsonl`,
  'in a folder of one’s own in the project’s': `.claude/projects/-home-me-project/old/${ID}.jsonl`,
  'in a folder of one’s own in the root': `.claude/archive/2025/${ID}.jsonl`,
  'in another agent’s folder': `.codex/sessions/${ID}.jsonl`,
  'outside any agent’s folder': `Documents/${ID}.jsonl`,
  'under another name': 'Documents/the one about boats.jsonl',
  'as a copy that was put aside': `.claude/projects/-home-me-project/${ID}.jsonl.bak`,
  'as text': 'Documents/mail.txt',
  'without an extension': 'Documents/mail',
  'where the layout knows it': claudePath(ID),
};

describe.each(Object.entries(PLACES))('%s', (_, place) => {
  test('it is stored once, byte for byte, with its facts', async () => {
    using world = new World();
    const path = world.put(place, TEXT);
    expect(await world.ingest({ paths: [path] })).toMatchObject({
      sessions_new: 1,
      paths_without_transcript: [],
    });
    expect(world.stored(UID).toString()).toBe(TEXT);
    expect(findSession(world.db, UID)).toMatchObject({ title: 'hello', project: '/home/me/project' });
    expect(await world.ingest({ paths: [path] })).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
  });

  test('compressed it is the same session', async () => {
    using world = new World();
    const path = world.put(place, Bun.zstdCompressSync(TEXT));
    await world.ingest({ paths: [path] });
    // There the layout says what it is: plain.
    if (place === claudePath(ID)) expect(listSessions(world.db)).toHaveLength(1);
    else expect(world.stored(UID).toString()).toBe(TEXT);
  });

  test('lying at its right place too, it is no second session', async () => {
    using world = new World();
    const path = world.put(place, TEXT);
    await world.ingest({ paths: [path] });
    world.put(claudePath(ID), TEXT + promptLine(ID, 'more'));
    await world.ingest();
    await world.ingest({ paths: [path] });
    expect(listSessions(world.db)).toHaveLength(1);
    expect(world.stored(UID).toString()).toBe(TEXT + promptLine(ID, 'more'));
  });
});

test('a named folder gives what its layout knows and what lies beside, each once', async () => {
  using world = new World();
  const other = '22222222-2222-4222-8222-222222222222';
  world.put(claudePath(ID), TEXT);
  world.put(`.claude/projects/-home-me-project/old/${other}.jsonl`, promptLine(other, 'old'));
  const folder = join(world.home, '.claude/projects/-home-me-project');
  expect(await world.ingest({ paths: [folder, join(folder, 'old')] })).toMatchObject({
    sessions_found: 2,
    sessions_new: 2,
    files_found: 2,
  });
});

test('a named link to a transcript is taken as what it leads to', async () => {
  using world = new World();
  const path = world.put(`Documents/${ID}.jsonl`, TEXT);
  const link = join(world.home, 'link.jsonl');
  symlinkSync(path, link);
  expect(await world.ingest({ paths: [link] })).toMatchObject({ sessions_new: 1 });
});

test('a path where nothing is found is told, and nothing is stored', async () => {
  using world = new World();
  mkdirSync(join(world.home, 'empty'), { recursive: true });
  const texts: Record<string, string> = {
    'package.json': readFileSync(join(import.meta.dir, '../../package.json'), 'utf8'),
    'notes.md': '# Notes\n\n- buy milk\n',
    'list.csv': 'a,b\n1,2\n',
    'rows.jsonl': '{"a":1}\n{"a":2}\n',
    'chat.json': '[{"role":"user","content":"hi"}]',
    'empty.txt': '',
  };
  const paths = [
    join(world.home, 'empty'),
    ...Object.entries(texts).map(([name, text]) => world.put(name, text)),
  ];
  const report = await world.ingest({ paths });
  expect(report.paths_without_transcript).toEqual(paths);
  expect(listSessions(world.db)).toEqual([]);
});

test('what lies where no layout knows it is counted and named, and a plain ingest leaves it', async () => {
  using world = new World();
  world.put(claudePath(ID), TEXT);
  const odd = world.put(
    PLACES['one folder too deep'].replaceAll(ID, '33333333-3333-4333-8333-333333333333'),
    TEXT,
  );
  world.put('.claude/projects/-home-me-project/notes.txt', 'mine');
  writeFileSync(join(world.home, '.claude/projects/todo.md'), 'mine');
  expect(await world.ingest()).toMatchObject({ sessions_new: 1 });
  const { db, host, clock } = world;
  const { unplaced } = await lookAtAgents({ db, host, clock, warn: () => undefined }, true);
  expect(unplaced).toEqual([
    { agent: 'claude-code', root: join(world.home, '.claude'), transcripts: [odd], other_files: 2 },
  ]);
});
