import { type AgentFacts, handOf, type Place } from '../facts.ts';
import type { Hand } from '../model/script.ts';

const patch = (lines: readonly string[]) => ['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n');
const added = (path: string, content: string) =>
  patch([
    `*** Add File: ${path}`,
    ...content
      .trimEnd()
      .split('\n')
      .map((line) => `+${line}`),
  ]);
/** It takes whole lines: what stands behind the words in the only line that is to be changed. */
const REST = ' the script';
const changed = (path: string, before: string, after: string) =>
  patch([`*** Update File: ${path}`, '@@', `-${before}${REST}`, `+${after}${REST}`]);

type Made = (place: Place) => Hand;

const codexOf = (version: string, model: string, hand: Made): AgentFacts => ({
  id: 'codex',
  version,
  packages: ['@openai/codex'],
  bin: 'codex',
  model,
  title: 'prompt',
  env: () => ({ RIG_KEY: 'none' }),
  files: ({ project, url }) => ({
    '.codex/config.toml': `model = "${model}"
model_provider = "rig"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[model_providers.rig]
name = "rig"
base_url = "${url}/v1"
env_key = "RIG_KEY"
wire_api = "responses"
[analytics]
enabled = false
[projects."${project}"]
trust_level = "trusted"
`,
  }),
  start: (prompt) => ['exec', prompt],
  resume: (id, prompt) => ['exec', 'resume', id, prompt],
  fork: (id, prompt) => ['exec', 'fork', id, prompt],
  naming: {
    argv: ['app-server'],
    requests: (threadId, name) => [
      { id: 1, method: 'initialize', params: { clientInfo: { name: 'rig', version: '1' } } },
      { id: 2, method: 'thread/name/set', params: { threadId, name } },
    ],
    // By its name it finds only what was begun in this folder, unless told.
    resume: (name, prompt) => ['exec', 'resume', '--all', name, prompt],
  },
  archive: (id) => ['archive', id],
  // Made of the transcripts.
  isLog: (path) => /^\.codex\/[^/]+\.sqlite(?:-wal)?$/.test(path),
  hand,
  limits: {},
});

const inCode = (tool: string, args: unknown): readonly [string, string] => [
  'exec',
  `text(await tools.${tool}(${JSON.stringify(args)}));`,
];

const inShell = (cmd: string) => ['exec_command', { cmd, yield_time_ms: 120_000 }] as const;

/** In code mode the model calls tools by JavaScript, as the models that Codex has by default do. */
export const codex: AgentFacts = codexOf('0.171.0', 'gpt-6.2-sol', () =>
  handOf({
    write: ({ path, content }) => inCode('apply_patch', added(path, content)),
    edit: ({ path, before, after }) => inCode('apply_patch', changed(path, before, after)),
    run: ({ command }) => inCode('exec_command', { cmd: command, yield_time_ms: 120_000 }),
    'look-up': ({ query }) => inCode('mcp__session_memory__search_sessions', { query }),
    delegate: ({ prompt }) => ['spawn_agent', { task_name: 'errand', message: prompt, fork_turns: 'none' }],
  }),
);

/** A model that Codex does not know gets its tools one by one, and patches files through the shell's. */
export const codexPlain: AgentFacts = {
  ...codexOf('0.171.0', 'scripted', () =>
    handOf({
      write: ({ path, content }) => inShell(`apply_patch <<'END'\n${added(path, content)}END\n`),
      edit: ({ path, before, after }) => inShell(`apply_patch <<'END'\n${changed(path, before, after)}END\n`),
      run: ({ command }) => inShell(command),
      // The name of the server stands beside it, as that of a group.
      'look-up': ({ query }) => ['search_sessions', { query }],
      delegate: ({ prompt }) => ['spawn_agent', { message: prompt }],
    }),
  ),
  variant: 'plain',
};
