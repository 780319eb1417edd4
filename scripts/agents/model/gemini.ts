/** Google's Gemini API. Its model stands in the address of a request, which `scripted-model.ts` puts into the body. */

import type { Json, Said, Usage } from './conversation.ts';
import { type Dialect, type Entry, list, newId, pieces, whoIs } from './conversation.ts';

function entriesOf({ role, parts }: Json): Entry[] {
  const results = list(parts).filter((part) => part['functionResponse'] !== undefined);
  const text = list(parts)
    .map((part) => part['text'])
    .filter((each) => typeof each === 'string')
    .join('\n');
  const said: Entry[] = text === '' ? [] : [{ who: whoIs(role), text }];
  return [
    ...results.map(
      (part): Entry => ({
        who: 'result',
        text: JSON.stringify((part['functionResponse'] as Json)['response'] ?? null),
      }),
    ),
    ...said,
  ];
}

const usageOf = ({ input, cacheRead, output, reasoning }: Usage): Json => ({
  promptTokenCount: input + cacheRead,
  cachedContentTokenCount: cacheRead,
  // The thoughts stand beside what was answered.
  candidatesTokenCount: output - reasoning,
  thoughtsTokenCount: reasoning,
  totalTokenCount: input + cacheRead + output,
});

function responseOf(body: Json, parts: readonly Json[], id: string, end: Json): Json {
  const candidate = { content: { role: 'model', parts }, index: 0 };
  const about = { modelVersion: body['model'], responseId: id };
  return 'usage' in end
    ? { candidates: [{ ...candidate, finishReason: 'STOP' }], usageMetadata: end['usage'], ...about }
    : { candidates: [candidate], ...about };
}

const partOf = (said: Said): Json =>
  'text' in said
    ? { text: said.text }
    : { functionCall: { id: newId('fc'), name: said.call.name, args: said.call.args } };

export const gemini: Dialect = {
  read: (body) => {
    const config = (body['generationConfig'] ?? {}) as Json;
    const declared = list(body['tools']).flatMap((tool) => list(tool['functionDeclarations']));
    return {
      model: `${body['model']}`,
      entries: list(body['contents']).flatMap(entriesOf),
      tools: new Map(declared.map(({ name }) => [`${name}`, { custom: false }])),
      schema: (config['responseJsonSchema'] ?? config['responseSchema'] ?? null) as Json | null,
    };
  },
  usage: (scripted) => ({ ...scripted, cacheWrite: 0 }),
  whole: (body, said, usage) => responseOf(body, [partOf(said)], newId('resp'), { usage: usageOf(usage) }),
  stream: (body, said, usage) => {
    const id = newId('resp');
    const parts = 'text' in said ? pieces(said.text).map((text) => ({ text })) : [partOf(said)];
    const chunks = parts.map((part, n) =>
      responseOf(body, [part], id, n === parts.length - 1 ? { usage: usageOf(usage) } : {}),
    );
    return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  },
};
