/** Names of files as agents themselves give them: what was met on this machine is given back under any of them. */
import { describe, expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { nativeIdOf, sessionUid } from '../../src/domain/ids.ts';
import { isPassing, isPlaceOf } from '../../src/domain/places.ts';
import { hashText } from '../../src/files/hash-text.ts';
import { placement } from '../../src/restore/placement.ts';

const ID = '8c816805-0000-4000-8000-000000000001';

function agentOf(id: string): AgentFormat {
  const found = AGENTS.find((agent) => agent.id === id);
  if (found === undefined) throw new Error(`no agent ${id}`);
  return found;
}

function placed(agent: AgentFormat, relPath: string, isForeign: boolean) {
  const found = agent.classify(relPath);
  if (found === null) throw new Error(`${agent.id} knows no ${relPath}`);
  const nativeId = found.nativeId ?? ID;
  const target = {
    nativeId: nativeIdOf(sessionUid(agent.id, nativeId, hashText)),
    project: null,
    startedAt: null,
  };
  const { role, key } = found;
  const file = { role, key, relPath };
  const at = agent.restorePath(target, file);
  return { at, is: placement(agent, { agent: agent.id, nativeId, target, isForeign }, file, 'linux') };
}

test('the lock and the high-water mark of Claude Code’s tasks are given back, out of an archive too', () => {
  for (const name of ['.lock', '.highwatermark', '1.json'])
    for (const isForeign of [false, true])
      expect(placed(agentOf('claude-code'), `tasks/${ID}/${name}`, isForeign).is).toEqual({
        at: `tasks/${ID}/${name}`,
      });
  for (const name of ['.envrc', '.lock/x', 'x/.lock', '.locks'])
    expect(placed(agentOf('claude-code'), `tasks/${ID}/${name}`, true).is).toHaveProperty('why');
});

describe('who has a session of Copilot CLI open', () => {
  const { classify, places } = agentOf('copilot-cli');
  test.each(['inuse.123.lock', 'inuse.a.b.hold', 'inuse..lock'])('is no file of it: %s', (name) => {
    const at = `session-state/${ID}/${name}`;
    expect([classify(at), isPassing(places, at), isPlaceOf(places, at)]).toEqual([null, true, false]);
  });

  test.each(['inuse.d/my.lock', 'inuse.1.lock/x', 'files/inuse.1.lock', 'inuse.lock', 'inuse.1.locks'])(
    'a file of it is stored whose name only resembles that: %s',
    (name) => {
      const at = `session-state/${ID}/${name}`;
      expect([classify(at)?.key, isPassing(places, at), isPlaceOf(places, at)]).toEqual([name, false, true]);
    },
  );
});
