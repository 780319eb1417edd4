/** An agent of a configuration whose glob has changed since a session was met: each session still has a place. */
import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { agentOfFormat } from '../../src/agents/registry.ts';
import { isPlaceOf, staysBelow } from '../../src/domain/places.ts';
import { placement } from '../../src/restore/placement.ts';

/** Globs, and paths that each of them matches. */
const GLOBS: Readonly<Record<string, readonly string[]>> = {
  'logs/*.jsonl': ['logs/one.jsonl', 'logs/two words.jsonl'],
  'talks/**/*.jsonl': ['talks/one.jsonl', 'talks/2026/05/one.jsonl'],
  '**/*.jsonl.zst': ['one.jsonl.zst', 'a/b/one.jsonl.zst'],
  'logs/*.chat': ['logs/one.chat', 'logs/-x.chat'],
  '{a/*.chat,b/*.talk}': ['a/one.chat', 'b/one.talk'],
  '*.{chat,talk}': ['one.chat', 'one.talk'],
  '*/history': ['one/history', 'two/history'],
  'x-[0-9]/*.md': ['x-1/one.md'],
  '**': ['one', 'a/b'],
  '*.?hat': ['one.chat'],
};

const pattern = fc.constantFrom(...Object.keys(GLOBS));
const own = fc.record(
  {
    glob: pattern,
    format: fc.constantFrom('jsonl' as const, 'markdown' as const, 'json' as const),
    id: fc.constant(['session']),
  },
  { requiredKeys: ['glob', 'format'] },
);

test('a session that was met under another glob has a place, its own or under its id, here and in an archive', () => {
  fc.assert(
    fc.property(own, own, fc.nat(), fc.boolean(), (before, now, pick, isForeign) => {
      const paths = GLOBS[before.glob] ?? [];
      const relPath = paths[pick % paths.length] ?? '';
      const nativeId = agentOfFormat('mine', before).classify(relPath)?.nativeId ?? 'told-1';
      const format = agentOfFormat('mine', now);
      const asked = {
        agent: 'mine',
        nativeId,
        target: { nativeId: 'told-2', project: null, startedAt: null },
        isForeign,
      };
      for (const platform of [null, 'linux'] as const) {
        const placed = placement(format, asked, { role: 'main', key: 'main', relPath }, platform);
        expect(placed).toHaveProperty('at');
        if ('why' in placed) return;
        expect([staysBelow(placed.at), isPlaceOf(format.places, placed.at)]).toEqual([true, true]);
        // Nothing else of a stranger's is put beside it.
        for (const [role, key] of [
          ['sidecar', 'main'],
          ['main', 'other'],
        ] as const)
          expect(placement(format, asked, { role, key, relPath }, platform)).toHaveProperty('why');
      }
    }),
  );
});

test('a stranger’s session is not put where the glob finds another one', () => {
  const format = agentOfFormat('mine', { glob: '**/*.jsonl', format: 'jsonl' });
  const file = { role: 'main', key: 'main', relPath: 'logs/one.jsonl' } as const;
  const target = { nativeId: 'other', project: null, startedAt: null };
  const asked = { agent: 'mine', nativeId: 'other', target };
  expect(placement(format, { ...asked, isForeign: true }, file, 'linux')).toMatchObject({
    at: 'other.jsonl',
  });
  expect(placement(format, { ...asked, isForeign: false }, file, 'linux')).toEqual({ at: file.relPath });
});

test.each([
  ['logs/*.chat', 'logs/one.chat', true],
  ['logs/*.chat', 'logs/ID.chat', true],
  ['logs/*.chat.zst', 'logs/one.chat', true],
  ['{a/*.chat,b/*.talk}', 'b/one.talk', true],
  ['{a/*.chat,b/*.talk}', 'b/one.chat', false],
  ['*.{chat,talk}', 'one.talk', true],
  ['*.[ct]hat', 'one.that', true],
  ['*/history', 'one/history', true],
  ['**', 'one.sh', false],
  ['*.*', 'one.sh', false],
  ['*.s*', 'one.sh', false],
  ['*.s*', 'one.s', false],
  ['*.?h', 'one.sh', false],
  ['*.s*h', 'one.sh', false],
  ['*sh', 'one.sh', false],
  ['*.{sh,*}', 'one.sh', false],
  ['*/hi*', 'one/history', false],
  ['*', 'one.', false],
  ['**/*', 'a/one.jsonl', true],
])('glob %p: what the glob spells out as an ending is one of a transcript: %p', (glob, path, isPlace) => {
  const { places } = agentOfFormat('mine', { glob, format: 'jsonl' });
  expect(isPlaceOf(places, path)).toBe(isPlace);
});

test('what is put under its id is found there by the glob again, where that spells out its ending', () => {
  for (const [glob, at] of [
    ['logs/*.chat', 'logs/ID.chat'],
    ['logs/*.MD', 'logs/ID.MD'],
    ['*.jsonl.zst', 'ID.jsonl'],
    ['a/**/*.talk', 'a/ID.talk'],
    ['*.{md,markdown}', 'ID.md'],
    ['**', 'ID.md'],
    ['*.zst', 'ID.md'],
  ] as const) {
    const format = agentOfFormat('mine', { glob, format: glob.includes('jsonl') ? 'jsonl' : 'markdown' });
    const target = { nativeId: 'ID', project: null, startedAt: null };
    expect(format.restorePath(target, { role: 'main', key: 'main', relPath: 'elsewhere/x' })).toBe(
      glob === '**' ? 'elsewhere/x' : at,
    );
    expect(format.restorePath(target, { role: 'main', key: 'main', relPath: '' })).toBe(at);
  }
});
