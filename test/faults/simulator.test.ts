/** The short form of the simulator, and every history that it once broke a law with. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomOf } from '../../scripts/torture/random.ts';
import { liveApart, shortened } from '../../scripts/torture/simulator.ts';
import type { Fact } from '../../scripts/torture/simulator-facts.ts';
import { type Action, historyOf } from '../../scripts/torture/simulator-history.ts';
import { brokenLaws, expectedVictims, type Told } from '../../scripts/torture/simulator-model.ts';
import { SEED } from '../support/seed.ts';

const HISTORIES = 60;

const folder = mkdtempSync(join(tmpdir(), 'session-memory-simulator-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('histories from a seed keep every law, whoever dies in them', async () => {
  let deaths = 0;
  for (let i = 0; i < HISTORIES; i += 1) {
    const history = historyOf(randomOf(SEED + i));
    const lived = await liveApart(folder, history);
    expect(lived.broken, JSON.stringify(history)).toEqual([]);
    deaths += lived.deaths;
  }
  expect(deaths, 'some died').toBeGreaterThan(0);
}, 60_000);

const fact = (uid: string, more: Partial<Fact> = {}): Fact => ({
  uid,
  pinned: false,
  generation: 1,
  storedBytes: 10,
  startedAt: null,
  ingestedAt: null,
  endedAt: '2026-05-01T00:00:00.000Z',
  analyzedAt: '2026-05-02T00:00:00.000Z',
  evictedAt: null,
  version: Buffer.from('a\n'),
  log: Buffer.from('a\n'),
  beside: null,
  withoutTombstone: 0,
  tellsOfBeside: false,
  digests: [1],
  events: [],
  ...more,
});
const told = (uid: string, more: Partial<Told> = {}): Told => ({
  uid,
  content: Buffer.from('a\n'),
  taken: Buffer.from('a\n'),
  perhaps: [],
  lines: new Set(['a\n']),
  pinned: false,
  beside: { content: null, taken: null, perhaps: [], lines: new Set<string>() },
  ...more,
});
const written = (text: string) => ({
  content: Buffer.from(text),
  taken: Buffer.from(text),
  perhaps: [],
  lines: new Set([text]),
});
const held = (text: string) => ({ version: Buffer.from(text), log: Buffer.from(text) });
const gone = { evictedAt: '2026-06-01T00:00:00.000Z', version: null, log: Buffer.alloc(0) };
const evicted = { ...gone, events: [{ kind: 'evicted', generation: 1 }] };
const lost = { ...gone, events: [{ kind: 'data_loss', generation: 1 }], digests: [] };

/** What the model says where only this is stored after a sweep that may lose data, and `fact` was before. */
function laws(after: Fact, one = told('x'), sweep: { dataLoss: boolean } | null = { dataLoss: true }) {
  const what = 'it';
  return brokenLaws(new Map([['x', one]]), new Map([['x', fact('x')]]), new Map([['x', after]]), {
    what,
    sweep,
  });
}

