// A session of a database that was restored once, and has grown since, is restored again: what lies in our own folder is no obstacle.
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { opencode } from '../../src/agents/opencode/index.ts';
import { Bench } from '../agents/bench.ts';
import { OPENCODE_SCHEMA, type Rows } from '../agents/samples/opencode.ts';
import { runIn } from '../support/runtime.ts';
import { databaseOf } from '../support/stored-rows.ts';

const BEGAN = Date.parse('2026-05-01T10:00:00.000Z');
const times = (turn: number) => ({ time_created: BEGAN + turn * 1000, time_updated: BEGAN + turn * 1000 });

function databaseWith(turns: number): Uint8Array {
  const session = {
    id: 'ses_1',
    project_id: 'p',
    slug: 's',
    directory: '/w',
    title: 'A',
    version: '1.18.33',
  };
  const rows: Rows = [['session', { ...session, ...times(turns) }]];
  for (let n = 1; n <= turns; n++) {
    const data = JSON.stringify({ role: 'user', time: { created: BEGAN + n * 1000 } });
    const text = JSON.stringify({ type: 'text', text: `prompt ${n}` });
    const of = { session_id: 'ses_1', ...times(n) };
    rows.push(['message', { id: `msg_${n}`, ...of, data }]);
    rows.push(['part', { id: `prt_${n}`, message_id: `msg_${n}`, ...of, data: text }]);
  }
  return databaseOf(OPENCODE_SCHEMA, rows);
}

function place() {
  const bench = new Bench(opencode);
  const store = join(bench.folder, 'cli', 's.db');
  const run = (...args: string[]) => runIn(bench.home, ['--store', store, ...args]);
  const restore = async () => {
    const { code, out, err } = await run('restore', 'opencode:ses_1', '--json');
    return { code, err, told: code === 0 ? JSON.parse(out) : null };
  };
  return { bench, run, restore, folder: join(dirname(store), 'restored/opencode') };
}

test('a second restore goes on from the first, and leaves nothing beside', async () => {
  const { bench, run, restore, folder } = place();
  using _ = bench;
  for (let turns = 1; turns <= 3; turns++) {
    bench.put('.local/share/opencode/opencode.db', databaseWith(turns));
    expect((await run('ingest')).code).toBe(0);
    const { code, err, told } = await restore();
    expect([code, err]).toEqual([0, '']);
    const [transcript, forImport] = told.files;
    expect(JSON.parse(readFileSync(forImport, 'utf8')).messages).toHaveLength(turns);
    expect(readFileSync(transcript, 'utf8')).toContain(`prompt ${turns}`);
    expect(told.replaced.map(({ aside }: { aside: unknown }) => aside)).toEqual(
      turns === 1 ? [] : [null, null],
    );
    expect(readdirSync(folder).sort()).toEqual(['ses_1.import.json', 'ses_1.jsonl']);
    // Once more as it is: nothing is to be done.
    expect((await restore()).told.written).toBe(0);
  }
});

test('what somebody else has put into our folder is put beside, not lost', async () => {
  const { bench, run, restore, folder } = place();
  using _ = bench;
  bench.put('.local/share/opencode/opencode.db', databaseWith(2));
  await run('ingest');
  await restore();
  writeFileSync(join(folder, 'ses_1.import.json'), '{"mine": true}');
  rmSync(join(folder, 'ses_1.jsonl'));
  const { code, told } = await restore();
  expect(code).toBe(0);
  const [{ aside }] = told.replaced;
  expect(readFileSync(aside, 'utf8')).toBe('{"mine": true}');
  expect(JSON.parse(readFileSync(join(folder, 'ses_1.import.json'), 'utf8')).messages).toHaveLength(2);
});
