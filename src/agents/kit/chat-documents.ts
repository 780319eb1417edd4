/**
 * What agents share that keep each session as one JSON document `FOLDER/ID.json` with messages in the form of OpenAI's chat API.
 * Promises: the rest of an `AgentFormat` follows from the names of a document's members; a document that is torn tells what still
 * stands in it, and a message that is told again as the document grew counts once. Knows no agent.
 */
import type { AgentFormat, Host, Peek, TextBeside } from '../../domain/agent.ts';
import { viewOf } from '../../domain/bytes.ts';
import type { DocumentPart, FactSink, PartCounts } from '../../domain/facts.ts';
import { agentId } from '../../domain/ids.ts';
import { closed, placesOf } from '../../domain/places.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { blocksOf, DocumentReader, textOfBlocks } from './anthropic-messages.ts';
import { type DocumentShape, documentEnds, readPart, wholeDocument } from './document-agent.ts';
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt, titleOf } from './json-lines.ts';
import { transcript } from './jsonl-agent.ts';

export interface ChatDocuments {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  /** Moves the root; null: nothing does. */
  readonly variables: readonly string[];
  roots(host: Host, slash: string): readonly string[];
  readonly named: RegExp;
  readonly members: {
    readonly id: string;
    readonly project: string;
    readonly list: string;
    readonly startedAt?: string;
    readonly endedAt?: string;
  };
  /** What a document is called until it has a name. */
  readonly unnamed?: string;
  /** The message of an entry of the list. */
  messageOf(entry: JsonRecord): JsonRecord;
  /** What else an entry tells: tokens, results of its calls. */
  tellMore?(entry: JsonRecord, nth: number, reader: ChatReader): void;
  /** As in `AgentFormat`. */
  startedBeside?(nativeId: string, beside: TextBeside): Iso | null;
  resume(nativeId: string): readonly string[];
}

/** A list of all sessions lies beside them. */
const FILE = /^sessions\/((?!sessions\.json$)[^/]+)\.json$/s;

export function chatDocuments(agent: ChatDocuments): AgentFormat {
  const { members } = agent;
  const shape: DocumentShape = {
    recordsOf: (document) => {
      const isOurs = isRecord(document) && textAt(document, members.id) !== null;
      return isOurs && Array.isArray(document[members.list]) ? listAt(document, members.list) : null;
    },
    isRecord: (record) => textAt(agent.messageOf(record), 'role') !== null,
  };
  const places = placesOf({ transcript: ['sessions/{id}.json'] });
  const classify = closed(places, (relPath) => {
    const id = FILE.exec(relPath)?.[1];
    return id === undefined ? null : transcript(id);
  });
  return {
    id: agentId(agent.id),
    name: agent.name,
    proof: agent.proof,
    growth: 'rewrite',
    variables: agent.variables,
    folders: ['sessions'],
    retention: null,
    places,
    classify,
    skipsFolder: () => false,
    roots: (host) => agent.roots(host, host.platform === 'win32' ? '\\' : '/'),
    rootOf: (path) => agent.named.exec(path)?.[1] ?? null,
    peek: (head, tail) => peek(agent, shape, head, tail),
    looseName: (name) => {
      const stem = /^(.+)\.json$/s.exec(name)?.[1];
      return stem === undefined ? null : { stem, encoding: 'plain' };
    },
    relPathOf: ({ nativeId }) => (nativeId === null ? null : `sessions/${nativeId}.json`),
    reader: (sink) => new ChatReader(sink, agent, shape),
    ...(agent.startedBeside === undefined ? {} : { startedBeside: agent.startedBeside }),
    isDocument: () => true,
    restorePath: ({ nativeId }, { relPath }) =>
      classify(relPath) === null ? `sessions/${nativeId}.json` : relPath,
    resume: ({ nativeId, project }) => ({ cwd: project, argv: agent.resume(nativeId) }),
  };
}

