/** `install` and `uninstall` on made-up homes, with made-up schedulers: this machine's own are never called. */
import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { blockIn } from '../../src/unattended/block.ts';
import { envOf, wordsOf } from '../../src/unattended/own-call.ts';
import { jobOfCron, jobOfService } from '../../src/unattended/schedule.ts';
import { Machine } from '../support/install-machine.ts';

const SETTINGS =
  '// mine\n{\r\n\t"model": "opus", // best\r\n\t"hooks": { "Stop": [ { "hooks": [ { "type": "command", "command": "x" } ] } ] },\r\n}\r\n';

function agents(machine: Machine): void {
  machine.put('dotfiles/claude.json', SETTINGS);
  chmodSync(join(machine.home, 'dotfiles/claude.json'), 0o640);
  mkdirSync(join(machine.home, '.claude'));
  symlinkSync('../dotfiles/claude.json', join(machine.home, '.claude/settings.json'));
  machine.put('.gemini/settings.json', '{\n    // comments are allowed\n    "theme": "x"\n}\n');
  machine.put('.kimi-code/config.toml', 'model = "k"\n\n[x]\na = 1');
  for (const folder of [
    '.codex',
    '.config/opencode/plugins',
    '.copilot/hooks',
    '.cursor',
    '.pi/agent/extensions',
  ])
    mkdirSync(join(machine.home, folder), { recursive: true });
}

describe.each(['systemd', 'cron', 'none'] as const)('with %s', (scheduler) => {
  test('install twice and uninstall leave every file of a home as it was, to the byte', async () => {
    using machine = new Machine(scheduler);
    agents(machine);
    if (scheduler === 'systemd') mkdirSync(join(machine.home, '.config/systemd/user'), { recursive: true });
    const before = machine.tree();
    expect((await machine.run('install', '--yes')).code).toBe(0);
    const once = machine.tree();
    expect(Object.keys(once).length).toBeGreaterThan(Object.keys(before).length);
    const again = await machine.run('install', '--yes');
    expect([again.code, again.out.startsWith('Nothing to install.')]).toEqual([0, true]);
    expect(machine.tree()).toEqual(once);
    expect((await machine.run('uninstall', '--yes')).code).toBe(0);
    expect(machine.tree()).toEqual(before);
    expect((await machine.run('uninstall', '--yes')).out).toContain('Nothing to uninstall');
    if (scheduler === 'cron') expect(readFileSync(join(machine.folder, 'crontab'), 'utf8')).toBe('');
  });
});

