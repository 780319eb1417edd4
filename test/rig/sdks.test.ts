/** The scripted model of the rig, asked by the clients that its services themselves publish: what they make of an answer is what was scripted. */

import { afterAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { FunctionCallingConfigMode, GoogleGenAI, type Part } from '@google/genai';
import OpenAI from 'openai';
import type { Play } from '../../scripts/agents/model/conversation.ts';
import { scriptedModel } from '../../scripts/agents/scripted-model.ts';

const TEXT = 'It is a text that is longer than one piece of a stream: äöü ✓.';
const ARGS = { command: 'echo "it runs"', description: 'Run it, and say so in more than one piece' };
const PROMPT = 'Please run it.';
const GIVEN = 'it runs';
const PARAMETERS = {
  type: 'object' as const,
  properties: { command: { type: 'string' }, description: { type: 'string' } },
};

/** A call where nothing has come back yet, then the text. */
const play: Play = ({ tools, entries }) =>
  tools.has('shell') && entries.at(-1)?.who !== 'result'
    ? { call: { name: 'shell', args: ARGS } }
    : { text: TEXT };

const model = scriptedModel(play);
afterAll(() => model.stop());

interface Said {
  readonly text: string | null;
  readonly calls: readonly { readonly name: string; readonly args: unknown }[];
  readonly why: string | null | undefined;
  /** All that was sent, and all that came back, as the service counts. */
  readonly tokens: readonly [number, number];
}

/** Two requests: one that a call answers, and one that carries what the call gave, whose answer is the text. */
type Ask = (isStream: boolean) => Promise<readonly [Said, Said]>;

const askAnthropic: Ask = async (isStream) => {
  const client = new Anthropic({ apiKey: 'none', baseURL: model.url });
  const tools = [{ name: 'shell', input_schema: PARAMETERS }];
  const ask = (messages: Anthropic.MessageParam[]) => {
    const body = { model: 'claude-x', max_tokens: 99, messages, tools };
    return isStream ? client.messages.stream(body).finalMessage() : client.messages.create(body);
  };
  const said = ({ content, stop_reason: why, usage }: Anthropic.Message): Said => ({
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join('') || null,
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, args: block.input }] : [],
    ),
    why,
    tokens: [
      usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      usage.output_tokens,
    ],
  });
  const first = await ask([{ role: 'user', content: PROMPT }]);
  const [call] = first.content;
  if (call?.type !== 'tool_use') throw new Error('no call');
  const second = await ask([
    { role: 'user', content: PROMPT },
    { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: GIVEN }] },
  ]);
  return [said(first), said(second)];
};

const openai = () => new OpenAI({ apiKey: 'none', baseURL: `${model.url}/v1` });

const askChat: Ask = async (isStream) => {
  const tools = [{ type: 'function' as const, function: { name: 'shell', parameters: PARAMETERS } }];
  const ask = (messages: OpenAI.ChatCompletionMessageParam[]) => {
    const body = { model: 'gpt-x', messages, tools };
    return isStream
      ? openai()
          .chat.completions.stream({ ...body, stream_options: { include_usage: true } })
          .finalChatCompletion()
      : openai().chat.completions.create(body);
  };
  const said = ({ choices: [choice], usage }: OpenAI.ChatCompletion): Said => ({
    text: choice?.message.content ?? null,
    calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, args: JSON.parse(call.function.arguments) }]
        : [],
    ),
    why: choice?.finish_reason,
    tokens: [usage?.prompt_tokens ?? 0, usage?.completion_tokens ?? 0],
  });
  const first = await ask([{ role: 'user', content: PROMPT }]);
  const message = first.choices[0]?.message;
  const [call] = message?.tool_calls ?? [];
  if (message === undefined || call === undefined) throw new Error('no call');
  const second = await ask([
    { role: 'user', content: PROMPT },
    message,
    { role: 'tool', tool_call_id: call.id, content: GIVEN },
  ]);
  return [said(first), said(second)];
};

