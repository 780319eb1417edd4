/**
 * Amp: where it keeps threads, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. By documentation only: Amp's source is closed, and newer
 * versions keep threads on their server; the form of a thread's file is as several readers of it describe it.
 */
import type { AgentFormat, FileClass, Host, Peek } from '../domain/agent.ts';
import { viewOf } from '../domain/bytes.ts';
import type { DocumentPart, PartCounts } from '../domain/facts.ts';
import { agentId } from '../domain/ids.ts';
import { closed, placesOf } from '../domain/places.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import {
  blocksOf,
  DocumentReader,
  outcomeOf,
  type ToolOutcome,
  textOfBlocks,
  timeOfMs,
  tokensBy,
} from './kit/anthropic-messages.ts';
import { type DocumentEnds, type DocumentShape, documentEnds, readPart } from './kit/document-agent.ts';
import { isRecord, type JsonRecord, listAt, recordAt, textAt, titleOf } from './kit/json-lines.ts';
import { globalStorages } from './kit/vscode-folders.ts';

const THREAD = /^(T-[\w-]+)\.json$/;
const PLACES = placesOf({ transcript: ['threads/{id}.json', 'threads3/{id}.json'] });
const classify = closed(PLACES, classifyPlace);
const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'info']);
const TOKENS = {
  input: 'inputTokens',
  output: 'outputTokens',
  read: 'cacheReadInputTokens',
  write: 'cacheCreationInputTokens',
} as const;

const THREADS: DocumentShape = {
  recordsOf: (document) =>
    isRecord(document) && Array.isArray(document['messages']) ? document['messages'] : null,
  isRecord: (record) => textAt(record, 'role') !== null && Array.isArray(record['content']),
};

export const amp: AgentFormat = {
  id: agentId('amp'),
  name: 'Amp',
  proof: 'documentation',
  growth: 'rewrite',
  variables: ['XDG_DATA_HOME', 'XDG_CONFIG_HOME'],
  folders: ['threads', 'threads3'],
  retention: null,
  roots,
  rootOf: (path) =>
    /^(.*[\\/](?:amp|sourcegraph\.amp))(?:[\\/]threads3?(?:[\\/][^\\/]*)?|[\\/])?$/s.exec(path)?.[1] ?? null,
  places: PLACES,
  classify,
  skipsFolder: () => false,
  peek,
  // A thread names itself, whatever its file is called.
  looseName: (name) => {
    const stem = /^(.+)\.json$/s.exec(name)?.[1];
    return stem === undefined ? null : { stem, encoding: 'plain' };
  },
  relPathOf: (peeked, fileName) => {
    const id = THREAD.exec(fileName)?.[1] ?? peeked.nativeId;
    return id === null ? null : `threads/${id}.json`;
  },
  reader: (sink) => new AmpReader(sink),
  isDocument: () => true,
  restorePath: (session, file) =>
    classify(file.relPath) === null ? `threads/${session.nativeId}.json` : file.relPath,
  resume: (session) => ({
    cwd: session.project,
    argv: ['amp', 'threads', 'continue', session.nativeId],
    needs: 'Newer versions of Amp look for threads on their server first.',
  }),
};

function roots(host: Host): readonly string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  const data = host.env['XDG_DATA_HOME'] ?? [host.homeDir, '.local', 'share'].join(slash);
  return [`${data}${slash}amp`, ...globalStorages(host, 'sourcegraph.amp')];
}

function classifyPlace(relPath: string): FileClass | null {
  const [folder, name = '', ...rest] = relPath.split('/');
  const id = THREAD.exec(name)?.[1];
  if ((folder !== 'threads' && folder !== 'threads3') || rest.length > 0 || id === undefined) return null;
  return { role: 'main', nativeId: id, key: 'main', encoding: 'plain' };
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const ends = documentEnds(head, tail, THREADS);
  const id = ends?.fields.get('id');
  if (ends === null || typeof id !== 'string' || !id.startsWith('T-')) return null;
  const title = ends.fields.get('title');
  const prompt = ends.records.filter(({ role }) => role === 'user').map((one) => textOfBlocks(blocksOf(one)));
  const times = [timeOfMs(ends.fields.get('created')), ...ends.records.map(timeOf)].filter(
    (at) => at !== null,
  );
  return {
    nativeId: id,
    branch: null,
    parentNativeId: null,
    project: projectOf(ends, head, tail),
    title: titleOf(typeof title === 'string' ? title : (prompt.find((text) => text !== '') ?? '')),
    startedAt: times.toSorted()[0] ?? null,
    endedAt: times.toSorted().at(-1) ?? null,
  };
}