describe('hooks', () => {
  test('go where each agent that is here takes them, behind links, with the mode that was there', async () => {
    using machine = new Machine('none');
    agents(machine);
    await machine.run('install', '--yes', '--no-schedule');
    expect(readlinkSync(join(machine.home, '.claude/settings.json'))).toBe('../dotfiles/claude.json');
    expect(statSync(join(machine.home, 'dotfiles/claude.json')).mode & 0o777).toBe(0o640);
    expect(machine.text('.claude/settings.json')).toContain('// best');
    for (const path of ['.codex/hooks.json', '.copilot/hooks/session-memory.json', '.cursor/hooks.json'])
      expect(JSON.parse(machine.text(path)).hooks, path).toBeDefined();
    for (const path of [
      '.config/opencode/plugins/session-memory.js',
      '.pi/agent/extensions/session-memory.ts',
    ])
      expect(new Bun.Transpiler({ loader: 'ts' }).transformSync(machine.text(path)), path).toContain('spawn');
    const toml = Bun.TOML.parse(machine.text('.kimi-code/config.toml')) as { hooks: { event: string }[] };
    expect(toml.hooks[0]?.event).toBe('SessionEnd');
    expect(existsSync(join(machine.home, '.qwen')), 'an agent that is not here').toBe(false);
  });

  test('are called as they stand there, and store the transcript', async () => {
    using machine = new Machine('none');
    agents(machine);
    await machine.run('install', '--yes', '--no-schedule', '--agent', 'codex');
    const hooks = JSON.parse(machine.text('.codex/hooks.json')).hooks;
    const { command } = hooks.SessionEnd[0].hooks[0];
    const child = Bun.spawn(['sh', '-c', command], {
      env: { HOME: machine.home, PATH: Bun.env['PATH'] ?? '' },
      stdin: new Blob(['{}']),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    expect([await new Response(child.stdout).text(), await child.exited]).toEqual(['', 0]);
    expect(await new Response(child.stderr).text()).toBe('');
  });

  test('what a person changed since is kept, and our part taken out', async () => {
    using machine = new Machine('none');
    machine.put('.claude/settings.json', '{\n  "a": 1\n}\n');
    await machine.run('install', '--yes');
    machine.put(
      '.claude/settings.json',
      machine.text('.claude/settings.json').replace('"a": 1', '"a": 2, "b": []'),
    );
    await machine.run('uninstall', '--yes');
    expect(machine.text('.claude/settings.json')).toBe('{\n  "a": 2, "b": []\n}\n');
  });

  test('what cannot be edited safely is named and left, and stops nothing else', async () => {
    using machine = new Machine('none');
    machine.put('.claude/settings.json', '{ torn');
    mkdirSync(join(machine.home, '.codex'));
    const { code, err } = await machine.run('install', '--yes', '--no-schedule');
    expect(code).toBe(1);
    expect(err).toContain('settings.json (claude-code) is left as it is');
    expect(machine.text('.claude/settings.json')).toBe('{ torn');
    expect(existsSync(join(machine.home, '.codex/hooks.json'))).toBe(true);
  });

  test('a file that is read-only is named and left, with no leftover, and taken once it is not', async () => {
    using machine = new Machine('none');
    const path = machine.put('.claude/settings.json', '{"a":1}\n');
    chmodSync(path, 0o400);
    const { code, err } = await machine.run('install', '--yes', '--no-schedule');
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/settings\.json \(claude-code\) is left .+read-only/),
    ]);
    expect(readdirSync(join(path, '..'))).toEqual(['settings.json']);
    const hint = (await machine.run('doctor')).out.replace(/\s+/g, ' ');
    expect(hint).toContain('which `install` cannot edit (it is read-only: `chmod u+w` lets it be changed)');
    chmodSync(path, 0o600);
    expect((await machine.run('install', '--yes', '--no-schedule')).code).toBe(0);
    chmodSync(path, 0o400);
    const back = await machine.run('uninstall', '--yes');
    expect([back.code, back.err]).toEqual([1, expect.stringContaining('read-only')]);
    chmodSync(path, 0o600);
    expect((await machine.run('uninstall', '--yes')).code).toBe(0);
    expect([readdirSync(join(path, '..')), machine.text('.claude/settings.json')]).toEqual([
      ['settings.json'],
      '{"a":1}\n',
    ]);
  });

  test('of an executable that was moved are adopted', async () => {
    using machine = new Machine('none');
    machine.put('.claude/settings.json', '{}\n');
    await machine.run('install', '--yes');
    const text = machine.text('.claude/settings.json');
    machine.put('.claude/settings.json', text.replaceAll(machine.command[0] ?? '', '/gone/session-memory'));
    const { changes } = await machine.json('install', '--yes');
    expect(changes.map(({ for: id, action }) => [id, action])).toEqual([['claude-code', 'changed']]);
    expect(machine.text('.claude/settings.json')).toBe(text);
  });
});

describe('consent', () => {
  test('without a terminal and without --yes nothing is changed: exit 2, and the changes are shown', async () => {
    using machine = new Machine('systemd');
    agents(machine);
    const before = machine.tree();
    for (const [flags, code] of [
      [[], 2],
      [['--dry-run'], 0],
    ] as const) {
      const told = await machine.run('install', ...flags);
      expect(told.code).toBe(code);
      expect(told.out).toMatch(/settings\.json {2}\(claude-code, changed\)/);
      expect(told.out).toContain('+ OnCalendar=hourly');
      expect(machine.tree()).toEqual(before);
    }
    expect(machine.told()).toEqual([]);
  });
});

