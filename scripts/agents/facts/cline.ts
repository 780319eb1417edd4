import { type AgentFacts, handOf, within } from '../facts.ts';

const FLAGS = ['-P', 'openai-compatible', '-m', 'scripted'];

export const cline: AgentFacts = {
  id: 'cline',
  version: '3.0.65',
  packages: ['cline'],
  bin: 'cline',
  model: 'scripted',
  title: 'prompt',
  env: () => ({ CLINE_TELEMETRY_DISABLED: '1' }),
  files: () => ({}),
  prepare: ({ url }) => [
    ['auth', 'openai-compatible', '--apikey', 'none', '--modelid', 'scripted', '--baseurl', `${url}/v1`],
  ],
  start: (prompt) => [...FLAGS, prompt],
  resume: (id) => ['-i', '--id', id, ...FLAGS],
  terminal: { ready: /scripted/, quit: '\u0003\u0003' },
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['editor', { path: within(place, path), new_text: content }],
      read: ({ path }) => ['read_files', { files: [{ path: within(place, path) }] }],
      edit: ({ path, before, after }) => [
        'editor',
        { path: within(place, path), old_text: before, new_text: after },
      ],
      run: ({ command }) => ['run_commands', { commands: [command] }],
      delegate: ({ prompt }) => ['spawn_agent', { systemPrompt: 'You are a helper.', task: prompt }],
    }),
  // Its index for searching, made of the transcripts.
  isLog: (path) => /^\.cline\/data\/db\/session-search\.db(?:-wal)?$/.test(path),
  // It writes down no reasoning apart.
  kept: (usage) => ({ ...usage, reasoning: 0 }),
  limits: {},
};
