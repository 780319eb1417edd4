/** What `export` may write to, what `import` takes for an export, and what they say of both. */
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { archiveOf, session, written } from '../../scripts/torture/forged-archive.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';
import { Program } from '../support/program.ts';

const header = written([
  {
    kind: 'line',
    value: {
      record: 'header',
      format: 'session-memory export',
      version: 1,
      made_at: '2026-05-02T10:00:00.000Z',
      sessions: 0,
    },
  },
]);
const later = written([
  {
    kind: 'line',
    value: {
      record: 'header',
      format: 'session-memory export',
      version: 99,
      made_at: '2026-05-02T10:00:00.000Z',
      sessions: 0,
    },
  },
]);

/** `import -` of what comes by a pipe, in pieces of one byte at first. */
async function piped(program: Program, content: Uint8Array) {
  const child = Bun.spawn([...program.command, '--store', program.store, 'import', '-'], {
    env: { PATH: Bun.env['PATH'] ?? '', HOME: program.home, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  for (let at = 0; at < Math.min(content.length, 20); at += 1) {
    child.stdin.write(content.subarray(at, at + 1));
    await child.stdin.flush();
  }
  child.stdin.write(content.subarray(20));
  await child.stdin.end();
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { err, code };
}

describe('import', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['one byte', header.subarray(0, 1)],
    ['the first bytes of an export', header.subarray(0, 8)],
    ['the mark of an export alone', header.subarray(0, 12)],
    ['half of its first record', header.subarray(0, header.length - 4)],
    ['a first record that is damaged', Buffer.from(header).fill(7, 60)],
    ['another record first', written([{ kind: 'line', value: { record: 'end', sessions: 0 } }])],
  ])('of a pipe with %s is refused, and makes no store', async (_what, content) => {
    using program = new Program();
    const { code, err } = await piped(program, content);
    expect([code, err]).toEqual([2, expect.stringContaining('no export of session-memory')]);
    expect(existsSync(program.store)).toBe(false);
  });

  test('of an export of a newer program is refused, and makes no store', async () => {
    using program = new Program();
    const { code, err } = await piped(program, later);
    expect([code, err]).toEqual([1, expect.stringContaining('version 99')]);
    expect(existsSync(program.store)).toBe(false);
  });

  test('of a pipe that brings an export byte by byte takes it', async () => {
    using program = new Program();
    const archive = archiveOf(session({ uid: uid(1), files: { main: promptLine(id(1), 'hello') } }));
    expect((await piped(program, archive)).code).toBe(0);
    expect(existsSync(program.store)).toBe(true);
  });

  test.each([
    ['my laptop; rm -rf x.smx', (path: string) => `'${path}'`],
    ["it's.smx", (path: string) => `'${path.replace("'", "'\\''")}'`],
    ['plain.smx', (path: string) => path],
    ['red\u001b[31m.smx', () => 'FILE'],
  ])('names the command for a look at a conflict so that it can be pasted: %j', async (name, word) => {
    using home = new Home();
    home.write(claudePath(id(1)), promptLine(id(1), 'mine'));
    await home.run(['ingest']);
    const archive = archiveOf(session({ uid: uid(1), files: { main: promptLine(id(1), 'another') } }));
    const path = join(home.path, name);
    writeFileSync(path, archive);
    const { out } = await home.run(['import', path]);
    expect(out).toContain(`session-memory --store OTHER import ${word(path)}\``);
  });
});

describe('export', () => {
  const isPosix = process.platform !== 'win32';

  test('writes to no pipe, no device and through no link, with --force neither, and says what to write instead', async () => {
    if (!isPosix) return console.log('skipped: Windows has no FIFO');
    using program = new Program();
    program.put(claudePath(id(1)), promptLine(id(1), 'mine'));
    await program.run('ingest');
    const folder = join(program.folder, 'out');
    mkdirSync(folder);
    const at = (name: string) => join(folder, name);
    Bun.spawnSync(['mkfifo', at('fifo')]);
    writeFileSync(at('there'), 'mine');
    symlinkSync('there', at('link'));
    symlinkSync('nowhere', at('dangling'));
    for (const path of [at('fifo'), '/dev/stdout', '/dev/null', at('link'), at('dangling')])
      for (const force of [[], ['--force']]) {
        const { code, err } = await program.run('export', '--all', path, ...force);
        expect([path, code, err]).toEqual([
          path,
          2,
          expect.stringContaining('`session-memory export --all - > FILE`'),
        ]);
        expect(err).not.toContain('Add --force');
      }
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
    expect([readFileSync(at('there'), 'utf8'), readlinkSync(at('link'))]).toEqual(['mine', 'there']);
    expect(existsSync(at('nowhere'))).toBe(false);
    expect((await program.run('export', '--all', at('there'), '--force')).code).toBe(0);
  }, 30_000);
});
