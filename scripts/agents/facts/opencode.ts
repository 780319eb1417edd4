import type { AgentFacts } from '../facts.ts';
import { configOf, opencodeHand } from '../opencode-family.ts';

export const opencode: AgentFacts = {
  id: 'opencode',
  version: '1.18.33',
  packages: ['opencode-ai'],
  bin: 'opencode',
  model: 'scripted',
  title: 'asked',
  env: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_SHARE: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  }),
  files: ({ url }) => ({ '.config/opencode/opencode.json': configOf(url) }),
  start: (prompt) => ['run', prompt],
  resume: (id, prompt) => ['run', '--session', id, prompt],
  fork: (id, prompt) => ['run', '--session', id, '--fork', prompt],
  forksNameless: true,
  isLog: (path) => /\/opencode\.db(?:-\w+)?$|\/opencode\/(?:log|snapshot)\//.test(path),
  forget: (id) => ['session', 'delete', id],
  hand: (place) =>
    opencodeHand(place, {
      'look-up': ({ query }) => ['session-memory_search_sessions', { query }],
    }),
  limits: { branch: 'its transcripts name no branch' },
};
