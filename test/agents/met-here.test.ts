/** Names of files as agents themselves give them: what was met on this machine is given back under any of them. */
import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { nativeIdOf, sessionUid } from '../../src/domain/ids.ts';
import { isPassing, isPlaceOf } from '../../src/domain/places.ts';
import { hashText } from '../../src/files/hash-text.ts';
import { placement } from '../../src/restore/placement.ts';
import { sampleOf } from './bench.ts';

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

const NAMES = [
  ...['.envrc', '.git', '.x', 'CLAUDE.md', 'AGENTS.md', 'Makefile', 'package.json', 'settings.json'],
  ...['PROGRA~1', 'x~1.txt', 'a\\b', 'a\nb', '\u202egpj', 'x.desktop', 'config.toml', '\u200b.x'],
];
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ minLength: 1, maxLength: 9 }));

// What is stored of a database lies at no place of its agent's.
const WITH_FILES = AGENTS.filter(({ cannotPutBack }) => cannotPutBack === undefined);
const met = fc
  .tuple(
    fc.constantFrom(
      ...WITH_FILES.flatMap((agent) => agent.places.map(({ at, kind }) => ({ agent, at, kind }))).filter(
        ({ kind }) => kind !== 'read' && kind !== 'passing',
      ),
    ),
    fc.array(name, { minLength: 1, maxLength: 6 }),
  )
  .map(([{ agent, at }, names]) => {
    let n = 0;
    const next = () => names[n++ % names.length] ?? '';
    const relPath = at
      .replaceAll('{id}', sampleOf(agent).sessionId)
      .replace(/\*\*\/?/g, () => `${next()}/${next()}`)
      .replaceAll('*', next);
    return { agent, relPath };
  });

test('what was met here is refused, or moved, for no name', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(met, ({ agent, relPath }) => {
      if (agent.classify(relPath) === null || !isPlaceOf(agent.places, relPath)) return;
      const { at, is } = placed(agent, relPath, false);
      // Where its agent has it elsewhere by now, that is not for its name.
      if (at !== relPath) return;
      expect([agent.id, is]).toEqual([agent.id, { at }]);
      seen.add(`${agent.id} ${relPath}`);
    }),
    { numRuns: 5000 },
  );
  expect(seen.size).toBeGreaterThan(500);
});

test('a name that was met here is spared on no system that cannot hold it', () => {
  const claude = agentOf('claude-code');
  const long = `projects/-srv-x/${ID}/${'n'.repeat(256)}`;
  expect(placed(claude, long, false).is).toEqual({ why: 'a name is longer than 255 bytes' });
  const relPath = `projects/-srv-x/${ID}/aux.txt`;
  const target = { nativeId: ID, project: null, startedAt: null };
  const file = { role: 'sidecar', key: claude.classify(relPath)?.key ?? '', relPath } as const;
  const asked = { agent: 'claude-code', nativeId: ID, target, isForeign: false };
  expect(placement(claude, asked, file, 'win32')).toEqual({ why: 'Windows takes such a name for a device' });
});
