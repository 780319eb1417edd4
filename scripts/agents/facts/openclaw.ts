import { type AgentFacts, handOf, type Place } from '../facts.ts';
import { handOfPi } from './pi.ts';

const FLAGS = ['agent', '--local', '--agent', 'main'];

const onboard = ({ project, url }: Place): readonly string[] => [
  ...['onboard', '--non-interactive', '--accept-risk', '--auth-choice', 'custom-api-key'],
  ...['--custom-base-url', `${url}/v1`, '--custom-model-id', 'scripted', '--custom-api-key', 'none'],
  ...['--custom-provider-id', 'rig', '--custom-compatibility', 'openai', '--workspace', project],
  ...['--skip-health', '--skip-channels', '--skip-skills', '--skip-daemon', '--json'],
];

const more = handOf({
  todo: ({ items }) => [
    'update_plan',
    { plan: items.map((step, n) => ({ step, status: n === 0 ? 'in_progress' : 'pending' })) },
  ],
});

const common: Omit<AgentFacts, 'version'> = {
  id: 'openclaw',
  packages: ['openclaw'],
  bin: 'openclaw',
  model: 'scripted',
  title: 'prompt',
  env: () => ({}),
  files: () => ({}),
  prepare: (place) => [onboard(place)],
  start: (prompt) => [...FLAGS, '--message', prompt],
  resume: (id, prompt) => [...FLAGS, '--session-id', id, '--message', prompt],
  hand: (place) => handOfPi(place, 'exec'),
  limits: {
    branch: 'its transcripts name no branch',
    named: 'it names a session by its service alone, which the rig does not start',
    subagent: 'its subagents run in a service of its own, which the rig does not start',
  },
};

/** Sessions in a database. */
export const openClaw: AgentFacts = {
  ...common,
  version: '2026.9.6',
  // It deletes a session by its service alone, which the rig does not start.
  database: '.openclaw/agents/main/agent',
  limits: { ...common.limits, todos: 'the script would first have to search for its tool' },
};

/** The generation that still wrote files. */
export const openClawFiles: AgentFacts = {
  ...common,
  variant: 'files',
  version: '2026.5.28',
  hand: (place) => {
    const hand = handOfPi(place, 'exec');
    return (...asked) => more(...asked) ?? hand(...asked);
  },
};
