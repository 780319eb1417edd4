// What a human said to Codex outside of plain messages, and its tools in the shapes that its versions gave them.

import { describe, expect, test } from 'bun:test';
import { codex } from '../../src/agents/codex/index.ts';
import { type Facts, factsOf, jsonl } from './facts.ts';

const line = (type: string, payload: object) => ({ timestamp: '2026-03-01T10:00:00.000Z', type, payload });
const item = (payload: object) => line('response_item', payload);
const event = (payload: object) => line('event_msg', payload);
const call = (id: string, name: string, input: object) =>
  item({ type: 'function_call', name, arguments: JSON.stringify(input), call_id: id });
const output = (id: string, text: unknown) =>
  item({ type: 'function_call_output', call_id: id, output: text });
const custom = (name: string, input: string) => item({ type: 'custom_tool_call', name, input, call_id: 'c' });
const typed = (text: string) =>
  item({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const META = line('session_meta', { id: 'a', cwd: '/w', cli_version: '0.130.0' });
const facts = (...lines: object[]): Facts => factsOf(codex, { bytes: jsonl(META, ...lines) });

describe('a human is heard', () => {
  test('in tags of their own, not in those of Codex', () => {
    const told = facts(
      event({ type: 'user_message', message: '<task>Write a poem</task>' }),
      event({ type: 'user_message', message: '', local_images: ['/w/shot.png'] }),
      event({ type: 'user_message', message: '<environment_context>x</environment_context>' }),
      event({ type: 'entered_review_mode', user_facing_hint: 'current changes', target: {} }),
    );
    expect(told.prompts.map(({ text }) => text)).toEqual([
      '<task>Write a poem</task>',
      '[image: /w/shot.png]',
      '/review current changes',
    ]);
  });

  test('in a command typed at the prompt, with its end', () => {
    const told = facts(
      typed(
        '<user_shell_command>\n<command>\nmake all\n</command>\n<result>\nExit code: 2\nDuration: 1 seconds\nOutput:\nno\n</result>\n</user_shell_command>',
      ),
    );
    expect(told.commands.map(({ command, exit }) => [command, exit])).toEqual([['make all', 2]]);
    expect(told.prompts).toEqual([]);
  });

  test('in the answer to a question', () => {
    const questions = [{ id: 'q', question: 'Which one?' }];
    const told = facts(
      call('1', 'request_user_input', { questions }),
      output('1', JSON.stringify({ answers: { q: { answers: ['The blue one'] } } })),
    );
    expect(told.prompts.map(({ text }) => text)).toEqual(['The blue one\n(asked: Which one?)']);
  });

  test('in a plan that was agreed on, and in a name given to the thread', () => {
    const told = facts(
      event({ type: 'item_completed', item: { type: 'Plan', id: 'p', text: '# Do it' } }),
      event({ type: 'thread_name_updated', thread_name: 'The till' }),
    );
    expect([told.plans, told.titles]).toEqual([['# Do it'], [['The till', 'custom']]]);
  });
});

describe('tools tell', () => {
  test.each([
    ['shell', { command: ['bash', '-lc', 'ls -l'] }, 'ls -l'],
    ['shell', { command: ['git', 'status'] }, 'git status'],
    ['shell_command', { command: 'ls -l' }, 'ls -l'],
    ['exec_command', { cmd: 'ls -l' }, 'ls -l'],
    ['container.exec', { cmd: ['bash', '-lc', 'ls -l'] }, 'ls -l'],
    ['unified_exec', { input: ['ls', '-l'] }, 'ls -l'],
    ['mcp__shell__run_command', { command: 'ls -l' }, 'ls -l'],
  ] as const)('the command of %s %o', (name, input, command) => {
    expect(facts(call('1', name, input)).commands.map((ran) => ran.command)).toEqual([command]);
  });

  test('the command of a local shell call', () => {
    const told = facts(
      item({ type: 'local_shell_call', call_id: '1', action: { type: 'exec', command: ['ls', '-l'] } }),
    );
    expect(told.commands.map(({ command }) => command)).toEqual(['ls -l']);
  });

  test('every literal command of a script, in any kind of quotes', () => {
    const script =
      'await tools.exec_command({cmd: "echo \\"a\\""}); tools.exec_command({cmd: \'it\\\'s\', workdir: "/x"}); f({"cmd": `a\nb`})';
    expect(facts(custom('exec', script)).commands.map(({ command }) => command)).toEqual([
      'echo "a"',
      "it's",
      'a\nb',
    ]);
  });

  test('the files of a patch, below the folder of the call', () => {
    const patch =
      '*** Begin Patch\n*** Add File: n.ts\n*** Update File: u.ts\n*** Move to: m.ts\n*** Delete File: d.ts\n*** End Patch';
    const told = facts(custom('apply_patch', patch), call('1', 'apply_patch', { input: patch }));
    expect([[...new Set(told.written)], [...new Set(told.edited)]]).toEqual([
      ['/w/n.ts', '/w/m.ts'],
      ['/w/u.ts', '/w/d.ts'],
    ]);
    expect(
      facts(custom('exec', `tools.apply_patch(${JSON.stringify(patch)}, {workdir: "/x"})`)).written,
    ).toEqual(['/x/n.ts', '/x/m.ts']);
    const ended = event({
      type: 'patch_apply_end',
      success: true,
      changes: { '/w/o.ts': { update: { move_path: '/w/p.ts' } } },
    });
    expect([facts(ended).edited, facts(ended).written]).toEqual([['/w/o.ts'], ['/w/p.ts']]);
  });

  test('the pull request that a server opened', () => {
    const told = facts(
      call('1', 'github__create_pull_request', { title: 'x' }),
      output('1', '{"html_url":"https://github.com/o/r/pull/7"}'),
    );
    expect(told.pullRequests).toEqual(['https://github.com/o/r/pull/7']);
  });

  test('other threads that were asked, and what they answered', () => {
    const told = facts(
      call('1', 'spawn_agent', { message: 'Find it', agent_type: 'explorer' }),
      output('1', '{"agent_id":"t1","nickname":"Ann"}'),
      call('2', 'wait', { ids: ['t1'] }),
      output('2', '{"status":{"t1":{"completed":"Found it"}},"timed_out":false}'),
    );
    expect([...told.subagents]).toEqual([['t1', { task: 'Find it', kind: 'explorer', result: 'Found it' }]]);
  });
});

describe('an answer', () => {
  const shown = (message: string) => event({ type: 'agent_message', message, phase: 'commentary' });
  const said = (text: string) =>
    item({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });

  test('that is written as an event and as a message is told once, whichever comes first', () => {
    const told = facts(shown('one'), said('one'), event({ type: 'token_count' }), said('two'), shown('two'));
    expect(told.answers).toEqual(['one', 'two']);
  });

  test('that was given twice is told twice, and one of two forms alone is told', () => {
    const twice = facts(shown('again'), said('again'), shown('again'), said('again'));
    expect(twice.answers).toEqual(['again', 'again']);
    expect(facts(shown('a'), shown('a'), said('b'), said('b')).answers).toEqual(['a', 'a', 'b', 'b']);
  });
});
