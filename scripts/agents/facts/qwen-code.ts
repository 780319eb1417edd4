import { type AgentFacts, handOf, within } from '../facts.ts';

const SEARCH = 'mcp__session-memory__search_sessions';

export const qwenCode: AgentFacts = {
  id: 'qwen-code',
  version: '0.24.4',
  packages: ['@qwen-code/qwen-code'],
  bin: 'qwen',
  model: 'scripted',
  title: 'prompt',
  env: ({ url }) => ({
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: 'none',
    OPENAI_MODEL: 'scripted',
    QWEN_TELEMETRY_ENABLED: 'false',
  }),
  files: () => ({
    '.qwen/settings.json': {
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
    },
  }),
  start: (prompt) => ['-p', prompt, '--yolo'],
  resume: (id, prompt) => ['--resume', id, '-p', prompt, '--yolo'],
  fork: (id, prompt) => ['--resume', id, '--fork-session', '-p', prompt, '--yolo'],
  compact: (id) => ['--resume', id, '-p', '/compress', '--yolo'],
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['write_file', { file_path: within(place, path), content }],
      read: ({ path }) => ['read_file', { file_path: within(place, path) }],
      edit: ({ path, before, after }) => [
        'edit',
        { file_path: within(place, path), old_string: before, new_string: after },
      ],
      run: ({ command }) => ['run_shell_command', { command, description: 'Run it', is_background: false }],
      background: ({ command }) => [
        'run_shell_command',
        { command, description: 'Run it', is_background: true },
      ],
      'find-tool': () => ['tool_search', { query: `select:${SEARCH}` }],
      'look-up': ({ query }) => ['tool_call', { name: SEARCH, arguments: { query } }],
      delegate: ({ prompt }) => [
        'agent',
        { description: 'Run the errand', prompt, subagent_type: 'general-purpose' },
      ],
    }),
  limits: {},
};
