/** What a recording keeps of a run: the same bytes in the same places, and nothing of the machine. */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KNOWN } from '../../scripts/agents/known.ts';
import { recordHome } from '../../scripts/agents/record.ts';
import { recordTypesOf } from '../../scripts/agents/record-types.ts';
import { BEGIN, END, pageWith, type Row, rowsIn, titleIn, titleOf } from '../../scripts/agents/table.ts';
import { AGENTS } from '../../src/agents/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-recorded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [run, to, programs] = [join(folder, 'run'), join(folder, 'to'), '/cache/of/agents'];
const dashed = (path: string) => path.replaceAll('/', '-');

test('a recording names neither the folder of the run nor that of the programs, and no byte of it moves', () => {
  const root = join(run, 'home/.agent');
  const content = `{"cwd":"${run}/home/work","bin":"${programs}/x","slug":"${dashed(run)}-home-work"}\n\0\xff`;
  mkdirSync(join(root, dashed(run)), { recursive: true });
  writeFileSync(join(root, dashed(run), 'a.jsonl'), content, 'latin1');
  recordHome(run, [root], programs, to);
  expect(existsSync(join(to, '.agent', dashed(run)))).toBe(false);
  const [name = ''] = [...new Bun.Glob('.agent/*/a.jsonl').scanSync({ cwd: to, dot: true })];
  const copy = readFileSync(join(to, name), 'latin1');
  expect(copy).toHaveLength(content.length);
  for (const word of [run, programs, dashed(run)]) expect(copy).not.toContain(word);
  expect(JSON.parse(copy.split('\n')[0] ?? '')).toMatchObject({
    cwd: expect.stringMatching(/^\/home\/dev\/agents0*\/home\/work$/),
  });
});

test('a database is recorded at rest, and is whole', () => {
  const root = join(run, 'home/.rows');
  mkdirSync(root, { recursive: true });
  const db = new Database(join(root, 'a.db'));
  db.run('PRAGMA journal_mode = WAL');
  db.run('CREATE TABLE session (id TEXT PRIMARY KEY, folder TEXT)');
  db.run('CREATE INDEX by_folder ON session (folder)');
  const insert = db.query('INSERT INTO session VALUES (?, ?)');
  for (let n = 0; n < 50; n += 1) insert.run(`${n}`, n % 2 === 0 ? `${run}/home/${n}` : `/etc/${n}`);
  recordHome(run, [root], programs, to);
  db.close();
  const copy = new Database(join(to, '.rows/a.db'));
  expect(copy.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  expect(
    copy
      .query("SELECT count(*) AS n FROM session WHERE folder >= '/home/dev/' AND folder < '/home/dev0'")
      .get(),
  ).toEqual({ n: 25 });
  copy.close();
  expect(existsSync(join(to, '.rows/a.db-wal'))).toBe(false);
});

test.each([
  [
    'lines',
    '{"type":"user","message":{"role":"user","content":"secret"}}\n{"type":"event_msg","payload":{"type":"token_count"}}\n',
    ['event_msg/token_count', 'user/user'],
  ],
  ['rows', '{"table":"part","row":{}}\n{"table":"part","row":{}}\n', ['part']],
  ['a document', '{\n "messages": [\n {"role":"user"}, {"role":"assistant"}\n ]\n}', ['assistant', 'user']],
  ['nothing', '', []],
])('the kinds of records in %s', (_, text, types) => expect(recordTypesOf(text)).toEqual(types));

describe('the page of agents', () => {
  const page = readFileSync(join(import.meta.dir, '../../docs/agents.md'), 'utf8');
  const part = page.slice(page.indexOf(BEGIN), page.indexOf(END, page.indexOf(BEGIN)));
  const titles = KNOWN.map(titleOf);

  test('has the part that a run writes, with agents of the rig only, in its order', () => {
    expect(page.indexOf(BEGIN)).toBeGreaterThan(0);
    const told = rowsIn(part).map(titleIn);
    expect(told).toEqual(titles.filter((title) => told.includes(title)));
    for (const title of told) expect(AGENTS.map(({ name }) => name)).toContain(title.replace(/ \(.*/, ''));
  });

  test('keeps what was not run, and all around it', () => {
    const [agent] = KNOWN;
    if (agent === undefined) throw new Error('the rig has no agent');
    const row: Row = { agent, version: '9.9.9', outcomes: new Map([['found', { is: 'ok' }]]) };
    const after = pageWith(page, [row], titles, '2030-01-01');
    const others = (text: string) =>
      text.split('\n').filter((line) => !line.startsWith(`| ${titleOf(agent)} | `) || line.includes('`'));
    expect(others(after)).toEqual(others(page));
    expect(
      rowsIn(after.slice(after.indexOf(BEGIN))).filter((line) => line.includes('2030-01-01')),
    ).toHaveLength(1);
    expect(pageWith(after, [row], titles, '2030-01-01')).toBe(after);
  });
});
