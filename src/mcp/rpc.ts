/**
 * The Model Context Protocol over lines of JSON-RPC 2.0: versions, methods, mistakes.
 * Promises: each request gets exactly one answer with its id, a notification none; whatever a line holds ends in an answer or
 * in nothing, never in the end of the server. Never: asks, samples or notifies by itself.
 */
import { messageOf } from '../domain/errors.ts';

/** Of the tools alone they say the same: which one is spoken is the client's choice. The newest needs no `initialize`. */
export const PROTOCOL_VERSIONS = [
  '2026-07-28',
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
] as const;
/** For a client that names one that is not known. */
const OFFERED = '2025-11-25';

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
}

export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

export interface ToolServer {
  readonly version: string;
  readonly instructions: string;
  readonly tools: readonly Tool[];
  /** Null: there is no such tool. */
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolAnswer | null>;
}

const ERRORS = { parse: -32700, request: -32600, method: -32601, params: -32602, internal: -32603 } as const;

class RpcError extends Error {
  readonly code: number;

  constructor(kind: keyof typeof ERRORS, message: string) {
    super(message);
    this.code = ERRORS[kind];
  }
}

type Message = Readonly<Record<string, unknown>>;

/** What to write for a line; null: nothing. */
export async function answerLine(server: ToolServer, line: string): Promise<string | null> {
  if (line.trim() === '') return null;
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return told(null, { error: { code: ERRORS.parse, message: 'a line that is no JSON' } });
  }
  if (!Array.isArray(message)) return answerOne(server, message);
  // Version 2025-03-26 sends several at once.
  const answers: string[] = [];
  for (const one of message) {
    const answer = await answerOne(server, one);
    if (answer !== null) answers.push(answer);
  }
  return answers.length === 0 ? null : `[${answers.join(',')}]`;
}

async function answerOne(server: ToolServer, message: unknown): Promise<string | null> {
  if (!isRecord(message)) return told(null, refusal('request', 'a message that is no object'));
  const { id, method } = message;
  // An answer to something that was never asked.
  if (method === undefined && ('result' in message || 'error' in message)) return null;
  const isAsked = typeof id === 'string' || typeof id === 'number';
  if (!isAsked && id !== undefined) return told(null, refusal('request', 'an id is a text or a number'));
  if (message['jsonrpc'] !== '2.0' || typeof method !== 'string')
    return isAsked ? told(id, refusal('request', 'no JSON-RPC 2.0 request')) : null;
  if (!isAsked) return null;
  try {
    return told(id, { result: await resultOf(server, method, paramsOf(message)) });
  } catch (thrown) {
    if (thrown instanceof RpcError)
      return told(id, { error: { code: thrown.code, message: thrown.message } });
    return told(id, refusal('internal', messageOf(thrown)));
  }
}

function refusal(kind: keyof typeof ERRORS, message: string) {
  return { error: { code: ERRORS[kind], message } };
}

function paramsOf(message: Message): Message {
  const params = message['params'] ?? {};
  if (!isRecord(params)) throw new RpcError('params', 'params are an object');
  return params;
}

async function resultOf(server: ToolServer, method: string, params: Message): Promise<object> {
  const about = {
    capabilities: { tools: {} },
    serverInfo: { name: 'session-memory', version: server.version },
    instructions: server.instructions,
  };
  switch (method) {
    case 'initialize': {
      const asked = PROTOCOL_VERSIONS.find((version) => version === params['protocolVersion']);
      return { protocolVersion: asked ?? OFFERED, ...about };
    }
    case 'server/discover':
      return { supportedVersions: PROTOCOL_VERSIONS, ...about };
    case 'ping':
      return {};
    case 'tools/list':
      return {
        tools: server.tools.map((tool) => ({
          ...tool,
          annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
        })),
      };
    case 'tools/call': {
      const { name, arguments: args = {} } = params;
      if (typeof name !== 'string' || !isRecord(args))
        throw new RpcError('params', 'a tool is called by name, with an object');
      const answer = await server.call(name, args);
      if (answer === null) throw new RpcError('params', `there is no tool ${name.slice(0, 60)}`);
      return { content: [{ type: 'text', text: answer.text }], isError: answer.isError };
    }
    default:
      throw new RpcError('method', `there is no method ${method.slice(0, 60)}`);
  }
}

function isRecord(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function told(id: string | number | null, rest: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, ...rest });
}

/** More in one line is no question. */
const LINE_BYTES_MAX = 1024 * 1024;

/** The lines of a stream; of one that is too long only the beginning, so that it is told as no JSON. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let held: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const line = isTooLong ? held : Buffer.concat([held, chunk.subarray(from, at)]);
      yield line.toString('utf8');
      held = Buffer.alloc(0);
      isTooLong = false;
      from = at + 1;
    }
    if (!isTooLong) held = Buffer.concat([held, chunk.subarray(from)]);
    if (held.length > LINE_BYTES_MAX) {
      isTooLong = true;
      held = held.subarray(0, 64);
    }
  }
  if (held.length > 0) yield held.toString('utf8');
}
