/** Two agents that only a configuration knows, one of each format, in forms that no known agent has. */
import type { OwnFormat } from '../../../src/domain/own-format.ts';
import { folderName, jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = 'run-7f3a';
const NOWHERE = { linux: '', darwin: '', win32: '' };

/** Every place is another than the default; messages as Anthropic's API has them, below a member. */
export const OWN_JSONL: OwnFormat = {
  glob: 'runs/**/*.ndjson',
  format: 'jsonl',
  id: ['session.id'],
  time: ['meta.at'],
  role: ['who'],
  text: ['payload.body', 'payload.content'],
  project: ['session.folder'],
  user: ['Person'],
  assistant: ['bot'],
  resume: 'own-jsonl --go-on {id}',
};

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const record = (who: string, n: number, second: number, payload: object) => ({
    who,
    meta: { at: Date.parse(timeOf(n, second)) },
    payload,
  });
  const told = turns.flatMap(({ prompt, answer, command, output, written }, n) => [
    record('Person', n, 0, { body: prompt }),
    record('bot', n, 1, {
      id: `m-${prompt}`,
      model: 'model-x',
      usage: {
        input_tokens: 3,
        output_tokens: 9,
        cache_read_input_tokens: 7,
        cache_creation_input_tokens: 5,
      },
      content: [
        { type: 'text', text: answer },
        { type: 'tool_use', id: `w-${prompt}`, name: 'write_file', input: { file_path: written } },
      ],
      tool_calls: [
        {
          id: `b-${prompt}`,
          type: 'function',
          function: { name: 'shell', arguments: JSON.stringify({ command }) },
        },
      ],
    }),
    record('tool', n, 2, { tool_call_id: `b-${prompt}`, content: output }),
  ]);
  return [
    { session: { id, folder: cwd }, meta: { at: timeOf(0) } },
    ...told,
    ...(unknownType === undefined ? [] : [record(unknownType, turns.length, 0, {})]),
  ];
}

export const ownJsonlSample: Sample = {
  sessionId: ID,
  roots: NOWHERE,
  session: (options) => ({
    [`runs/2026/${folderName(options.id)}.ndjson`]: jsonl(records(options)),
    'notes.txt': 'no transcript',
  }),
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 9, reasoning: 0 },
  resume: ['own-jsonl', '--go-on', ID],
  gaps: ['own places'],
};

export const OWN_MARKDOWN: OwnFormat = {
  glob: '**/*.md',
  format: 'markdown',
  id: ['session: '],
  project: ['folder: '],
};

function text({ id, cwd, turns }: SampleOptions): string {
  const told = turns.map(
    ({ prompt, answer }, n) => `## User (${timeOf(n)})\n\n${prompt}\n\n## Assistant\n\n${answer}\n\n`,
  );
  return `---\nsession: ${id}\nfolder: "${cwd}"\n---\n\n# A talk\n\n${told.join('')}`;
}

export const ownMarkdownSample: Sample = {
  sessionId: ID,
  roots: NOWHERE,
  session: (options) => ({ [`talks/${folderName(options.id)}.md`]: text(options) }),
  tokensOfTurn: { input: 0, cacheWrite: 0, cacheRead: 0, output: 0, reasoning: 0 },
  resume: [],
  gaps: ['own places', 'commands', 'written', 'tokens', 'unknown records', 'records'],
};

/** One document a session, what is of all turns beside their list. */
export const OWN_JSON: OwnFormat = {
  ...OWN_JSONL,
  glob: 'talks/**/*.json',
  format: 'json',
  list: ['turns'],
  time: ['meta.at', 'began'],
  resume: 'own-json --go-on {id}',
};

export const ownJsonSample: Sample = {
  ...ownJsonlSample,
  session: (options) => {
    const [head, ...turns] = records(options);
    const { session } = head as { session: object };
    const document = { session, began: timeOf(0), version: 2, turns };
    return { [`talks/${folderName(options.id)}.json`]: JSON.stringify(document) };
  },
  resume: ['own-json', '--go-on', ID],
};
