/** Files that only the records of their session name: plans of Claude Code, what tools of Qwen Code, opencode and Kilo spill. */
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { claudePlans } from '../../src/agents/claude-code/plans.ts';
import { spilledOutputs } from '../../src/agents/opencode/outputs.ts';
import { qwenOutputs } from '../../src/agents/qwen-code/outputs.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { SEGMENT_BYTES } from '../../src/store/segments.ts';
import { OPENCODE_SCHEMA } from '../agents/samples/opencode.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';
import { databaseOf } from '../support/stored-rows.ts';

const [ID, OTHER] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const HASH = 'c4'.repeat(32);

interface Case {
  readonly agent: string;
  readonly uid: string;
  /** What it has, and its key in the store. */
  readonly named: string;
  readonly key: string;
  /** A file beside it that nothing names. */
  readonly stray: string;
  /** Writes the session; `more`: it has gone on. */
  put(world: World, more?: boolean): string;
}

const claude = (world: World, id: string, slug: string | null, more = false) => {
  const line = (text: string) =>
    `${JSON.stringify({ ...JSON.parse(promptLine(id, text)), ...(slug === null ? {} : { slug }) })}\n`;
  return world.put(claudePath(id), line('plan the pier') + (more ? line('and the crane') : ''));
};

function qwenLine(parent: string | null, more: object): string {
  const frame = { uuid: `q${parent}`, parentUuid: parent, sessionId: ID, cwd: '/p', version: '0.24.4' };
  return `${JSON.stringify({ ...frame, timestamp: '2026-05-01T10:00:00.000Z', ...more })}\n`;
}

function openCode(world: World, name: string, more = false): string {
  const data = (value: object) => JSON.stringify(value);
  const state = {
    status: 'completed',
    input: { command: 'seq 9000' },
    output: 'cut',
    title: 'seq',
    metadata: { exit: 0, truncated: true, outputPath: `/home/me/.local/share/${name}/tool-output/tool_x9` },
    time: { start: 1, end: 2 },
  };
  const at = more ? 1780000009000 : 1780000000000;
  const times = { time_created: 1780000000000, time_updated: at };
  const about = { project_id: 'p', slug: 's', directory: '/p', title: 'The pier', version: '1' };
  const rows = [
    ['message', { id: 'm1', session_id: 's1', ...times, data: data({ role: 'user', time: { created: 1 } }) }],
    [
      'part',
      { id: 'p1', message_id: 'm1', session_id: 's1', ...times, data: data({ type: 'text', text: 'pier' }) },
    ],
    [
      'message',
      { id: 'm2', session_id: 's1', ...times, data: data({ role: 'assistant', time: { created: 2 } }) },
    ],
    [
      'part',
      {
        id: 'p2',
        message_id: 'm2',
        session_id: 's1',
        ...times,
        data: data({ type: 'tool', tool: 'bash', callID: 'c', state }),
      },
    ],
    ['session', { id: 's1', ...about, ...times }],
  ] as const;
  return world.put(`.local/share/${name}/${name}.db`, databaseOf(OPENCODE_SCHEMA, rows));
}

const CASES: readonly Case[] = [
  {
    agent: 'Claude Code',
    uid: `claude-code:${ID}`,
    named: '.claude/plans/lucky-sun.md',
    key: 'plans/lucky-sun.md',
    stray: '.claude/plans/other-moon.md',
    put: (world, more) => claude(world, ID, 'lucky-sun', more),
  },
  {
    agent: 'Claude Code, the plan of a subagent',
    uid: `claude-code:${ID}`,
    named: '.claude/plans/lucky-sun-agent-a1.md',
    key: 'plans/lucky-sun-agent-a1.md',
    stray: '.claude/plans/lucky-sunbeam.md',
    put: (world, more) => claude(world, ID, 'lucky-sun', more),
  },
  {
    agent: 'Qwen Code',
    uid: `qwen-code:${ID}`,
    key: `tmp/${HASH}/run_shell_command_3.output`,
    named: `.qwen/tmp/${HASH}/run_shell_command_3.output`,
    stray: `.qwen/tmp/${HASH}/run_other_4.output`,
    put: (world, more = false) => {
      const said = (text: string) => ({ type: 'user', message: { role: 'user', parts: [{ text }] } });
      const path = join(world.home, `.qwen/tmp/${HASH}/run_shell_command_3.output`);
      const result = {
        type: 'tool_result',
        toolCallResult: { callId: 'c', outputFiles: [path] },
        message: { role: 'user', parts: [] },
      };
      const lines = [
        qwenLine(null, said('list them')),
        qwenLine('1', result),
        ...(more ? [qwenLine('2', said('again'))] : []),
      ];
      return world.put(`.qwen/projects/-p/chats/${ID}.jsonl`, lines.join(''));
    },
  },
  ...(['opencode', 'kilo'] as const).map((name) => ({
    agent: name,
    uid: `${name}:s1`,
    key: 'tool-output/tool_x9',
    named: `.local/share/${name}/tool-output/tool_x9`,
    stray: `.local/share/${name}/tool-output/tool_y8`,
    put: (world: World, more?: boolean) => openCode(world, name, more),
  })),
];

