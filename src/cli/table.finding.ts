/** What finds sessions beside `search`, for people and for agents: rows of the table of commands. */
import type { LoadableCommand } from './context.ts';

export const FINDING: readonly LoadableCommand[] = [
  {
    name: 'related',
    summary: 'sessions about the same: the same files, the same telling words',
    args: ['UID'],
    flags: [
      { flag: '--project TEXT', help: 'only projects that hold this text' },
      { flag: '--limit N', help: 'at most so many (default 10)' },
    ],
    examples: [
      'session-memory related 8c81',
      'session-memory related 8c81 --json | jq -r .related[].session.session_uid',
    ],
    exits: [],
    about:
      'Compares digests, of evicted sessions too: files that both name count most, then words that few sessions have. Says which files and words both have.',
    onlyReads: true,
    load: async () => (await import('./commands/related.ts')).relatedCommand,
  },
  {
    name: 'mcp',
    summary: 'a server for agents over stdin and stdout: search, one digest, what happened to a file',
    args: [],
    flags: [],
    examples: ['session-memory mcp'],
    exits: [],
    about:
      'Speaks the Model Context Protocol and only reads. It leaves out sessions of the last ten minutes and excluded projects. Recorded text comes without secrets, between marks that say it is data. Raw transcripts are given out only with mcp.transcripts = true in the configuration. An agent is told of it by its own command: claude mcp add -s user session-memory -- session-memory mcp, or codex mcp add session-memory -- session-memory mcp.',
    onlyReads: true,
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
];
