/**
 * Settings: flags, then environment, then the configuration file, then defaults; each remembers where it came from.
 * Promises: an unknown key or a wrong value is a failure that names the file, the key and the nearest right one.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { AgentSettings, Host } from '../domain/agent.ts';
import { FailureError, fail, invalid } from '../domain/errors.ts';
import { checkLimits, type Limits } from '../domain/limits.ts';
import { type FileValue, readConfigFile } from './config-file.ts';
import {
  SETTINGS,
  type Setting,
  type SettingKey,
  type SettingKind,
  type SettingValue,
  variableOf,
} from './settings.ts';
import { parseAgeDays, parseBytes, parseCount } from './values.ts';

export interface RemoteSettings {
  readonly url: string;
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyle: boolean | null;
  /** What this machine is called; null: as its host is. */
  readonly name: string | null;
}

export interface Settings {
  readonly storePath: string;
  /** True: others who may write to the store's folder are trusted. */
  readonly sharedFolder: boolean;
  readonly configPath: string;
  readonly limits: Limits;
  /** Whether a sweep gives freed space back to the file system, unless its flag says otherwise. */
  readonly reclaims: boolean;
  readonly analyzerCommand: string | null;
  readonly analyzerTimeoutS: number;
  readonly exclude: readonly string[];
  /** Whether `mcp` may give out raw text of transcripts. */
  readonly mcpTranscripts: boolean;
  /** A bucket of one's own; null: there is none, and nothing uses a network. */
  readonly remote: RemoteSettings | null;
  /** All of them by key, as `config` shows them: sizes in bytes, paths whole. */
  readonly values: ReadonlyMap<SettingKey, SettingValue | null>;
  /** By the agent's id: those that the file names. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
  /** Where each key's value comes from: `--flag`, `$NAME`, the file's path, or `default`. */
  readonly origins: Readonly<Record<SettingKey, string>>;
}

/** Values that flags give, by key; absent ones are undefined. */
export type FlagValues = Partial<Record<SettingKey | 'config', string | undefined>>;

/** Where the configuration lies. `named`: by a flag. */
export function configPathOf(host: Host, named: string | undefined): string {
  return named ?? host.env['SESSION_MEMORY_CONFIG'] ?? join(configFolder(host), 'config.toml');
}

/**
 * `writesConfig`: the file that the user named is about to be written, and need not be there. `softFollows`: of a command that has no use
 * for the soft cap, a hard cap below it is no mistake.
 */
export async function loadSettings(
  host: Host,
  flags: FlagValues,
  writesConfig = false,
  softFollows = false,
): Promise<Settings> {
  const configPath = configPathOf(host, flags.config);
  const isNamed = flags.config !== undefined || host.env['SESSION_MEMORY_CONFIG'] !== undefined;
  const mustExist = isNamed && !writesConfig;
  const { values: file, agents } = await readConfigFile(configPath, mustExist);
  const given = new Map(
    SETTINGS.map((setting) => [setting.key, pick(setting, flags, host, file, configPath)]),
  );
  const values = new Map<SettingKey, SettingValue | null>();
  for (const { key, kind } of SETTINGS) {
    const { value = null, where = key } = given.get(key) ?? {};
    values.set(key, value === null ? null : parsed(kind, value, key, where, host));
  }
  const origins = Object.fromEntries([...given].map(([key, { origin }]) => [key, origin]));
  const of = <T extends SettingValue | null>(key: SettingKey) => values.get(key) as T;
  const limits: Limits = {
    rawSoftCapBytes:
      softFollows && flags.raw_hard_cap_bytes !== undefined
        ? Math.min(of<number>('raw_soft_cap_bytes'), of<number>('raw_hard_cap_bytes'))
        : of<number>('raw_soft_cap_bytes'),
    rawHardCapBytes: of<number>('raw_hard_cap_bytes'),
    rawMaxAgeDays: of<number | 'off'>('raw_max_age_days'),
    distilledCapBytes: of<number>('distilled_cap_bytes'),
  };
  const wrong = checkLimits(limits);
  if (wrong !== null) throw new FailureError(wrong);
  values.set('raw_soft_cap_bytes', limits.rawSoftCapBytes);
  const store = of<string | null>('store') ?? join(dataFolder(host), 'store.db');
  // What a file says must not depend on the folder that the program is called in: there would be a store in each.
  const storePath =
    origins['store'] === configPath && !isAbsolute(store) ? join(dirname(configPath), store) : store;
  values.set('store', storePath);
  return {
    storePath,
    sharedFolder: of<boolean>('shared_folder'),
    configPath,
    limits,
    reclaims: of<string>('reclaim') !== 'never',
    analyzerCommand: of<string | null>('analyzer.command'),
    analyzerTimeoutS: of<number>('analyzer.timeout_s'),
    exclude: of<readonly string[]>('ingest.exclude'),
    mcpTranscripts: of<boolean>('mcp.transcripts'),
    remote: remoteOf(of),
    agents: withRoots(host, configPath, agents),
    values,
    origins: origins as Record<SettingKey, string>,
  };
}

