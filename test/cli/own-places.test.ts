/** `[agents.x]` whose glob was changed, or is another one on another machine: its sessions come out all the same. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { parsed } from '../support/filled.ts';
import { Program } from '../support/program.ts';

const CONFIG = '.config/session-memory/config.toml';
const table = (glob: string, more = '') =>
  `[agents.mine]\nname = "My own"\nroots = ["~/mine"]\nglob = "${glob}"\nformat = "jsonl"\n${more}`;
const content = (id: string) =>
  [
    { role: 'user', content: `mend ${id}`, session: id },
    { role: 'assistant', content: 'mended' },
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');

/** A home with two sessions that a glob matches, stored. */
async function stored(glob: string, more: string, ...paths: readonly string[]): Promise<Program> {
  const program = new Program();
  for (const path of paths) program.put(`mine/${path}`, content(path));
  program.put(CONFIG, table(glob, more));
  expect((await program.run('ingest')).out).toContain(`Analyzed ${paths.length}.`);
  return program;
}

test.each([
  ['its path names it', ''],
  ['its records name it', 'id = "session"\n'],
])(
  'a session whose path the glob of today does not match is restored, exported and imported: %s',
  async (_, more) => {
    using program = await stored('logs/*.jsonl', more, 'logs/one.jsonl', 'logs/two.jsonl');
    program.put(CONFIG, table('talks/**/*.jsonl', more));
    rmSync(join(program.home, 'mine/logs'), { recursive: true });

    const told = await program.run('restore', '--all');
    expect([told.code, told.err]).toEqual([0, '']);
    expect(told.out).toContain('Restored 2 files of 2 sessions.');
    expect(told.out).toContain('The transcript was met as logs/one.jsonl; its place is now talks/');
    const { restored } = parsed(
      schemas.restoreSeveralSchema,
      await program.run('restore', '--all', '--json'),
    );
    expect(restored.map(({ moved }) => moved?.from).sort()).toEqual(['logs/one.jsonl', 'logs/two.jsonl']);
    const files = restored.flatMap((one) => one.files);
    expect(files.map((path) => readFileSync(path, 'utf8')).sort()).toEqual(
      [content('logs/one.jsonl'), content('logs/two.jsonl')].sort(),
    );
    for (const path of files) expect(path).toStartWith(join(program.home, 'mine/talks/'));
    expect((await program.run('ingest')).out).toContain('no file was read');

    const file = join(program.folder, 'all.smx');
    const exported = await program.run('export', '--all', file);
    expect([exported.code, exported.err]).toEqual([0, '']);
    using other = new Program();
    other.put(CONFIG, table('notes/*.chat', more));
    const imported = await other.run('import', '--trust', file);
    expect([imported.code, imported.err]).toEqual([0, '']);
    const put = await other.run('restore', '--all', '--json');
    expect(put.code).toBe(0);
    const there = parsed(schemas.restoreSeveralSchema, put).restored.flatMap((one) => one.files);
    expect(there.map((path) => path.replace(/[^/]+$/, ''))).toEqual(
      [1, 2].map(() => join(other.home, 'mine/notes/')),
    );
    for (const path of there) expect(path).toEndWith('.chat');
  },
);

test('a session whose glob ends in a name that no other agent has is restored where it was', async () => {
  using program = await stored('logs/*.chat', '', 'logs/one.chat');
  const path = join(program.home, 'mine/logs/one.chat');
  rmSync(path);
  const told = await program.run('restore', '--all');
  expect([told.code, told.err, existsSync(path)]).toEqual([0, '', true]);
  expect(told.out).not.toContain('was met as');
  const file = join(program.folder, 'all.smx');
  expect((await program.run('export', '--all', file)).code).toBe(0);
  rmSync(path);
  program.store = join(program.folder, 'other', 's.db');
  expect((await program.run('import', '--trust', file)).code).toBe(0);
  expect((await program.run('restore', '--all')).code).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe(content('logs/one.chat'));
});
