// Cursor: what its messages tell, one by one.

import { describe, expect, test } from 'bun:test';
import { cursor } from '../../src/agents/cursor/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { factsOf, jsonl } from './facts.ts';
import { CURSOR_SCHEMA } from './samples/cursor.ts';

describe('what is told', () => {
  const line = (table: string, key: string, value: unknown) => ({
    table,
    row: { key, value: JSON.stringify(value) },
  });
  const told = (...values: object[]) =>
    factsOf(cursor, {
      bytes: jsonl(
        ...values.map((value, n) => line('cursorDiskKV', `bubbleId:a:b${n}`, { type: 2, ...value })),
      ),
    });
  const tool = (name: string, more: object) => ({ toolFormerData: { name, status: 'completed', ...more } });

  test('of tools: files, commands with their status, plans, todos, failures', () => {
    const facts = told(
      tool('read_file_v2', { toolCallId: '1', params: '{"targetFile":"/p/r.ts"}' }),
      tool('search_replace', { toolCallId: '2', rawArgs: '{"file_path":"/p/e.ts"}', params: '{}' }),
      tool('run_terminal_command_v2', {
        toolCallId: '3',
        params: '{"command":"cargo build","cwd":""}',
        result: '{"output":"no","exitCode":101}',
      }),
      tool('run_terminal_cmd', {
        toolCallId: '4',
        params: '{"command":"rm x"}',
        result: '{"rejected":true}',
      }),
      tool('web_search', {
        toolCallId: '5',
        status: 'error',
        error: '{"clientVisibleErrorMessage":"no net"}',
      }),
      tool('create_plan', { toolCallId: '6', params: '{"plan":"one, two"}' }),
      tool('todo_write', {
        toolCallId: '7',
        params: '{"todos":[{"content":"a","status":"pending"}]}',
        result: '{"finalTodos":[{"content":"a","status":"TODO_STATUS_COMPLETED"},{"content":"b"}]}',
      }),
      tool('task_v2', {
        toolCallId: '8',
        params: '{"prompt":"look","subagentType":"x"}',
        result: '{"agentId":"s"}',
      }),
      { toolFormerData: { additionalData: {} } },
      { capabilityType: 30, thinking: { text: 'hm' } },
      { errorDetails: { message: 'cut off' } },
    );
    expect(facts.read).toEqual(['/p/r.ts']);
    expect(facts.edited).toEqual(['/p/e.ts']);
    expect(facts.commands).toMatchObject([
      { command: 'cargo build', exit: 101, output: 'no' },
      { command: 'rm x', exit: null, failed: true },
    ]);
    expect(facts.errors).toEqual(['no net', 'cut off']);
    expect(facts.plans).toEqual(['one, two']);
    expect([...facts.todos.values()]).toEqual([
      { text: 'a', status: 'completed' },
      { text: 'b', status: 'pending' },
    ]);
    expect(facts.subagents.get('s')).toEqual({ task: 'look', kind: 'x' });
    expect(facts.unknown).toEqual([]);
  });

  test('of a prompt that stands only as the input’s editor has it', () => {
    const paragraph = (text: string) => ({ type: 'paragraph', children: [{ type: 'text', text }] });
    const richText = JSON.stringify({ root: { children: [paragraph('one'), paragraph('two')] } });
    expect(told({ type: 1, text: '', richText }).prompts.map(({ text }) => text)).toEqual(['one\ntwo']);
  });

  test('of what another session asked: a task, no prompt', async () => {
    using world = new World();
    const put = (key: string, value: object): [string, Record<string, string>] => [
      'cursorDiskKV',
      { key, value: JSON.stringify(value) },
    ];
    const rows = [
      put('bubbleId:a:z1', { type: 1, bubbleId: 'z1', text: 'its task' }),
      put('composerData:a', { composerId: 'a', subagentInfo: { parentComposerId: 'p' } }),
    ];
    world.put('.config/Cursor/User/globalStorage/state.vscdb', databaseOf(CURSOR_SCHEMA, rows));
    await world.ingest();
    const digest: Digest = JSON.parse(world.digestJson('cursor:a'));
    expect(digest.prompts).toEqual([]);
    expect(digest.subagents[0]?.task).toBe('its task');
  });

  test('of odd values: nothing, and each is counted', () => {
    const facts = factsOf(cursor, {
      bytes: jsonl(
        line('cursorDiskKV', 'hologramId:a:b', { x: 1 }),
        { table: 'cursorDiskKV', row: { key: 'bubbleId:a:c', value: '{torn' } },
        { table: 'cursorDiskKV', row: { key: 'bubbleId:a:d', value: null } },
        { table: 'cursorDiskKV', row: { key: 7, value: 8 } },
        line('ItemTable', 'other', {}),
        line('hologram', 'a', {}),
        line('cursorDiskKV', 'bubbleId:a:e', { type: { a: 1 }, toolFormerData: [], tokenCount: 'x' }),
      ),
    });
    expect(facts.unknown).toEqual([
      'hologramId',
      'unreadable bubbleId',
      'other',
      'hologram',
      'message [object Object]',
    ]);
    expect(facts.prompts).toEqual([]);
  });
});
