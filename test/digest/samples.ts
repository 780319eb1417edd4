// Digests and sources to begin a test with.

import { type DigestOutcome, makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';

export const NOW = '2026-11-23T12:00:00.000Z' as Iso;
export const UID = 'claude-code:11111111-2222-4333-8444-555555555555' as SessionUid;

export const emptyDigest: Digest = {
  version: 1,
  session_uid: UID,
  agent: 'claude-code' as Digest['agent'],
  title: null,
  project: null,
  branches: [],
  agent_version: null,
  started_at: null,
  ended_at: null,
  parent: null,
  prompts: [],
  outcome: null,
  files: { read: [], written: [], edited: [] },
  commands: [],
  errors: [],
  commits: [],
  pull_requests: [],
  plans: [],
  todos: [],
  compactions: [],
  subagents: [],
  tools: {},
  models: [],
  tokens: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
  records: { read: 0, unreadable: 0, unknown: {} },
  redacted: 0,
};

/** The digest of main transcripts' bytes, in as many chunks as given. */
export function digestOf(
  agent: AgentFormat,
  ...chunks: readonly (Uint8Array | string)[]
): Promise<DigestOutcome> {
  const parts = chunks.map((chunk) => Buffer.from(chunk));
  return makeDigest({
    uid: UID,
    agent,
    rawBytes: parts.reduce((bytes, part) => bytes + part.length, 0),
    now: NOW,
    files: [{ role: 'main', key: 'main', chunks: parts }],
  });
}
