/** A file that is named by its path belongs to the agent whose layout it fits, though the folder of another may bear any name. */
import { describe, expect, test } from 'bun:test';
import { dirname } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { foundFiles } from '../../src/ingest/discover/found-files.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
/** As Claude Code, Qwen Code and others name the folder of a project: what is moved is told by it. */
const PROJECT = '-home-me-project';

/** A file for each of an agent's places that may hold one, relative to its root. */
const examples = (agent: AgentFormat): string[] =>
  agent.places
    .map(({ at }) => at.replaceAll('{id}', ID).replaceAll('**', 'a/b').replaceAll('*', PROJECT))
    .filter((relPath) => {
      const known = agent.classify(relPath);
      // What Roo Code has of a newer Cline is not known by its folder, only by a scan.
      const isNewer = agent.id === 'roo-code' && relPath.startsWith('sessions/');
      return known !== null && known.container === undefined && !isNewer;
    });

async function ownersOf(world: World, path: string, named: readonly string[]): Promise<string[]> {
  using opened = new DisposableStack();
  const files = await foundFiles({
    host: world.host,
    paths: named,
    agent: null,
    agents: AGENTS,
    opened,
    known: new KnownSources(world.db),
    now: world.now,
    warn: () => undefined,
  });
  return files.filter((file) => file.path === path).map((file) => file.agent.id);
}

describe.each(AGENTS.map((agent) => [agent.name, agent] as const))('%s', (_, agent) => {
  const all = examples(agent);
  test.skipIf(all.length === 0).each(all)('%s is its own', async (relPath) => {
    using world = new World();
    const [root = ''] = agent.roots(world.host);
    const path = world.put(`${root.slice(world.home.length + 1)}/${relPath}`, '\n');
    const scanned = await ownersOf(world, path, []);
    expect(scanned.filter((id) => id !== agent.id)).toEqual([]);
    for (const named of [path, dirname(path)]) {
      const owners = await ownersOf(world, path, [named]);
      // Of what no scan looks at, a path that is named may still be taken by its layout.
      const rest = owners.length > 0 || scanned.length > 0 ? [agent.id] : [];
      expect([named, owners]).toEqual([named, rest]);
    }
  });
});

test('ingest --again takes back a subagent of Qwen Code, whose folder looks like one that Claude Code may have', async () => {
  using world = new World();
  const uid = `qwen-code:${ID}` as SessionUid;
  const record = (more: object) =>
    `${JSON.stringify({ uuid: crypto.randomUUID(), sessionId: ID, timestamp: world.now, cwd: '/home/me/project', ...more })}\n`;
  const said = { type: 'user', message: { role: 'user', parts: [{ text: 'hello' }] } };
  const folder = `.qwen/projects/${PROJECT}`;
  const paths = [
    world.put(`${folder}/chats/${ID}.jsonl`, record(said)),
    world.put(`${folder}/subagents/${ID}/agent-1.jsonl`, record({ ...said, isSidechain: true })),
    world.put(`${folder}/subagents/${ID}/agent-1.meta.json`, '{}'),
  ];
  await world.ingest();
  const keys = () => filesOf(world.db, uid).map(({ key, gone }) => [key, gone]);
  const before = keys();
  expect(before).toHaveLength(3);
  world.evict(uid);
  expect(await world.ingest({ paths, again: new Set([uid]) })).toMatchObject({
    paths_without_transcript: [],
  });
  expect(keys()).toEqual(before);
  expect(listSessions(world.db)).toHaveLength(1);
});
