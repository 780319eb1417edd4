// What a human said to Claude Code outside of plain messages, and what its less common tools tell. Records as recorded.

import { describe, expect, test } from 'bun:test';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { type Facts, factsOf, jsonl } from './facts.ts';

let records = 0;
const base = () => ({
  uuid: `u${++records}`,
  timestamp: '2026-03-01T10:00:00.000Z',
  sessionId: 's',
  cwd: '/w',
});
const user = (content: unknown, more: object = {}) => ({
  type: 'user',
  ...base(),
  message: { role: 'user', content },
  ...more,
});
const call = (id: string, name: string, input: object) => ({
  type: 'assistant',
  ...base(),
  message: {
    id: `m${id}`,
    model: 'opus',
    role: 'assistant',
    content: [{ type: 'tool_use', id, name, input }],
  },
});
const result = (id: string, content: unknown, more: object = {}, told: unknown = {}) =>
  user([{ type: 'tool_result', tool_use_id: id, content, ...more }], { toolUseResult: told });
const queue = (operation: string, content?: string) => ({
  type: 'queue-operation',
  ...base(),
  operation,
  content,
});
const facts = (...lines: object[]): Facts => factsOf(claudeCode, { bytes: jsonl(...lines) });
const said = (...lines: object[]) => facts(...lines).prompts.map(({ text }) => text);

const REFUSED =
  "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_string was NOT written to the file).";

const steer = (name: string) =>
  `<command-name>${name}</command-name>\n<command-message>${name.slice(1)}</command-message>\n<command-args></command-args>`;

test('a command that only steers the client is told as that, once, and as no prompt', () => {
  const clear = user(steer('/clear'));
  const told = facts(
    ...[clear, clear, user(steer('/model'), { isSidechain: true }), user(steer('/x'), { isMeta: true })],
    { type: 'system', subtype: 'local_command', ...base(), content: steer('/exit') },
    {
      type: 'system',
      subtype: 'local_command',
      ...base(),
      content: '<local-command-stdout>Bye!</local-command-stdout>',
    },
    user('<command-message>fix</command-message>\n<command-name>/fix</command-name>'),
  );
  expect([told.steering, told.prompts.map(({ text }) => text)]).toEqual([['/clear', '/exit'], ['/fix']]);
});

// `claude --resume ID -p /compact` puts its prompt in line, too.
test('a command that was put in line, and then steered the client, is no prompt', () => {
  const told = facts(user('begin'), queue('enqueue', '/compact'), queue('dequeue'), user(steer('/compact')));
  expect([told.steering, told.prompts.map(({ text }) => text)]).toEqual([['/compact'], ['begin']]);
});

describe('a human is heard', () => {
  test('in the refusal of a tool, which is no error', () => {
    const told = facts(
      call('1', 'Edit', { file_path: '/w/a' }),
      result('1', `${REFUSED} To tell you how to proceed, the user said:\nuse a type`, { is_error: true }),
      call('2', 'Edit', { file_path: '/w/a' }),
      result('2', `${REFUSED} STOP what you are doing and wait for the user to tell you how to proceed.`, {
        is_error: true,
      }),
    );
    expect([told.prompts.map(({ text }) => text), told.errors]).toEqual([['use a type'], []]);
  });

  test('in the answer to a question, with the question', () => {
    const answers = { 'Which one?': 'The blue one', 'And when?': ['now', 'later'] };
    expect(said(call('1', 'AskUserQuestion', {}), result('1', 'User has answered', {}, { answers }))).toEqual(
      ['The blue one\n(asked: Which one?)', 'now, later\n(asked: And when?)'],
    );
  });

  test('in what was put in line and never delivered, once', () => {
    expect(
      said(
        user('begin'),
        queue('enqueue', 'also the tests'),
        queue('remove'),
        queue('enqueue', 'and then ship'),
        queue('dequeue'),
        user('and then ship'),
        queue('enqueue', '<task-notification>\n<task-id>x</task-id></task-notification>'),
      ),
    ).toEqual(['begin', 'and then ship', 'also the tests']);
    expect(said(queue('enqueue', 'taken back'), queue('popAll', 'taken back'), user('typed anew'))).toEqual([
      'typed anew',
    ]);
  });

  test('behind and before what the client adds', () => {
    expect(
      said(
        user('<ide_opened_file>The user opened /w/a</ide_opened_file>\nfix this'),
        user([
          {
            type: 'text',
            text: '<system-reminder>x</system-reminder>\n\nand that<system-reminder>y</system-reminder>',
          },
        ]),
        user('<user-memory-input>always use tabs</user-memory-input>'),
        user('<task>Write a poem</task>'),
        user('<div>why is this not centred?</div>'),
        user('<local-command-stdout>x</local-command-stdout>'),
        user('<system-reminder>x</system-reminder>'),
        user('<bash-stdout>x</bash-stdout><bash-stderr></bash-stderr>'),
      ).map((text) => text.trim()),
    ).toEqual([
      'fix this',
      'and that',
      'always use tabs',
      '<task>Write a poem</task>',
      '<div>why is this not centred?</div>',
    ]);
  });

  test('in a picture alone, not in one that a tool brought', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'x' } };
    expect(said(user([image]), user([{ type: 'text', text: 'look' }, image]), result('1', [image]))).toEqual([
      '[image]',
      'look',
    ]);
  });

  test('in no summary that a session goes on from', () => {
    const text =
      'This session is being continued from a previous conversation that ran out of context. The conversation is summarized below: x';
    const told = facts(user(text), user(`y ${text}`));
    expect([told.compactions, told.prompts.length]).toEqual([[text], 1]);
  });

  test('in a slash command that asks, not in one that steers the client', () => {
    expect(
      said(
        user('<command-message>review</command-message>\n<command-name>/review</command-name>'),
        user(
          '<command-message>plan</command-message>\n<command-name>/plan</command-name>\n<command-args>the api</command-args>',
        ),
        user(
          '<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>',
        ),
      ),
    ).toEqual(['/review', '/plan the api']);
    const content =
      '<command-name>/goal</command-name>\n<command-message>goal</command-message>\n<command-args>ship</command-args>';
    expect(said({ type: 'system', subtype: 'local_command', ...base(), content })).toEqual(['/goal ship']);
  });

  test('once, where a resume replays the records', () => {
    const lines = [
      call('1', 'Edit', {}),
      result('1', `${REFUSED} the user said:\nno`, { is_error: true }),
      user('<bash-input>ls</bash-input>'),
    ];
    const told = facts(...lines, ...lines);
    expect([told.prompts.length, told.commands.length]).toEqual([1, 1]);
  });

  test('in the order of writing, where hundreds of prompts have no answer', () => {
    const typed = Array.from({ length: 250 }, (_, n) => `question ${n}`);
    expect(said(...typed.map((text) => user(text)))).toEqual(typed);
  });
});

