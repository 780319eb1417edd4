import { type AgentFacts, handOf, within } from '../facts.ts';

/** With them it starts without a question. */
export const GEMINI_SETTINGS = {
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
};

/** A header and what sets its fields are no turns. */
function isTurn(line: string): boolean {
  try {
    return 'type' in JSON.parse(line);
  } catch {
    return false;
  }
}

export const geminiCli: AgentFacts = {
  id: 'gemini-cli',
  version: '0.61.0',
  packages: ['@google/gemini-cli'],
  bin: 'gemini',
  model: 'gemini-2.5-pro',
  title: 'prompt',
  env: ({ url }) => ({
    GOOGLE_GEMINI_BASE_URL: url,
    GEMINI_API_KEY: 'none',
    GEMINI_TELEMETRY_ENABLED: 'false',
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
  }),
  files: () => ({ '.gemini/settings.json': GEMINI_SETTINGS }),
  // Without a model it first asks one which to take.
  start: (prompt) => ['-p', prompt, '--yolo', '-m', 'gemini-2.5-pro'],
  resume: (id, prompt) => ['--resume', id, '-p', prompt, '--yolo', '-m', 'gemini-2.5-pro'],
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['write_file', { file_path: within(place, path), content }],
      read: ({ path }) => ['read_file', { file_path: within(place, path) }],
      edit: ({ path, before, after }) => [
        'replace',
        {
          file_path: within(place, path),
          old_string: before,
          new_string: after,
          instruction: 'Say it otherwise',
        },
      ],
      run: ({ command }) => ['run_shell_command', { command, description: 'Run it' }],
      background: ({ command }) => [
        'run_shell_command',
        { command, description: 'Run it', is_background: true },
      ],
      todo: ({ items }) => [
        'write_todos',
        {
          todos: items.map((description, n) => ({
            description,
            status: n === 0 ? 'in_progress' : 'pending',
          })),
        },
      ],
      'look-up': ({ query }) => ['mcp_session-memory_search_sessions', { query }],
      delegate: ({ prompt }) => ['invoke_agent', { agent_name: 'generalist', prompt }],
    }),
  // A resume begins a second file of the same id, which holds the context alone.
  isPhantom: (content) => !content.split('\n').some(isTurn),
  limits: { branch: 'its transcripts name no branch' },
};