function peek(agent: ChatDocuments, shape: DocumentShape, head: Uint8Array, tail: Uint8Array): Peek | null {
  const { members } = agent;
  // Of a torn one both names must stand there: a first line of another agent's names a session, too.
  const begun = viewOf(head).toString('latin1');
  const mayBeTorn = [`"${members.list}"\\s*:\\s*\\[`, `"${members.project}"\\s*:`].every((sign) =>
    new RegExp(sign).test(begun),
  );
  const ends = mayBeTorn ? documentEnds(head, tail, shape) : wholeDocument(head, shape);
  const text = (name: string | undefined) => {
    const value = name === undefined ? undefined : ends?.fields.get(name);
    return typeof value === 'string' ? value : null;
  };
  const id = text(members.id);
  if (ends === null || id === null || (ends.whole === null && ends.records.length === 0)) return null;
  const prompts = ends.records.map(agent.messageOf).filter(({ role }) => role === 'user');
  const name = text('title');
  const title = name === null || name === agent.unnamed ? null : name;
  return {
    nativeId: id,
    project: text(members.project),
    branch: null,
    parentNativeId: null,
    title: titleOf(
      title ?? prompts.map((one) => textOfBlocks(blocksOf(one))).find((one) => one !== '') ?? '',
    ),
    startedAt: parseTime(text(members.startedAt)),
    endedAt: parseTime(text(members.endedAt)),
  };
}

export class ChatReader extends DocumentReader {
  readonly #agent: ChatDocuments;
  readonly #shape: DocumentShape;
  #nth = 0;

  constructor(sink: FactSink, agent: ChatDocuments, shape: DocumentShape) {
    super(sink);
    this.#agent = agent;
    this.#shape = shape;
  }

  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    this.teller.beginPart();
    this.#nth = 0;
    return readPart(
      ...([bytes, part, this.#shape, (entry: JsonRecord) => this.#entry(entry)] as const),
      (whole) => this.#whole(whole),
    );
  }

  /** Tokens of the nth message. */
  usage(key: string, model: string, tokens: Parameters<FactSink['usage']>[2]): void {
    this.sink.usage(key, model, tokens);
  }

  result(callId: string, output: string, exit: number | null, hasFailed: boolean): void {
    this.teller.result({ callId, output, exit, hasFailed }, null);
  }

  #whole(whole: JsonRecord): void {
    const { members, unnamed } = this.#agent;
    const project = textAt(whole, members.project);
    const name = textAt(whole, 'title');
    const title = name === null || name === unnamed ? null : titleOf(name);
    const model = textAt(whole, 'model');
    if (project !== null) this.sink.project(project);
    if (title !== null) this.sink.title(title, 'ai');
    if (model !== null) this.sink.model(model);
    for (const member of [members.startedAt, members.endedAt]) {
      const at: Iso | null = member === undefined ? null : parseTime(whole[member]);
      if (at !== null) this.sink.time(at);
    }
  }

  #entry(entry: JsonRecord): void {
    const message = this.#agent.messageOf(entry);
    const role = textAt(message, 'role') ?? '';
    const text = textOfBlocks(blocksOf(message)).trim();
    this.#nth += 1;
    if (role === 'user' && text !== '') this.teller.prompt(text, null);
    else if (role === 'assistant') this.#answer(message, text);
    else if (role === 'tool') this.#tool(message, text);
    else if (!['user', 'system', 'developer'].includes(role)) this.sink.unknown(role);
    this.#agent.tellMore?.(entry, this.#nth, this);
  }

  #answer(message: JsonRecord, text: string): void {
    this.teller.answer(text, null);
    for (const call of [...listAt(message, 'tool_calls'), ...listAt(message, 'toolCalls')].filter(isRecord)) {
      const { name, args } = callOf(call);
      if (name !== null) this.teller.call(textAt(call, 'id') ?? JSON.stringify(call), name, args, null);
    }
  }

  #tool(message: JsonRecord, text: string): void {
    const exit = /^EXIT_CODE: (\d{1,10})$/m.exec(text.slice(0, 200))?.[1];
    const hasFailed = exit === undefined ? FAILED.test(text) : exit !== '0';
    const id = textAt(message, 'tool_call_id') ?? textAt(message, 'toolCallId') ?? '';
    this.result(id, text, exit === undefined ? null : Number(exit), hasFailed);
  }
}

/** How a result begins that says that nothing was done. */
const FAILED = /^\W{0,3}\s*(?:validation failed|error\b|failed\b|tool execution failed)/i;

/** The arguments are JSON within a string, or a record. */
function callOf(call: JsonRecord): { readonly name: string | null; readonly args: JsonRecord } {
  const told = recordAt(call, 'function');
  const text = textAt(told, 'arguments');
  const args = text === null ? recordAt(told, 'arguments') : (parseRecord(text) ?? {});
  return { name: textAt(told, 'name'), args };
}
