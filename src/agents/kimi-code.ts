/**
 * Kimi Code: a folder a session, with the wire of each of its agents. Promises: as `kit/jsonl-agent.ts`. Source: recordings of 2.1, and of
 * other programs' tests. The session's id and folder stand in the paths and in `state.json`, and it goes on with it in that folder alone.
 */

import { ownText } from '../domain/bytes.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import { idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from './kit/json-lines.ts';
import { beside, placed, transcript } from './kit/jsonl-agent.ts';
import { LinesReader, type Seen } from './kit/lines-reader.ts';

/** Records that only Kimi writes. */
const OURS = /^(?:context\.append_|turn\.prompt$|config\.update$|usage\.record$|llm\.)/;
/** Known, and nothing of them is for a digest: `usage.record` says again what `step.end` says, `agent.message.appended` what is appended. */
const SILENT =
  /^(?:metadata|tools\.|llm\.|usage\.record|permission\.|plan_mode\.|full_compaction\.|turn\.(?:cancel|ended|steer)$|agent\.(?:message\.appended|turn\.(?:started|ended))$|prompt\.completed$|file_history\.|subagent\.(?:started|completed)$|profile\.|plugin\.|runtime\.|token_counting\.|config\.)/;

export const kimiCode = placed({
  id: 'kimi-code',
  name: 'Kimi Code',
  proof: 'recordings',
  variable: 'KIMI_CODE_HOME',
  homes: [['.kimi-code']],
  folder: 'sessions',
  places: {
    transcript: ['sessions/*/{id}/agents/main/wire.jsonl'],
    subagent: ['sessions/*/{id}/agents/*/wire.jsonl'],
    sidecar: ['sessions/*/{id}/**'],
  },
  classify: (relPath) => {
    const [, id, name] = /^sessions\/[^/]+\/([^/]+)\/(.+)$/.exec(relPath) ?? [];
    if (id === undefined || name === undefined) return null;
    if (name === 'agents/main/wire.jsonl') return transcript(id);
    if (/^agents\/[^/]+\/wire\.jsonl$/.test(name))
      return { role: 'subagent', nativeId: id, key: name, encoding: 'plain' };
    return beside(id, name);
  },
  note,
  timesOf: (record) => [record['time']],
  reader: (sink) => new KimiReader(sink),
  place: ({ nativeId, project }) => `sessions/${workFolder(project)}/${nativeId}/agents/main/wire.jsonl`,
  // Tried with 2.1.0: it was "created under a different directory", by its own state.json.
  onlyInProject: 'goes on with a session only in the folder where that was begun',
  folderOf: (main) => main.slice(0, -'/agents/main/wire.jsonl'.length),
  resume: ({ nativeId }) => ['kimi', '--session', nativeId],
});

/** Named after the last part of the project's folder, and a hash of all of it. */
function workFolder(project: string | null): string {
  const path = (project ?? '').replace(/\\/g, '/').replace(/\/+$/, '');
  const dashes = (text: string) => text.replace(/^-+|-+$/g, '');
  const name = dashes((path.split('/').at(-1) ?? '').toLowerCase().replace(/[^a-z0-9._-]+/g, '-'));
  const hash = new Bun.CryptoHasher('sha256').update(path).digest('hex').slice(0, 12);
  return `wd_${dashes(name.slice(0, 40)).replace(/^\.{1,2}$/, '') || 'workspace'}_${hash}`;
}

function note(record: JsonRecord, seen: Seen): boolean {
  const type = textAt(record, 'type') ?? '';
  seen.project ??= cwdOf(record);
  if (type === 'context.append_message') seen.prompt ??= humanText(recordAt(record, 'message'));
  if (type === 'turn.prompt') seen.prompt ??= humanText(asMessage(record));
  return OURS.test(type);
}

function cwdOf(record: JsonRecord): string | null {
  return textAt(record, 'cwd') ?? textAt(recordAt(record, 'environmentDisclosure'), 'cwd');
}

function humanText(message: JsonRecord): string | null {
  const origin = textAt(recordAt(message, 'origin'), 'kind');
  return message['role'] !== 'user' || (origin !== null && origin !== 'user') ? null : textOf(message);
}

/** A prompt is noted before it is said to the model: where the program was killed between the two, it is there alone. */
function asMessage({ input, origin }: JsonRecord): JsonRecord {
  return { role: 'user', content: input, origin };
}

function textOf(message: JsonRecord): string | null {
  const texts = listAt(message, 'content').flatMap((part) =>
    isRecord(part) && part['type'] === 'text' ? (textAt(part, 'text') ?? []) : [],
  );
  return texts.length === 0 ? textAt(message, 'content') : texts.join('\n');
}

