import type { AgentFacts } from '../facts.ts';
import { configOf, opencodeHand } from '../opencode-family.ts';

export const kilo: AgentFacts = {
  id: 'kilo',
  version: '7.7.7',
  packages: ['@kilocode/cli'],
  bin: 'kilo',
  model: 'scripted',
  title: 'asked',
  env: () => ({
    KILO_DISABLE_AUTOUPDATE: '1',
    KILO_DISABLE_MODELS_FETCH: '1',
    KILO_DISABLE_LSP_DOWNLOAD: '1',
    KILO_DISABLE_SHARE: '1',
    KILO_DISABLE_DEFAULT_PLUGINS: '1',
  }),
  files: ({ url }) => ({ '.config/kilo/kilo.json': configOf(url) }),
  start: (prompt) => ['run', '--auto', '-m', 'rig/scripted', prompt],
  resume: (id, prompt) => ['run', '-s', id, '--auto', '-m', 'rig/scripted', prompt],
  forget: (id) => ['session', 'delete', id],
  hand: opencodeHand,
  limits: { branch: 'its transcripts name no branch' },
};
