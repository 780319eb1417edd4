/** `doctor` on made-up homes, with made-up schedulers: what it says of a machine that is set up, and of one that no longer is. */
import { describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doctorSchema } from '../../src/cli/schemas.unattended.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ID = '11111111-1111-4111-8111-111111111111';

class Machine extends Program {
  constructor() {
    super();
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    this.env = { PATH: bin, SESSION_MEMORY_NOW: '2026-05-02T00:00:00.000Z' };
    this.answers('systemctl', 'exit 0');
  }

  answers(program: string, body: string): void {
    const path = join(this.env['PATH'] ?? '', program);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  /** The state of each check, by its name. */
  async states() {
    const { code, out } = await this.run('doctor', '--json');
    const { ok, checks } = doctorSchema.parse(JSON.parse(out));
    expect(code).toBe(ok ? 0 : 1);
    return Object.fromEntries(checks.map(({ check, state }) => [check, state]));
  }
}

describe('doctor', () => {
  test('before anything is set up says so, and makes no store', async () => {
    using machine = new Machine();
    machine.put(claudePath(ID), promptLine(ID, 'one'));
    expect(await machine.states()).toMatchObject({
      store: 'warning',
      schedule: 'wrong',
      'hook claude-code': 'warning',
    });
    expect(existsSync(machine.store)).toBe(false);
    const { out } = await machine.run('doctor');
    expect(out).toMatch(
      /^wrong +schedule +nothing runs `maintain` on this machine\n +→ Run `session-memory install`\.$/m,
    );
    expect(out).toEndWith('1 thing needs you.\n');
  });

  test('of a settings file that install leaves as it is gives a way out that works', async () => {
    using machine = new Machine();
    machine.put('.qwen/settings.json', '{"hooks":{"SessionEnd":"oops"}}');
    const hint = async () => {
      const { checks } = doctorSchema.parse((await machine.run('doctor', '--json')).json());
      return checks.find(({ check }) => check === 'hook qwen-code')?.hint;
    };
    expect((await machine.run('install', '--yes')).err).toContain('its hooks of SessionEnd are no list');
    expect(await hint()).toMatch(/^Mend \S+settings\.json.+its hooks of SessionEnd are no list/);
    machine.put('.qwen/settings.json', '{}');
    expect(await hint()).toBe('Run `session-memory install`.');
  });

  test('gives the same figure of the disk as status does, whatever lies beside the store', async () => {
    using machine = new Machine();
    machine.put(claudePath(ID), promptLine(ID, 'one'));
    await machine.run('ingest');
    const [doctor, status] = [await machine.run('doctor'), await machine.run('status')];
    const figure = /^Disk +(\S+ \S+) at/m.exec(status.out)?.[1];
    expect(figure).toBeString();
    expect(/^ok +store +(\S+ \S+),/m.exec(doctor.out)?.[1]).toBe(figure);
  });

  test('after install and a run all is well', async () => {
    using machine = new Machine();
    machine.put(claudePath(ID), promptLine(ID, 'one'));
    await machine.run('install', '--yes');
    await machine.run('maintain', '--yes', '--no-data-loss');
    const states = await machine.states();
    expect(new Set(Object.values(states))).toEqual(new Set(['ok']));
    expect((await machine.run('doctor')).out).toEndWith('Nothing needs you.\n');
  });

  test('says how it came here and what brings a newer one, as --version does', async () => {
    using machine = new Machine();
    const { checks } = doctorSchema.parse((await machine.run('doctor', '--json')).json());
    const update = checks.find(({ check }) => check === 'update');
    expect(update).toMatchObject({ state: 'ok', hint: null });
    const [, line = ''] = (await machine.run('--version')).out.split('\n');
    if (line === 'from source') expect(update?.message).toContain('git pull');
    else expect(line).toEndWith(`, ${update?.message}`);
  });

  test('with warnings does not end as if there were none', async () => {
    using machine = new Machine();
    await machine.run('install', '--yes');
    const { out, code } = await machine.run('doctor');
    expect(code).toBe(0);
    expect(out).toMatch(/^warning /m);
    expect(out).toMatch(/Nothing is wrong\. \d warnings? above (?:is|are) worth a look\.\n$/);
  });

  test('names an executable that has moved, hooks that are off, a timer that was stopped, a run that failed', async () => {
    using machine = new Machine();
    const settings = machine.put('.claude/settings.json', '{}\n');
    await machine.run('install', '--yes');
    const installed = await Bun.file(settings).text();
    writeFileSync(settings, installed.replaceAll(machine.command[0] ?? '', '/gone/session-memory'));
    expect(await machine.states()).toMatchObject({ 'hook claude-code': 'wrong' });
    writeFileSync(settings, installed.replace('{', '{ "disableAllHooks": true,'));
    expect(await machine.states()).toMatchObject({ 'hook claude-code': 'warning' });
    machine.answers('systemctl', '[ "$2" = is-active ] && exit 3; exit 0');
    expect(await machine.states()).toMatchObject({ schedule: 'wrong' });
    machine.put(claudePath(ID), promptLine(ID, 'one'));
    machine.env['SESSION_MEMORY_ANALYZER_COMMAND'] = 'false';
    await machine.run('ingest');
    await machine.run('maintain', '--yes', '--no-data-loss', '--soft-cap', '0', '--hard-cap', '0');
    expect(await machine.states()).toMatchObject({ 'last run': 'wrong', analysis: 'warning' });
  });

  test('of a server for agents says whether it can be called, and nothing where there is none', async () => {
    using machine = new Machine();
    const settings = machine.put('.claude.json', '{ "numStartups": 3 }\n');
    const config = machine.put('.codex/config.toml', 'model = "x"\n');
    machine.put('.gemini/settings.json', '{}\n');
    const states = async () => {
      const all = Object.entries(await machine.states());
      return Object.fromEntries(all.filter(([check]) => check.startsWith('mcp ')));
    };
    await machine.run('install', '--yes');
    expect(await states()).toEqual({});
    await machine.run('install', '--mcp', '--yes');
    const ok = { 'mcp claude-code': 'ok', 'mcp codex': 'ok', 'mcp gemini-cli': 'ok' } as const;
    expect(await states()).toEqual(ok);
    const installed = await Bun.file(settings).text();
    const [program = ''] = machine.command;
    writeFileSync(settings, installed.replace(program, '/gone/session-memory'));
    writeFileSync(config, (await Bun.file(config).text()).replace(program, '/bin/sh'));
    expect(await states()).toEqual({ ...ok, 'mcp claude-code': 'wrong', 'mcp codex': 'warning' });
    // What it says is wrong, install mends.
    await machine.run('install', '--mcp', '--yes');
    expect(await states()).toEqual(ok);
    const changes: readonly (readonly [string, string])[] = [
      ['"type"', '"disabled": true, "type"'],
      ['"mcp"', '"serve"'],
      ['{', '{{'],
    ];
    for (const [from, to] of changes) {
      writeFileSync(settings, installed.replace(from, to));
      expect([to, await states()]).toEqual([to, { ...ok, 'mcp claude-code': 'warning' }]);
    }
  });

  test('names a pattern that matches nothing, copies from before an upgrade, and a store that is none', async () => {
    using machine = new Machine();
    await machine.run('ingest');
    writeFileSync(`${machine.store}.before-v9`, 'x');
    machine.env['SESSION_MEMORY_INGEST_EXCLUDE'] = '/nowhere/at/all';
    expect(await machine.states()).toMatchObject({ exclude: 'warning', upgrades: 'warning' });
    writeFileSync(machine.store, 'no database at all, but long enough to be looked at\n'.repeat(20));
    expect(await machine.states()).toMatchObject({ store: 'wrong' });
  });

  test('in a shell with other variables the schedule is not wrong: what differs is named', async () => {
    using machine = new Machine();
    machine.put(claudePath(ID), promptLine(ID, 'one'));
    await machine.run('install', '--yes');
    machine.env['CODEX_HOME'] = '/srv/codex';
    machine.env['SESSION_MEMORY_RAW_HARD_CAP_BYTES'] = '7GiB';
    expect(await machine.states()).toMatchObject({ schedule: 'warning', 'hook claude-code': 'warning' });
    const { out } = await machine.run('doctor');
    expect(out).toContain('other values of CODEX_HOME, SESSION_MEMORY_RAW_HARD_CAP_BYTES than');
    await machine.run('install', '--yes');
    expect(await machine.states()).toMatchObject({ schedule: 'ok', 'hook claude-code': 'ok' });
  });

  test('a schedule for another store or configuration is wrong, and one for the same by other words is not', async () => {
    using machine = new Machine();
    await machine.run('install', '--yes');
    machine.store = join(machine.folder, 'other.db');
    const { out } = await machine.run('doctor');
    expect(out).toMatch(/^wrong +schedule +the entry of systemd is for another store/m);
    const config = machine.put('.config/session-memory/config.toml', `store = "${machine.store}"\n`);
    await machine.run('install', '--yes', '--config', config);
    expect(await machine.states()).toMatchObject({ schedule: 'ok' });
  });

  test('on a fresh machine tells what is free where the store will be', async () => {
    using machine = new Machine();
    machine.store = join(machine.folder, 'not/there/yet/s.db');
    expect((await machine.run('doctor')).out).toMatch(/^\w+ +disk +\S+ \w+ are free/m);
    expect(existsSync(join(machine.folder, 'not'))).toBe(false);
  });

  test('what it says is wrong with the schedule, install mends', async () => {
    using machine = new Machine();
    await machine.run('install', '--yes');
    const flag = join(machine.folder, 'enabled');
    machine.answers(
      'systemctl',
      `case $2 in is-active|is-enabled) [ -e ${flag} ];; enable) : > ${flag};; esac`,
    );
    expect(await machine.states()).toMatchObject({ schedule: 'wrong' });
    await machine.run('install', '--yes');
    expect(await machine.states()).toMatchObject({ schedule: 'ok' });
  });

  test('tells when an agent last called its hook', async () => {
    using machine = new Machine();
    const path = machine.put(claudePath(ID), promptLine(ID, 'one'));
    await machine.run('install', '--yes');
    await machine.run('ingest');
    const child = Bun.spawn([...machine.command, '--store', machine.store, 'hook', 'claude-code'], {
      env: { ...machine.env, HOME: machine.home },
      stdin: new Blob([JSON.stringify({ transcript_path: path, hook_event_name: 'SessionEnd' })]),
    });
    await child.exited;
    expect((await machine.run('doctor')).out).toContain('Claude Code called it last at 20');
  });
});
