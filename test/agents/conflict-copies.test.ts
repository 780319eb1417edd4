// A synced folder, or a person, leaves copies of a transcript beside it, named by the id and more. Of every agent that names a
// transcript by its session's id: a copy that says no more is no session, and one that went its own way never takes the id.
import { describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench, sampleOf, THREE, turn } from './bench.ts';

const MARKS: readonly ((stem: string) => string)[] = [
  (stem) => `${stem} (conflicted copy 2026-08-01)`,
  (stem) => `${stem}.sync-conflict-20260801-101010-ABCDEFG`,
  (stem) => `${stem}-DESKTOP-AB12CD`,
  (stem) => `${stem} 2`,
  (stem) => `${stem}~1`,
];

/** Lines, one file a session, named by its id. */
function isNamedByItsId(agent: AgentFormat): boolean {
  if (agent.growth !== 'append' || agent.isDocument?.('main') === true) return false;
  using bench = new Bench(agent);
  const { relPath } = bench.main();
  const stem = basename(relPath, extname(relPath));
  const other = join(dirname(relPath), `${MARKS[0]?.(stem)}${extname(relPath)}`);
  return stem.endsWith(sampleOf(agent).sessionId) && agent.classify(other)?.role === 'main';
}

const NAMED = AGENTS.filter(isNamedByItsId).map((agent) => [agent.id as string, agent] as const);

test('agents that name a transcript by its id are among the known', () => {
  const ids = NAMED.map(([id]) => id);
  expect(ids).toEqual(
    expect.arrayContaining(['claude-code', 'qwen-code', 'pi', 'openclaw', 'droid', 'kiro-cli', 'iflow']),
  );
});

describe.each(NAMED)('%s', (_, agent) => {
  test('conflict copies that say no more are no sessions, and the named file keeps the id', async () => {
    using bench = new Bench(agent);
    const turns = [...THREE, turn(4)];
    await bench.take();
    const { uid } = bench.row();
    const { relPath, key, bytes } = bench.main({ turns });
    const ending = extname(relPath);
    const copies = MARKS.map((mark) => join(dirname(relPath), mark(basename(relPath, ending)) + ending));
    const shorter = bench.main().bytes;
    bench.putFiles({ [relPath]: bytes, ...Object.fromEntries(copies.map((copy) => [copy, shorter])) });
    await bench.ingest();
    expect(bench.row().uid).toBe(uid);
    expect(bench.stored(uid, key).equals(bytes)).toBe(true);

    const own = bench.main({ turns: [turn(1, 'another way'), turn(2, 'and on')] }).bytes;
    bench.putFiles({ [copies[0] ?? '']: own });
    await bench.ingest();
    expect(bench.stored(uid, key).equals(bytes)).toBe(true);
    const rows = [...listSessions(bench.db)];
    expect(rows).toHaveLength(2);
    for (const row of rows) if (row.uid !== uid) expect(bench.stored(row.uid, key).equals(own)).toBe(true);

    rmSync(join(bench.root, relPath));
    await bench.ingest();
    expect(bench.stored(uid, key).equals(bytes)).toBe(true);
  });
});