describe('tools tell', () => {
  test('files and commands of servers by their names and arguments', () => {
    const told = facts(
      call('1', 'mcp__fs__write_file', { path: '/w/a' }),
      call('2', 'mcp__fs__edit_file', { path: '/w/b' }),
      call('3', 'mcp__acp__Bash', { command: 'make' }),
      call('4', 'NotebookEdit', { notebook_path: '/w/n.ipynb' }),
      call('5', 'MultiEdit', { file_path: '/w/m', edits: [] }),
      call('6', 'SlashCommand', { command: '/x' }),
    );
    expect([told.written, told.edited, told.commands.map(({ command }) => command)]).toEqual([
      ['/w/a'],
      ['/w/b', '/w/n.ipynb', '/w/m'],
      ['make'],
    ]);
  });

  test('how a command in the background ended, by a notification or by a look', () => {
    const told = facts(
      call('1', 'Bash', { command: 'make', run_in_background: true }),
      result(
        '1',
        'Command running in background with ID: b1',
        { is_error: false },
        { backgroundTaskId: 'b1' },
      ),
      user(
        '<task-notification>\n<task-id>b1</task-id>\n<status>failed</status>\n<summary>Background command "make" failed with exit code 2</summary>\n</task-notification>',
      ),
      call('2', 'Bash', { command: 'serve', run_in_background: true }),
      result(
        '2',
        'Command running in background with ID: b2',
        { is_error: false },
        { backgroundTaskId: 'b2' },
      ),
      call('3', 'TaskOutput', { task_id: 'b2' }),
      result('3', '', {}, { task: { task_id: 'b2', exitCode: 0, output: 'up' } }),
    );
    expect(told.commands.map(({ command, exit, failed }) => ({ command, exit, failed }))).toEqual([
      { command: 'make', exit: 2, failed: true },
      { command: 'serve', exit: 0, failed: false },
    ]);
  });

  test('a write or an edit that failed or was refused changes no file', () => {
    const failed = { is_error: true };
    const write = (id: string, path: string) => call(id, 'Write', { file_path: path, content: 'x' });
    const edit = (id: string, path: string) => call(id, 'Edit', { file_path: path, old_string: 'a' });
    const told = facts(
      ...[write('1', '/w/made'), result('1', 'File created')],
      ...[write('2', '/etc/denied'), result('2', 'EACCES: permission denied', failed)],
      ...[edit('3', '/w/changed'), result('3', 'The file has been updated')],
      ...[edit('4', '/w/not-there'), result('4', 'String to replace not found in file.', failed)],
      ...[edit('5', '/w/refused'), result('5', REFUSED, failed)],
      ...[call('6', 'mcp__fs__write_file', { path: '/w/server', content: 'x' }), result('6', 'no', failed)],
      // The same record tells of one that failed and one that did not.
      ...[write('7', '/w/seven'), write('8', '/w/eight')],
      user([
        { type: 'tool_result', tool_use_id: '7', content: 'no', ...failed },
        { type: 'tool_result', tool_use_id: '8', content: 'File created' },
      ]),
      // Nothing says what came of it.
      write('9', '/w/left'),
    );
    expect([told.written, told.edited]).toEqual([['/w/made', '/w/eight', '/w/left'], ['/w/changed']]);
  });

  test('the pull request that a server opened', () => {
    const told = facts(
      call('1', 'mcp__github__create_pull_request', { title: 'x' }),
      result('1', [{ type: 'text', text: '{"html_url":"https://github.com/o/r/pull/7"}' }]),
    );
    expect(told.pullRequests).toEqual(['https://github.com/o/r/pull/7']);
  });

  test('a file that a prompt named with @, and a plan kept in a file', () => {
    const attachment = (about: object) => ({ type: 'attachment', ...base(), attachment: about });
    const told = facts(
      attachment({ type: 'file', filename: '/w/notes.md', content: {} }),
      attachment({ type: 'plan_file_reference', planFilePath: '/p', planContent: 'Do it' }),
      attachment({ type: 'queued_command', commandMode: 'bash', prompt: 'ls -l' }),
    );
    expect([told.read, told.plans, told.commands.map(({ command }) => command)]).toEqual([
      ['/w/notes.md'],
      ['Do it'],
      ['ls -l'],
    ]);
  });
});
