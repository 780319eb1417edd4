// Cursor CLI: what only its transcripts do. From the notes and tests of other readers.

import { expect, test } from 'bun:test';
import { cursorCli } from '../../src/agents/cursor-cli/index.ts';
import { factsOf, jsonl } from './facts.ts';

const FOLDER = 'projects/home-me-project/agent-transcripts';
const message = (role: string, ...content: object[]) => ({ role, message: { content } });
const text = (said: string) => ({ type: 'text', text: said });
const call = (name: string, input: object) => ({ type: 'tool_use', name, input });

const TEXT = `user:
<user_query>
Deploy the thing.
</user_query>

assistant:
[Thinking] First the build.
  and then the rest
Running it.
[Tool call] Shell
  command: npm run build
npm run deploy
  description: Deploy

[Tool result] Shell
  done
[Tool call] Write
  {"path": "/p/new.ts", "contents": "user:\\n"}
[Tool call] ApplyPatch
  *** Begin Patch
  *** Update File: /p/old.ts
  -a

A:
All done.
`.replace('npm run build\nnpm run deploy', 'npm run build\n    npm run deploy');

test('a transcript as plain text is read: prompts, calls, the last answer, no thoughts', () => {
  const facts = factsOf(cursorCli, { key: 'text.txt', bytes: TEXT });
  expect(facts.prompts).toEqual([{ text: 'Deploy the thing.', at: null, copied: false }]);
  expect(facts.answers).toEqual(['Running it.', 'All done.']);
  expect(facts.commands.map(({ command }) => command)).toEqual(['npm run build\n  npm run deploy']);
  expect(facts.tools).toEqual({ Shell: 1, Write: 1, ApplyPatch: 1 });
  expect([facts.written, facts.edited]).toEqual([['/p/new.ts'], ['/p/old.ts']]);
  expect(facts.verdicts).not.toContain('unreadable');
});

test('text before the first marker is no transcript', () => {
  const facts = factsOf(cursorCli, { key: 'text.txt', bytes: 'shopping list\nmilk\n' });
  expect(facts.verdicts).toEqual(['unreadable', 'unreadable']);
  expect(cursorCli.peek(Buffer.from('shopping list\n'), Buffer.from('shopping list\n'))).toBeNull();
});

test('of a session with both forms the lines are told, and the text is not told again', () => {
  const lines = jsonl(message('user', text('<user_query>\nDeploy the thing.\n</user_query>')));
  const facts = factsOf(cursorCli, { bytes: lines }, { key: 'text.txt', bytes: TEXT });
  expect(facts.prompts.length).toBe(1);
  expect(facts.answers).toEqual([]);
});

test('calls without ids are one each', () => {
  const facts = factsOf(cursorCli, {
    bytes: jsonl(message('assistant', call('Shell', { command: 'ls' }), call('Shell', { command: 'ls' }))),
  });
  expect(facts.tools).toEqual({ Shell: 2 });
  expect(new Set(facts.commands.map(({ id }) => id)).size).toBe(2);
});

test('a time before a prompt is taken with its zone, and none without one', () => {
  const said = (stamp: string) =>
    message('user', text(`<timestamp>${stamp}</timestamp>\n<user_query>\nx\n</user_query>`));
  const stamps = [
    'Friday, Sep 4, 2026, 2:21 AM (UTC+8)',
    'Tuesday, Jul 21, 2026, 12:05 AM (UTC-7)',
    'Monday, Mar 2, 2026, 12:30 PM (UTC+5:30)',
    'Sunday, Sep 27, 2026, 9:00 AM',
    'Sunday, Foo 27, 2026, 9:00 AM (UTC+1)',
  ];
  const facts = factsOf(cursorCli, { bytes: jsonl(...stamps.map(said)) });
  expect(facts.prompts.map(({ at }) => at)).toEqual([
    '2026-09-03T18:21:00.000Z',
    '2026-07-21T07:05:00.000Z',
    '2026-03-02T07:00:00.000Z',
    null,
    null,
  ]);
});

test('what Cursor puts beside a prompt is no prompt; a failed turn is an error', () => {
  const facts = factsOf(cursorCli, {
    bytes: jsonl(
      message('user', text('<dynamic_tools><tool>For the model</tool></dynamic_tools>')),
      message('user', text('Plain words.')),
      { type: 'turn_ended', status: 'error', error: 'The provider could not finish.' },
    ),
  });
  expect(facts.prompts.map((prompt) => prompt.text)).toEqual(['Plain words.']);
  expect(facts.errors).toEqual(['The provider could not finish.']);
});

test('a subagent has its task and its last words, and no prompt of its own', () => {
  const facts = factsOf(
    cursorCli,
    { bytes: jsonl(message('user', text('Go.'))) },
    {
      role: 'subagent',
      key: 'subagents/child-1.jsonl',
      bytes: jsonl(message('user', text('List files')), message('assistant', text('Two.\n\n[REDACTED]'))),
    },
  );
  expect(facts.prompts.map((prompt) => prompt.text)).toEqual(['Go.']);
  expect([...facts.subagents]).toEqual([['child-1', { task: 'List files', result: 'Two.' }]]);
});

test('each file of a session is known by its place', () => {
  const of = (relPath: string) => {
    const { role, nativeId, key } = cursorCli.classify(`${FOLDER}/${relPath}`) ?? {};
    return [role, nativeId, key];
  };
  expect(of('a.jsonl')).toEqual(['main', 'a', 'main']);
  expect(of('a/a.jsonl')).toEqual(['main', 'a', 'main']);
  expect(of('a.txt')).toEqual(['main', 'a', 'text.txt']);
  expect(of('a/a.txt')).toEqual(['main', 'a', 'text.txt']);
  expect(of('a/subagents/b.jsonl')).toEqual(['subagent', 'a', 'subagents/b.jsonl']);
  expect(of('subagents/b.jsonl')).toEqual(['main', 'b', 'main']);
  expect(of('a/notes/x.md')).toEqual(['sidecar', 'a', 'notes/x.md']);
  expect(cursorCli.classify('projects/p/terminals/1.txt')).toBeNull();
  expect(cursorCli.skipsFolder('projects/p/terminals')).toBe(true);
  expect(cursorCli.skipsFolder(FOLDER)).toBe(false);
  expect(cursorCli.skipsFolder('projects/p')).toBe(false);
});

test('a text whose place is lost goes back under its own name', () => {
  const session = { nativeId: 'a', project: '/home/me/project', startedAt: null };
  const lost = (key: string) => cursorCli.restorePath(session, { role: 'main', key, relPath: 'x' });
  expect(lost('main')).toBe(`${FOLDER}/a/a.jsonl`);
  expect(lost('text.txt')).toBe(`${FOLDER}/a/a.txt`);
});
