import { type AgentFacts, handOf, within } from '../facts.ts';

/** It tells the model where the plan is to be. */
const PLAN_FILE = /\/[^\s"]*\/plans\/[\w-]+\.md/;
const SEARCH = 'mcp__session-memory__search_sessions';

export const claudeCode: AgentFacts = {
  id: 'claude-code',
  version: '2.1.332',
  packages: ['@anthropic-ai/claude-code'],
  bin: 'claude',
  model: 'claude-opus-5-5',
  title: 'prompt',
  env: ({ url }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'none',
    // As root it else refuses to run without asking.
    IS_SANDBOX: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
  }),
  files: () => ({}),
  start: (prompt) => ['-p', prompt, '--dangerously-skip-permissions'],
  resume: (id, prompt) => ['--resume', id, '-p', prompt, '--dangerously-skip-permissions'],
  fork: (id, prompt) => ['--resume', id, '--fork-session', '-p', prompt, '--dangerously-skip-permissions'],
  compact: (id) => ['--resume', id, '-p', '/compact', '--dangerously-skip-permissions'],
  plan: {
    argv: (id, prompt) => ['--resume', id, '-p', prompt, '--permission-mode', 'plan'],
    isFound: (request) => request.includes('A plan file already exists at'),
  },
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['Write', { file_path: within(place, path), content }],
      read: ({ path }) => ['Read', { file_path: within(place, path) }],
      edit: ({ path, before, after }) => [
        'Edit',
        { file_path: within(place, path), old_string: before, new_string: after },
      ],
      run: ({ command }) => ['Bash', { command, description: 'Run it' }],
      plan: ({ content }, _last, request) => [
        'Write',
        { file_path: PLAN_FILE.exec(request)?.[0] ?? '', content },
      ],
      background: ({ command }) => ['Bash', { command, description: 'Run it', run_in_background: true }],
      'find-tool': () => ['ToolSearch', { query: `select:${SEARCH}` }],
      'look-up': ({ query }) => [SEARCH, { query }],
      delegate: ({ prompt }) => [
        'Agent',
        { description: 'Run the errand', prompt, subagent_type: 'general-purpose' },
      ],
    }),
  limits: { todos: 'the script would first have to search for its tool' },
};
