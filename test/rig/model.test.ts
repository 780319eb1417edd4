/** The scripted model of the rig speaks each API as its service does: at once and as a stream, a text and a call. No agent, no network. */
import { afterAll, describe, expect, test } from 'bun:test';
import type { Json, Play, Usage } from '../../scripts/agents/model/conversation.ts';
import { scriptedModel } from '../../scripts/agents/scripted-model.ts';

const TEXT = 'It is a text that is longer than one piece of a stream: äöü ✓.';
const ARGS = { command: 'echo "it runs"', description: 'Run it, and say so in more than one piece' };

/** A call where nothing has come back yet, then the text. */
const play: Play = ({ tools, entries }) =>
  tools.has('shell') && entries.at(-1)?.who !== 'result'
    ? { call: { name: 'shell', args: ARGS } }
    : { text: TEXT };

const model = scriptedModel(play);
afterAll(() => model.stop());

interface Answer {
  readonly text: string;
  readonly calls: readonly unknown[];
  /** As the API counts; turned into the words of `Usage` by each reading. */
  readonly usage: Usage;
  readonly isEnded: boolean;
}

interface Api {
  /** `isStream` chooses the address where the body does not. */
  path(isStream: boolean): string;
  body(isStream: boolean, hasResult: boolean): Json;
  whole(answer: Json): Answer;
  streamed(events: readonly Json[]): Answer;
}

const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value);
const number = (value: unknown, ...path: readonly (string | number)[]) => Number(at(value, ...path) ?? 0);
const joined = (parts: readonly unknown[]) => parts.map((part) => part ?? '').join('');

const anthropicUsage = (usage: unknown): Usage => ({
  input: number(usage, 'input_tokens'),
  cacheRead: number(usage, 'cache_read_input_tokens'),
  cacheWrite: number(usage, 'cache_creation_input_tokens'),
  output: number(usage, 'output_tokens'),
  reasoning: 0,
});
const openaiUsage = (usage: unknown, input: string, output: string): Usage => {
  const cacheRead = number(usage, `${input}_details`, 'cached_tokens');
  const reasoning = number(usage, `${output}_details`, 'reasoning_tokens');
  expect(number(usage, 'total_tokens')).toBe(number(usage, input) + number(usage, output));
  return {
    input: number(usage, input) - cacheRead,
    cacheRead,
    cacheWrite: 0,
    output: number(usage, output),
    reasoning,
  };
};
const chatUsage = (usage: unknown) => openaiUsage(usage, 'prompt_tokens', 'completion_tokens');
const responsesUsage = (usage: unknown) => openaiUsage(usage, 'input_tokens', 'output_tokens');
const geminiUsage = (usage: unknown): Usage => {
  const [cacheRead, reasoning] = [
    number(usage, 'cachedContentTokenCount'),
    number(usage, 'thoughtsTokenCount'),
  ];
  const output = number(usage, 'candidatesTokenCount') + reasoning;
  expect(number(usage, 'totalTokenCount')).toBe(number(usage, 'promptTokenCount') + output);
  return {
    input: number(usage, 'promptTokenCount') - cacheRead,
    cacheRead,
    cacheWrite: 0,
    output,
    reasoning,
  };
};

const parameters = { type: 'object', properties: { command: { type: 'string' } } };

