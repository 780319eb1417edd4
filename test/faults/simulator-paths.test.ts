/** The short form of the life of copies, moves, forms and clocks, and every history of it that once broke a law. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomOf } from '../../scripts/torture/random.ts';
import { livePathsApart } from '../../scripts/torture/simulator.ts';
import { beginsWith, bytesOf, isOneLine, saidIn } from '../../scripts/torture/simulator-paths-disk.ts';
import { FORMS, type PathAction, pathHistoryOf } from '../../scripts/torture/simulator-paths-history.ts';
import { SEED } from '../support/seed.ts';

const HISTORIES = 40;

const folder = mkdtempSync(join(tmpdir(), 'session-memory-simulator-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('histories of copies, moves, forms and clocks keep every law, whoever dies in them', async () => {
  let deaths = 0;
  for (let i = 0; i < HISTORIES; i += 1) {
    const history = pathHistoryOf(randomOf(SEED + i));
    const lived = await livePathsApart(folder, history);
    expect(lived.broken, JSON.stringify(history)).toEqual([]);
    deaths += lived.deaths;
  }
  expect(deaths, 'some died').toBeGreaterThan(0);
}, 60_000);

const begin = (agent: 'claude' | 'codex', turns: number): PathAction => ({ kind: 'begin', agent, turns });
const ingest = (killAt: number | null = null): PathAction => ({ kind: 'ingest', flags: [], killAt });
const clock = (state: 'right' | 'far behind' | 'far ahead' | 'never set'): PathAction => ({
  kind: 'clock',
  state,
});
const store: PathAction = { kind: 'ingest', flags: ['--no-analyze'], killAt: null };
const evict: PathAction = { kind: 'sweep', soft: 0, maxAgeDays: 'off', killAt: null };
const oldOnes: PathAction = { kind: 'sweep', soft: 1, maxAgeDays: 45, killAt: null };
const append = (which: number, turns = 1): PathAction => ({ kind: 'append', which, turns });
const emptied = (which: number): PathAction => ({ kind: 'stub', which, lines: 0 });
const twin = (which: number): PathAction => ({ kind: 'twin', which, turns: 1 });
const copied = (which: number): PathAction => ({ kind: 'copy', which, to: 'folder' });

describe('found once', () => {
  test.each<[string, readonly PathAction[]]>([
    [
      'an evicted transcript that changed places with its twin does not get the twin’s words',
      [begin('claude', 9), ingest(), evict, twin(0), { kind: 'swap', which: 0 }, ingest()],
    ],
    [
      'an emptied file is not the session of another emptied file',
      [
        ...[begin('claude', 4), copied(0), append(0), append(1), ingest()],
        ...[emptied(0), ingest(), emptied(1), ingest(), append(1), ingest()],
      ],
    ],
    [
      'a copy that goes on from where it was copied is not what was evicted later',
      [begin('codex', 4), ingest(), copied(0), append(0), evict, ingest(), evict, append(1), ingest()],
    ],
    [
      'the beginning of one session that came to lie where another one lay is not the other one’s',
      [
        ...[begin('codex', 4), copied(0), append(1), twin(0), ingest()],
        ...([
          { kind: 'swap', which: 2 },
          { kind: 'delete', which: 2 },
        ] as const),
      ],
    ],
    [
      'an older copy of what was evicted is not stored again by a look at every byte',
      [
        begin('codex', 4),
        copied(0),
        append(0),
        ingest(),
        evict,
        { kind: 'ingest', flags: ['--full'], killAt: null },
      ],
    ],
    [
      'of copies that both went on, the one that came to lie where a third one lay is not the third one’s',
      [
        ...[begin('codex', 2), { kind: 'twin', which: 0, turns: 9 } as const, twin(0)],
        ...[{ kind: 'copy', which: 0, to: 'conflict' } as const, store, append(0, 2), append(3, 1)],
        { kind: 'swap', which: 1 },
      ],
    ],
    ...[26, 28, 30, 32, 34, 36].map((killAt): [string, readonly PathAction[]] => [
      `a moved transcript is put back where it lies now, though the run that met it there was killed at ${killAt}`,
      [
        ...([begin('claude', 1), ingest(), { kind: 'form', which: 0, form: 'spaced' }] as const),
        ...[{ kind: 'move', which: 0 } as const, append(0), ingest(killAt)],
      ],
    ]),
    ...(['claude', 'codex'] as const).flatMap((agent) =>
      [16, 18, 20, 22, 24].map((killAt): [string, readonly PathAction[]] => [
        `what ${agent} added has its time, though the run that stored it was killed at ${killAt}`,
        [begin(agent, 12), ingest(), append(0), ingest(killAt), store],
      ]),
    ),
    ...(['far behind', 'far ahead', 'never set'] as const).flatMap(
      (state): [string, readonly PathAction[]][] => [
        [
          `a clock that was ${state} gives way to the transcript’s times`,
          [begin('codex', 3), store, clock(state), begin('claude', 2), ingest(), append(0), ingest()],
        ],
        [
          `a transcript that was emptied while the clock was ${state} has its times`,
          [begin('claude', 2), clock(state), ingest(), emptied(0), ingest()],
        ],
        [
          `a clock that is ${state} changes nothing of what was right`,
          [begin('claude', 3), ingest(), emptied(0), begin('claude', 2), clock(state), store, clock('right')],
        ],
        [
          `a sweep takes nothing recent as too old after a clock was ${state}`,
          [begin('claude', 3), begin('codex', 1), clock(state), ingest(), clock('right'), oldOnes],
        ],
        [
          `what was evicted and taken back while the clock was ${state} has its times`,
          [begin('codex', 2), begin('codex', 9), clock(state), ingest(), evict, { kind: 'again', which: 0 }],
        ],
        [
          `what was evicted while the clock was ${state} has its times when it goes on`,
          [begin('codex', 3), clock(state), ingest(), evict, append(0)],
        ],
      ],
    ),
  ])('%s', async (_what, history) => {
    expect((await livePathsApart(folder, history)).broken).toEqual([]);
  });
});

test('each form says the same, and is told by its records', () => {
  const branch = { agent: 'codex', id: 'x', from: null } as const;
  const turns = [3, 1, 2].map((number) => ({
    number,
    branch,
    at: null,
    cwd: '/p',
    kind: 'turn' as const,
    record: { timestamp: 't', type: 'x', payload: { text: `record-${number}- `, list: [{ a: 1, b: 2 }] } },
  }));
  const written = FORMS.map((form) => bytesOf({ turns, form, branch }));
  for (const bytes of written) expect(saidIn(bytes)).toEqual([3, 1, 2]);
  expect(new Set(written.map(String)).size).toBe(FORMS.length);
  expect([beginsWith([3, 1, 2], [3, 1]), beginsWith([3, 1], [3, 1, 2]), beginsWith([3, 1], [])]).toEqual([
    true,
    false,
    true,
  ]);
});

test('two ways that a talk went on are not one, and each is one with what it was before', () => {
  const root = { agent: 'claude', id: 'x', from: null } as const;
  const [here, there] = [
    { ...root, from: root },
    { ...root, from: root },
  ];
  expect([isOneLine(root, here), isOneLine(here, root), isOneLine(here, there)]).toEqual([true, true, false]);
  expect(isOneLine(root, { ...root })).toBe(false);
});
