/** One home with a session of every agent at once: what a scan and an ingest count is what the files and databases hold. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { rootsOf } from '../../src/domain/agent.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { World } from '../support/bench-world.ts';
import { CWD, sampleOf, THREE } from './bench.ts';

/** How many sessions a database holds, asked of the database. */
const COUNTS: Readonly<Record<string, string>> = {
  opencode: 'SELECT count(*) AS n FROM session',
  kilo: 'SELECT count(*) AS n FROM session',
  goose: 'SELECT count(*) AS n FROM sessions',
  crush: 'SELECT count(*) AS n FROM sessions',
  hermes: 'SELECT count(*) AS n FROM sessions',
  cursor: "SELECT count(*) AS n FROM cursorDiskKV WHERE key LIKE 'composerData:%'",
};

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

test('a home with every agent at once: each session is found once, and what is counted is what is there', async () => {
  using world = new World();
  const expected: Record<string, { sessions: number; files: number | null; bytes: number | null }> = {};
  for (const agent of AGENTS) {
    const sample = sampleOf(agent);
    const first = rootsOf(agent, world.host)[0] ?? '';
    const { project } = sample;
    const cwd = project === undefined ? CWD : join(world.home, project.folder);
    const root = project === undefined ? first : (agent.projectRoot?.(cwd, world.host) ?? '');
    for (const [relPath, content] of Object.entries(project?.list(cwd) ?? {}))
      put(join(first, relPath), content);
    const files = Object.entries(sample.session({ id: sample.sessionId, cwd, turns: THREE }));
    let sessions = 1;
    for (const [relPath, content] of files) {
      const path = join(root, relPath);
      put(path, content);
      if (!path.endsWith('db')) continue;
      const sql = COUNTS[agent.id];
      if (sql === undefined) throw new Error(`no question for the database of ${agent.id}`);
      using database = new Database(path, { readonly: true });
      sessions = database.query<{ n: number }, []>(sql).get()?.n ?? 0;
    }
    const taken = files.filter(([relPath]) => agent.classify(relPath) !== null);
    const bytes = taken.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0);
    // Of rows only their lines have a size.
    const isRows = agent.growth === 'rows';
    expected[agent.id] = { sessions, files: isRows ? null : taken.length, bytes: isRows ? null : bytes };
  }
  const scans = await scanAgents(world.db, world.host, world.clock, (text) => expect(text).toBe(''));
  const found = Object.fromEntries(
    scans.map((scan) => [
      scan.agent,
      {
        sessions: scan.sessions,
        files: expected[scan.agent]?.files === null ? null : scan.files,
        bytes: expected[scan.agent]?.bytes === null ? null : scan.raw_bytes,
      },
    ]),
  );
  expect(found).toEqual(expected);
  const all = Object.values(expected).reduce((sum, { sessions }) => sum + sessions, 0);
  expect(await world.ingest()).toMatchObject({ sessions_new: all, analyzed: all, failed: 0, warnings: [] });
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_unchanged: all, files_read: 0 });
});
