/** OpenAI's Responses API. */

import type { Json, Said, Usage } from './conversation.ts';
import { type Dialect, type Entry, list, newId, type Offer, pieces, textOf, whoIs } from './conversation.ts';

function itemsOf({ input }: Json): Json[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : list(input);
}

function entriesOf(item: Json): Entry[] {
  const type = `${item['type'] ?? 'message'}`;
  if (type.endsWith('_output'))
    return [{ who: 'result', text: textOf(item['output']) || JSON.stringify(item['output']) }];
  // What another agent sends to this one is its prompt.
  if (type === 'agent_message') return [{ who: 'person', text: textOf(item['content']) }];
  const isSaid = type === 'message' && item['role'] !== 'developer' && item['role'] !== 'system';
  return isSaid ? [{ who: whoIs(item['role']), text: textOf(item['content']) }] : [];
}

/** Some tools stand in groups, and in code mode all stand in an item of the conversation. */
function toolsOf(tools: readonly Json[], namespace?: string): [string, Offer][] {
  return tools.flatMap((tool): [string, Offer][] => {
    if (tool['type'] === 'namespace') return toolsOf(list(tool['tools']), `${tool['name']}`);
    const offer = { custom: tool['type'] === 'custom', ...(namespace === undefined ? {} : { namespace }) };
    return [[`${tool['name'] ?? tool['type']}`, offer]];
  });
}

const offersIn = (body: Json) =>
  new Map(
    toolsOf([
      ...list(body['tools']),
      ...itemsOf(body).flatMap((item) => (item['type'] === 'additional_tools' ? list(item['tools']) : [])),
    ]),
  );

function itemOf(body: Json, said: Said): Json {
  if ('text' in said) {
    const content = [{ type: 'output_text', text: said.text, annotations: [] }];
    return { type: 'message', id: newId('msg'), role: 'assistant', status: 'completed', content };
  }
  const { name, args } = said.call;
  const offer = offersIn(body).get(name);
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  const call = { status: 'completed', call_id: newId('call'), name };
  const group = offer?.namespace === undefined ? {} : { namespace: offer.namespace };
  return offer?.custom === true
    ? { type: 'custom_tool_call', id: newId('ctc'), ...call, ...group, input: text }
    : { type: 'function_call', id: newId('fc'), ...call, ...group, arguments: text };
}

function responseOf(body: Json, said: Said, { input, cacheRead, output, reasoning }: Usage): Json {
  const created_at = Math.floor(Date.now() / 1000);
  return {
    id: newId('resp'),
    object: 'response',
    created_at,
    status: 'completed',
    model: body['model'],
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    tools: [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    temperature: 1,
    top_p: 1,
    output: [itemOf(body, said)],
    usage: {
      input_tokens: input + cacheRead,
      input_tokens_details: { cached_tokens: cacheRead },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + cacheRead + output,
    },
  };
}

/** What stands between an item's beginning and its end. */
function between(item: Json, said: Said): Json[] {
  const at = { item_id: item['id'], output_index: 0 };
  if ('text' in said) {
    const part = { type: 'output_text', text: '', annotations: [] };
    const here = { ...at, content_index: 0 };
    return [
      { type: 'response.content_part.added', ...here, part },
      ...pieces(said.text).map((delta) => ({ type: 'response.output_text.delta', ...here, delta })),
      { type: 'response.output_text.done', ...here, text: said.text },
      { type: 'response.content_part.done', ...here, part: { ...part, text: said.text } },
    ];
  }
  const [kind, field] =
    item['type'] === 'function_call'
      ? ['response.function_call_arguments', 'arguments']
      : ['response.custom_tool_call_input', 'input'];
  const text = `${item[field]}`;
  return [
    ...pieces(text).map((delta) => ({ type: `${kind}.delta`, ...at, delta })),
    { type: `${kind}.done`, ...at, [field]: text },
  ];
}

export const responses: Dialect = {
  read: (body) => ({
    model: `${body['model']}`,
    entries: itemsOf(body).flatMap(entriesOf),
    tools: offersIn(body),
    schema: ((body['text'] as Json | undefined)?.['format'] as Json | undefined)?.['schema'] as Json | null,
  }),
  usage: (scripted) => ({ ...scripted, cacheWrite: 0 }),
  whole: responseOf,
  stream: (body, said, usage) => {
    const response = responseOf(body, said, usage);
    const [item = {}] = response['output'] as Json[];
    const empty =
      'text' in said ? { content: [] } : item['type'] === 'function_call' ? { arguments: '' } : { input: '' };
    const begun = { ...item, status: 'in_progress', ...empty };
    const waiting = { ...response, status: 'in_progress', output: [], usage: null };
    const events: Json[] = [
      { type: 'response.created', response: waiting },
      { type: 'response.in_progress', response: waiting },
      { type: 'response.output_item.added', output_index: 0, item: begun },
      ...between(item, said),
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response },
    ];
    return events.map(
      (event, sequence_number) =>
        `event: ${event['type']}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
    );
  },
};
