// The list of todos that a call of a tool sets, in the forms that agents give it.

import { expect, test } from 'bun:test';
import { tellTodos } from '../../src/agents/kit/todos.ts';
import { Collector } from '../../src/digest/collect.ts';
import { emptyDigest, NOW, UID } from '../digest/samples.ts';

function toldOf(...calls: readonly (readonly [name: string, args: Record<string, unknown>])[]) {
  const collector = new Collector(NOW);
  for (const [name, args] of calls) tellTodos(collector, name, args);
  const of = { uid: UID, agent: emptyDigest.agent, peekTitle: null, peekProject: null };
  return collector.draft({ ...of, linesRead: 0, linesUnreadable: 0 }).todos;
}

const LIST = [
  { text: 'count', status: 'completed' },
  { text: 'answer', status: 'in_progress' },
];

test.each([
  ['TodoList', 'todos', 'title', ['done', 'in_progress']],
  ['SetTodoList', 'todos', 'title', ['Done', 'In Progress']],
  ['TodoWrite', 'todos', 'content', ['completed', 'in_progress']],
  ['todowrite', 'todos', 'content', ['completed', 'in_progress']],
  ['todo_write', 'todos', 'content', ['completed', 'in_progress']],
  ['write_todos', 'todos', 'description', ['completed', 'in_progress']],
  ['todo', 'items', 'text', ['completed', 'in_progress']],
  ['update_plan', 'plan', 'step', ['completed', 'in_progress']],
] as const)('%s', (name, list, text, [first, second]) => {
  const entries = [
    { [text]: 'count', status: first },
    { [text]: 'answer', status: second },
  ];
  expect(
    toldOf([name, { [list]: [{ [text]: 'before', status: 'pending' }] }], [name, { [list]: entries }]),
  ).toEqual(LIST);
  // A call that only asks for the list, or one of another tool, leaves it as it is; an empty list clears it.
  expect(toldOf([name, { [list]: entries }], [name, {}], ['Read', { [list]: [] }])).toEqual(LIST);
  expect(toldOf([name, { [list]: entries }], [name, { [list]: [] }])).toEqual([]);
});

test('some of Cursor’s alone, by their ids', () => {
  const all = {
    todos: [
      { id: '1', content: 'count', status: 'pending' },
      { id: '2', content: 'answer', status: 'pending' },
    ],
    merge: true,
  };
  const one = { todos: [{ id: '1', status: 'completed' }], merge: true };
  expect(toldOf(['TodoWrite', all], ['TodoWrite', one])).toEqual([
    { text: 'count', status: 'completed' },
    { text: 'answer', status: 'pending' },
  ]);
});

test.each([
  ['todo', { op: 'init', list: [{ phase: 'One', items: ['a'] }] }],
  ['todo', { op: 'append', phase: 'One', items: ['b'] }],
  ['todo', { action: 'read', todos: [] }],
  ['TodoList', { todos: 'none' }],
  ['plan', { plan: [{ step: 'x' }] }],
  ['mcp__todoist__todoist_add', { items: [{ content: 'of a service' }] }],
] as const)('a call of another form, %s %o, sets none', (name, args) => {
  expect(
    toldOf(['TodoWrite', { todos: [{ content: 'kept', status: 'pending' }] }], [name, args]),
  ).toHaveLength(1);
});
