/**
 * Settings: flags, then environment, then the configuration file, then defaults; each remembers where it came from.
 * Promises: an unknown key or a wrong value is a failure that names the file, the key and the nearest right one.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { AgentSettings, Host } from '../domain/agent.ts';
import { FailureError, fail, invalid } from '../domain/errors.ts';
import { checkLimits, DEFAULT_LIMITS, type Limits } from '../domain/limits.ts';
import { readConfigFile, SETTING_KEYS, type SettingKey, type SettingValue } from './config-file.ts';
import { parseAgeDays, parseBytes, parseCount } from './values.ts';

export { SETTING_KEYS, type SettingKey, type SettingValue };

export interface Settings {
  readonly storePath: string;
  /** True: others who may write to the store's folder are trusted. */
  readonly sharedFolder: boolean;
  readonly configPath: string;
  readonly limits: Limits;
  readonly analyzerCommand: string | null;
  readonly analyzerTimeoutS: number;
  readonly exclude: readonly string[];
  /** Whether `mcp` may give out raw text of transcripts. */
  readonly mcpTranscripts: boolean;
  /** By the agent's id: those that the file names. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
  /** Where each key's value comes from: `--flag`, `$NAME`, the file's path, or `default`. */
  readonly origins: Readonly<Record<SettingKey, string>>;
}

/** Values that flags give, by key; absent ones are undefined. */
export type FlagValues = Partial<Record<SettingKey | 'config', string | undefined>>;

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
  const configPath =
    flags.config ?? host.env['SESSION_MEMORY_CONFIG'] ?? join(configFolder(host), 'config.toml');
  const isNamed = flags.config !== undefined || host.env['SESSION_MEMORY_CONFIG'] !== undefined;
  const mustExist = isNamed && !writesConfig;
  const { values: file, agents } = await readConfigFile(configPath, mustExist);
  const origins: Partial<Record<SettingKey, string>> = {};
  const pick = (key: SettingKey, fallback: SettingValue | null): SettingValue | null => {
    const envName = `SESSION_MEMORY_${key.toUpperCase().replace('.', '_')}`;
    const flag = flags[key];
    if (flag !== undefined) return from(key, flag, `--${FLAG_OF[key] ?? key}`);
    const env = host.env[envName];
    if (env !== undefined) return from(key, env, `$${envName}`);
    const inFile = file.get(key);
    if (inFile !== undefined) return from(key, inFile.value, configPath);
    return from(key, fallback, 'default');
  };
  const from = <T>(key: SettingKey, value: T, origin: string): T => {
    origins[key] = origin;
    return value;
  };
  const where = (key: SettingKey) =>
    origins[key] === configPath
      ? `${key} in ${configPath}${file.get(key)?.line == null ? '' : `, line ${file.get(key)?.line}`}`
      : (origins[key] ?? key).replace(/^\$/, '');
  const bytes = (key: SettingKey, fallback: number) =>
    parseBytes(scalar(pick(key, fallback), key), where(key));
  const softCapBytes = bytes('raw_soft_cap_bytes', DEFAULT_LIMITS.rawSoftCapBytes);
  const hardCapBytes = bytes('raw_hard_cap_bytes', DEFAULT_LIMITS.rawHardCapBytes);
  const limits: Limits = {
    rawSoftCapBytes:
      softFollows && flags.raw_hard_cap_bytes !== undefined
        ? Math.min(softCapBytes, hardCapBytes)
        : softCapBytes,
    rawHardCapBytes: hardCapBytes,
    rawMaxAgeDays: parseAgeDays(
      scalar(pick('raw_max_age_days', DEFAULT_LIMITS.rawMaxAgeDays), 'raw_max_age_days'),
      where('raw_max_age_days'),
    ),
    distilledCapBytes: bytes('distilled_cap_bytes', DEFAULT_LIMITS.distilledCapBytes),
  };
  const wrong = checkLimits(limits);
  if (wrong !== null) throw new FailureError(wrong);
  const command = pick('analyzer.command', null);
  const timeoutS = parseCount(String(pick('analyzer.timeout_s', 120)), where('analyzer.timeout_s'));
  // Nothing can be summarised in no time: every analysis would fail, and look like the analyzer's fault.
  if (timeoutS === 0)
    throw new FailureError(invalid(`${where('analyzer.timeout_s')} is 0`, 'Give seconds from 1 up.'));
  const exclude = pick('ingest.exclude', []);
  const store = resolvePath(host, String(pick('store', join(dataFolder(host), 'store.db'))));
  // What a file says must not depend on the folder that the program is called in: there would be a store in each.
  const storePath =
    origins.store === configPath && !isAbsolute(store) ? join(dirname(configPath), store) : store;
  return {
    storePath,
    sharedFolder: isTrue(pick('shared_folder', false), where('shared_folder')),
    configPath,
    limits,
    analyzerCommand: command === null || command === '' ? null : String(command),
    analyzerTimeoutS: timeoutS,
    exclude: (Array.isArray(exclude) ? exclude : String(exclude).split(',')).map((entry) =>
      resolvePath(host, String(entry)),
    ),
    mcpTranscripts: isTrue(pick('mcp.transcripts', false), where('mcp.transcripts')),
    agents: withRoots(host, configPath, agents),
    // Every key was picked above.
    origins: { ...DEFAULT_ORIGINS, ...origins },
  };
}

const DEFAULT_ORIGINS = Object.fromEntries(SETTING_KEYS.map((key) => [key, 'default'])) as Record<
  SettingKey,
  string
>;

const FLAG_OF: Partial<Record<SettingKey, string>> = {
  store: 'store',
  raw_soft_cap_bytes: 'soft-cap',
  raw_hard_cap_bytes: 'hard-cap',
  raw_max_age_days: 'max-age-days',
  distilled_cap_bytes: 'distilled-cap',
  'analyzer.command': 'analyzer',
};

function isTrue(value: SettingValue | null, where: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw fail('config', `${where} is true or false, not ${String(value)}`, 'Write true or false.');
}

function scalar(value: SettingValue | null, key: SettingKey): string | number {
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
