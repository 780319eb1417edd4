/**
 * A model on the loopback that says what a script says. Speaks as the services of coding agents do: Anthropic's Messages, OpenAI's Chat
 * Completions and Responses, Gemini; at once or as a stream.
 * Promises: needs no network and keeps no conversation: what it answers follows from the request; all requests are kept to be looked at.
 */
import { anthropic } from './model/anthropic.ts';
import { chat } from './model/chat.ts';
import type { Conversation, Dialect, Json, Play, Said, Usage } from './model/conversation.ts';
import { gemini } from './model/gemini.ts';
import { responses } from './model/responses.ts';

export interface Exchange {
  /** Of the request's address. */
  readonly path: string;
  readonly conversation: Conversation;
  readonly said: Said;
  /** What was told to have been used. */
  readonly usage: Usage;
}

export interface ScriptedModel {
  readonly url: string;
  /** Bodies of all requests so far, as text. */
  readonly requests: readonly string[];
  /** Those of them that were answered, with the answers. */
  readonly exchanges: readonly Exchange[];
  stop(): Promise<void>;
}

const COMMAND = 'echo a tool was called';
const SENTENCE = 'DONE, said the scripted model.';
const SHELLS = ['Bash', 'run_shell_command', 'bash', 'shell'];

/** The command where a tool for it is offered and none has answered since the last prompt. */
const oneCommand: Play = ({ tools, entries }) => {
  const name = SHELLS.find((each) => tools.has(each));
  return name === undefined || entries.at(-1)?.who === 'result'
    ? { text: SENTENCE }
    : { call: { name, args: { command: COMMAND, description: 'Run it' } } };
};

/** Grows with the conversation, so that no two sums of different answers are alike. */
const usageIn = ({ entries }: Conversation): Usage => ({
  input: 800 + 10 * entries.length,
  cacheRead: 200,
  cacheWrite: 30,
  output: 50 + entries.length,
  reasoning: 7,
});

/** `play`: what decides on each answer; absent: one command, then a sentence. */
export function scriptedModel(play: Play = oneCommand): ScriptedModel {
  const requests: string[] = [];
  const exchanges: Exchange[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 60,
    fetch: async (request) => {
      const text = await request.text();
      const { pathname } = new URL(request.url);
      requests.push(text);
      return answer(pathname, text === '' ? {} : JSON.parse(text), play, exchanges);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    exchanges,
    stop: () => server.stop(true),
  };
}

function answer(path: string, body: Json, play: Play, exchanges: Exchange[]): Response {
  if (path.endsWith('/count_tokens')) return Response.json({ input_tokens: 9 });
  if (path.endsWith(':countTokens')) return Response.json({ totalTokens: 9 });
  if (path.endsWith('/models')) return Response.json({ object: 'list', data: [], models: [] });
  const spoken = dialectAt(path, body);
  if (spoken === null) return Response.json({ error: { message: 'not in the script' } }, { status: 404 });
  const { dialect, asked, isStream } = spoken;
  const conversation = dialect.read(asked);
  const said = play({ ...conversation, request: JSON.stringify(body) });
  const usage = dialect.usage(usageIn(conversation));
  exchanges.push({ path, conversation, said, usage });
  return isStream
    ? new Response(dialect.stream(asked, said, usage).join(''), {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
      })
    : Response.json(dialect.whole(asked, said, usage));
}

interface Spoken {
  readonly dialect: Dialect;
  readonly asked: Json;
  readonly isStream: boolean;
}

function dialectAt(path: string, body: Json): Spoken | null {
  const model = /\/models\/([^/:]+):(stream)?generateContent$/i.exec(path);
  if (model !== null)
    return { dialect: gemini, asked: { ...body, model: model[1] }, isStream: model[2] !== undefined };
  const isStream = body['stream'] === true;
  if (path.endsWith('/messages')) return { dialect: anthropic, asked: body, isStream };
  if (path.endsWith('/chat/completions')) return { dialect: chat, asked: body, isStream };
  if (path.endsWith('/responses')) return { dialect: responses, asked: body, isStream };
  return null;
}
