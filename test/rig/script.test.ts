/** What the scripted model does next, and what a digest must say of it: both follow from the plot alone. */
import { describe, expect, test } from 'bun:test';
import { CHECKS, digestProblems, type Expected, sumOf } from '../../scripts/agents/checks.ts';
import { handOf, nameOf, within } from '../../scripts/agents/facts.ts';
import { KNOWN } from '../../scripts/agents/known.ts';
import type { Conversation, Entry } from '../../scripts/agents/model/conversation.ts';
import { playOf, TITLE } from '../../scripts/agents/model/script.ts';
import * as plot from '../../scripts/agents/plot.ts';
import { agentById } from '../../src/agents/registry.ts';
import type { Digest } from '../../src/domain/digest.ts';

const place = { home: '/home/me', project: '/home/me/greeting', url: 'http://127.0.0.1:1' };
const hand = handOf({
  write: ({ path, content }) => ['write', { path: within(place, path), content }],
  run: ({ command }) => ['shell', { command }],
});
const tools = new Map(['write', 'shell'].map((name) => [name, { custom: false }]));
const asked = (entries: readonly Entry[], more: Partial<Conversation> = {}) =>
  playOf(plot.TURNS, hand)({ request: '', model: 'm', entries, tools, schema: null, ...more });
const person = (text: string): Entry => ({ who: 'person', text });
const result: Entry = { who: 'result', text: 'done' };

describe('the script', () => {
  test('goes on by one step with each result, leaves out what the agent has no tool for, and ends with its last words', () => {
    const steps = plot.FIRST.steps.filter(({ kind }) => ['write', 'run', 'say'].includes(kind));
    const entries: Entry[] = [person(plot.FIRST.prompt)];
    for (const step of steps) {
      const said = asked(entries);
      if (step.kind === 'say') expect(said).toEqual({ text: step.text });
      else expect(said).toHaveProperty('call.name', step.kind === 'write' ? 'write' : 'shell');
      entries.push({ who: 'model', text: '' }, result);
    }
    expect(asked(entries)).toEqual({ text: 'The greeting stands, said the script.' });
  });

  test('begins anew with the next prompt, whatever the agent says in tags around it', () => {
    const before = [person(plot.FIRST.prompt), result, result];
    const told = person(
      '<reminder>the date is today</reminder>\n<<<BEGIN_CONTEXT>>>\nnone\n<<<END_CONTEXT>>>',
    );
    const prompt = person(`<context>a folder</context>\n"${plot.SLOW.prompt}"`);
    expect(asked([...before, prompt, told])).toHaveProperty(
      'call.args.command',
      expect.stringContaining('sleep'),
    );
  });

  test.each([
    ['no tools are offered', [person(plot.FIRST.prompt)], { tools: new Map() }],
    [
      'another question stands after the prompt',
      [person(plot.FIRST.prompt), person('What is to be kept?')],
      {},
    ],
  ])('answers with a title where %s', (_, entries, more) => {
    expect(asked(entries, more)).toEqual({ text: TITLE });
  });

  test('gives JSON where a schema asks for it', () => {
    const schema = { type: 'object', properties: { title: { type: 'string' }, n: { type: 'integer' } } };
    expect(asked([person('hello')], { schema })).toEqual({ text: JSON.stringify({ title: TITLE, n: 1 }) });
  });

  test('says which tool is missing', () => {
    const said = asked([person(plot.FIRST.prompt)], { tools: new Map([['other', { custom: false }]]) });
    expect(said).toEqual({ missing: true, text: expect.stringContaining('no tool write') });
  });
});

const usage = sumOf([
  { input: 800, cacheRead: 200, cacheWrite: 30, output: 50, reasoning: 7 },
  { input: 20, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0 },
]);
const expected: Expected = {
  title: plot.FIRST.prompt,
  project: place.project,
  branch: plot.BRANCH,
  model: 'm',
  usage,
  prompts: [plot.FIRST.prompt],
  deeds: plot.DEEDS,
};
const right: Digest = {
  ...({ version: 4, session_uid: 'codex:1', agent: 'codex' } as Pick<
    Digest,
    'version' | 'session_uid' | 'agent'
  >),
  title: plot.FIRST.prompt,
  project: place.project,
  branches: [plot.BRANCH],
  agent_version: null,
  started_at: null,
  ended_at: null,
  parent: null,
  outcome: null,
  errors: [],
  commits: [],
  plans: [],
  prompts: [{ at: null, text: plot.FIRST.prompt }],
  files: {
    read: [],
    written: [within(place, 'hello.txt')],
    edited: [within(place, 'hello.txt')],
  },
  commands: plot.DEEDS.commands,
  pull_requests: [],
  todos: [],
  compactions: [],
  subagents: [],
  tools: {},
  models: ['m'],
  tokens: usage,
  records: { read: 9, unreadable: 0, unknown: {} },
  redacted: 0,
};
const wrongs: readonly [string, Partial<Digest>][] = [
  ['title', { title: null }],
  ['project', { project: '/home/me' }],
  ['branch', { branches: [] }],
  ['prompts', { prompts: [...right.prompts, { at: null, text: 'never said' }] }],
  ['files', { files: { ...right.files, written: [], edited: [] } }],
  ['files', { files: { ...right.files, written: [...right.files.written, '/home/me/other.txt'] } }],
  ['failed', { files: { ...right.files, edited: [...right.files.edited, within(place, plot.BEFORE.path)] } }],
  ['commands', { commands: right.commands.map((each) => ({ ...each, exit: null })) }],
  ['commands', { commands: right.commands.slice(1) }],
  ['model', { models: ['m', 'n'] }],
  ['tokens', { tokens: { ...usage, output: usage.output + 1 } }],
  ['records', { records: { ...right.records, unknown: { news: 1 } } }],
];

describe('the checks of a digest', () => {
  const problemsOf = (digest: Digest) =>
    Object.entries(digestProblems(digest, expected)).flatMap(([name, problem]) =>
      problem === null ? [] : [name],
    );
  test('find nothing where all is as it was scripted', () => expect(problemsOf(right)).toEqual([]));
  test.each(wrongs)('find a wrong %s, and nothing else', (name, wrong) => {
    expect(problemsOf({ ...right, ...wrong })).toEqual([name]);
  });
});

describe('the agents of the rig', () => {
  test('have a name each, and are all known to the program', () => {
    const names = KNOWN.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    for (const { id } of KNOWN) expect([id, agentById(id)?.id]).toEqual([id, id]);
  });
  test.each(KNOWN.map((agent) => [nameOf(agent), agent] as const))(
    '%s has limits of known checks only',
    (_, agent) => {
      const checks: readonly string[] = CHECKS.map(([name]) => name);
      expect(Object.keys(agent.limits).filter((name) => !checks.includes(name))).toEqual([]);
      expect(agent.version).toMatch(/^\d+\.\d+\.\d+$/);
    },
  );
});
