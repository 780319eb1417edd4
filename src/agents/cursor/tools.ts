/**
 * Calls of Cursor's tools: what was asked and what came of it stand in one message.
 * Promises: pure; odd values are nothing. A status that is not told is null.
 */

import { isRecord, type JsonRecord, listAt, textAt } from '../kit/json-lines.ts';
import { readToolCall } from '../kit/tool-call.ts';
import { innerRecord } from './records.ts';

export interface ToolRun {
  readonly name: string;
  readonly callId: string | null;
  readonly status: string | null;
  readonly args: JsonRecord;
  readonly exitCode: number | null;
  readonly failed: boolean;
  readonly output: string;
  /** A file that was not there before an edit made it. */
  readonly madeFile: string | null;
  readonly plan: string | null;
  readonly subagent: {
    readonly id: string | null;
    readonly about: { readonly task?: string; readonly kind?: string; readonly result?: string };
  } | null;
  readonly todos: readonly JsonRecord[];
}

/** The content of a file that is not there: the hash of nothing. */
const NO_CONTENT = 'composer.content.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SUBAGENTS = new Set(['task', 'task_v2', 'task_subagent']);

/** The call in a message; null where there is none: a human's message may carry an empty one. */
export function runOf(data: JsonRecord): ToolRun | null {
  const name = textAt(data, 'name');
  if (name === null) return null;
  const args = argsOf(name, data);
  const result = innerRecord(data['result']);
  const status = textAt(data, 'status');
  const error = errorOf(data, result);
  const isRejected = result['rejected'] === true || data['userDecision'] === 'rejected';
  const failed = status === 'error' || isRejected || error !== null;
  const exit = result['exitCodeV2'] ?? result['exitCode'];
  const shown = textAt(result, 'output') ?? '';
  const why = error ?? (isRejected ? 'rejected by the user' : 'the tool failed');
  const [path] = readToolCall(name, args).edited;
  const finalTodos = listAt(result, 'finalTodos');
  return {
    name,
    callId: textAt(data, 'toolCallId'),
    status,
    args,
    exitCode: typeof exit === 'number' ? exit : null,
    failed,
    output: failed && shown === '' ? why : shown,
    madeFile: result['beforeContentId'] === NO_CONTENT ? (path ?? null) : null,
    plan: name === 'create_plan' ? textAt(args, 'plan') : null,
    subagent: SUBAGENTS.has(name) ? subagentOf(args, result) : null,
    todos: (finalTodos.length > 0 ? finalTodos : listAt(args, 'todos')).filter(isRecord),
  };
}

/** As the editor understood them or, where that says nothing of files and commands, as the model wrote them. */
function argsOf(name: string, data: JsonRecord): JsonRecord {
  const params = innerRecord(data['params']);
  const path = textAt(params, 'relativeWorkspacePath');
  const understood = path === null ? params : { ...params, path };
  const { read, written, edited, command } = readToolCall(name, understood);
  const isTold = command !== null || [read, written, edited].some((paths) => paths.length > 0);
  return isTold ? understood : { ...innerRecord(data['rawArgs']), ...understood };
}

function errorOf(data: JsonRecord, result: JsonRecord): string | null {
  const error = innerRecord(data['error']);
  const told = textAt(error, 'clientVisibleErrorMessage') ?? textAt(error, 'modelVisibleErrorMessage');
  if (told !== null) return told;
  const inner = result['error'];
  if (isRecord(inner)) return textAt(inner, 'message') ?? textAt(inner, 'error');
  return typeof inner === 'string' && inner !== '' ? inner : null;
}

function subagentOf(args: JsonRecord, result: JsonRecord): ToolRun['subagent'] {
  const task = textAt(args, 'prompt') ?? textAt(args, 'description');
  const kind = textAt(args, 'subagentType') ?? textAt(args, 'subagent_type');
  const told = textAt(result, 'result') ?? textAt(result, 'output');
  return {
    id: textAt(result, 'agentId'),
    about: {
      ...(task === null ? {} : { task }),
      ...(kind === null ? {} : { kind }),
      ...(told === null ? {} : { result: told }),
    },
  };
}
