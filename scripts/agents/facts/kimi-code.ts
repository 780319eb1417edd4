import { type AgentFacts, handOf, within } from '../facts.ts';

export const kimiCode: AgentFacts = {
  id: 'kimi-code',
  version: '2.1.0',
  packages: ['@moonshot-ai/kimi-code'],
  bin: 'kimi',
  model: 'scripted',
  title: 'prompt',
  env: ({ url }) => ({
    KIMI_MODEL_NAME: 'scripted',
    KIMI_MODEL_BASE_URL: `${url}/v1`,
    KIMI_MODEL_API_KEY: 'none',
    KIMI_MODEL_PROVIDER_TYPE: 'openai',
    KIMI_MODEL_MAX_CONTEXT_SIZE: '200000',
    KIMI_DISABLE_TELEMETRY: '1',
  }),
  files: () => ({}),
  start: (prompt) => ['-p', prompt],
  resume: (id, prompt) => ['--session', id, '-p', prompt],
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['Write', { path: within(place, path), content }],
      read: ({ path }) => ['Read', { path: within(place, path) }],
      edit: ({ path, before, after }) => [
        'Edit',
        { path: within(place, path), old_string: before, new_string: after },
      ],
      run: ({ command }) => ['Bash', { command, description: 'Run it' }],
      todo: ({ items }) => [
        'TodoList',
        { todos: items.map((title, n) => ({ title, status: n === 0 ? 'in_progress' : 'pending' })) },
      ],
      delegate: ({ prompt }) => ['Agent', { description: 'Run the errand', prompt }],
    }),
  // It writes down no reasoning apart.
  kept: (usage) => ({ ...usage, reasoning: 0 }),
  limits: {
    branch: 'its transcripts name no branch',
    elsewhere: 'it refuses a session that was begun in another folder',
    commands: 'it writes down the exit status of failures only',
  },
};