test('the model sees each law broken', () => {
  expect(laws(fact('x'))).toEqual([]);
  expect(laws(fact('x', evicted))).toEqual([]);
  expect(laws(fact('x', lost))).toEqual([]);
  const broken: readonly (readonly [Fact, string, Told?, ({ dataLoss: boolean } | null)?])[] = [
    [fact('x', { version: Buffer.from('b\n') }), 'never had so'],
    [fact('x', { log: Buffer.from('b\n') }), 'has lost 1 lines'],
    [fact('x'), 'x subagent is not there', told('x', { beside: written('b\n') })],
    [fact('x', { beside: held('c\n') }), 'x subagent holds', told('x', { beside: written('b\n') })],
    [fact('x', { ...evicted, beside: held('b\n') }), 'still has bytes'],
    [fact('x', { ...evicted, withoutTombstone: 1 }), 'no tombstone remembers'],
    [fact('x', gone), 'without its event'],
    [fact('x', { ...evicted, digests: [] }), 'no digest of what it was'],
    [fact('x', { ...evicted, log: Buffer.from('a\n') }), 'still has bytes'],
    [fact('x', evicted), 'nobody swept', told('x'), null],
    [fact('x', evicted), 'though it is pinned', told('x', { pinned: true })],
    [fact('x', lost), 'forbidden', told('x'), { dataLoss: false }],
  ];
  for (const [after, law, one, sweep] of broken)
    expect(laws(after, one, sweep === undefined ? { dataLoss: true } : sweep), law).toEqual([
      expect.stringContaining(law),
    ]);
  const told1 = new Map([['x', told('x')]]);
  const was = new Map([['x', fact('x', { tellsOfBeside: true })]]);
  expect(brokenLaws(told1, was, new Map([['x', fact('x')]]), { what: 'it', sweep: null })).toEqual([
    'it: x has neither its subagent nor a digest that tells of it any more',
  ]);
  const none = brokenLaws(new Map(), new Map([['x', fact('x')]]), new Map(), { what: 'it', sweep: null });
  expect(none).toEqual(['it: x is not there any more']);
});

test('the model’s own sweep: backstop by age, then the budget, oldest analyzed first, worked by hand', () => {
  const facts = [
    fact('old', { endedAt: '2026-04-01T00:00:00.000Z', analyzedAt: '2026-05-20T00:00:00.000Z' }),
    fact('second', { analyzedAt: '2026-05-03T00:00:00.000Z' }),
    fact('first'),
    fact('pinned', { pinned: true, analyzedAt: '2026-04-02T00:00:00.000Z' }),
    fact('waits', { analyzedAt: null }),
  ];
  const limits = { softBytes: 30, hardBytes: 100, maxAgeDays: 45 } as const;
  expect(expectedVictims(facts, limits, '2026-06-01T00:00:00.000Z')).toEqual({
    backstop: ['old'],
    budget: ['first'],
    usageBytes: 30,
  });
});

test('a failing history is shortened to what makes it fail', async () => {
  const history: Action[] = [1, 2, 3, 4, 5, 6, 7].map((hours) => ({ kind: 'clock', hours }));
  const fails = async (one: readonly Action[]) =>
    [3, 6].every((hours) => one.some((action) => action.kind === 'clock' && action.hours === hours));
  expect(await shortened(history, fails)).toEqual([
    { kind: 'clock', hours: 3 },
    { kind: 'clock', hours: 6 },
  ]);
});

test.each<[string, readonly Action[]]>([
  [
    'a transcript that loses its last lines and is compressed is still what its agent has',
    [
      { kind: 'begin', agent: 'codex', lines: 3, bytes: 675 },
      { kind: 'ingest', flags: ['--full'], killAt: null },
      { kind: 'rewind', which: 0, lines: 1 },
      { kind: 'compress', which: 0 },
    ],
  ],
  [
    'a transcript that is emptied and compressed is empty',
    [
      { kind: 'begin', agent: 'codex', lines: 1, bytes: 380 },
      { kind: 'ingest', flags: ['--no-analyze'], killAt: null },
      { kind: 'rewind', which: 0, lines: 3 },
      { kind: 'compress', which: 0 },
    ],
  ],
  [
    'a session that only lost lines since its analysis can be evicted',
    [
      { kind: 'begin', agent: 'claude', lines: 3, bytes: 800 },
      { kind: 'ingest', flags: [], killAt: null },
      { kind: 'rewind', which: 0, lines: 1 },
      { kind: 'ingest', flags: ['--no-analyze'], killAt: null },
      { kind: 'sweep', soft: 0, hard: 0, maxAgeDays: 'off', analyze: true, dataLoss: false, killAt: null },
    ],
  ],
])('found once: %s', async (_what, history) => {
  expect((await liveApart(folder, history)).broken).toEqual([]);
});