function remoteOf(of: <T extends SettingValue | null>(key: SettingKey) => T): RemoteSettings | null {
  const url = of<string | null>('remote.url');
  if (url === null) return null;
  return {
    url,
    endpoint: of<string | null>('remote.endpoint'),
    region: of<string | null>('remote.region'),
    pathStyle: of<boolean | null>('remote.path_style'),
    name: of<string | null>('remote.name'),
  };
}

/** A setting as it was given, and by whom. */
interface Given {
  readonly value: SettingValue | null;
  /** `--flag`, `$NAME`, the file's path, or `default`. */
  readonly origin: string;
  /** For an error: what to look at. */
  readonly where: string;
}

function pick(
  { key, flag, fallback }: Setting & { readonly key: SettingKey },
  flags: FlagValues,
  { env }: Host,
  file: ReadonlyMap<SettingKey, FileValue>,
  configPath: string,
): Given {
  const byFlag = flags[key];
  if (byFlag !== undefined) return { value: byFlag, origin: `--${flag ?? key}`, where: `--${flag ?? key}` };
  const name = variableOf(key);
  const byName = env[name];
  if (byName !== undefined) return { value: byName, origin: `$${name}`, where: name };
  const inFile = file.get(key);
  if (inFile === undefined) return { value: fallback, origin: 'default', where: 'default' };
  const line = inFile.line === null ? '' : `, line ${inFile.line}`;
  return { value: inFile.value, origin: configPath, where: `${key} in ${configPath}${line}` };
}

function parsed(
  kind: SettingKind,
  value: SettingValue,
  key: SettingKey,
  where: string,
  host: Host,
): SettingValue | null {
  if (typeof kind === 'object') {
    if (kind.oneOf.includes(String(value))) return String(value);
    throw fail('config', `${where} is ${String(value)}`, `Write ${kind.oneOf.join(' or ')}.`);
  }
  switch (kind) {
    case 'path':
      return resolvePath(host, String(value));
    case 'switch':
      return isTrue(value, where);
    case 'size':
      return parseBytes(scalar(value, key), where);
    case 'days':
      return parseAgeDays(scalar(value, key), where);
    case 'command':
    case 'text':
      return value === '' ? null : String(value);
    case 'seconds': {
      const seconds = parseCount(String(value), where);
      // Nothing can be done in no time: every analysis would fail, and look like the analyzer's fault.
      if (seconds === 0) throw new FailureError(invalid(`${where} is 0`, 'Give seconds from 1 up.'));
      return seconds;
    }
    case 'patterns':
      return (Array.isArray(value) ? value : String(value).split(',')).map((entry) =>
        resolvePath(host, String(entry)),
      );
  }
}

function isTrue(value: SettingValue, where: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw fail('config', `${where} is true or false, not ${String(value)}`, 'Write true or false.');
}

function scalar(value: SettingValue, key: SettingKey): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw fail('config', `${key} takes one value`, 'See `session-memory config`.');
}

/** A folder relative to who knows what would be another one for each caller: cron, a hook, a shell. */
function withRoots(host: Host, configPath: string, agents: Readonly<Record<string, AgentSettings>>) {
  const absolute = (id: string, root: string): string => {
    const path = resolvePath(host, root);
    if (isAbsolute(path)) return path;
    const message = `agents.${id}.roots in ${configPath} holds ${root}, which is not absolute`;
    throw fail('config', message, 'Write the whole path, or begin it with ~/.');
  };
  return Object.fromEntries(
    Object.entries(agents).map(([id, settings]): [string, AgentSettings] => [
      id,
      { ...settings, roots: settings.roots.map((root) => absolute(id, root)) },
    ]),
  );
}

function resolvePath(host: Host, path: string): string {
  return path === '~' || path.startsWith('~/') ? join(host.homeDir, path.slice(1)) : path;
}

/** XDG folders count only where absolute, as the XDG standard says. */
function xdg(host: Host, name: string, fallback: string): string {
  const value = host.env[name];
  return value !== undefined && isAbsolute(value) ? value : join(host.homeDir, fallback);
}

/** Where the store is by default. */
export function dataFolder(host: Host): string {
  if (host.platform === 'darwin')
    return join(host.homeDir, 'Library', 'Application Support', 'session-memory');
  if (host.platform === 'win32')
    return join(host.env['LOCALAPPDATA'] ?? join(host.homeDir, 'AppData', 'Local'), 'session-memory');
  return join(xdg(host, 'XDG_DATA_HOME', '.local/share'), 'session-memory');
}

/** Where the configuration is: `$XDG_CONFIG_HOME/session-memory` on every system. */
export function configFolder(host: Host): string {
  return join(xdg(host, 'XDG_CONFIG_HOME', '.config'), 'session-memory');
}