function projectOf({ whole }: DocumentEnds, head: Uint8Array, tail: Uint8Array): string | null {
  if (whole !== null) return projectOfThread(whole);
  return projectIn(viewOf(head).toString('utf8')) ?? projectIn(viewOf(tail).toString('utf8'));
}

/** The first folder of the workspace, as a thread notes it when it begins. */
function projectOfThread(thread: JsonRecord): string | null {
  const [tree] = listAt(recordAt(recordAt(thread, 'env'), 'initial'), 'trees').filter(isRecord);
  const uri = tree === undefined ? null : textAt(tree, 'uri');
  return uri === null ? null : pathOf(uri);
}

/** The same in what is left of one. */
function projectIn(text: string): string | null {
  const uri = /"trees"\s*:\s*\[\s*\{[^\]]{0,4000}?"uri"\s*:\s*"(file:\/\/[^"\\]{1,4096})"/.exec(text)?.[1];
  return uri === undefined ? null : pathOf(uri);
}

function pathOf(uri: string): string {
  const path = uri.replace(/^file:\/\//, '');
  try {
    return decodeURIComponent(path).replace(/^\/(?=[A-Za-z]:)/, '');
  } catch {
    // A percent sign that stands for itself: older versions did not encode.
    return path;
  }
}

/** When a human sent a message, or the model's answer was counted. */
function timeOf(message: JsonRecord): Iso | null {
  return timeOfMs(recordAt(message, 'meta')['sentAt']) ?? parseTime(recordAt(message, 'usage')['timestamp']);
}

class AmpReader extends DocumentReader {
  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    this.teller.beginPart();
    return readPart(
      bytes,
      part,
      THREADS,
      (message) => this.message(message),
      (whole) => this.thread(whole),
    );
  }

  private thread(whole: JsonRecord): void {
    const created = timeOfMs(whole['created']);
    if (created !== null) this.sink.time(created);
    const title = titleOf(textAt(whole, 'title') ?? '');
    if (title !== null) this.sink.title(title, 'ai');
    const project = projectOfThread(whole);
    if (project !== null) this.sink.project(project);
    const initial = recordAt(recordAt(whole, 'env'), 'initial');
    const version = textAt(recordAt(initial, 'platform'), 'clientVersion');
    if (version !== null) this.sink.agentVersion(version);
  }

  private message(message: JsonRecord): void {
    const at = timeOf(message);
    if (at !== null) this.sink.time(at);
    const role = textAt(message, 'role') ?? '';
    const blocks = blocksOf(message);
    const text = textOfBlocks(blocks).trim();
    if (role === 'user' && text !== '') this.teller.prompt(text, at);
    else if (role === 'assistant') this.assistant(message, blocks, at);
    else if (role === 'info') this.info(blocks, at);
    else if (!ROLES.has(role)) this.sink.unknown(role);
    for (const block of blocks) {
      const outcome = outcomeOfRun(block);
      if (outcome !== null) this.teller.result(outcome, at);
    }
  }

  private assistant(message: JsonRecord, blocks: readonly JsonRecord[], at: Iso | null): void {
    this.teller.answer(textOfBlocks(blocks), at);
    const usage = recordAt(message, 'usage');
    this.teller.usage(
      `message ${String(message['messageId'])}`,
      textAt(usage, 'model') ?? '',
      tokensBy(usage, TOKENS),
    );
    this.teller.calls(blocks, at);
  }

  private info(blocks: readonly JsonRecord[], at: Iso | null): void {
    for (const block of blocks) {
      const text = textAt(recordAt(block, 'summary'), 'summary');
      if (text !== null) this.sink.compaction(text, at);
    }
  }
}

/** A result as Amp notes it: the run of a tool, how it ended and what came of it. */
function outcomeOfRun(block: JsonRecord): ToolOutcome | null {
  const callId = textAt(block, 'toolUseID');
  if (block['type'] !== 'tool_result' || callId === null) return outcomeOf(block);
  const run = recordAt(block, 'run');
  const result = recordAt(run, 'result');
  const exit = result['exitCode'];
  return {
    callId,
    output:
      textAt(run, 'result') ?? textAt(result, 'output') ?? textAt(recordAt(run, 'error'), 'message') ?? '',
    exit: typeof exit === 'number' ? exit : null,
    hasFailed: run['status'] !== 'done' && run['status'] !== 'in-progress',
  };
}
