/** By which path others call this program: however it was installed, by one that is there after an upgrade. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Context } from '../../src/cli/context.ts';
import { cannotBeTold, cannotLast, jobOf, leadsTo, programOf, untold } from '../../src/cli/own-program.ts';
import { jobOfTask, taskXml } from '../../src/unattended/schedule.ts';
import { Program } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-own-'));
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, text = ''): string {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, text, { mode: 0o755 });
  return at;
}

function link(path: string, to: string): string {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(to, at);
  return at;
}

const PACKAGE = '@session-memory/linux-x64/bin/session-memory';

/** What the PATH finds, the executable that it ends up in, and one of another installation. */
const LAYOUTS: Record<string, () => { named: string; program: string }> = {
  'a copied file': () => {
    const program = put('copied/session-memory');
    return { named: program, program };
  },
  'a link': () => {
    const program = put('opt/session-memory');
    return { named: link('linked/session-memory', program), program };
  },
  npm: () => {
    const script = put('npm/lib/node_modules/session-memory/bin/session-memory.cjs');
    const program = put(`npm/lib/node_modules/session-memory/node_modules/${PACKAGE}`);
    return { named: link('npm/bin/session-memory', script), program };
  },
  'npm, with packages side by side': () => {
    const script = put('flat/lib/node_modules/session-memory/bin/session-memory.cjs');
    const program = put(`flat/lib/node_modules/${PACKAGE}`);
    return { named: link('flat/bin/session-memory', script), program };
  },
  'a script that calls npm’s, as pnpm makes one': () => {
    const own = 'pnpm/global/.pnpm/session-memory@1.0.0/node_modules';
    put(`${own}/session-memory/bin/session-memory.cjs`);
    const program = put(`pnpm/global/.pnpm/@session-memory+linux-x64@1.0.0/node_modules/${PACKAGE}`);
    link(`${own}/${dirname(dirname(PACKAGE))}`, dirname(dirname(program)));
    link('pnpm/global/node_modules/session-memory', join(folder, own, 'session-memory'));
    const call = 'exec node  "$basedir/global/node_modules/session-memory/bin/session-memory.cjs" "$@"';
    return { named: put('pnpm/session-memory', `#!/bin/sh\nbasedir=$(dirname "$0")\n${call}\n`), program };
  },
  'a script of npm on Windows': () => {
    put('win/node_modules/session-memory/bin/session-memory.cjs');
    const program = put(`win/node_modules/session-memory/node_modules/${PACKAGE}`);
    const call = '"%_prog%"  "%dp0%\\node_modules\\session-memory\\bin\\session-memory.cjs" %*';
    return { named: put('win/session-memory.cmd', `@ECHO off\r\n${call}\r\n`), program };
  },
};

describe.each(Object.entries(LAYOUTS))('installed as %s', (name, make) => {
  const { named, program } = make();
  test('the PATH leads to the program, and to no other', () => {
    expect(leadsTo(named, program)).toBe(true);
    expect(leadsTo(named, put(`other/${name}/node_modules/${PACKAGE}`))).toBe(false);
    expect(leadsTo(put(`${name}/script`, '#!/bin/sh\n'), program)).toBe(false);
    expect(leadsTo(join(folder, 'nothing'), program)).toBe(false);
  });

  // No other system finds a `.cmd` by the name alone.
  if (!named.endsWith('.cmd'))
    test('hooks and the schedule get the name on the PATH', () => {
      const context = contextOf(program, { PATH: dirname(named) });
      expect(programOf(context).argv).toEqual([named]);
      // A scheduler does not look for Node where people have it.
      const isScript = named !== program && !name.includes('a link');
      expect(jobOf(context).env).toEqual(isScript ? { PATH: dirname(named) } : {});
    });
});

function contextOf(
  program: string,
  env: Record<string, string>,
  platform: 'linux' | 'win32' = 'linux',
): Context {
  return {
    self: [program],
    host: { homeDir: '/home/me', env, platform },
    flags: {},
    settings: {
      origins: { store: 'default' },
      analyzerCommand: null,
      storePath: '/s.db',
      configPath: '/home/me/.config/session-memory/config.toml',
    },
  } as unknown as Context;
}

test('what npx has started is said not to last', () => {
  const program = put(`home/.npm/_npx/1f2e/node_modules/${PACKAGE}`);
  expect(cannotLast(contextOf(program, {}))).toContain('npm install --global session-memory');
  expect(cannotLast(contextOf(put(`lib/node_modules/${PACKAGE}`), {}))).toBeNull();
});

test('on Windows a task is told settings and folders of agents as words, and what it cannot be told is refused', () => {
  const env = {
    SESSION_MEMORY_INGEST_EXCLUDE: 'private',
    CODEX_HOME: 'C:\\my files\\',
    LOCALAPPDATA: 'C:\\l',
  };
  const context = contextOf('C:\\session-memory.exe', env, 'win32');
  const { LOCALAPPDATA: _, ...told } = env;
  expect(cannotBeTold(context)).toBeNull();
  expect(jobOf(context).env).toEqual(told);
  expect(jobOfTask(taskXml(jobOf(context)))).toEqual(jobOf(context));
  expect(taskXml(jobOf(context))).toContain(
    '--headless C:\\session-memory.exe --env &quot;CODEX_HOME=C:\\my files\\\\&quot; --env SESSION_MEMORY_INGEST_EXCLUDE=private maintain',
  );
  for (const [name, value] of [
    ['SESSION_MEMORY_INGEST_EXCLUDE', '%TEMP%'],
    ['CODEX_HOME', 'one\ntwo'],
  ] as const) {
    const broken = contextOf('C:\\session-memory.exe', { [name]: value }, 'win32');
    expect(cannotBeTold(broken)).toMatch(new RegExp(`^${name} .*config\\.toml`));
    expect(jobOf(broken).env).toEqual({});
  }
  expect(cannotBeTold(contextOf('/session-memory', { SESSION_MEMORY_INGEST_EXCLUDE: '%TEMP%' }))).toBeNull();
  // A hook has what its agent has.
  expect(untold(context)).toEqual([expect.stringContaining('SESSION_MEMORY_INGEST_EXCLUDE')]);
  expect(programOf(context).env).toEqual({});
});

test('variables that stand before all other words of a call are those of the call', async () => {
  using program = new Program();
  const asked = async (...words: string[]) => {
    const { PATH = '' } = Bun.env;
    const child = Bun.spawn([...program.command, ...words, 'config', '--json'], {
      env: { HOME: program.home, PATH, SESSION_MEMORY_RAW_MAX_AGE_DAYS: '60' },
      stderr: 'pipe',
    });
    return { out: await new Response(child.stdout).text(), code: await child.exited };
  };
  const days = ({ out }: { out: string }) => /"raw_max_age_days".*?"value": ?"?(\w+)/s.exec(out)?.[1];
  expect(days(await asked())).toBe('60');
  expect(days(await asked('--env', 'SESSION_MEMORY_RAW_MAX_AGE_DAYS=7'))).toBe('7');
  expect((await asked('--json', '--env', 'A=b')).code).toBe(2);
});
