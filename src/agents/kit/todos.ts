/**
 * The list of todos that a tool's call sets: agents name the tool and its members alike.
 * Promises: pure; null where the call sets no list, as where it only asks for one; a list that is there and empty clears it.
 */
import type { FactSink, Todo } from '../../domain/facts.ts';
import { isRecord, type JsonRecord, textAt } from './json-lines.ts';
import { wordsOf } from './tool-call.ts';

const LIST_KEYS = ['todos', 'items', 'plan', 'list'];
const TEXT_KEYS = ['content', 'title', 'text', 'description', 'step', 'task'];

export function tellTodos(sink: FactSink, name: string, args: JsonRecord): void {
  const list = isTodoTool(name) && args['action'] !== 'read' ? listIn(args) : null;
  if (list === null) return;
  // Cursor's may change some of them alone.
  if (args['merge'] !== true)
    sink.todos(list.map((todo) => ({ text: textOf(todo) ?? '', status: statusOf(todo) })));
  else for (const todo of list) sink.todoChanged(textAt(todo, 'id') ?? '', changeOf(todo));
}

function isTodoTool(name: string): boolean {
  const words = wordsOf(name);
  const isNamed = words.some((word) => /^todos?(?:list|write)?$/.test(word));
  return isNamed || (words.includes('update') && words.includes('plan'));
}

/** Null where there is none, or one of another form. */
function listIn(args: JsonRecord): readonly JsonRecord[] | null {
  const list = LIST_KEYS.map((key) => args[key]).find(Array.isArray);
  if (list === undefined) return null;
  const todos = list.filter(isRecord);
  const isOne = list.length === 0 || todos.some((todo) => textOf(todo) !== null || 'id' in todo);
  return isOne ? todos : null;
}

function textOf(todo: JsonRecord): string | null {
  for (const key of TEXT_KEYS) {
    const text = textAt(todo, key);
    if (text !== null) return text;
  }
  return null;
}

function changeOf(todo: JsonRecord): Partial<Todo> {
  const text = textOf(todo);
  return { ...(text === null ? {} : { text }), status: statusOf(todo) };
}

/** Some write `In Progress`, some `done`. */
function statusOf(todo: JsonRecord): string {
  const status = (textAt(todo, 'status') ?? 'pending').toLowerCase().replaceAll(' ', '_');
  return status === 'done' ? 'completed' : status;
}
