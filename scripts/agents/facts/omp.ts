import { type AgentFacts, handOf, within } from '../facts.ts';

const FLAGS = ['--model', 'rig/scripted', '--no-lsp', '--auto-approve'];

/** Its edits name the lines by tags that a read has given them. */
const TAGGED = /\[([^\]#\s]+)#([0-9A-F]{4})\]/;

export const ohMyPi: AgentFacts = {
  id: 'omp',
  version: '18.2.3',
  packages: ['@oh-my-pi/pi-coding-agent', 'bun@1.4.5'],
  bin: 'omp',
  model: 'scripted',
  title: 'prompt',
  env: () => ({ OMP_SKIP_SETUP: '1' }),
  files: ({ url }) => ({
    '.omp/agent/models.yml': `providers:
  rig:
    baseUrl: ${url}/v1
    api: openai-completions
    apiKey: none
    models:
      - id: scripted
        name: Scripted
        input: [text]
        contextWindow: 200000
        maxTokens: 8000
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
`,
  }),
  start: (prompt) => [...FLAGS, '-p', prompt],
  resume: (id, prompt) => [...FLAGS, '--session', id, '-p', prompt],
  resumeMoved: (id, prompt) => [...FLAGS, '--fork', id, '-p', prompt],
  hand: (place) =>
    handOf({
      write: ({ path, content }) => ['write', { path: within(place, path), content, i: 'Write it' }],
      read: ({ path }) => ['read', { path: within(place, path), i: 'Read it' }],
      edit: ({ path, before, after }, last) => {
        // Lines are named, not the text in them: an edit of what is not there is one under a wrong tag.
        const [, name = path, tag = '0000'] = (last.includes(before) ? TAGGED.exec(last) : null) ?? [];
        return ['edit', { i: 'Change it', input: `[${name}#${tag}]\nPUT 1.=1:\n+${after} the script\n` }];
      },
      run: ({ command }) => ['bash', { command, i: 'Run it' }],
      todo: ({ items }) => ['todo', { op: 'init', list: [{ phase: 'Greetings', items }], i: 'List it' }],
      delegate: ({ prompt }) => [
        'task',
        { context: 'Greetings.', tasks: [{ task: prompt }], i: 'Delegate it' },
      ],
    }),
  limits: { branch: 'its transcripts name no branch' },
};
