/**
 * Nanocoder: one JSON document a session. Promises: as `chat-documents.ts`. Source: a session of 1.30; it notes no tokens and
 * no times of messages.
 */
import { chatDocuments } from './kit/chat-documents.ts';

export const nanocoder = chatDocuments({
  id: 'nanocoder',
  name: 'Nanocoder',
  proof: 'recordings',
  variables: ['XDG_DATA_HOME'],
  roots: ({ homeDir, env }, slash) => [
    [env['XDG_DATA_HOME'] ?? [homeDir, '.local', 'share'].join(slash), 'nanocoder'].join(slash),
  ],
  named:
    /^(.*?[\\/]\.local[\\/]share[\\/]nanocoder|.*[\\/]nanocoder(?=[\\/]sessions[\\/]))(?:[\\/]sessions(?:[\\/][^\\/]*)?|[\\/])?$/s,
  members: {
    id: 'id',
    project: 'workingDirectory',
    list: 'messages',
    startedAt: 'createdAt',
    endedAt: 'lastAccessedAt',
  },
  messageOf: (entry) => entry,
  resume: () => ['nanocoder'],
});
