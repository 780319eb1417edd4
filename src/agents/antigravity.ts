/**
 * Google Antigravity: a folder a session, with the log of its steps. Promises: as `kit/jsonl-agent.ts`. The id is the folder's name; the log
 * names no project: the folder of its first command is taken for it.
 */
import type { Iso } from '../domain/time.ts';
import { between, isRecord, type JsonRecord, listAt, recordAt, textAt } from './kit/json-lines.ts';
import { beside, placed, transcript } from './kit/jsonl-agent.ts';
import { LinesReader, type Seen } from './kit/lines-reader.ts';

const LOG = '.system_generated/logs/transcript.jsonl';
/** Known, and nothing of them is for a digest. */
const SILENT: ReadonlySet<string> = new Set([
  'CONVERSATION_HISTORY',
  'EPHEMERAL_MESSAGE',
  'SYSTEM_MESSAGE',
  'KNOWLEDGE_ARTIFACTS',
]);
/** Steps that carry out a call of the answer before them. */
const STEPS =
  /^(?:RUN_COMMAND|COMMAND_STATUS|INVOKE_SUBAGENT|VIEW_FILE|VIEW_FILE_OUTLINE|CODE_ACTION|LIST_DIRECTORY|GREP_SEARCH|FIND|SEARCH_WEB|READ_URL_CONTENT|BROWSER_[A-Z_]+|MCP_TOOL|TASK_[A-Z_]+|GENERIC|NOTIFY_USER|SEND_COMMAND_INPUT)$/;

export const antigravity = placed({
  id: 'antigravity',
  name: 'Antigravity',
  proof: 'recordings',
  variable: null,
  homes: [
    ['.gemini', 'antigravity-cli'],
    ['.gemini', 'antigravity'],
    ['.gemini', 'antigravity-ide'],
  ],
  folder: 'brain',
  places: {
    transcript: [`brain/{id}/${LOG}`],
    sidecar: [
      ...['.system_generated', '.tempmediaStorage', '.user_uploaded'].map((name) => `brain/{id}/${name}/**`),
      'brain/{id}/**',
    ],
  },
  classify: (relPath) => {
    const [, id, name] = /^brain\/([^/]+)\/(.+)$/.exec(relPath) ?? [];
    if (id === undefined || name === undefined) return null;
    return name === LOG ? transcript(id) : beside(id, name);
  },
  note,
  timesOf: (record) => [record['created_at']],
  reader: (sink) => new AntigravityReader(sink),
  place: ({ nativeId }) => `brain/${nativeId}/${LOG}`,
  resume: ({ nativeId }) => ['agy', '--conversation', nativeId],
});

function note(record: JsonRecord, seen: Seen): boolean {
  if (record['type'] === 'USER_INPUT') seen.prompt ??= requestOf(record);
  return typeof record['step_index'] === 'number' && textAt(record, 'source') !== null;
}

function requestOf(record: JsonRecord): string | null {
  const content = textAt(record, 'content') ?? '';
  const request = (between(content, '<USER_REQUEST>', '</USER_REQUEST>') ?? content).trim();
  return request === '' ? null : request;
}

class AntigravityReader extends LinesReader {
  /** Calls whose step has not come yet, oldest first. */
  readonly #open: { readonly id: string; readonly name: string }[] = [];
  #calls = 0;
  #hasProject = false;

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const at = this.timeOf(record, 'created_at');
    const content = textAt(record, 'content');
    if (type === 'USER_INPUT') {
      const request = requestOf(record);
      if (request !== null) this.prompt(request, at);
    } else if (type === 'PLANNER_RESPONSE') this.#answer(record, content, at);
    else if (type === 'CHECKPOINT') {
      if (content !== null) this.sink.compaction(content, at);
    } else if (type === 'ERROR_MESSAGE') {
      if (content !== null) this.sink.error(content, at);
    } else if (STEPS.test(type)) this.#step(type, content ?? '', at);
    else if (!SILENT.has(type)) this.sink.unknown(type);
  }

  #answer(record: JsonRecord, content: string | null, at: Iso | null): void {
    if (content !== null) this.sink.answer(content, at);
    for (const call of listAt(record, 'tool_calls')) {
      if (!isRecord(call)) continue;
      const name = textAt(call, 'name') ?? 'tool';
      const args = Object.fromEntries(
        Object.entries(recordAt(call, 'args')).map(([key, value]) => [key, unquoted(value)]),
      );
      const id = `${name} ${this.#calls++}`;
      if (this.#open.length < 1000) this.#open.push({ id, name });
      this.call(name, id, args, at);
      const cwd = textAt(args, 'Cwd');
      if (cwd !== null && !this.#hasProject) {
        this.#hasProject = true;
        this.sink.project(cwd);
      }
      if (name === 'invoke_subagent') this.#subagents(id, args['Subagents']);
    }
  }

  #subagents(id: string, told: unknown): void {
    const list = Array.isArray(told) ? told.filter(isRecord) : [];
    for (const [i, one] of list.entries())
      this.sink.subagent(`${id} ${i}`, {
        task: textAt(one, 'Prompt') ?? textAt(one, 'Role') ?? '',
        kind: textAt(one, 'TypeName') ?? 'subagent',
      });
  }

  #step(type: string, content: string, at: Iso | null): void {
    if (type === 'COMMAND_STATUS') return;
    const call = this.#open.shift();
    if (call === undefined) return;
    const exit = /failed with exit code: (\d{1,10})/.exec(content)?.[1];
    const done = /The command completed successfully\./.test(content);
    const exitCode = exit === undefined ? (done ? 0 : null) : Number(exit);
    this.result(call.id, { exitCode, failed: exit !== undefined, output: content }, at);
  }
}

/** Each argument is JSON within the JSON. */
function unquoted(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // Not quoted: it is what it is.
    return value;
  }
}
