// Every agent with a database through the same cases: it gets them by growing by rows, with a sample beside this.

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/ingest/agents/index.ts';
import { Bench, THREE } from './bench.ts';

const CASES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'is read with what its program has in its log, and nothing of the program is touched': async (bench) => {
    const path = join(bench.root, bench.main().relPath);
    bench.putFiles(bench.files({ turns: THREE.slice(0, 2) }));
    const other = join(bench.folder, 'later.db');
    writeFileSync(other, bench.main().bytes);
    using owner = new Database(path);
    owner.run('PRAGMA journal_mode = WAL');
    await bench.ingest();
    expect(bench.prompts()).toEqual(THREE.slice(0, 2).map(({ prompt }) => prompt));
    copyRows(owner, other);
    const before = folderOf(path);
    expect(await bench.ingest()).toMatchObject({ sessions_grown: 1, warnings: [] });
    expect(folderOf(path)).toEqual(before);
    bench.expectStored();
  },
  'is not read again where its rows are what they were': async (bench) => {
    await bench.take();
    await bench.take();
    expect(await bench.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 1 });
  },
  'is left as it is where the database is damaged, and that is said': async (bench) => {
    await bench.take();
    const { uid } = bench.row();
    const before = bench.stored(uid);
    const { relPath, bytes } = bench.main();
    bench.putFiles({ [relPath]: Buffer.concat([Buffer.from('not a database '), bytes.subarray(15)]) });
    const { warnings } = await bench.ingest();
    expect(warnings.join()).toContain('it is damaged, or no SQLite database');
    expect(bench.stored(uid).equals(before)).toBe(true);
  },
  'a restored transcript is known again': async (bench) => {
    await bench.take();
    const { uid } = bench.row();
    const path = bench.put('elsewhere/restored.jsonl', bench.stored(uid));
    expect(await bench.ingest({ paths: [path] })).toMatchObject({
      ...{ sessions_found: 1, sessions_new: 0, stored_bytes_added: 0, warnings: [] },
    });
    expect(bench.row().uid).toBe(uid);
  },
};

/** Brings a database that its program holds open to what another one is, table by table. */
function copyRows(owner: Database, from: string): void {
  owner.run(`ATTACH '${from}' AS later`);
  const tables = owner
    .query<{ name: string }, []>(
      "SELECT name FROM later.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .all();
  for (const { name } of tables) {
    owner.run(`DELETE FROM main."${name}"`);
    owner.run(`INSERT INTO main."${name}" SELECT * FROM later."${name}"`);
  }
  owner.run('DETACH later');
  // Two connections of one process share the index of the log; a look at the last change notes there how far it has read.
  owner.query('SELECT count(*) FROM sqlite_schema').get();
}

/** The files beside a path, with their bytes' hashes and when they were changed. */
function folderOf(path: string): string[] {
  return readdirSync(dirname(path), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const file = join(dirname(path), name);
      return `${name} ${statSync(file).mtimeMs} ${Bun.hash(readFileSync(file))}`;
    });
}

const WITH_ROWS = AGENTS.filter(({ growth }) => growth === 'rows').map(
  (agent) => [agent.id as string, agent] as const,
);

describe.each(WITH_ROWS)('%s', (_id, agent) => {
  for (const [name, run] of Object.entries(CASES)) {
    test(name, async () => {
      using bench = new Bench(agent);
      await run(bench);
    });
  }
});