const APIS: Readonly<Record<string, Api>> = {
  "Anthropic's Messages": {
    path: () => '/v1/messages',
    body: (stream, hasResult) => ({
      model: 'm',
      max_tokens: 9,
      stream,
      tools: [{ name: 'shell', input_schema: parameters }],
      messages: [
        { role: 'user', content: 'hello' },
        ...(hasResult
          ? [
              { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'shell', input: ARGS }] },
              { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'it runs' }] },
            ]
          : []),
      ],
    }),
    whole: (answer) => ({
      text: joined((answer['content'] as Json[]).map((block) => block['text'])),
      calls: (answer['content'] as Json[]).flatMap(({ name, input }) =>
        input ? [{ name, args: input }] : [],
      ),
      usage: anthropicUsage(answer['usage']),
      isEnded: answer['stop_reason'] !== null,
    }),
    streamed: (events) => {
      const deltas = events.filter(({ type }) => type === 'content_block_delta').map(({ delta }) => delta);
      const begun = at(
        events.find(({ type }) => type === 'content_block_start'),
        'content_block',
        'name',
      );
      const args = joined(deltas.map((delta) => at(delta, 'partial_json')));
      const end = events.find(({ type }) => type === 'message_delta');
      return {
        text: joined(deltas.map((delta) => at(delta, 'text'))),
        calls: args === '' ? [] : [{ name: begun, args: JSON.parse(args) }],
        usage: anthropicUsage(end?.['usage']),
        isEnded: events.at(-1)?.['type'] === 'message_stop' && at(end, 'delta', 'stop_reason') !== null,
      };
    },
  },
  "OpenAI's Chat Completions": {
    path: () => '/v1/chat/completions',
    body: (stream, hasResult) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', function: { name: 'shell', parameters } }],
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: [{ type: 'text', text: 'hello' }] },
        ...(hasResult ? [{ role: 'tool', tool_call_id: 'a', content: 'it runs' }] : []),
      ],
    }),
    whole: (answer) => {
      const message = at(answer, 'choices', 0, 'message') as Json;
      return {
        text: joined([message['content']]),
        calls: ((message['tool_calls'] ?? []) as Json[]).map(callOf),
        usage: chatUsage(answer['usage']),
        isEnded: at(answer, 'choices', 0, 'finish_reason') !== null,
      };
    },
    streamed: (events) => {
      const choices = events.map((event) => at(event, 'choices', 0));
      const calls = choices.map((choice) => at(choice, 'delta', 'tool_calls', 0, 'function'));
      const args = joined(calls.map((call) => at(call, 'arguments')));
      return {
        text: joined(choices.map((choice) => at(choice, 'delta', 'content'))),
        calls:
          args === ''
            ? []
            : [{ name: joined(calls.map((call) => at(call, 'name'))), args: JSON.parse(args) }],
        usage: chatUsage(events.at(-1)?.['usage']),
        isEnded: choices.some((choice) => at(choice, 'finish_reason')),
      };
    },
  },
  "OpenAI's Responses": {
    path: () => '/v1/responses',
    body: (stream, hasResult) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', name: 'shell', parameters }],
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
        ...(hasResult ? [{ type: 'function_call_output', call_id: 'a', output: 'it runs' }] : []),
      ],
    }),
    whole: (answer) => responseOf(answer),
    streamed: (events) => {
      expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, n) => n));
      const deltas = (type: string) =>
        joined(events.filter((event) => event['type'] === type).map((event) => event['delta']));
      const last = events.at(-1);
      const whole = responseOf(last?.['response'] as Json);
      expect(deltas('response.output_text.delta')).toBe(whole.text);
      const args = deltas('response.function_call_arguments.delta');
      if (whole.calls.length > 0) expect(whole.calls).toMatchObject([{ args: JSON.parse(args) }]);
      return { ...whole, isEnded: last?.['type'] === 'response.completed' };
    },
  },
  Gemini: {
    path: (stream) => `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (_stream, hasResult) => ({
      tools: [{ functionDeclarations: [{ name: 'shell', parameters }] }],
      contents: [
        { role: 'user', parts: [{ text: 'hello' }] },
        ...(hasResult
          ? [
              {
                role: 'user',
                parts: [{ functionResponse: { name: 'shell', response: { output: 'it runs' } } }],
              },
            ]
          : []),
      ],
    }),
    whole: (answer) => geminiOf([answer]),
    streamed: (events) => geminiOf(events),
  },
};

const callOf = (call: Json) => ({
  name: at(call, 'function', 'name'),
  args: JSON.parse(`${at(call, 'function', 'arguments')}`),
});

function responseOf(response: Json): Answer {
  const items = response['output'] as Json[];
  return {
    text: joined(items.map((item) => at(item, 'content', 0, 'text'))),
    calls: items.flatMap((item) =>
      item['type'] === 'function_call'
        ? [{ name: item['name'], args: JSON.parse(`${item['arguments']}`) }]
        : [],
    ),
    usage: responsesUsage(response['usage']),
    isEnded: response['status'] === 'completed',
  };
}

function geminiOf(chunks: readonly Json[]): Answer {
  const parts = chunks.flatMap((chunk) => at(chunk, 'candidates', 0, 'content', 'parts') as Json[]);
  return {
    text: joined(parts.map((part) => part['text'])),
    calls: parts.flatMap((part) => (part['functionCall'] === undefined ? [] : [geminiCall(part)])),
    usage: geminiUsage(chunks.at(-1)?.['usageMetadata']),
    isEnded: at(chunks.at(-1), 'candidates', 0, 'finishReason') === 'STOP',
  };
}

const geminiCall = (part: Json) => ({
  name: at(part, 'functionCall', 'name'),
  args: at(part, 'functionCall', 'args'),
});

/** As a client of server-sent events reads them: `data` lines, the last of which may only say that it is over. */
const eventsIn = (text: string): Json[] =>
  text
    .split('\n\n')
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data));

async function asked(api: Api, isStream: boolean, hasResult: boolean): Promise<Answer> {
  const response = await fetch(`${model.url}${api.path(isStream)}`, {
    method: 'POST',
    body: JSON.stringify(api.body(isStream, hasResult)),
  });
  expect(response.status).toBe(200);
  const type = response.headers.get('content-type');
  expect(type).toContain(isStream ? 'text/event-stream' : 'application/json');
  const text = await response.text();
  return isStream ? api.streamed(eventsIn(text)) : api.whole(JSON.parse(text));
}

describe.each(Object.entries(APIS))('%s', (_, api) => {
  describe.each([false, true])('as a stream: %p', (isStream) => {
    test('a call comes whole, with its tokens', async () => {
      const answer = await asked(api, isStream, false);
      const exchange = model.exchanges.at(-1);
      expect(answer).toMatchObject({ text: '', calls: [{ name: 'shell', args: ARGS }], isEnded: true });
      expect(answer.usage).toEqual(exchange?.usage as Usage);
      expect(exchange?.conversation.entries).toEqual([{ who: 'person', text: 'hello' }]);
    });

    test('after its result the text comes whole, with more tokens', async () => {
      const before = await asked(api, isStream, false);
      const answer = await asked(api, isStream, true);
      expect(answer).toMatchObject({ text: TEXT, calls: [], isEnded: true });
      expect(answer.usage).toEqual(model.exchanges.at(-1)?.usage as Usage);
      expect(answer.usage.output).toBeGreaterThan(before.usage.output);
      expect(model.exchanges.at(-1)?.conversation.entries.at(-1)?.text).toContain('it runs');
    });
  });
});

test('a tool that is called with a text of its own gets one, in the group that it stands in', async () => {
  const own = scriptedModel(() => ({ call: { name: 'exec', args: 'text("hello")' } }));
  const tools = [{ type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] }];
  const response = await fetch(`${own.url}/v1/responses`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', input: [{ type: 'additional_tools', tools }] }),
  });
  const answer = (await response.json()) as Json;
  expect(at(answer, 'output', 0)).toMatchObject({
    type: 'custom_tool_call',
    name: 'exec',
    namespace: 'functions',
    input: 'text("hello")',
  });
  await own.stop();
});

test('what is not in the script is refused, and all requests are kept', async () => {
  const before = model.requests.length;
  const response = await fetch(`${model.url}/v1/embeddings`, { method: 'POST', body: '{"input":"x"}' });
  expect([response.status, model.requests.slice(before)]).toEqual([404, ['{"input":"x"}']]);
});
