/** OpenAI's Chat Completions API, which most other services speak too. */

import type { Json, Said, Usage } from './conversation.ts';
import { type Dialect, type Entry, list, newId, pieces, textOf, whoIs } from './conversation.ts';

/** What the system says is no turn of the conversation. */
const entriesOf = ({ role, content }: Json): Entry[] =>
  role === 'system' || role === 'developer'
    ? []
    : [{ who: role === 'tool' ? 'result' : whoIs(role), text: textOf(content) }];

const finishOf = (said: Said) => ('text' in said ? 'stop' : 'tool_calls');

const usageOf = ({ input, cacheRead, output, reasoning }: Usage): Json => ({
  prompt_tokens: input + cacheRead,
  completion_tokens: output,
  total_tokens: input + cacheRead + output,
  prompt_tokens_details: { cached_tokens: cacheRead },
  completion_tokens_details: { reasoning_tokens: reasoning },
});

const about = (body: Json): Json => ({
  id: newId('chatcmpl'),
  created: Math.floor(Date.now() / 1000),
  model: body['model'],
});

export const chat: Dialect = {
  read: (body) => ({
    model: `${body['model']}`,
    entries: list(body['messages']).flatMap(entriesOf),
    tools: new Map(
      list(body['tools']).map((tool) => [
        `${(tool['function'] as Json | undefined)?.['name']}`,
        { custom: false },
      ]),
    ),
    schema: ((body['response_format'] as Json | undefined)?.['json_schema'] as Json | undefined)?.[
      'schema'
    ] as Json | null,
  }),
  usage: (scripted) => ({ ...scripted, cacheWrite: 0 }),
  whole: (body, said, usage) => {
    const message: Json =
      'text' in said
        ? { role: 'assistant', content: said.text }
        : { role: 'assistant', content: null, tool_calls: [callOf(said.call.name, said.call.args)] };
    const choices = [{ index: 0, message, finish_reason: finishOf(said) }];
    return { ...about(body), object: 'chat.completion', choices, usage: usageOf(usage) };
  },
  stream: (body, said, usage) => {
    const head = about(body);
    const chunk = (rest: Json) =>
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`;
    const delta = (value: Json, finish_reason: string | null = null) =>
      chunk({ choices: [{ index: 0, delta: value, finish_reason }] });
    return [
      delta({ role: 'assistant', content: 'text' in said ? '' : null }),
      ...deltasOf(said).map((value) => delta(value)),
      delta({}, finishOf(said)),
      chunk({ choices: [], usage: usageOf(usage) }),
      'data: [DONE]\n\n',
    ];
  },
};

function callOf(name: string, args: unknown): Json {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return { id: newId('call'), type: 'function', function: { name, arguments: text } };
}

function deltasOf(said: Said): Json[] {
  if ('text' in said) return pieces(said.text).map((content) => ({ content }));
  const begun = { index: 0, ...callOf(said.call.name, '') };
  const rest = pieces(JSON.stringify(said.call.args)).map((text) => ({
    index: 0,
    function: { arguments: text },
  }));
  return [begun, ...rest].map((call) => ({ tool_calls: [call] }));
}
