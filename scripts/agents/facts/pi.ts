import { type AgentFacts, handOf, type Place, within } from '../facts.ts';

const FLAGS = ['--provider', 'rig', '--model', 'scripted'];

/** The tools of pi, which OpenClaw has too, but for what the shell's is called. */
export const handOfPi = (place: Place, shell: string): ReturnType<AgentFacts['hand']> =>
  handOf({
    write: ({ path, content }) => ['write', { path: within(place, path), content }],
    read: ({ path }) => ['read', { path: within(place, path) }],
    edit: ({ path, before, after }) => [
      'edit',
      { path: within(place, path), edits: [{ oldText: before, newText: after }] },
    ],
    run: ({ command }) => [shell, { command }],
  });

export const pi: AgentFacts = {
  id: 'pi',
  version: '1.6.0',
  packages: ['@earendil-works/pi-coding-agent'],
  bin: 'pi',
  model: 'scripted',
  title: 'prompt',
  env: () => ({ PI_OFFLINE: '1', PI_TELEMETRY: '0' }),
  files: ({ url }) => ({
    '.pi/agent/models.json': {
      providers: {
        rig: {
          baseUrl: `${url}/v1`,
          api: 'openai-completions',
          apiKey: 'none',
          models: [
            {
              id: 'scripted',
              name: 'Scripted',
              input: ['text'],
              contextWindow: 200_000,
              maxTokens: 8000,
              cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
            },
          ],
        },
      },
    },
  }),
  start: (prompt) => [...FLAGS, '-p', prompt],
  resume: (id, prompt) => [...FLAGS, '--session', id, '-p', prompt],
  // It refuses a session whose folder is gone, but takes a fork of it into the present one.
  resumeMoved: (id, prompt) => [...FLAGS, '--fork', id, '-p', prompt],
  hand: (place) => handOfPi(place, 'bash'),
  limits: { branch: 'its transcripts name no branch' },
};