describe('the schedule', () => {
  test('of systemd is enabled once it is written, and told to be bound to the login', async () => {
    using machine = new Machine('systemd');
    const { out } = await machine.run('install', '--yes');
    expect(out).toContain('loginctl enable-linger');
    const unit = machine.text('.config/systemd/user/session-memory.service');
    expect(unit).toMatch(/^ExecStart="\/.+"maintain" "--yes" "--no-data-loss" "--quiet"$/m);
    expect(machine.told()).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable --now session-memory.timer',
    ]);
    await machine.run('uninstall', '--yes');
    expect(machine.told().slice(-2)).toEqual([
      'systemctl --user disable --now session-memory.timer',
      'systemctl --user daemon-reload',
    ]);
  });

  test('of cron keeps all other lines', async () => {
    using machine = new Machine('cron');
    writeFileSync(join(machine.folder, 'crontab'), 'MAILTO=me\n5 * * * * other\n');
    await machine.run('install', '--yes');
    const table = readFileSync(join(machine.folder, 'crontab'), 'utf8');
    expect(table).toStartWith('MAILTO=me\n5 * * * * other\n# >>> session-memory >>>\n17 * * * * ');
    await machine.run('uninstall', '--yes');
    expect(readFileSync(join(machine.folder, 'crontab'), 'utf8')).toBe('MAILTO=me\n5 * * * * other\n');
  });

  test('of cron is not written where it cannot be read', async () => {
    using machine = new Machine('cron');
    machine.program(
      'crontab',
      `[ "$1" = -l ] && { echo not allowed >&2; exit 1; }; echo written > ${machine.folder}/crontab`,
    );
    const { code, out } = await machine.run('install', '--yes');
    expect([code, existsSync(join(machine.folder, 'crontab'))]).toEqual([0, false]);
    expect(out).toContain('no scheduler was found here');
  });

  test('knows the folders that only the shell was told', async () => {
    using machine = new Machine('systemd');
    machine.env['CLAUDE_CONFIG_DIR'] = '/srv/my claude "x"';
    await machine.run('install', '--yes');
    expect(machine.text('.config/systemd/user/session-memory.service')).toContain(
      'Environment="CLAUDE_CONFIG_DIR=/srv/my claude \\"x\\""',
    );
  });

  test('runs by the settings of the shell that installs it, and not by the defaults', async () => {
    for (const scheduler of ['systemd', 'cron'] as const) {
      using machine = new Machine(scheduler);
      const set = {
        SESSION_MEMORY_RAW_HARD_CAP_BYTES: '7GiB',
        SESSION_MEMORY_INGEST_EXCLUDE: "/home/me/it's private,%",
        SESSION_MEMORY_ANALYZER_TIMEOUT_S: '7',
      };
      Object.assign(machine.env, set);
      agents(machine);
      await machine.run('install', '--yes');
      const job =
        scheduler === 'systemd'
          ? jobOfService(machine.text('.config/systemd/user/session-memory.service'))
          : jobOfCron(blockIn(readFileSync(join(machine.folder, 'crontab'), 'utf8')) ?? []);
      expect(job.env).toMatchObject(set);
      // An agent that was started without them stores by the same settings, save by what is for a sweep alone.
      const hook = JSON.parse(machine.text('.codex/hooks.json')).hooks.SessionEnd[0].hooks[0].command;
      expect(envOf(wordsOf(hook))).toEqual(set);
    }
  });

  test('that a setting cannot be told to is refused, with the way out', async () => {
    using machine = new Machine('systemd');
    machine.env['SESSION_MEMORY_ANALYZER_COMMAND'] = 'one\ntwo';
    const { code, err } = await machine.run('install', '--yes');
    expect([code, existsSync(join(machine.home, '.config/systemd/user/session-memory.service'))]).toEqual([
      1,
      false,
    ]);
    expect(err).toMatch(/SESSION_MEMORY_ANALYZER_COMMAND .* write it into \S+config\.toml/);
  });

  test('that is there and does not run is told to run: that is something to install', async () => {
    using machine = new Machine('systemd');
    await machine.run('install', '--yes');
    const log = join(machine.folder, 'asked');
    machine.program('systemctl', `echo systemctl "$@" >> ${log}; [ "$2" != is-active ] || exit 3`);
    writeFileSync(log, '');
    const shown = await machine.run('install');
    expect([shown.code, machine.told()]).toEqual([2, []]);
    expect(shown.out).toContain('The schedule is there and does not run');
    expect((await machine.run('install', '--yes')).out).not.toContain('Nothing to install');
    expect(machine.told()).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable --now session-memory.timer',
    ]);
  });

  test('of another scheduler is stopped before its files go', async () => {
    using machine = new Machine('systemd');
    await machine.run('install', '--yes');
    const log = join(machine.folder, 'asked');
    const service = join(machine.home, '.config/systemd/user/session-memory.service');
    machine.program(
      'systemctl',
      `echo systemctl "$@" "$([ -e ${service} ] && echo there || echo gone)" >> ${log}; [ "$2" != show-environment ]`,
    );
    machine.program('crontab', '[ "$1" = -l ] || /bin/cat > /dev/null');
    writeFileSync(log, '');
    expect((await machine.run('install', '--yes')).code).toBe(0);
    expect(machine.told()).toEqual([
      'systemctl --user disable --now session-memory.timer there',
      'systemctl --user daemon-reload gone',
    ]);
  });

  test('of cron: lines of others stay where an end mark is missing, and a copy is made before anything is changed', async () => {
    using machine = new Machine('cron');
    const table = join(machine.folder, 'crontab');
    const copy = join(machine.folder, 'data/crontab.before-session-memory');
    const torn =
      '# >>> session-memory >>>\n17 * * * * x\n5 * * * * theirs\n# >>> session-memory >>>\n17 * * * * x\n# <<< session-memory <<<\n';
    writeFileSync(table, torn);
    for (const verb of ['install', 'uninstall']) {
      const { code, err } = await machine.run(verb, '--yes');
      expect([verb, code, err]).toEqual([
        verb,
        1,
        expect.stringContaining('line 1 is `# >>> session-memory >>>`'),
      ]);
      expect(readFileSync(table, 'utf8')).toBe(torn);
    }
    writeFileSync(table, '5 * * * * theirs\n');
    await machine.run('install', '--yes');
    expect(readFileSync(copy, 'utf8')).toBe('5 * * * * theirs\n');
    await machine.run('uninstall', '--yes');
    expect([existsSync(copy), readFileSync(table, 'utf8')]).toEqual([false, '5 * * * * theirs\n']);
    await machine.run('install', '--yes');
    const grown = `7 * * * * new\n${readFileSync(table, 'utf8')}`;
    writeFileSync(table, grown);
    const { out } = await machine.run('uninstall', '--yes');
    expect(out).toContain(`${copy} is how the table of cron was before this`);
    expect(readFileSync(copy, 'utf8')).toBe(grown);
  });

  test('units are what systemd takes', async () => {
    if (Bun.which('systemd-analyze') === null) return console.log('skipped: no systemd-analyze here');
    using machine = new Machine('systemd');
    await machine.run('install', '--yes');
    const folder = join(machine.home, '.config/systemd/user');
    const done = Bun.spawnSync(
      ['systemd-analyze', '--user', 'verify', join(folder, 'session-memory.timer')],
      { stderr: 'pipe' },
    );
    expect(
      done.stderr
        .toString()
        .split('\n')
        .filter((line) => line.includes('session-memory')),
    ).toEqual([]);
  });
});

