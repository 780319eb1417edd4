// opencode's table of todos: what a digest has is the whole list as it stands, however it came to be.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { opencode } from '../../src/agents/opencode/index.ts';
import type { Iso } from '../../src/domain/time.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { factsOf, jsonl } from './facts.ts';
import { toldIn } from './recorded-homes.ts';
import { OPENCODE_SCHEMA, type Rows } from './samples/opencode.ts';

interface Entry {
  readonly content: string;
  readonly status: string;
  /** When the row was written: a list may have rows of several moments. */
  readonly at: number;
}
type List = readonly Entry[];

/** A session after each of these lists was set by a call of the tool. */
function databaseAfter(lists: readonly List[]): Uint8Array {
  const began = Date.parse('2026-05-01T10:00:00.000Z');
  const times = (at: number) => ({ time_created: began + at, time_updated: began + at });
  const rows: Rows = [['project', { id: 'p', worktree: '/w', ...times(0) }]];
  const of = {
    id: 'ses_1',
    project_id: 'p',
    slug: 's',
    directory: '/w',
    title: 'A list',
    version: '1.18.33',
  };
  rows.push(['session', { ...of, ...times(lists.length * 1000) }]);
  for (const [n, list] of lists.entries()) {
    const id = `msg_${String(n).padStart(4, '0')}`;
    const message = { role: 'assistant', time: { created: began + n * 1000 }, path: { cwd: '/w' } };
    rows.push(['message', { id, session_id: 'ses_1', ...times(n * 1000), data: JSON.stringify(message) }]);
    const todos = list.map(({ content, status }) => ({ content, status, priority: 'high' }));
    const state = { status: 'completed', input: { todos }, output: '', metadata: {} };
    const data = JSON.stringify({ type: 'tool', tool: 'todowrite', callID: `c${n}`, state });
    rows.push(['part', { id: `prt_${id}`, message_id: id, session_id: 'ses_1', ...times(n * 1000), data }]);
  }
  for (const [position, { content, status, at }] of (lists.at(-1) ?? []).entries())
    rows.push(['todo', { session_id: 'ses_1', content, status, priority: 'high', position, ...times(at) }]);
  return databaseOf(OPENCODE_SCHEMA, rows);
}

const entry = fc.record({
  content: fc.constantFrom('count', 'answer', 'greet'),
  status: fc.constantFrom('pending', 'in_progress', 'completed'),
  at: fc.nat(3000),
});

test('the digest has the present list, whole and in its order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entry, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      async (lists) => {
        using world = new World();
        world.now = '2026-05-02T00:00:00.000Z' as Iso;
        for (let n = 1; n <= lists.length; n++) {
          world.put('.local/share/opencode/opencode.db', databaseAfter(lists.slice(0, n)));
          await world.ingest();
        }
        const expected = (lists.at(-1) ?? []).map(({ content, status }) => ({ text: content, status }));
        expect(toldIn(world).get('ses_1')?.digest?.todos).toEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});

test('of a log that has each list one after another, the last one is told', () => {
  const row = (position: number, content: string) => ({
    table: 'todo',
    row: { session_id: 'ses_1', content, status: 'pending', position, time_updated: 1 },
  });
  const session = { table: 'session', row: { id: 'ses_1', directory: '/w' } };
  // What stays as it was at the beginning of a list is not written again.
  for (const [lines, expected] of [
    [[row(0, 'a'), row(1, 'b'), session, row(0, 'c'), session], ['c']],
    [
      [row(0, 'a'), row(1, 'b'), row(2, 'c'), session, row(1, 'd'), session],
      ['a', 'd'],
    ],
    [
      [row(0, 'a'), session, row(1, 'b'), row(2, 'c'), session],
      ['a', 'b', 'c'],
    ],
  ] as const) {
    const told = factsOf(opencode, { bytes: jsonl(...lines) });
    expect([...told.todos.values()].map(({ text }) => text)).toEqual([...expected]);
  }
});
