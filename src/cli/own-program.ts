/**
 * How this very program is to be called by others: by hooks, and by a scheduler.
 * Promises: what they run keeps the same store by the same settings as the call that installs them. By the name on the PATH where that leads here,
 * since it outlives an upgrade.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { agentsOf } from '../agents/registry.ts';
import { fail } from '../domain/errors.ts';
import { realPathOrNull } from '../files/within.ts';
import type { Program } from '../unattended/own-call.ts';
import { MAINTAIN, type ScheduledJob } from '../unattended/schedule.ts';
import { type Context, textFlag } from './context.ts';
import { ownOrigin } from './own-origin.ts';
import { SETTING_KEYS, type SettingKey, variableOf } from './settings.ts';

/** Settings that change what a hook stores, or whether it does. `store` is told by its flag, all others are for a sweep or a person. */
const OF_HOOKS: readonly SettingKey[] = [
  'shared_folder',
  'raw_hard_cap_bytes',
  'analyzer.command',
  'analyzer.timeout_s',
  'ingest.exclude',
];

export function programOf(context: Context): Program {
  const { self, host, settings, flags } = context;
  const [executable, ...source] = self ?? [];
  if (executable === undefined)
    throw fail('failed', 'this program does not know where it lies', 'Run the installed executable.');
  const named = source.length > 0 ? null : namedOnPath(context);
  const isMoved = settings.origins.store.startsWith('--') || settings.origins.store.startsWith('$');
  const config = textFlag(flags, 'config') ?? host.env['SESSION_MEMORY_CONFIG'] ?? null;
  return {
    platform: host.platform,
    argv: [
      ...[named?.leadsHere === true ? named.path : executable, ...source],
      ...(isMoved ? ['--store', settings.storePath] : []),
      // Relative to the folder of this call, it would be another one elsewhere.
      ...(config === null ? [] : ['--config', resolve(settings.configPath)]),
    ],
    env: host.platform === 'win32' ? {} : variablesOf(context, OF_HOOKS.map(variableOf)),
  };
}

/** What `session-memory` on the PATH is; null: there is none. */
export function namedOnPath({ self, host }: Context): { path: string; leadsHere: boolean } | null {
  const path = Bun.which('session-memory', { PATH: host.env['PATH'] ?? '' });
  const [executable] = self ?? [];
  if (path === null || executable === undefined) return null;
  return { path, leadsHere: leadsTo(path, executable) };
}

/** Whether what is called there ends up in this executable: the file itself, a link to it, or npm's script of the same installation. */
export function leadsTo(path: string, executable: string): boolean {
  const [called, program] = [realPathOrNull(path), realPathOrNull(executable)];
  if (called === null || program === null) return false;
  return called === program || programOfScript(scriptOf(path, called), program);
}

const SCRIPT = /[\\/]bin[\\/]session-memory\.cjs$/;
/** What npm on Windows, and pnpm, put on the PATH: a small script that calls the other, relative to where it lies itself. */
const WRAPPED = /(?:\$basedir|%dp0%|%~dp0)[\\/]*([^"'\r\n]*?[\\/]bin[\\/]session-memory\.cjs)/;
const WRAPPER_BYTES_MAX = 8192;

function scriptOf(path: string, called: string): string | null {
  if (SCRIPT.test(called)) return called;
  const stats = statSync(called);
  if (!stats.isFile() || stats.size > WRAPPER_BYTES_MAX) return null;
  const below = WRAPPED.exec(readFileSync(called, 'utf8'))?.[1];
  return below === undefined ? null : realPathOrNull(join(dirname(path), below.replaceAll('\\', '/')));
}

/** The script takes the package of its platform from the nearest folder of modules, as Node looks for one. */
function programOfScript(script: string | null, program: string): boolean {
  const [, target, file] = /@session-memory[\\/]([\w-]+)[\\/]bin[\\/]([^\\/]+)$/.exec(program) ?? [];
  if (script === null || target === undefined || file === undefined) return false;
  for (let folder = dirname(dirname(script)); ; folder = dirname(folder)) {
    const found = realPathOrNull(join(folder, 'node_modules', '@session-memory', target, 'bin', file));
    if (found !== null) return found === program;
    if (folder === dirname(folder)) return false;
  }
}

/** Null: it stays. Else why what is installed now would stop working. */
export function cannotLast(context: Context): string | null {
  const { how, toStay } = ownOrigin(context) ?? {};
  if (toStay === undefined) return null;
  return `this program is ${how}, out of a cache that is emptied: what is installed now will stop working then; \`${toStay}\` first, and \`session-memory install\` by that one`;
}

/** A scheduler has none of the variables of a shell's start-up files: settings, and folders of agents, would be others. */
export function jobOf(context: Context): ScheduledJob {
  const { argv } = programOf(context);
  const [program = ''] = argv;
  const env = variablesOf(context, [...agentVariables(context), ...settingVariables()]);
  return { argv: [...argv, ...MAINTAIN], env: { ...env, ...pathFor(context, program) } };
}

const settingVariables = () => SETTING_KEYS.filter((key) => key !== 'store').map(variableOf);

function agentVariables({ host }: Context): string[] {
  return ['XDG_DATA_HOME', 'XDG_CONFIG_HOME', ...agentsOf(host).flatMap(({ variables }) => variables)];
}

/** npm's script wants Node, which schedulers do not look for where people have it; an analyzer is found as its person finds it. */
function pathFor({ host, settings }: Context, program: string): Record<string, string> {
  const path = host.env['PATH'];
  const needsIt = settings.analyzerCommand !== null || isScript(program);
  return path === undefined || !needsIt || host.platform === 'win32' || isBroken(path, host)
    ? {}
    : { PATH: path };
}

function isScript(program: string): boolean {
  const real = realPathOrNull(program);
  return real !== null && scriptOf(program, real) !== null;
}

function variablesOf({ host }: Context, names: readonly string[]): Record<string, string> {
  const wanted = new Set(names);
  const set = Object.entries(host.env).filter(([name, value]) => wanted.has(name) && !isBroken(value, host));
  return Object.fromEntries(set.sort());
}

/** No file of a scheduler takes a value of several lines, and Windows has its own idea of `%`. */
const isBroken = (value: string, { platform }: Context['host']) =>
  (platform === 'win32' ? /[\r\n%]/ : /[\r\n]/).test(value);

/** Variables that are set here and that a schedule cannot be told: it would run by others. Null: there is none. */
export function cannotBeTold(context: Context): string | null {
  const { host, settings } = context;
  const names = [...new Set([...settingVariables(), ...agentVariables(context)])].filter((name) => {
    const value = host.env[name];
    return value !== undefined && isBroken(value, host);
  });
  if (names.length === 0) return null;
  const why =
    host.platform === 'win32' ? 'no task takes a value with `%` or' : 'no scheduler takes a value of';
  return `${names.join(', ')} would not be known to it, for ${why} several lines: write it into ${settings.configPath}, and unset it`;
}

/** What Windows has no way to tell a hook, which has it only where its agent does. */
export function untold({ host, settings }: Context): string[] {
  if (host.platform !== 'win32') return [];
  const own = OF_HOOKS.map(variableOf).filter((name) => host.env[name] !== undefined);
  if (own.length === 0) return [];
  return [`a hook knows ${own.join(', ')} only where its agent does: write it into ${settings.configPath}`];
}

/** The variables that it was told, and would be told other values of now. */
export function differing(
  told: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(told), ...Object.keys(now)]);
  return [...names].filter((name) => name !== 'PATH' && told[name] !== now[name]).sort();
}