test('below a prefix all is written, nothing of the home is, and no scheduler is called', async () => {
  using machine = new Machine('systemd');
  agents(machine);
  const before = machine.tree();
  const prefix = join(machine.folder, 'root');
  expect((await machine.run('install', '--yes', '--prefix', prefix)).code).toBe(0);
  expect(machine.tree()).toEqual(before);
  expect(machine.asked()).toEqual(['']);
  const unit = join(prefix, machine.home, '.config/systemd/user/session-memory.timer');
  expect(readFileSync(unit, 'utf8')).toContain('Persistent=true');
  expect(readFileSync(join(prefix, machine.home, '.claude/settings.json'), 'utf8')).toContain('// best');
  expect((await machine.run('install', '--yes', '--prefix', prefix)).out).toContain('Nothing to install');
  await machine.run('uninstall', '--yes', '--prefix', prefix);
  expect(existsSync(unit)).toBe(false);
  expect(machine.tree()).toEqual(before);
});

test('a link that leads nowhere is named and left: no file is put in its place', async () => {
  using machine = new Machine('systemd');
  mkdirSync(join(machine.home, '.claude'));
  mkdirSync(join(machine.home, '.config/systemd/user'), { recursive: true });
  const links = ['.claude/settings.json', '.config/systemd/user/session-memory.timer'];
  for (const path of links) symlinkSync('/nowhere/at/all', join(machine.home, path));
  const { code, err } = await machine.run('install', '--yes');
  expect(code).toBe(1);
  for (const path of links) {
    expect(err).toContain(`${path} (`);
    expect(readlinkSync(join(machine.home, path))).toBe('/nowhere/at/all');
  }
  expect(err).toContain('a link that leads nowhere');
});

