/** Where agents' folders are links: what is found is what can be opened, once, and what cannot be had leaves nothing behind. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { type Preparer, prepare } from '../../src/ingest/fast-path/prepare.ts';
import { digestOf } from '../../src/ingest/fast-path/prepare-digest.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { ensureSession } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const REL = `-home-me-project/${ID}.jsonl`;

function lay(folder: string): string {
  const path = join(folder, REL);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, promptLine(ID, 'hello'));
  return path;
}

type Laid = { readonly real: string; readonly projects: string };

/** The real folder of transcripts of each kind of link, with the link made. */
const KINDS: Readonly<Record<string, (world: World) => Laid>> = {
  'the folder is a link': (world) => linked(world, (real) => real),
  'a relative link': (world) => linked(world, (real, projects) => relative(dirname(projects), real)),
  'a chain of links': (world) =>
    linked(world, (real) => {
      symlinkSync(real, join(world.folder, 'one'));
      symlinkSync(join(world.folder, 'one'), join(world.folder, 'two'));
      return join(world.folder, 'two');
    }),
  'the root is a link': (world) => {
    const real = join(world.folder, 'elsewhere', 'projects');
    mkdirSync(real, { recursive: true });
    symlinkSync(dirname(real), join(world.home, '.claude'));
    return { real, projects: join(world.home, '.claude/projects') };
  },
  'both are links': (world) => {
    const real = join(world.folder, 'far');
    mkdirSync(real, { recursive: true });
    mkdirSync(join(world.folder, 'near'));
    symlinkSync(real, join(world.folder, 'near', 'projects'));
    symlinkSync(join(world.folder, 'near'), join(world.home, '.claude'));
    return { real, projects: join(world.home, '.claude/projects') };
  },
};

function linked(world: World, target: (real: string, projects: string) => string): Laid {
  const [real, projects] = [join(world.folder, 'elsewhere'), join(world.home, '.claude/projects')];
  mkdirSync(real, { recursive: true });
  mkdirSync(dirname(projects), { recursive: true });
  symlinkSync(target(real, projects), projects);
  return { real, projects };
}

describe.each(Object.keys(KINDS))('%s', (kind) => {
  test.each([
    ['file by file', null],
    ['made ready', inPlace()],
  ])('its sessions are stored whole, grow, and are left when unchanged, %s', async (_, preparer) => {
    using world = made();
    world.preparer = preparer;
    const { real } = (KINDS[kind] as (world: World) => Laid)(world);
    const path = lay(real);
    expect(await world.ingest({ dryRun: true })).toMatchObject({ sessions_new: 1 });
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, failed: 0, warnings: [] });
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'hello'));
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
    appendFileSync(path, promptLine(ID, 'more'));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1, failed: 0 });
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'hello') + promptLine(ID, 'more'));
  });
});

function made(): World {
  const world = new World();
  mkdirSync(world.home, { recursive: true });
  return world;
}

test('a folder that another root leads to as well is stored once, and counted once', async () => {
  using world = made();
  const backup = join(world.folder, 'backup/.claude');
  lay(join(backup, 'projects'));
  mkdirSync(join(world.home, '.claude'));
  symlinkSync(join(backup, 'projects'), join(world.home, '.claude/projects'));
  addRoots(world, { 'claude-code': [backup] });
  const report = await world.ingest();
  expect(report).toMatchObject({ sessions_found: 1, sessions_new: 1, files_found: 1, files_read: 1 });
  expect(await world.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
  expect(listSessions(world.db)).toHaveLength(1);
});

test('a folder that is a link to itself, or to nowhere, is named and stops nothing', async () => {
  using world = made();
  world.put('.codex/x', '');
  for (const folder of ['.claude', '.codex']) mkdirSync(join(world.home, folder), { recursive: true });
  symlinkSync('projects', join(world.home, '.claude/projects'));
  symlinkSync(join(world.folder, 'gone'), join(world.home, '.codex/sessions'));
  symlinkSync(join(world.folder, 'gone'), join(world.home, '.qwen'));
  const { warnings, failed } = await world.ingest();
  for (const place of ['.claude/projects', '.codex/sessions', '.qwen'])
    expect(warnings.filter((text) => text.includes(join(world.home, place)))).toHaveLength(1);
  expect(failed).toBe(0);
});

test('a link further inside that leaves the root is skipped with a warning, in a linked folder too', async () => {
  using world = made();
  const { real } = (KINDS['the folder is a link'] as (world: World) => Laid)(world);
  lay(real);
  const secret = join(world.folder, 'secret.jsonl');
  writeFileSync(secret, promptLine('22222222-2222-4222-8222-222222222222', 'not yours'));
  symlinkSync(secret, join(real, '-home-me-project/22222222-2222-4222-8222-222222222222.jsonl'));
  const report = await world.ingest();
  expect(report).toMatchObject({ sessions_new: 1, failed: 0 });
  expect(report.warnings.join()).toContain('a link that leaves');
});

test('a session of which nothing can be opened leaves no row, and has its bytes at the next run', async () => {
  using world = made();
  const path = world.put(claudePath(ID), promptLine(ID, 'hello'));
  const moved = join(world.folder, 'moved');
  world.meanwhile = () => {
    renameSync(dirname(path), moved);
    symlinkSync(moved, dirname(path));
  };
  expect(await world.ingest()).toMatchObject({ failed: 1 });
  expect(listSessions(world.db)).toEqual([]);
  rmSync(dirname(path));
  renameSync(moved, dirname(path));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, failed: 0 });
  expect(world.stored(UID).toString()).toBe(promptLine(ID, 'hello'));
});

