/** Sessions that are digests only, written by the store's own functions: for what reads digests. */
import type { Digest } from '../../src/domain/digest.ts';
import { agentId, type SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { findSession } from '../../src/store/read.ts';
import { type SearchQuery, search } from '../../src/store/search/search.ts';
import { saveDigest } from '../../src/store/write-digests.ts';
import { ensureSession } from '../../src/store/write-raw.ts';
import { World } from './bench-world.ts';

const AT = '2026-05-01T10:00:00.000Z' as Iso;

export const digestUid = (n: number, agent = 'claude-code') =>
  `${agent}:5ea0${String(n).padStart(4, '0')}-0000-4000-8000-000000000000` as SessionUid;

/** Stores the digest of session `n`; the same `n` again replaces it. */
export function putDigestOf(db: WritableDb, n: number, parts: Partial<Digest>): SessionUid {
  const agent = parts.agent ?? agentId('claude-code');
  const uid = parts.session_uid ?? digestUid(n, agent);
  const digest: Digest = {
    version: 1,
    session_uid: uid,
    agent,
    title: null,
    project: null,
    branches: [],
    agent_version: null,
    started_at: AT,
    ended_at: AT,
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
    tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
    records: { read: 1, unreadable: 0, unknown: {} },
    redacted: 0,
    ...parts,
  };
  if (findSession(db, uid) === null) {
    const nativeId = uid.slice(agent.length + 1);
    ensureSession(db, { uid, agent, nativeId, agentRoot: '/agent', ingestedAt: AT });
  }
  saveDigest(db, {
    uid,
    generation: findSession(db, uid)?.generation ?? 0,
    version: 1,
    json: JSON.stringify(digest),
    complete: true,
    now: AT,
    title: digest.title,
    project: digest.project,
    branch: null,
    startedAt: digest.started_at,
    endedAt: digest.ended_at,
    fileHashes: new Map(),
  });
  return uid;
}

export const prompt = (text: string) => ({ at: AT, text });
export const command = (text: string) => ({ command: text, exit: 0 });

/** The numbers of the sessions that are found, in their order. */
export function found(world: World, text: string, filter: Partial<SearchQuery> = {}): number[] {
  const { hits } = search(world.db, { text, limit: 20, ...filter });
  return hits.map(({ session }) => Number(/5ea0(\d{4})/.exec(session.uid)?.[1]));
}

/** Three sessions, in English, French and Japanese, Korean. */
export function library(): World {
  const world = new World();
  const { db } = world;
  putDigestOf(db, 1, {
    title: 'Fix the login redirect',
    project: '/home/me/website',
    ended_at: '2026-01-10T00:00:00.000Z' as Iso,
    prompts: [prompt('The login page redirects twice. Why?')],
    outcome: 'The cookie was set too late.',
    files: { read: ['src/auth/cookie.ts'], written: [], edited: ['src/auth/login-page.ts'] },
    commands: [command('bun test auth'), command('git push origin main')],
    errors: ['error[E0308]: mismatched types'],
  });
  putDigestOf(db, 2, {
    title: 'Café menu',
    project: '/home/me/Bistro',
    agent: agentId('codex'),
    ended_at: '2026-03-10T00:00:00.000Z' as Iso,
    prompts: [prompt('Write parseArgs for the menu; login is done elsewhere')],
    files: { read: [], written: ['src/page/login.ts'], edited: [] },
    commits: [{ sha: 'abc1234', message: 'Add the menu parser' }],
    todos: [{ text: 'translate the wine list', status: 'pending' }],
  });
  putDigestOf(db, 3, {
    title: '検索機能を追加する',
    ended_at: '2026-04-10T00:00:00.000Z' as Iso,
    prompts: [prompt('全文検索のインデックスを作ってください'), prompt('그리고 검색을 고쳐줘')],
  });
  return world;
}