test('a plugin of the person’s own under our name, which names this program, stays as it is', async () => {
  using machine = new Machine('none');
  const mine = '// goes well with session-memory\nexport const Mine = 1;\n';
  const path = '.config/opencode/plugins/session-memory.js';
  machine.put(path, mine);
  expect((await machine.run('install', '--yes')).code).toBe(1);
  expect((await machine.run('uninstall', '--yes')).code).toBe(0);
  expect(machine.text(path)).toBe(mine);
});

test('an agent that is named and not here is said to be so; one that nobody knows is wrong usage', async () => {
  using machine = new Machine('none');
  expect((await machine.json('install', '--agent', 'codex', '--no-schedule')).notes[0]).toContain(
    'codex is not here',
  );
  const { code, err } = await machine.run('install', '--agent', 'frob');
  expect([code, err.includes('no hooks are known of frob')]).toEqual([2, true]);
});

test('an uninstall that was killed before it removed the copy of how a file was: the next one removes it', async () => {
  using machine = new Machine('none');
  machine.put('.claude/settings.json', '{}\n');
  await machine.run('install', '--yes', '--no-schedule');
  machine.put('.claude/settings.json', '{}\n');
  const { code, out } = await machine.run('uninstall', '--yes', '--no-schedule');
  expect([code, out]).toEqual([0, expect.stringContaining('.claude/settings.json.before-session-memory')]);
  expect(Object.keys(machine.tree()).filter((name) => name.includes('before-session-memory'))).toEqual([]);
});

test('folders that install made go with what is in them; one that was there, or holds something else, stays', async () => {
  using machine = new Machine('systemd');
  for (const folder of ['.pi/agent/extensions', '.copilot', '.config/opencode'])
    mkdirSync(join(machine.home, folder), { recursive: true });
  const before = machine.tree();
  await machine.run('install', '--yes');
  expect(machine.tree()).toMatchObject({
    '.copilot/hooks': 'folder',
    '.config/opencode/plugins': 'folder',
    '.config/systemd/user': 'folder',
  });
  machine.put('.config/opencode/plugins/mine.js', '// mine\n');
  await machine.run('uninstall', '--yes');
  expect(machine.tree()).toEqual({
    ...before,
    '.config/opencode/plugins': 'folder',
    '.config/opencode/plugins/mine.js': expect.stringContaining('// mine'),
  });
  rmSync(join(machine.home, '.config/opencode/plugins/mine.js'));
  await machine.run('uninstall', '--yes');
  expect(machine.tree()).toEqual(before);
  expect(readdirSync(machine.folder).filter((name) => name === 'data')).toEqual([]);
});
