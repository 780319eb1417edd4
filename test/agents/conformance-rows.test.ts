// Every agent with a database through the same cases: it gets them by growing by rows, with a sample beside this.

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { listSessions } from '../../src/store/read.ts';
import { versionsOf } from '../../src/store/versions.ts';
import { Owner } from '../support/owner.ts';
import { databasesWithoutATable, databaseWithoutWords } from './altered.ts';
import { Bench, saysSomething, THREE, turn } from './bench.ts';

const CASES: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  'is read with what its program has in its log, and nothing of the program is touched': async (bench) => {
    const path = join(bench.root, bench.main().relPath);
    bench.putFiles(bench.files({ turns: THREE.slice(0, 2) }));
    const other = join(bench.folder, 'later.db');
    writeFileSync(other, bench.main().bytes);
    await using owner = await Owner.of(path);
    await bench.ingest();
    expect(bench.prompts()).toEqual(THREE.slice(0, 2).map(({ prompt }) => prompt));
    await owner.become(other, tablesIn(other));
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
  'a database that has lost what was said, as a half-done migration leaves it, has no digest of nothing':
    async (bench) => {
      const { relPath, bytes } = bench.main();
      const words = THREE.flatMap((turn) => Object.values(turn) as string[]);
      for (const lost of [databaseWithoutWords(bytes, words), ...databasesWithoutATable(bytes)]) {
        using other = new Bench(bench.agent);
        other.putFiles({ [relPath]: lost });
        await other.ingest();
        for (const { state, analyzeError } of listSessions(other.db)) {
          if (state === 'analyzed') expect(saysSomething(other.digest())).toBe(true);
          else expect(analyzeError).toMatch(/^no(?:thing)? /);
        }
      }
    },
  // Of a database that was made anew the ids are given again: only how many rows there were was compared.
  'tells that another conversation as long stands in its place, and keeps the first one': async (bench) => {
    await bench.take();
    const { uid } = bench.row();
    bench.putFiles(bench.files({ turns: [turn(11), turn(12), turn(13)] }));
    dayLater(join(bench.root, bench.main().relPath));
    const { warnings } = await bench.ingest();
    expect(warnings.join()).toContain('has lost most of what it held');
    expect(versionsOf(bench.db, uid).map(({ records }) => records)).toHaveLength(1);
    expect(bench.row().uid).toBe(uid);
  },
  'tells of no loss where each row says something else in its place': async (bench) => {
    await bench.take();
    const path = join(bench.root, bench.main().relPath);
    eachText(path, (column) => `replace(${column}, 'prompt number', 'prompt of another writing')`);
    dayLater(path, /updated/i);
    const report = await bench.ingest();
    expect([report.sessions_grown, report.warnings]).toEqual([1, []]);
    expect(bench.stored(bench.row().uid).toString()).toContain('prompt of another writing 1');
  },
  'a restored transcript is known again': async (bench) => {
    await bench.take();
    const { uid } = bench.row();
    const path = bench.put('elsewhere/restored.jsonl', bench.stored(uid));
    expect(await bench.ingest({ paths: [path] })).toMatchObject({
      sessions_found: 1,
      sessions_new: 0,
      stored_bytes_added: 0,
      warnings: [],
    });
    expect(bench.row().uid).toBe(uid);
  },
};

/** Writes other texts into all rows, under their keys. */
function eachText(path: string, text: (column: string) => string): void {
  eachColumn(path, (table, column) =>
    /^(?:key|hash|id|.*_id)$/.test(column)
      ? null
      : `UPDATE ${table} SET ${column} = ${text(column)} WHERE typeof(${column}) = 'text'`,
  );
}

/** Puts columns of times, and times within texts, a day later. */
function dayLater(path: string, columns = /time|created|updated|_at$/i): void {
  eachColumn(path, (table, column) =>
    columns.test(column)
      ? `UPDATE ${table} SET ${column} = ${column} + iif(${column} > 1e11, 86400000, 86400)
         WHERE typeof(${column}) IN ('integer', 'real') AND ${column} > 1e9`
      : null,
  );
  eachText(path, (column) => `replace(replace(${column}, '2026-05-01', '2026-05-02'), ':17776', ':17777')`);
}

function eachColumn(path: string, statement: (table: string, column: string) => string | null): void {
  const tables = tablesIn(path);
  using db = new Database(path);
  for (const table of tables) {
    const columns = db.query<{ name: string }, []>(`SELECT name FROM pragma_table_info('${table}')`).all();
    for (const sql of columns.map(({ name }) => statement(table, name))) if (sql !== null) db.run(sql);
  }
}

function tablesIn(path: string): string[] {
  using db = new Database(path);
  return db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .all()
    .map(({ name }) => name);
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
