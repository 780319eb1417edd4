// `uninstall --all`: what is ours goes, every file that stays is named, and nothing that anybody else made is touched.

import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { uninstallSchema } from '../../src/cli/schemas.unattended.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { type Circumstances, runIn } from '../support/runtime.ts';

const ID = '70000001-0000-4000-8000-000000000000';
const DATA = '.local/share/session-memory';
const STORE = `${DATA}/store.db`;
const CONFIG = '.config/session-memory/config.toml';
const LOCK = [`${STORE}.sweep-lock`, `${STORE}.sweep-lock-journal`];
const LONG_AGO = new Date('2020-01-01T00:00:00.000Z');

/** What differs is to be read where a test fails; a store is not. */
const textOf = (bytes: Buffer) => (bytes.length > 4096 ? `#${Bun.hash(bytes)}` : bytes.toString('latin1'));

/** A home whose store lies where it does by default. It is the folder of temporary files, too. */
class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-uninstall-'));
  readonly program = join(this.path, 'tools', 'session-memory');

  at(relPath: string): string {
    return join(this.path, relPath);
  }

  put(relPath: string, content = 'x', at = LONG_AGO): string {
    const path = this.at(relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, at, at);
    return path;
  }

  run(args: readonly string[], given: Circumstances = {}) {
    return runIn(this.path, args, { self: [this.program], ...given });
  }

  async report(...args: string[]) {
    const told = await this.run(['uninstall', '--all', '--json', ...args]);
    return { code: told.code, ...uninstallSchema.parse(JSON.parse(told.out)) };
  }

  /** Every name below it, with what it is: folders, links, and the bytes of files. SQLite's own are left out. */
  tree(): Map<string, string> {
    const names = readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort();
    return new Map(
      names
        .filter((name) => !/\.db-(?:shm|wal)$/.test(name))
        .map((name) => {
          const stats = lstatSync(this.at(name));
          const what = stats.isSymbolicLink()
            ? `-> ${readlinkSync(this.at(name))}`
            : stats.isFile()
              ? `${stats.mode} ${textOf(readFileSync(this.at(name)))}`
              : stats.isDirectory()
                ? 'folder'
                : 'other';
          return [name, what];
        }),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** All that a person may have of ours, as the program itself makes it. */
async function full(): Promise<Home> {
  const home = new Home();
  home.put('tools/session-memory', '#!/bin/sh\n');
  home.put(claudePath(ID), promptLine(ID, 'hello', '2026-05-01T00:00:00.000Z'));
  home.put('.claude/settings.json', '{ "model": "x" } // mine\n');
  home.put('.codex/hooks.json', '{}\n');
  for (const args of [['ingest'], ['config', 'init'], ['install', '--yes', '--no-schedule']])
    expect((await home.run(args)).code).toBe(0);
  for (const [shell, path] of [
    ['bash', '.local/share/bash-completion/completions/session-memory'],
    ['zsh', '.zfunc/_session-memory'],
    ['fish', '.config/fish/completions/session-memory.fish'],
  ] as const)
    home.put(path, (await home.run(['completions', shell])).out);
  home.put('.local/share/man/man1/session-memory.1', (await home.run(['man'])).out);
  home.put(`${STORE}.before-v3`);
  home.put(`${STORE}.room-0badc0de-0000-4000-8000-00000000dead`);
  home.put('.codex/hooks.json.session-memory-new');
  home.put('session-memory-0badc0de-0000-4000-8000-00000000dead');
  home.put('session-memory-demo-a1B2c3/home/x');
  utimesSync(home.at('session-memory-demo-a1B2c3'), LONG_AGO, LONG_AGO);
  return home;
}

/** Below a home, without what goes: files, what lies in trees, folders of ours that become empty. */
function without(tree: Map<string, string>, paths: readonly string[]): Map<string, string> {
  return new Map(
    [...tree].filter(([name]) => !paths.some((path) => name === path || name.startsWith(`${path}/`))),
  );
}

describe('uninstall --all', () => {
  test('takes exactly what its dry run lists, restores what install changed, and finds nothing a second time', async () => {
    using home = await full();
    const before = home.tree();
    const shown = await home.report('--dry-run');
    expect(home.tree()).toEqual(before);
    const paths = (shown.files ?? []).map(({ path }) => path.slice(home.path.length + 1));
    expect(paths.sort()).toEqual(
      [
        CONFIG,
        '.codex/hooks.json.session-memory-new',
        '.config/fish/completions/session-memory.fish',
        '.local/share/bash-completion/completions/session-memory',
        '.local/share/man/man1/session-memory.1',
        `${STORE}.before-v3`,
        `${STORE}.reserve`,
        `${STORE}.room-0badc0de-0000-4000-8000-00000000dead`,
        '.zfunc/_session-memory',
        'session-memory-0badc0de-0000-4000-8000-00000000dead',
        'session-memory-demo-a1B2c3',
      ].sort(),
    );
    const done = await home.report('--yes');
    expect([done.code, done.failed]).toEqual([0, []]);
    expect({ ...done, dry_run: true, code: 0 }).toEqual(shown);
    const expected = without(before, [
      ...paths,
      '.config/session-memory',
      '.claude/settings.json.before-session-memory',
      '.codex/hooks.json.before-session-memory',
    ]);
    const mode = lstatSync(home.at('.claude/settings.json')).mode;
    expected.set('.claude/settings.json', `${mode} { "model": "x" } // mine\n`);
    expected.set('.codex/hooks.json', `${mode} {}\n`);
    expect(home.tree()).toEqual(expected);
    expect((await home.run(['uninstall', '--all', '--yes'])).out).toContain('Nothing to uninstall.');
    expect(home.tree()).toEqual(expected);
  });

  test('names every file of ours that stays: the store, the program and how it goes, what a repair put aside', async () => {
    using home = await full();
    home.put(`${STORE}.damaged-20260501T000000000Z`);
    home.put(`${DATA}/restored/opencode/x.json`);
    home.put(`${DATA}/notes.txt`);
    home.put('.bashrc', 'alias l=ls\nsource <(session-memory completions bash)\n');
    home.put('.claude.json', '{ "mcpServers": {\n "session-memory": { "command": "session-memory" } } }\n');
    const { remains = [], code } = await home.report('--yes');
    const why = new Map(remains.map(({ path, why }) => [path.slice(home.path.length + 1), why]));
    expect(code).toBe(0);
    expect(why.get(STORE)).toContain('nowhere else');
    expect(why.get('tools/session-memory')).toBe(`this program: take it away by: rm ${home.program}`);
    expect(why.get(`${STORE}.damaged-20260501T000000000Z`)).toContain('nothing else does');
    expect(why.get(`${DATA}/notes.txt`)).toContain('does not know it');
    expect(why.get('.bashrc')).toStartWith('line 2 ');
    expect(why.get('.claude.json')).toStartWith('line 2 ');
    for (const path of why.keys()) expect(existsSync(home.at(path)), path).toBe(true);
    // What lies in our folders afterwards is all named.
    for (const name of readdirSync(home.at(DATA)).filter((each) => !/-(?:shm|wal)$/.test(each)))
      expect(why.has(`${DATA}/${name}`), name).toBe(true);
  });
});

describe('the store', () => {
  test('stays with --yes, in a terminal too, and nobody is asked', async () => {
    using home = await full();
    for (const tty of [false, true]) {
      const told = await home.run(['uninstall', '--all', '--yes'], { tty, types: ['delete 1 sessions'] });
      expect(told.code).toBe(0);
      expect(told.err).toBe('');
      expect(told.out).toContain('a phrase is asked for');
      expect(existsSync(home.at(STORE))).toBe(true);
    }
    expect((await home.run(['list', '--json'])).out).toContain(ID);
  });

  test.each(['', 'y', 'yes', 'delete', 'delete 2 sessions', 'DELETE 1 SESSIONS', 'lose 1 sessions'])(
    'stays where %p is typed',
    async (types) => {
      using home = await full();
      const told = await home.run(['uninstall', '--all'], { tty: true, types: ['y', types] });
      expect([told.code, existsSync(home.at(STORE))]).toEqual([0, true]);
      expect(told.err).toContain('Type `delete 1 sessions` to delete the store too');
      expect((await home.run(['show', ID, '--raw'])).bytes.toString()).toContain('hello');
    },
  );

  test('goes with all that is of it where its phrase is typed, and leaves what is not', async () => {
    using home = await full();
    home.put(`${STORE}.damaged-20260501T000000000Z`);
    const notOurs = [`${STORE}.mine`, `${STORE}.before-v3.txt`, `${DATA}/other.db`].map((path) =>
      home.put(path),
    );
    const told = await home.run(['uninstall', '--all'], { tty: true, types: ['y', 'delete 1 sessions'] });
    expect([told.code, told.out]).toEqual([
      0,
      expect.stringContaining('Done. The store is deleted: 1 session.'),
    ]);
    expect(
      readdirSync(home.at(DATA))
        .map((name) => join(home.at(DATA), name))
        .sort(),
    ).toEqual(notOurs.sort());
    expect(existsSync(home.at(claudePath(ID)))).toBe(true);
  });

  test('goes alone where all else went before', async () => {
    using home = await full();
    await home.run(['uninstall', '--all', '--yes']);
    const told = await home.run(['uninstall', '--all'], { tty: true, types: ['delete 1 sessions'] });
    expect(told.out).toContain('The store is deleted');
    expect(existsSync(home.at(DATA))).toBe(false);
  });

  test('and everything else stays while another sweep runs', async () => {
    using home = await full();
    const before = home.tree();
    const lock = takeSweepLock(home.at(STORE));
    try {
      const told = await home.run(['uninstall', '--all'], { tty: true, types: ['y', 'delete 1 sessions'] });
      expect(told.code).toBe(6);
      expect(without(home.tree(), LOCK)).toEqual(without(before, LOCK));
    } finally {
      lock?.release();
    }
  });

  test.each(['is damaged', 'is of a newer version', 'is gone'])(
    'that %s is not offered, and copies of it stay',
    async (how) => {
      using home = await full();
      if (how === 'is damaged') home.put(STORE, 'no database');
      else if (how === 'is gone')
        for (const tail of ['', '-wal', '-shm']) rmSync(home.at(STORE + tail), { force: true });
      else {
        const { Database } = await import('bun:sqlite');
        using db = new Database(home.at(STORE));
        db.run('PRAGMA user_version = 9999');
      }
      const told = await home.run(['uninstall', '--all'], { tty: true, types: ['y', 'delete 1 sessions'] });
      expect([told.code, told.err.includes('Type `')]).toEqual([0, false]);
      expect(existsSync(home.at(`${STORE}.before-v3`))).toBe(true);
      expect(existsSync(home.at(STORE))).toBe(how !== 'is gone');
    },
  );
});

test('a run that is killed is ended by the next one, which still knows where the store is', async () => {
  using home = await full();
  const elsewhere = home.at('elsewhere/s.db');
  home.put(CONFIG, `store = "${elsewhere}"\n`);
  expect((await home.run(['ingest'])).code).toBe(0);
  // From its source: a release has no point at which it can be killed.
  const main = join(import.meta.dir, '..', '..', 'src', 'main.ts');
  const killed = Bun.spawnSync([process.execPath, main, 'uninstall', '--all', '--yes'], {
    env: {
      PATH: '/nowhere',
      HOME: home.path,
      TMPDIR: home.path,
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
      SESSION_MEMORY_KILL_AT: 'uninstall.removed:1',
    },
  });
  expect(killed.signalCode).toBe('SIGKILL');
  const done = await home.report('--yes');
  expect([done.code, done.store?.path]).toEqual([0, elsewhere]);
  expect(readdirSync(dirname(elsewhere)).filter((name) => !/-(?:shm|wal)$/.test(name))).toEqual(['s.db']);
  expect(existsSync(home.at(CONFIG))).toBe(false);
});

describe('without consent nothing is changed', () => {
  test.each([
    ['no terminal', [], {}],
    ['no answer', [], { tty: true, types: [] }],
    ['no', [], { tty: true, types: ['n', 'delete 1 sessions'] }],
    ['a part is named', ['--yes', '--no-hooks'], {}],
    ['an agent is named', ['--yes', '--agent', 'codex'], {}],
    ['a prefix is named', ['--yes', '--prefix', '/nowhere'], {}],
    ['JSON, without --yes', ['--json'], { tty: true, types: ['y', 'delete 1 sessions'] }],
  ] as const)('%s', async (_, args, given) => {
    using home = await full();
    const before = home.tree();
    expect((await home.run(['uninstall', '--all', ...args], given)).code).toBe(2);
    expect(home.tree()).toEqual(before);
  });
});

describe('what is not ours', () => {
  /** Places that are looked at, and what stands there that is no file of ours. */
  const PLACES = [
    CONFIG,
    `${STORE}.reserve`,
    `${STORE}.before-v3`,
    `${STORE}.room-0badc0de-0000-4000-8000-00000000dead`,
    `${STORE}.damaged-20260501T000000000Z`,
    '.codex/hooks.json.session-memory-new',
    '.codex/hooks.json.before-session-memory',
    '.local/share/bash-completion/completions/session-memory',
    '.zfunc/_session-memory',
    '.config/fish/completions/session-memory.fish',
    '.local/share/man/man1/session-memory.1',
    '.config/systemd/user/timers.target.wants/session-memory.timer',
    '.local/share/systemd/timers/stamp-session-memory.timer',
    'session-memory-0badc0de-0000-4000-8000-00000000dead',
    'session-memory-demo-a1B2c3',
  ];
  const ODD = ['link to a file', 'link to a folder', 'dangling link', 'folder', 'pipe'] as const;

  function putOdd(home: Home, place: string, odd: (typeof ODD)[number]): void {
    const path = home.at(place);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    if (odd === 'folder') home.put(`${place}/precious`);
    else if (odd === 'pipe') expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
    else
      symlinkSync(
        {
          'link to a file': home.at('mine/file'),
          'link to a folder': home.at('mine'),
          'dangling link': '/nowhere/x',
        }[odd],
        path,
      );
  }

  test.each(ODD)('a %s at any place of ours stays, and so does what it leads to', async (odd) => {
    for (const place of PLACES) {
      // A folder of a moment is a folder.
      if (odd === 'folder' && place.startsWith('session-memory-demo-')) continue;
      // Whose configuration cannot be read is told so before anything else.
      if (place === CONFIG && odd !== 'link to a file' && odd !== 'dangling link') continue;
      using home = new Home();
      home.put('tools/session-memory');
      home.put('.codex/hooks.json', '{}\n');
      home.put(claudePath(ID), promptLine(ID, 'hello', '2026-05-01T00:00:00.000Z'));
      home.put('mine/file', '# precious\n');
      expect((await home.run(['ingest'])).code).toBe(0);
      putOdd(home, place, odd);
      const before = home.tree();
      const told = await home.report('--yes');
      const went = (told.files ?? []).map(({ path }) => path.slice(home.path.length + 1));
      expect(went, place).not.toContain(place);
      expect(without(home.tree(), went), place).toEqual(without(before, went));
      const link = place.includes('timers.target.wants') || place.includes('before-session-memory');
      if (!link)
        expect(
          told.remains?.map(({ path }) => path),
          place,
        ).toContain(home.at(place));
    }
  });

  test.each([
    ['.local/share/bash-completion/completions/session-memory', 'complete -W "a b" session-memory\n'],
    ['.zfunc/_session-memory', '#compdef session-memory\n_arguments\n'],
    ['.local/share/man/man1/session-memory.1', '.TH OTHER 1\n'],
    ['.local/share/systemd/timers/stamp-session-memory.timer', 'text'],
  ])('a file of our name with another text stays: %s', async (place, text) => {
    using home = await full();
    home.put(place, text);
    const { remains = [] } = await home.report('--yes');
    expect(readFileSync(home.at(place), 'utf8')).toBe(text);
    expect(remains.map(({ path }) => path)).toContain(home.at(place));
  });

  test('completions in which somebody has written stay', async () => {
    using home = await full();
    const path = home.at('.config/fish/completions/session-memory.fish');
    writeFileSync(path, `${readFileSync(path, 'utf8')}alias sm session-memory\n`);
    const { remains = [] } = await home.report('--yes');
    expect(existsSync(path)).toBe(true);
    expect(remains.find((each) => each.path === path)?.why).toBe('somebody has written in it');
  });

  test('a configuration in a linked folder, or at a place of one’s own, stays', async () => {
    using home = await full();
    home.put('dotfiles/config.toml', 'raw_max_age_days = 9\n');
    rmSync(dirname(home.at(CONFIG)), { recursive: true });
    symlinkSync(home.at('dotfiles'), dirname(home.at(CONFIG)));
    home.put('own.toml', '');
    await home.report('--yes', '--config', home.at('own.toml'));
    for (const path of ['dotfiles/config.toml', 'own.toml'])
      expect(existsSync(home.at(path)), path).toBe(true);
  });

  test('what a run may be using now stays', async () => {
    using home = await full();
    const names = ['session-memory-rows-a1B2c3', 'session-memory-11111111-1111-4111-8111-111111111111'];
    mkdirSync(home.at(names[0] ?? ''));
    home.put(names[1] ?? '', 'x', new Date());
    const { remains = [] } = await home.report('--yes');
    for (const name of names) {
      expect(existsSync(home.at(name))).toBe(true);
      expect(remains.map(({ path }) => path)).toContain(home.at(name));
    }
  });

  test('names that only begin or end like ours are not even looked at', async () => {
    using home = await full();
    const others = [
      'session-memory-release-a1B2c3/x',
      'session-memory-demo-a1B2c3d/x',
      'my-session-memory-demo-a1B2c3/x',
      'session-memory-notes.txt',
    ].map((path) => home.put(path));
    const { files = [], remains = [] } = await home.report('--yes');
    for (const path of others) {
      expect(existsSync(path)).toBe(true);
      expect(
        [...files, ...remains].some((each) => path === each.path || dirname(path) === each.path),
        path,
      ).toBe(false);
    }
  });

  test('a file that cannot be taken away is named, and stops no other', async () => {
    using home = await full();
    const folder = dirname(home.at('.zfunc/_session-memory'));
    chmodSync(folder, 0o500);
    try {
      const told = await home.report('--yes');
      // Root may everything.
      if (existsSync(home.at('.zfunc/_session-memory'))) {
        expect([told.code, told.failed.length]).toEqual([1, 1]);
        expect(told.failed[0]).toContain('_session-memory');
      }
      expect(existsSync(home.at(CONFIG))).toBe(false);
    } finally {
      chmodSync(folder, 0o700);
    }
  });
});

test('forget removes no file whose name only begins as a copy of the store does', async () => {
  using home = await full();
  const kept = home.put(`${STORE}.before-vacation`, 'mine');
  expect((await home.run(['forget', ID, '--yes'])).code).toBe(0);
  expect(readFileSync(kept, 'utf8')).toBe('mine');
  expect(existsSync(home.at(`${STORE}.before-v3`))).toBe(false);
});
