import { type AgentFacts, handOf, within } from '../facts.ts';

const FLAGS = ['--allow-all-tools', '--allow-all-paths'];

/** With a provider of one's own it asks for no login. */
export const copilotCli: AgentFacts = {
  id: 'copilot-cli',
  version: '1.0.102',
  packages: ['@github/copilot'],
  bin: 'copilot',
  model: 'gpt-4.1',
  title: 'prompt',
  env: ({ url }) => ({
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_API_KEY: 'none',
    COPILOT_MODEL: 'gpt-4.1',
    COPILOT_AUTO_UPDATE: 'false',
    COPILOT_OFFLINE: 'true',
  }),
  files: () => ({}),
  start: (prompt) => ['-p', prompt, ...FLAGS],
  resume: (id, prompt) => ['--resume', id, '-p', prompt, ...FLAGS],
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['create', { path: within(place, path), file_text: content }],
      read: ({ path }) => ['view', { path: within(place, path) }],
      edit: ({ path, before, after }) => [
        'edit',
        { path: within(place, path), old_str: before, new_str: after },
      ],
      run: ({ command }) => ['bash', { command, description: 'Run it', mode: 'sync', initial_wait: 120 }],
      'look-up': ({ query }) => ['session-memory-search_sessions', { query }],
      delegate: ({ prompt }) => [
        'task',
        { description: 'Run the errand', prompt, agent_type: 'general-purpose', name: 'errand' },
      ],
    }),
  limits: {},
};
