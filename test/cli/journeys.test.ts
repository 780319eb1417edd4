/** What a user or a script does, on the real program: each step with its exit code and what it must say. */
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { filled, hostileIn, id, noise, parsed, uid } from '../support/filled.ts';
import { Program } from '../support/program.ts';

describe('ingest, list, show', () => {
  test('stores, says so, and reads nothing the second time', async () => {
    using program = await filled();
    const again = parsed(schemas.ingestSchema, await program.run('ingest', '--json'));
    expect(again).toMatchObject({ sessions_unchanged: 3, files_read: 0, bytes_read: 0 });
    expect((await program.run('ingest')).out).toContain('no file was read');
    const list = parsed(schemas.listSchema, await program.run('list', '--json'));
    expect(list.sessions.map((row) => [row.session_uid, row.state])).toEqual([
      [uid(3), 'unanalyzed'],
      [uid(2), 'analyzed'],
      [uid(1), 'analyzed'],
    ]);
    parsed(schemas.statusSchema, await program.run('status', '--json'));
    parsed(schemas.agentsSchema, await program.run('agents', '--json'));
    parsed(schemas.showSchema, await program.run('show', id(1), '--json'));
    parsed(schemas.filesSchema, await program.run('show', uid(1), '--files', '--json'));
    parsed(schemas.verifySchema, await program.run('verify', '--json'));
    parsed(schemas.configSchema, await program.run('config', '--json'));
    parsed(schemas.analyzeSchema, await program.run('analyze', '--json'));
  });

  test('show --raw gives the bytes that went in', async () => {
    using program = await filled();
    const raw = await program.run('show', id(3), '--raw');
    expect(Buffer.compare(raw.bytes, readFileSync(join(program.home, claudePath(id(3)))))).toBe(0);
  });

  test('an escape sequence in a title, a path or a file name reaches no terminal', async () => {
    using program = new Program();
    program.put(
      claudePath(id(1)),
      promptLine(id(1), 'evil \u001b]0;owned\u0007\u001b[31mred\u202e title').replace(
        '/home/me/project',
        '/home/\\u001b[2Jx',
      ),
    );
    program.put('.claude/projects/-p/bad \u001b[31m name.jsonl', promptLine('x', 'y'));
    for (const args of [
      ['ingest'],
      ['list'],
      ['show', id(1)],
      ['sweep', '--soft-cap', '0', '--hard-cap', '0'],
      ['history'],
      ['agents'],
      ['status'],
    ]) {
      const { out, err } = await program.run(...args);
      expect(hostileIn(`${out}${err}`), args.join(' ')).toEqual([]);
    }
  });
});

describe('restore', () => {
  test('puts the file where the agent looks, fresh, and says how to go on', async () => {
    using program = await filled();
    const path = join(program.home, claudePath(id(1)));
    const content = readFileSync(path);
    rmSync(path);
    const restored = parsed(schemas.restoreSchema, await program.run('restore', id(1), '--json'));
    expect(restored.files).toEqual([path]);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(3_600_000);
    expect(restored.resume?.command).toBe(`cd /home/me/project && claude --resume ${id(1)}`);
    expect(parsed(schemas.ingestSchema, await program.run('ingest', '--json')).files_read).toBe(0);
  });

  test('never over a file that differs, unless forced', async () => {
    using program = await filled();
    const path = join(program.home, claudePath(id(1)));
    writeFileSync(path, 'mine');
    expect((await program.run('restore', id(1))).code).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect((await program.run('restore', id(1), '--force')).code).toBe(0);
  });

  test('never outside the folder, also through a link', async () => {
    using program = await filled();
    const out = join(program.folder, 'out');
    const elsewhere = join(program.folder, 'elsewhere');
    mkdirSync(out);
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(out, 'projects'));
    expect((await program.run('restore', id(1), '--to', out)).code).toBe(1);
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe('wrong words', () => {
  test.each([
    [['swep'], /unknown command swep/, /sweep/],
    [['sweep', '--soft-cpa', '1'], /--soft-cpa/, /--soft-cap/],
    [['sweep', '--soft-cap', 'big'], /--soft-cap is not a size: big/, /4GiB/],
    [['sweep', '--soft-cap', '2', '--hard-cap', '1'], /soft.*above.*hard/, /--hard-cap/],
    [['sweep', '--max-age-days', '-1'], /--max-age-days/, /45/],
    [['list', '--state', 'evicte'], /evicte/, /evicted/],
    [['ingest', '--agent', 'cluade-code'], /cluade-code/, /claude-code/],
    [['ingest', '/no/such/place'], /\/no\/such\/place/, /transcript/],
    [['show', 'nobody'], /no session nobody/, /list/],
    [['show'], /UID/, /--help/],
    [['--config', '/no/config.toml', 'status'], /\/no\/config\.toml/, /config init/],
    [['--color', 'blue', 'status'], /blue/, /never/],
  ])('%p: one line with the name, and the way out; exit 2', async (args, names, wayOut) => {
    using program = new Program();
    const { code, out, err } = await program.run(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.split('\n')[0]).toMatch(names);
    expect(err.split('\n')[1]).toMatch(wayOut);
    expect(existsSync(program.store) && args[0] !== 'show', 'nothing was made').toBe(false);
  });

  test('an unknown key names its file, its line and the nearest key', async () => {
    using program = new Program();
    program.put('.config/session-memory/config.toml', '# mine\nraw_softcap_bytes = "1GiB"\n');
    const { code, err } = await program.run('status');
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/raw_softcap_bytes.*config\.toml, line 2[\s\S]*raw_soft_cap_bytes/),
    ]);
  });

  test('with --json a failure is an object', async () => {
    using program = new Program();
    expect(parsed(schemas.errorSchema, await program.run('--json', 'swep')).error).toMatchObject({
      code: 'usage',
    });
  });
});