describe('an empty row that an earlier version left', () => {
  const leave = (world: World) => {
    const id = ensureSession(world.db, {
      uid: UID,
      agent: 'claude-code' as never,
      nativeId: ID,
      agentRoot: '/x',
      ingestedAt: world.now,
    });
    world.db.run('INSERT INTO empty_sessions VALUES ($id)', { id });
  };
  const total = (world: World) =>
    world.db.get<{ n: number }>('SELECT coalesce(sum(sessions), 0) AS n FROM counters')?.n;

  test('goes where the transcript is gone, and is counted no more', async () => {
    using world = made();
    leave(world);
    expect(total(world)).toBe(1);
    await world.ingest();
    expect(listSessions(world.db)).toEqual([]);
    expect(total(world)).toBe(0);
  });

  test('gets its bytes where the transcript is there', async () => {
    using world = made();
    leave(world);
    world.put(claudePath(ID), promptLine(ID, 'hello'));
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(promptLine(ID, 'hello'));
    expect(total(world)).toBe(1);
  });

  test('stays where anything else knows of it: an empty transcript is a session', async () => {
    using world = made();
    world.put(claudePath(ID), '');
    await world.ingest();
    world.db.run('INSERT INTO empty_sessions SELECT id FROM sessions');
    expect(() => world.db.run('DELETE FROM sessions')).toThrow('a session row is kept for good');
    await world.ingest();
    expect(findSession(world.db, UID)).not.toBeNull();
  });

  test('is met by the upgrade of an old store, and no other row is', () => {
    const { sql } = MIGRATIONS.find(({ name }) => name === 'places') ?? { sql: '' };
    using old = new Database(':memory:');
    for (const { name, sql: earlier } of MIGRATIONS) if (name !== 'places') old.run(earlier);
    const insert = 'INSERT INTO sessions (session_uid, agent, native_id) VALUES';
    old.run(`${insert} ('a:1', 'a', '1'), ('a:2', 'a', '2')`);
    old.run(`INSERT INTO sources (path, agent, session_id, stat, taken_bytes) VALUES ('/x', 'a', 2, '', 0)`);
    old.run(sql);
    expect(old.query('SELECT id FROM empty_sessions').values()).toEqual([[1]]);
    old.run('DELETE FROM sessions WHERE id = 1');
    expect(() => old.run('DELETE FROM sessions WHERE id = 2')).toThrow('a session row is kept for good');
  });
});

/** Gives agents of a world further roots, as its configuration would. */
function addRoots(world: World, roots: Readonly<Record<string, readonly string[]>>): void {
  const agents = Object.fromEntries(
    Object.entries(roots).map(([id, own]) => [id, { enabled: true, roots: own }]),
  );
  Object.defineProperty(world, 'host', { value: { ...world.host, agents } });
}

/** Makes sessions ready one after the other, on this thread. */
function inPlace(): Preparer {
  return {
    prepare: (order) => {
      const agent = agentById(order.agent);
      if (agent === null) throw new Error(order.agent);
      return prepare(order, (asked) => digestOf(asked, agent));
    },
    end: () => undefined,
  };
}
