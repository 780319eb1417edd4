// OpenClaw: transcripts that are renamed, compressed or put aside are the session still; traces are none; commands have their status.
import { describe, expect, test } from 'bun:test';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { openClaw } from '../../src/agents/pi/index.ts';
import type { Iso } from '../../src/domain/time.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';
import { factsOf, jsonl } from './facts.ts';
import { CORPUS } from './genuine.ts';
import { comesBack, digestOf, entry, session, uids } from './pi-sessions.ts';

describe('OpenClaw', () => {
  const home = '.openclaw/agents/main/sessions';
  const text = session('a1', 'moor the barge');
  const T = '2026-05-02T10-00-00.000Z';
  const names = ['deleted', 'reset', 'bak'].flatMap((how) => [
    `a1.jsonl.${how}.${T}`,
    `a1.jsonl.${how}.${T}.zst`,
    `a1.jsonl.${how}.${T}.${'a'.repeat(32)}.zst`,
    `a1.jsonl.${how}.1777629600.zst`,
  ]);
  const put = (world: World, name: string, content = text) =>
    world.put(`${home}/${name}`, name.endsWith('.zst') ? zstdCompressSync(content) : content);

  test.each(names)('%s is the session: alone, after it, beside it, and after its eviction', async (name) => {
    {
      using alone = new World();
      put(alone, name);
      expect(await alone.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
      expect(alone.stored('openclaw:a1').toString()).toBe(text);
      // It is put where OpenClaw goes on with it, not under a name that it passes over.
      rmSync(join(alone.home, home), { recursive: true });
      expect((await restoreAll(alone, null)).failed).toEqual([]);
      expect(readdirSync(join(alone.home, home))).toEqual(['a1.jsonl']);
      expect(readFileSync(join(alone.home, home, 'a1.jsonl'), 'utf8')).toBe(text);
    }
    for (const how of ['after', 'beside', 'evicted', 'shorter'] as const) {
      using world = new World();
      const path = put(world, 'a1.jsonl');
      await world.ingest();
      if (how === 'evicted') world.evict('openclaw:a1');
      if (how === 'after' || how === 'evicted') rmSync(path);
      put(world, name, how === 'shorter' ? text.slice(0, text.lastIndexOf('{')) : text);
      expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, warnings: [] });
      expect(uids(world)).toEqual(['openclaw:a1']);
      const [row] = listSessions(world.db);
      expect(row?.evictedAt !== null).toBe(how === 'evicted');
      if (how !== 'evicted') expect(world.stored('openclaw:a1').toString()).toBe(text);
    }
  });

  test('what it traces of a session is no session', async () => {
    using world = new World();
    const trace = jsonl({ traceSchema: 'openclaw-trajectory', type: 'session.started', sessionId: 'a1' });
    const files = {
      [`${home}/a1.jsonl`]: text,
      [`${home}/a1.trajectory.jsonl`]: trace,
      [`${home}/a1.trajectory-path.json`]: '{}',
    };
    for (const [path, content] of Object.entries(files)) world.put(path, content);
    world.put(`${home}/b2.trajectory.jsonl`, trace);
    world.put(`${home}/a1.jsonl.lock`, '{}');
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(
      filesOf(world.db, 'openclaw:a1' as never)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['main', 'trajectory-path.json', 'trajectory.jsonl']);
    await comesBack(world, files);
  });

  test('what it puts aside when it moves to a database is the session that it was', async () => {
    const id = '69964442-364c-4842-b291-38facb4603cd';
    const moved = session(id, 'moor the barge');
    for (const isKnown of [false, true]) {
      using world = new World();
      const path = world.put(`${home}/${id}.jsonl`, moved);
      if (isKnown) await world.ingest();
      rmSync(path);
      world.put(
        `.openclaw/agents/main/session-sqlite-import-archive/agent_main_main.${id}.jsonl.imported-1796004042291`,
        moved,
      );
      expect(await world.ingest()).toMatchObject({
        sessions_new: isKnown ? 0 : 1,
        sessions_grown: 0,
        warnings: [],
      });
      expect(uids(world)).toEqual([`openclaw:${id}`]);
      expect((await restoreAll(world, null)).failed).toEqual([]);
      expect(readFileSync(path, 'utf8')).toBe(moved);
    }
  });

  test('a command has its exit status, told by the details or by the last line', () => {
    const call = {
      role: 'assistant',
      content: [{ type: 'toolCall', id: 'c', name: 'exec', arguments: { command: 'make' } }],
    };
    const at = '2026-05-01T10:00:00.000Z';
    const exitOf = (told: object) =>
      factsOf(openClaw, {
        bytes: jsonl(
          entry('a', at, call),
          entry('b', at, { role: 'toolResult', toolCallId: 'c', isError: false, ...told }),
        ),
      }).commands.map(({ exit, failed }) => [exit, failed]);
    expect(exitOf({ content: 'out\n\n(Command exited with code 3)' })).toEqual([[3, true]]);
    expect(exitOf({ content: 'out', details: { exitCode: 4 } })).toEqual([[4, true]]);
    expect(exitOf({ content: 'out' })).toEqual([[0, false]]);
  });
});

test.each([
  ['2026.5.28', [], false],
  ['2026.7.1', [], false],
  ['2026.9.6', [], true],
  ['2026.12.1', [], true],
  ['2027.1.3', [], true],
  [null, [], false],
  [null, ['agents/main/agent/openclaw-agent.sqlite'], true],
  ['2026.9.6', ['agents/main/sessions/sessions.json'], expect.stringContaining('openclaw doctor')],
] as const)(
  'on a machine whose settings are of %s, and where %o is there, an import is needed: %p',
  (version, there: readonly string[], expected) => {
    const settings = version === null ? null : JSON.stringify({ meta: { lastTouchedVersion: version } });
    const target = {
      nativeId: 's',
      project: '/w',
      startedAt: null,
      path: '/r/agents/main/sessions/s.jsonl',
      beside: (relPath: string) => (relPath === 'openclaw.json' ? settings : null),
    };
    expect<unknown>(openClaw.takesBack?.isNeeded?.(target, (path) => there.includes(path))).toEqual(expected);
  },
);

const RECORDED = join(CORPUS, 'recorded');
const hasRecorded = existsSync(RECORDED);
if (!hasRecorded) console.log('left out: the recorded homes of pi, Oh My Pi and OpenClaw are not there');

describe.skipIf(!hasRecorded)('genuine homes', () => {
  async function homeOf(name: string): Promise<World> {
    const world = new World();
    world.now = '2026-12-01T00:00:00.000Z' as Iso;
    mkdirSync(dirname(world.home), { recursive: true });
    cpSync(join(RECORDED, name), world.home, { recursive: true });
    expect((await world.ingest()).warnings).toEqual([]);
    return world;
  }

  test.each(['openclaw-2026.5.28', 'openclaw-2026.9.6-upgraded'])(
    '%s: one session, with the exit status of its command',
    async (name) => {
      using world = await homeOf(name);
      const uid = 'openclaw:69964442-364c-4842-b291-38facb4603cd';
      expect(uids(world)).toEqual([uid]);
      expect(digestOf(world, uid).commands).toMatchObject([{ exit: 3 }]);
      expect(filesOf(world.db, uid as never).length).toBe(3);
      expect((await restoreAll(world, null)).failed).toEqual([]);
      expect(existsSync(join(world.home, '.openclaw/agents/main/sessions', `${uid.slice(9)}.jsonl`))).toBe(
        true,
      );
    },
  );
});
