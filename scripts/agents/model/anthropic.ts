/** Anthropic's Messages API. */

import type { Json, Said, Usage } from './conversation.ts';
import { type Dialect, type Entry, list, newId, pieces, textOf, whoIs } from './conversation.ts';

function entriesOf({ role, content }: Json): Entry[] {
  // Claude Code tells what it runs in as a message of the system.
  if (role === 'system') return [];
  const results = list(content).filter(({ type }) => type === 'tool_result');
  const others = Array.isArray(content) ? content.filter((block) => !results.includes(block)) : content;
  // Beside a tool that was searched for Claude Code itself says that it is there.
  const isFound = results.some((result) =>
    list(result['content']).some(({ type }) => type === 'tool_reference'),
  );
  const text = isFound ? '' : textOf(others);
  const said: Entry[] = text === '' ? [] : [{ who: whoIs(role), text }];
  return [...results.map((result): Entry => ({ who: 'result', text: textOf(result['content']) })), ...said];
}

const blockOf = (said: Said): Json =>
  'text' in said
    ? { type: 'text', text: said.text }
    : { type: 'tool_use', id: newId('toolu'), name: said.call.name, input: said.call.args };

const usageOf = (usage: Usage): Json => ({
  input_tokens: usage.input,
  cache_creation_input_tokens: usage.cacheWrite,
  cache_read_input_tokens: usage.cacheRead,
  output_tokens: usage.output,
});

function messageOf(body: Json, said: Said, usage: Usage): Json {
  const stop_reason = 'text' in said ? 'end_turn' : 'tool_use';
  const about = { id: newId('msg'), type: 'message', role: 'assistant', model: body['model'] };
  return { ...about, content: [blockOf(said)], stop_reason, stop_sequence: null, usage: usageOf(usage) };
}

export const anthropic: Dialect = {
  read: (body) => ({
    model: `${body['model']}`,
    entries: list(body['messages']).flatMap(entriesOf),
    tools: new Map(list(body['tools']).map(({ name }) => [`${name}`, { custom: false }])),
    schema: ((body['output_config'] as Json | undefined)?.['format'] as Json | undefined)?.[
      'schema'
    ] as Json | null,
  }),
  // The reasoning is part of the output, and is not told apart.
  usage: (scripted) => ({ ...scripted, reasoning: 0 }),
  whole: messageOf,
  stream: (body, said, usage) => {
    const { stop_reason, ...message } = messageOf(body, said, usage);
    const [block = {}] = message['content'] as Json[];
    const begun = 'text' in said ? { ...block, text: '' } : { ...block, input: {} };
    const deltas =
      'text' in said
        ? pieces(said.text).map((text) => ({ type: 'text_delta', text }))
        : pieces(JSON.stringify(said.call.args)).map((partial_json) => ({
            type: 'input_json_delta',
            partial_json,
          }));
    const first = { ...usageOf(usage), output_tokens: 1 };
    const events: Json[] = [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: first } },
      { type: 'content_block_start', index: 0, content_block: begun },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: usageOf(usage) },
      { type: 'message_stop' },
    ];
    return events.map((event) => `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`);
  },
};