const keysOf = (world: World, uid: string) =>
  filesOf(world.db, uid as SessionUid)
    .filter(({ gone }) => !gone)
    .map(({ key }) => key)
    .sort();

describe.each(CASES.map((one) => [one.agent, one] as const))('%s', (_, one) => {
  test('what a record names belongs to its session, and nothing else does', async () => {
    using world = new World();
    one.put(world);
    world.put(one.named, 'all of it\n');
    world.put(one.stray, 'of nobody\n');
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(listSessions(world.db)).toHaveLength(1);
    expect(keysOf(world, one.uid)).toEqual([one.key, 'main'].sort());
    expect(world.stored(one.uid, one.key).toString()).toBe('all of it\n');
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, sessions_unchanged: 1 });
  });

  test('it is stored when it comes after its session was, grows, and is written anew', async () => {
    using world = new World();
    one.put(world);
    await world.ingest();
    const path = world.put(one.named, 'all of it\n');
    // The transcript is as it is stored, as after a hook.
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1, sessions_new: 0 });
    expect(world.stored(one.uid, one.key).toString()).toBe('all of it\n');
    appendFileSync(path, 'and more\n');
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(one.uid, one.key).toString()).toBe('all of it\nand more\n');
    writeFileSync(path, 'another one\n');
    await world.ingest();
    expect(world.stored(one.uid, one.key).toString()).toBe('another one\n');
    expect(await world.ingest()).toMatchObject({ sessions_grown: 0, sessions_unchanged: 1 });
  });

  test('what nobody names is looked for once; a session that is evicted is not woken by it', async () => {
    using world = new World();
    one.put(world);
    await world.ingest();
    world.put(one.stray, 'of nobody\n');
    expect(await world.ingest()).toMatchObject({ sessions_grown: 0 });
    expect(world.db.all('SELECT path FROM unnamed_files')).toEqual([{ path: join(world.home, one.stray) }]);
    await world.sweepAway(one.uid);
    world.put(one.named, 'all of it\n');
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
    expect(listSessions(world.db).map(({ state }) => state)).toEqual(['evicted']);
    // Once the session goes on, it is stored with all that it has.
    one.put(world, true);
    await world.ingest();
    expect(keysOf(world, one.uid)).toEqual([one.key, 'main'].sort());
  });

  test('it goes with its session, and comes back with it', async () => {
    using world = new World();
    const main = one.put(world);
    const path = world.put(one.named, 'all of it\n');
    const run = (...args: string[]) =>
      runIn(world.home, ['--store', join(world.folder, 'cli.db'), ...args], {
        env: { SESSION_MEMORY_NOW: world.now },
      });
    await run('ingest');
    const files = JSON.parse((await run('show', one.uid, '--files', '--json')).out);
    expect(files.sources).toContain(path);
    expect((await run('show', one.uid, '--files')).out).toContain(one.key);
    const isRows = main.endsWith('.db');
    if (!isRows) rmSync(main);
    rmSync(path);
    const { restored, code } = await restoredFiles(run, one.uid);
    expect(code).toBe(0);
    const back = restored.find((file) => file.endsWith(one.key)) ?? '';
    expect(readFileSync(back, 'utf8')).toBe('all of it\n');
    // A file goes where the agent looks for it, also where rows go back by the agent's own import.
    expect([back, existsSync(main)]).toEqual([path, true]);
    expect(restored.filter((file) => file.includes('/restored/'))).toHaveLength(isRows ? 2 : 0);
    await run('ingest');
    expect((await run('evict', one.uid, '--yes')).code).toBe(0);
    expect((await run('ingest')).out).toContain('Nothing new');
    expect((await run('ingest', '--again', one.uid)).code).toBe(0);
    if (!isRows) {
      expect((await run('show', one.uid, '--files')).out).toContain(one.key);
      rmSync(main);
      rmSync(path);
      expect((await run('restore', one.uid)).code).toBe(0);
      expect(readFileSync(path, 'utf8')).toBe('all of it\n');
    }
  });
});

test('what opencode spilled goes where opencode has it, below a folder of the user where that is named, and over no other file', async () => {
  using world = new World();
  openCode(world, 'opencode');
  const spilled = world.put('.local/share/opencode/tool-output/tool_x9', 'all of it\n');
  const run = (...args: string[]) =>
    runIn(world.home, ['--store', join(world.folder, 'cli.db'), ...args], {
      env: { SESSION_MEMORY_NOW: world.now },
    });
  await run('ingest');
  const aside = join(world.home, 'aside');
  const { restored } = await restoredFiles((...args) => run(...args, '--to', aside), 'opencode:s1');
  expect(restored.every((file) => file.startsWith(aside))).toBe(true);
  writeFileSync(spilled, 'another\n');
  expect((await run('restore', 'opencode:s1')).code).toBe(1);
  expect(readFileSync(spilled, 'utf8')).toBe('another\n');
  expect((await run('restore', 'opencode:s1', '--force')).code).toBe(0);
  expect(readFileSync(spilled, 'utf8')).toBe('all of it\n');
  const folder = dirname(spilled);
  expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toContain('another\n');
  // The agent's folder may be a link, as it is for an ingest.
  rmSync(folder, { recursive: true });
  mkdirSync(join(world.home, 'elsewhere'));
  symlinkSync(join(world.home, 'elsewhere'), folder);
  const code = (await run('restore', 'opencode:s1')).code;
  expect([code, readdirSync(join(world.home, 'elsewhere'))]).toEqual([0, ['tool_x9']]);
});