const askResponses: Ask = async (isStream) => {
  const tools = [{ type: 'function' as const, name: 'shell', parameters: PARAMETERS, strict: false }];
  const ask = (input: OpenAI.Responses.ResponseInput) => {
    const body = { model: 'gpt-x', input, tools };
    return isStream ? openai().responses.stream(body).finalResponse() : openai().responses.create(body);
  };
  const said = (response: OpenAI.Responses.Response): Said => ({
    text: response.output_text || null,
    calls: response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, args: JSON.parse(item.arguments) }] : [],
    ),
    why: response.status,
    tokens: [response.usage?.input_tokens ?? 0, response.usage?.output_tokens ?? 0],
  });
  const first = await ask([{ role: 'user', content: PROMPT }]);
  const [call] = first.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
  if (call === undefined) throw new Error('no call');
  const second = await ask([
    { role: 'user', content: PROMPT },
    { type: 'function_call', call_id: call.call_id, name: call.name, arguments: call.arguments },
    { type: 'function_call_output', call_id: call.call_id, output: GIVEN },
  ]);
  return [said(first), said(second)];
};

const askGemini: Ask = async (isStream) => {
  const client = new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: model.url } });
  const config = {
    tools: [{ functionDeclarations: [{ name: 'shell', parametersJsonSchema: PARAMETERS }] }],
    toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
  };
  const ask = async (contents: { role: string; parts: Part[] }[]) => {
    const body = { model: 'gemini-x', contents, config };
    return isStream
      ? await Array.fromAsync(await client.models.generateContentStream(body))
      : [await client.models.generateContent(body)];
  };
  const said = (chunks: Awaited<ReturnType<typeof ask>>): Said => {
    const usage = chunks.at(-1)?.usageMetadata;
    const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    return {
      text: parts.map(({ text }) => text ?? '').join('') || null,
      calls: chunks.flatMap((chunk) =>
        (chunk.functionCalls ?? []).map(({ name, args }) => ({ name: name ?? '', args })),
      ),
      why: chunks.at(-1)?.candidates?.[0]?.finishReason,
      tokens: [
        usage?.promptTokenCount ?? 0,
        (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
      ],
    };
  };
  const person = { role: 'user', parts: [{ text: PROMPT }] };
  const first = await ask([person]);
  const call = first.flatMap((chunk) => chunk.functionCalls ?? [])[0];
  if (call === undefined) throw new Error('no call');
  const response = { id: call.id ?? '', name: 'shell', response: { output: GIVEN } };
  const second = await ask([
    person,
    { role: 'model', parts: [{ functionCall: call }] },
    { role: 'user', parts: [{ functionResponse: response }] },
  ]);
  return [said(first), said(second)];
};

const SDKS: readonly (readonly [string, Ask, string, string])[] = [
  ["@anthropic-ai/sdk: Anthropic's Messages", askAnthropic, 'tool_use', 'end_turn'],
  ["openai: OpenAI's Chat Completions", askChat, 'tool_calls', 'stop'],
  ["openai: OpenAI's Responses", askResponses, 'completed', 'completed'],
  ["@google/genai: Google's Gemini API", askGemini, 'STOP', 'STOP'],
];

describe.each(SDKS)('%s', (_, ask, called, ended) => {
  test.each([false, true])('reads what is scripted, as a stream: %p', async (isStream) => {
    const before = model.exchanges.length;
    const [first, second] = await ask(isStream);
    const exchanges = model.exchanges.slice(before);
    const tokens = exchanges.map(({ usage }) => [
      usage.input + usage.cacheRead + usage.cacheWrite,
      usage.output,
    ]);
    expect([first, second] as unknown).toEqual([
      { text: null, calls: [{ name: 'shell', args: ARGS }], why: called, tokens: tokens[0] },
      { text: TEXT, calls: [], why: ended, tokens: tokens[1] },
    ]);
    // And the model was asked what the client was told to ask.
    const asked = exchanges.map(({ conversation }) => conversation);
    expect(asked.map(({ tools }) => [...tools.keys()])).toEqual([['shell'], ['shell']]);
    expect(asked[0]?.entries.map(({ who, text }) => [who, text])).toEqual([['person', PROMPT]]);
    expect(asked[1]?.entries.at(-1)?.who).toBe('result');
    expect(asked[1]?.entries.at(-1)?.text).toContain(GIVEN);
  });
});

test('a count of tokens is answered', async () => {
  const client = new Anthropic({ apiKey: 'none', baseURL: model.url });
  const counted = await client.messages.countTokens({
    model: 'claude-x',
    messages: [{ role: 'user', content: PROMPT }],
  });
  expect(counted.input_tokens).toBeGreaterThan(0);
  const google = new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: model.url } });
  expect((await google.models.countTokens({ model: 'gemini-x', contents: PROMPT })).totalTokens).toBe(9);
});