describe('settings', () => {
  test('flags win over environment, environment over the file, the file over defaults, and config says which', async () => {
    using program = new Program();
    const file = program.put(
      '.config/session-memory/config.toml',
      'raw_soft_cap_bytes = "1GiB"\nraw_hard_cap_bytes = "2GiB"\nraw_max_age_days = 10\n',
    );
    program.env = { SESSION_MEMORY_RAW_HARD_CAP_BYTES: '3GiB' };
    const { settings } = parsed(schemas.configSchema, await program.run('config', '--json'));
    const of = (key: string) => settings.find((setting) => setting.key === key);
    expect(of('raw_soft_cap_bytes')).toMatchObject({ value: 1024 ** 3, origin: file });
    expect(of('raw_hard_cap_bytes')).toMatchObject({
      value: 3 * 1024 ** 3,
      origin: '$SESSION_MEMORY_RAW_HARD_CAP_BYTES',
    });
    expect(of('distilled_cap_bytes')).toMatchObject({ origin: 'default' });
    expect(of('store')).toMatchObject({ value: program.store, origin: '--store' });
  });

  test('the store and its folder are for their owner only', async () => {
    using program = await filled();
    expect(statSync(join(program.store, '..')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(program.store, '..')))
      expect(statSync(join(program.store, '..', name)).mode & 0o777, name).toBe(0o600);
  });
});

describe('many processes', () => {
  test('two ingests and a sweep at once: nothing is lost, no lock is shown; a second sweep waits for nobody', async () => {
    using program = new Program();
    for (let n = 0; n < 60; n += 1) {
      const name = `60000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;
      program.put(claudePath(name), promptLine(name, `${n} ${noise()}`));
    }
    const caps = ['--yes', '--no-data-loss', '--soft-cap', '50000', '--hard-cap', '100000'];
    const results = await Promise.all([
      program.run('ingest'),
      program.run('ingest'),
      program.run('sweep', ...caps),
      program.run('sweep', ...caps),
    ]);
    for (const { err, code } of results) {
      expect(err).not.toMatch(/busy|locked|unexpected/i);
      expect([0, 4, 6]).toContain(code);
    }
    await program.run('ingest');
    expect((await program.run('verify')).code).toBe(0);
    expect(parsed(schemas.listSchema, await program.run('list', '--json')).sessions).toHaveLength(60);
  });
});

describe('demo', () => {
  test('runs each pass by name on bundled sessions and exits 3; nothing of the user is touched', async () => {
    using program = new Program();
    const { code, out, err } = await program.run('demo', '--yes');
    expect(code).toBe(3);
    for (const pass of ['backstop', 'budget', 'overflow', 'data_loss']) expect(out).toContain(`${pass}: `);
    expect(err).toContain('data_loss: evicted un-analyzed');
    expect(out + err, 'what would stay raw of a history is no matter of the demo').not.toContain(
      'about 0 of',
    );
    expect(existsSync(program.store)).toBe(false);
    expect(readdirSync(program.home)).toEqual([]);
  });
});

describe('help', () => {
  test.each([
    'status',
    'agents',
    'ingest',
    'analyze',
    'sweep',
    'maintain',
    'list',
    'show',
    'restore',
    'pin',
    'unpin',
    'history',
    'verify',
    'config',
    'demo',
  ])('%s --help has examples and exit codes', async (command) => {
    using program = new Program();
    const { code, out } = await program.run(command, '--help');
    expect(code).toBe(0);
    expect(out).toContain('Examples:');
    expect(out).toContain('Exit codes:');
  });
});