async function restoredFiles(
  run: (...args: string[]) => Promise<{ out: string; code: number }>,
  uid: string,
): Promise<{ restored: readonly string[]; code: number }> {
  const { out, code } = await run('restore', uid, '--json');
  return { restored: JSON.parse(out).files ?? [], code };
}

test("show names the transcript for the agent's own file, not what lies beside it; and nothing where only that is left", async () => {
  using world = new World();
  const main = claude(world, ID, 'lucky-sun');
  world.put(`.claude/file-history/${ID}/a1@v1`, 'as it was');
  world.put('.claude/plans/lucky-sun.md', 'one');
  const show = async () => {
    const { out } = await runIn(world.home, ['--store', join(world.folder, 'cli.db'), 'show', ID]);
    return /own file is there still: (.*)/.exec(out)?.[1] ?? null;
  };
  await runIn(world.home, ['--store', join(world.folder, 'cli.db'), 'ingest']);
  expect(await show()).toBe(main);
  rmSync(main);
  expect(await show()).toBeNull();
});

test('each session has the plan that its own records name', async () => {
  using world = new World();
  claude(world, ID, 'lucky-sun');
  claude(world, OTHER, 'dim-star');
  // It is talked about in another session, too.
  appendFileSync(
    join(world.home, claudePath(ID)),
    promptLine(ID, 'as in "slug":"dim-star", plans/dim-star.md'),
  );
  world.put('.claude/plans/lucky-sun.md', 'one');
  world.put('.claude/plans/dim-star.md', 'two');
  await world.ingest();
  expect(keysOf(world, `claude-code:${ID}`)).toEqual(['main', 'plans/lucky-sun.md']);
  expect(keysOf(world, `claude-code:${OTHER}`)).toEqual(['main', 'plans/dim-star.md']);
});

test('a name is found wherever in a long transcript it stands', async () => {
  const named = '"slug" : "lucky-sun"';
  for (const at of [-30, -20, -10, -1, 0, 1]) {
    using world = new World();
    const head = promptLine(ID, 'plan the pier');
    const begin = '{"type":"user","pad":"';
    const pad = 'x'.repeat(SEGMENT_BYTES + at - head.length - begin.length - 2);
    world.put(claudePath(ID), `${head}${begin}${pad}",${named}}\n${promptLine(ID, 'and on')}`);
    world.put('.claude/plans/lucky-sun.md', 'one');
    await world.ingest({ analyze: false });
    expect([at, keysOf(world, `claude-code:${ID}`)]).toEqual([at, ['main', 'plans/lucky-sun.md']]);
  }
});

test('whatever stands behind a mark, what is named is one of the places', () => {
  const formats = [
    [claudePlans, /^plans\/[\w-][\w.-]*(?:\.md|-agent-\*)$/],
    [qwenOutputs, /^tmp\/[0-9a-f]{64}\/(?:tool-results\/)?[\w-][\w.-]*\.(?:output|txt)$/],
    [spilledOutputs, /^tool-output\/tool_\w+$/],
  ] as const;
  const part = fc.constantFrom(
    ...['/tmp/x/', `/tmp/${HASH}/`, '/tool-output/', '/plans/', 'tool-results/'],
    ...[
      '..',
      '.',
      '/',
      '\\',
      '\\\\',
      '"',
      ':',
      '[',
      ']',
      ',',
      ' ',
      '\n',
      'plans',
      'tmp',
      HASH,
      'tool-output',
    ],
    ...['tool_a', 'a.md', '.md', 'x.output', '.output', 'CLAUDE', 'settings.json', '*', '\0', '{id}', 'é'],
  );
  // As it stands behind a mark: in a row of JSON within JSON, in a record, in a list, in a sentence.
  const around = fc.constantFrom(
    ['\\":\\"', '\\"'],
    ['": "', '"'],
    [':"', '"'],
    [': ["', '"]'],
    ['', '\\n'],
    ['', ''],
  );
  const parts = fc.array(fc.oneof(part, fc.string({ maxLength: 4 })), { maxLength: 8 });
  fc.assert(
    fc.property(around, parts, ([open, close], inner) => {
      for (const [named, place] of formats)
        for (const at of named.placesIn(`${open}${inner.join('')}${close}`)) {
          expect(at).toMatch(place);
          expect(at.split('/')).not.toContain('..');
        }
    }),
    { numRuns: 5000 },
  );
});
