/**
 * A model on the loopback that says what a script says: one command, then a sentence. Speaks as the services of Claude Code, Gemini CLI
 * and GitHub Copilot CLI do.
 * Promises: needs no network and keeps no conversation: what it answers follows from the request; all requests are kept to be looked at.
 */

export interface ScriptedModel {
  readonly url: string;
  /** Bodies of all requests so far, as text. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

type Json = Record<string, unknown>;
type Said = { readonly text: string } | { readonly tool: string };

const COMMAND = 'echo a tool was called';
const SENTENCE = 'DONE, said the scripted model.';
const SHELLS = ['Bash', 'run_shell_command', 'bash', 'shell'];

export function scriptedModel(): ScriptedModel {
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 60,
    fetch: async (request) => {
      const text = await request.text();
      const { pathname } = new URL(request.url);
      requests.push(text);
      return answer(pathname, text === '' ? {} : JSON.parse(text));
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    stop: () => server.stop(true),
  };
}

function answer(path: string, body: Json): Response {
  if (path.endsWith('/messages')) return anthropic(body);
  if (path.endsWith('/count_tokens')) return Response.json({ input_tokens: 9 });
  if (path.endsWith('/chat/completions')) return openai(body);
  if (path.endsWith(':countTokens')) return Response.json({ totalTokens: 9 });
  if (/:(?:stream)?[gG]enerateContent$/.test(path)) return gemini(body, path.includes(':stream'));
  if (path.endsWith('/models')) return Response.json({ object: 'list', data: [] });
  return Response.json({ error: { message: 'not in the script' } }, { status: 404 });
}

/** The command where a tool for it is offered and none has answered since the last prompt. */
function said(tools: readonly string[], hasResult: boolean): Said {
  const tool = SHELLS.find((name) => tools.includes(name));
  return tool === undefined || hasResult ? { text: SENTENCE } : { tool };
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value : []);
const events = (all: readonly string[]) =>
  new Response(all.join(''), { headers: { 'content-type': 'text/event-stream' } });
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const newId = () => `scripted_${crypto.randomUUID().slice(0, 8)}`;

function anthropic(body: Json): Response {
  const last = list(list(body['messages']).at(-1)?.['content']);
  const one = said(
    list(body['tools']).map(({ name }) => `${name}`),
    last.some(({ type }) => type === 'tool_result'),
  );
  const input = { command: COMMAND, description: 'Run it' };
  const isText = 'text' in one;
  const block = isText
    ? { type: 'text', text: one.text }
    : { type: 'tool_use', id: newId(), name: one.tool, input };
  const usage = { input_tokens: 9, output_tokens: 9 };
  const stop = { stop_reason: isText ? 'end_turn' : 'tool_use', stop_sequence: null };
  const about = { id: newId(), type: 'message', role: 'assistant', model: body['model'], usage };
  if (body['stream'] !== true) return Response.json({ ...about, ...stop, content: [block] });
  const begun = isText ? { type: 'text', text: '' } : { ...block, input: {} };
  const delta = isText
    ? { type: 'text_delta', text: one.text }
    : { type: 'input_json_delta', partial_json: JSON.stringify(input) };
  const told: Json[] = [
    { type: 'message_start', message: { ...about, content: [], stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: begun },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage },
    { type: 'message_stop' },
  ];
  return events(told.map((event) => `event: ${event['type']}\n${data(event)}`));
}

function openai(body: Json): Response {
  const names = list(body['tools']).map((tool) => `${(tool['function'] as Json | undefined)?.['name']}`);
  const one = said(names, list(body['messages']).at(-1)?.['role'] === 'tool');
  const call = 'tool' in one && {
    ...{ index: 0, id: newId(), type: 'function' },
    function: { name: one.tool, arguments: JSON.stringify({ command: COMMAND, description: 'Run it' }) },
  };
  const message = call
    ? { role: 'assistant', content: null, tool_calls: [call] }
    : { role: 'assistant', content: SENTENCE };
  const finish = call ? 'tool_calls' : 'stop';
  const usage = { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 };
  const about = { id: newId(), created: 1, model: body['model'] };
  if (body['stream'] !== true)
    return Response.json({
      ...{ ...about, object: 'chat.completion', usage },
      choices: [{ index: 0, message, finish_reason: finish }],
    });
  const chunk = (rest: Json) => data({ ...about, object: 'chat.completion.chunk', ...rest });
  return events([
    chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] }),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
    chunk({ choices: [], usage }),
    'data: [DONE]\n\n',
  ]);
}

function gemini(body: Json, isStream: boolean): Response {
  const names = list(body['tools']).flatMap((tool) =>
    list(tool['functionDeclarations']).map(({ name }) => `${name}`),
  );
  const last = list(list(body['contents']).at(-1)?.['parts']);
  const one = said(
    names,
    last.some((part) => 'functionResponse' in part),
  );
  const args = { command: COMMAND, description: 'Run it' };
  const part = 'text' in one ? one : { functionCall: { id: newId(), name: one.tool, args } };
  const whole = {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 9, totalTokenCount: 18 },
  };
  return isStream ? events([data(whole)]) : Response.json(whole);
}
