// No digest of nothing: which facts make a digest that may stand for raw bytes, and which transcripts have one.
// A reader of our own tells whatever a line names, so that each rule is seen alone.

import { describe, expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { FactSink } from '../../src/domain/facts.ts';
import { nothing } from '../../src/store/migrations/0007-nothing.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { NOW, UID } from './samples.ts';

const AT = NOW;
const NO_TOKENS = { input: 1, cacheRead: 1, cacheWrite: 1, output: 1, reasoning: 1 };

type Telling = { readonly tell: (sink: FactSink) => void; readonly counts: boolean };

/** Every kind of fact, alone: whether a digest of it may stand for raw bytes. A new kind must be decided here. */
const KINDS: Readonly<Record<keyof FactSink, Telling>> = {
  prompt: { tell: (sink) => sink.prompt('fix it', AT), counts: true },
  answer: { tell: (sink) => sink.answer('done', AT), counts: true },
  tool: { tell: (sink) => sink.tool('Read'), counts: true },
  command: { tell: (sink) => sink.command('1', 'make', AT), counts: true },
  plan: { tell: (sink) => sink.plan('first this, then that'), counts: true },
  subagent: { tell: (sink) => sink.subagent('s', { result: 'looked' }), counts: true },
  commit: { tell: (sink) => sink.commit({ message: 'Fix it' }), counts: true },
  steering: { tell: (sink) => sink.steering('/clear', AT), counts: false },
  time: { tell: (sink) => sink.time(AT), counts: false },
  project: { tell: (sink) => sink.project('/p'), counts: false },
  branch: { tell: (sink) => sink.branch('main'), counts: false },
  agentVersion: { tell: (sink) => sink.agentVersion('1.0'), counts: false },
  title: { tell: (sink) => sink.title('A title', 'prompt'), counts: false },
  parent: { tell: (sink) => sink.parent('x'), counts: false },
  fileRead: { tell: (sink) => sink.fileRead('/a'), counts: false },
  fileWritten: { tell: (sink) => sink.fileWritten('/a'), counts: false },
  fileEdited: { tell: (sink) => sink.fileEdited('/a'), counts: false },
  fileChanged: {
    tell: (sink) => sink.fileChanged?.('/a', { before: 'one', after: 'two' }),
    counts: false,
  },
  commandResult: { tell: (sink) => sink.commandResult('9', 0, false, 'out'), counts: false },
  error: { tell: (sink) => sink.error('overloaded', AT), counts: false },
  pullRequest: { tell: (sink) => sink.pullRequest('https://github.com/o/r/pull/1'), counts: false },
  todos: { tell: (sink) => sink.todos([{ text: 'one', status: 'pending' }]), counts: false },
  todoChanged: { tell: (sink) => sink.todoChanged('1', { text: 'one' }), counts: false },
  compaction: { tell: (sink) => sink.compaction('what was before', AT), counts: false },
  usage: { tell: (sink) => sink.usage('k', 'm', NO_TOKENS), counts: false },
  usageTotal: { tell: (sink) => sink.usageTotal('m', NO_TOKENS), counts: false },
  model: { tell: (sink) => sink.model('m'), counts: false },
  unknown: { tell: (sink) => sink.unknown('new'), counts: false },
};

/** Facts of a kind that counts, with nothing in them. */
const HOLLOW: Readonly<Record<string, (sink: FactSink) => void>> = {
  'a blank prompt': (sink) => sink.prompt(' \n\t', AT),
  'a copied prompt without text': (sink) => sink.prompt('', AT, true),
  'a blank answer': (sink) => sink.answer('\n', AT),
  'a tool without a name': (sink) => sink.tool(''),
  'a blank command': (sink) => sink.command('1', '  ', AT),
  'a blank plan': (sink) => sink.plan(''),
  'a subagent of which only the name is known': (sink) => sink.subagent('s', { kind: 'explore' }),
  'a subagent with a blank task': (sink) => sink.subagent('s', { task: ' ', result: '' }),
  'a commit without a message': (sink) => sink.commit({ sha: 'abc1234', message: '' }),
};

/** `bad` and NULs cannot be read, `dull` is read and tells nothing, any other line tells the facts of that name. */
const agent: AgentFormat = {
  ...(AGENTS[0] as AgentFormat),
  reader: (sink) => ({
    begin: () => undefined,
    line(line) {
      const name = Buffer.from(line).toString();
      if (name === 'bad' || name === '\0\0') return 'unreadable';
      if (name === 'dull') return 'skipped';
      const tell = KINDS[name as keyof FactSink]?.tell ?? HOLLOW[name];
      if (tell === undefined) throw new Error(`no such line: ${name}`);
      tell(sink);
      return 'read';
    },
    end: () => undefined,
  }),
};

function made(main: readonly string[], sub: readonly string[] = []) {
  const file = (role: 'main' | 'subagent', lines: readonly string[]) => ({
    role,
    key: role,
    chunks: [Buffer.from(lines.map((line) => `${line}\n`).join(''))],
  });
  const files = [file('main', main), ...(sub.length > 0 ? [file('subagent', sub)] : [])];
  return makeDigest({ uid: UID, agent, rawBytes: 100_000, now: NOW, files });
}

async function whyNot(main: readonly string[], sub: readonly string[] = []): Promise<string | null> {
  const outcome = await made(main, sub);
  return outcome.ok ? null : outcome.why;
}

describe('a digest stands for raw bytes', () => {
  test.each(Object.entries(KINDS))('by what it tells: %s', async (name, { counts }) => {
    for (const around of [[], ['bad'], ['bad', '\r', 'dull']]) {
      const isAnalyzed = (await whyNot([...around, name])) === null;
      // A command that steers is a session where there is nothing else.
      expect(isAnalyzed).toBe(counts || (name === 'steering' && around.length === 0));
    }
  });

  test.each(Object.entries(HOLLOW))('not by %s', async (name) => {
    expect(await whyNot([name])).toBe('nothing that a person said or an agent did in 1 line');
  });

  test('not by all facts together that are about it only', async () => {
    const about = Object.entries(KINDS).flatMap(([name, { counts }]) => (counts ? [] : [name]));
    expect(await whyNot(['bad', ...about])).toContain('nothing that a person said or an agent did in');
  });
});

test('every small transcript: analyzed where something was said, and of a main transcript with lost lines, said there', async () => {
  const LINES = ['bad', '\r', 'dull', 'unknown', 'steering', 'prompt'];
  const upTo = (count: number): string[][] =>
    count === 0 ? [[]] : [[], ...LINES.flatMap((line) => upTo(count - 1).map((rest) => [line, ...rest]))];
  for (const main of upTo(3)) {
    for (const sub of upTo(1)) {
      const all = [...main, ...sub];
      const isSaid = all.includes('prompt') && (main.includes('prompt') || !main.includes('bad'));
      const isSteered = all.includes('steering') && !all.includes('bad') && !all.includes('unknown');
      const why = await whyNot(main, sub);
      if ((why === null) !== (isSaid || (isSteered && !all.includes('prompt'))))
        expect({ main, sub, why }).toBe('another verdict' as never);
    }
  }
});

describe('a failed analysis says what was found', () => {
  test.each([
    [['\r', ' \t'], 'no record at all'],
    [['bad', '\r'], 'no readable record in 1 line'],
    [['bad', '\0\0'], 'no readable record in 2 lines'],
    [['dull'], 'nothing that a person said or an agent did in 1 line'],
    [['bad', 'bad', 'dull', '\r'], 'nothing that a person said or an agent did in 3 lines (2 unreadable)'],
    [
      ['bad', 'dull', 'unknown', 'title'],
      'nothing that a person said or an agent did in 4 lines (1 unreadable, 1 of an unknown kind)',
    ],
    [['unknown', 'bad'], 'no known record in 2 lines'],
  ] as const)('%j', async (lines, why) => {
    expect(await whyNot(lines)).toBe(why);
  });

  test('of the main transcript where only its subagents can be read', async () => {
    expect(await whyNot(['bad', 'bad', 'title'], ['prompt'])).toBe(
      'nothing that a person said or an agent did in 3 lines of the main transcript (2 unreadable)',
    );
  });
});

describe('a session of nothing but commands that steer the program', () => {
  test('has them as its prompts, and is named by the first', async () => {
    const outcome = await made(['steering', 'dull']);
    if (!outcome.ok) throw new Error(outcome.why);
    expect([outcome.digest.title, outcome.digest.prompts.map(({ text }) => text)]).toEqual([
      '/clear',
      ['/clear'],
    ]);
  });

  test('they are told nowhere where anything else was said', async () => {
    const outcome = await made(['steering', 'answer']);
    if (!outcome.ok) throw new Error(outcome.why);
    expect([outcome.digest.title, outcome.digest.prompts]).toEqual([null, []]);
  });
});

test('a store of a version before: a digest of nothing lets nothing go any more, every other stays', async () => {
  using world = new World();
  const kinds = [
    ...Object.entries(KINDS),
    ...Object.entries(HOLLOW).map(([name, tell]) => [name, { tell, counts: false }] as const),
  ];
  const uids = kinds.map((_, n) => `${String(n).padStart(8, '0')}-1111-4111-8111-111111111111`);
  for (const id of uids) world.put(claudePath(id), promptLine(id, 'one'));
  expect((await world.ingest()).analyzed).toBe(kinds.length);
  for (const [n, [name]] of kinds.entries()) {
    // The version before had a digest of it, and no prompts made of what steers.
    const outcome = await made([name === 'steering' ? 'dull' : name]);
    const json = outcome.ok ? outcome.json : outcome.partialJson;
    world.db.run(
      `UPDATE digests SET json = $json, bytes = length(CAST($json AS BLOB)), version = 2, sha256 = NULL
       WHERE session_id = (SELECT id FROM sessions WHERE session_uid = $uid)`,
      { json, uid: `claude-code:${uids[n]}` },
    );
  }
  world.db.exec(nothing);
  const states = Object.fromEntries(
    world.db
      .all<{ uid: string; state: string }>('SELECT session_uid AS uid, state FROM sessions')
      .map(({ uid, state }) => [kinds[uids.indexOf(uid.slice('claude-code:'.length))]?.[0], state]),
  );
  expect(states).toEqual(
    Object.fromEntries(kinds.map(([name, { counts }]) => [name, counts ? 'analyzed' : 'unanalyzed'])),
  );
  expect(await world.ingest()).toMatchObject({ warnings: [] });
  expect(
    world.db.all("SELECT session_uid FROM sessions WHERE state = 'unanalyzed'"),
    'analyzed anew',
  ).toEqual([]);
});

test('what was evicted stays so, and a digest that is damaged stops no store of a version before', async () => {
  using world = new World();
  const ids = ['0', '1'].map((digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`);
  for (const id of ids) world.put(claudePath(id), promptLine(id, 'one'));
  await world.ingest();
  // Written so: a version before kept it with its hash, and let the bytes go by it.
  const json = '{"prompts":[';
  const sha256 = new Bun.CryptoHasher('sha256').update(json).digest();
  world.db.run('UPDATE digests SET json = $json, bytes = 12, sha256 = $sha256', { json, sha256 });
  world.evict(`claude-code:${ids[0]}`);
  world.db.exec(nothing);
  expect(world.db.all('SELECT state FROM sessions ORDER BY session_uid')).toEqual([
    { state: 'evicted' },
    { state: 'analyzed' },
  ]);
});