/** What the session asks of a subagent stands in that one's file where a human's prompt would. */
function isTask(message: JsonRecord): boolean {
  return recordAt(message, 'origin')['name'] === 'subagent';
}

const MODELS_MAX = 1000;
const TASKS_MAX = 1000;
const PROMPTS_MAX = 100_000;
const TASK_CHARS = 4000;

class KimiReader extends LinesReader {
  #model = '';
  /** By the call that spawned it. */
  readonly #tasks = new Map<string, string>();
  readonly #named = new Map<string, string>();
  readonly #prompted = new Set<string>();

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const at = parseTime(record['time']);
    if (at !== null) this.sink.time(at);
    const cwd = cwdOf(record);
    if (cwd !== null) this.sink.project(cwd);
    this.#names(type, record);
    if (type === 'turn.prompt') this.#prompt(record, at);
    else if (type === 'context.append_message') this.#message(recordAt(record, 'message'), at);
    else if (type === 'context.append_loop_event') this.#event(recordAt(record, 'event'), at);
    else if (type === 'context.apply_compaction') {
      const summary = textAt(record, 'contextSummary') ?? textAt(record, 'summary');
      if (summary !== null) this.sink.compaction(summary, at);
    } else if (type === 'subagent.spawned') this.#spawned(record);
    else if (!SILENT.test(type)) this.sink.unknown(type);
  }

  /** What it said is in its own file. */
  #spawned(record: JsonRecord): void {
    const id = textAt(record, 'subagentId');
    const kind = textAt(record, 'subagentName');
    const task = this.#tasks.get(idKey(textAt(record, 'parentToolCallId') ?? ''));
    if (id !== null)
      this.sink.subagent(idKey(id), {
        ...(kind === null ? {} : { kind }),
        ...(task === undefined ? {} : { task }),
      });
  }

  /** A request has the model's own name beside the one that a configuration gives it. */
  #names(type: string, record: JsonRecord): void {
    const named = textAt(record, 'model');
    const alias = textAt(record, 'modelAlias');
    if (type === 'llm.request' && named !== null && alias !== null && this.#named.size < MODELS_MAX)
      this.#named.set(alias, named);
    if (named !== null) this.#model = this.#named.get(named) ?? named;
  }

  #prompt(record: JsonRecord, at: Iso | null): void {
    const id = idKey(textAt(record, 'promptId') ?? '');
    // Without an id the message that follows could not be told to be the same.
    if (id === '' || this.#prompted.size >= PROMPTS_MAX) return;
    this.#message(asMessage(record), at);
    this.#prompted.add(id);
  }

  #message(message: JsonRecord, at: Iso | null): void {
    if (this.#prompted.has(idKey(textAt(message, 'id') ?? ''))) return;
    const isOwn = this.subagent !== null && isTask(message);
    const text = isOwn ? textOf(message) : humanText(message);
    if (text !== null) this.prompt(text, at);
  }

  #call(event: JsonRecord, at: Iso | null): void {
    const [name, callId] = [textAt(event, 'name') ?? 'tool', textAt(event, 'toolCallId') ?? ''];
    const args = recordAt(event, 'args');
    this.call(name, callId, args, at);
    const task = name === 'Agent' ? textAt(args, 'prompt') : null;
    if (task !== null && this.#tasks.size < TASKS_MAX)
      this.#tasks.set(idKey(callId), ownText(task, TASK_CHARS));
  }

  #event(event: JsonRecord, at: Iso | null): void {
    const type = textAt(event, 'type') ?? '';
    if (type === 'content.part') {
      const part = recordAt(event, 'part');
      const text = part['type'] === 'text' ? textAt(part, 'text') : null;
      if (text !== null) this.answer(text, at);
    } else if (type === 'tool.call') this.#call(event, at);
    else if (type === 'tool.result') {
      const result = recordAt(event, 'result');
      const output = textAt(result, 'output') ?? textAt(result, 'message') ?? '';
      const failed = result['isError'] === true;
      const exit = /exit code:? (\d{1,10})/i.exec(output)?.[1];
      const exitCode = exit === undefined ? null : Number(exit);
      this.result(textAt(event, 'toolCallId') ?? '', { exitCode, failed, output }, at);
    } else if (type === 'step.end') this.#usage(event);
  }

  #usage(event: JsonRecord): void {
    const usage = recordAt(event, 'usage');
    const count = (key: string) => (typeof usage[key] === 'number' ? Math.max(0, Math.floor(usage[key])) : 0);
    this.sink.usage(idKey(textAt(event, 'uuid') ?? ''), this.#model, {
      input: count('inputOther'),
      cacheRead: count('inputCacheRead'),
      cacheWrite: count('inputCacheCreation'),
      output: count('output'),
      reasoning: 0,
    });
  }
}
