/**
 * Settings: flags, then environment, then the configuration file, then defaults; each remembers where it came from.
 * Promises: an unknown key or a wrong value is a failure that names the file, the key and the nearest right one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Host } from '../domain/agent.ts';
import { FailureError, failure, messageOf } from '../domain/errors.ts';
import { checkLimits, DEFAULT_LIMITS, type Limits } from '../domain/limits.ts';
import { parseAgeDays, parseBytes, parseCount } from './values.ts';

/** Every key of the file, with its default; `[table] key` is written `table.key`. */
export const SETTING_KEYS = [
  'store',
  'raw_soft_cap_bytes',
  'raw_hard_cap_bytes',
  'raw_max_age_days',
  'distilled_cap_bytes',
  'analyzer.command',
  'analyzer.timeout_s',
  'ingest.exclude',
] as const;
export type SettingKey = (typeof SETTING_KEYS)[number];

export interface Settings {
  readonly storePath: string;
  readonly configPath: string;
  readonly limits: Limits;
  readonly analyzerCommand: string | null;
  readonly analyzerTimeoutS: number;
  readonly exclude: readonly string[];
  /** Where each key's value comes from: `--flag`, `$NAME`, the file's path, or `default`. */
  readonly origins: Readonly<Record<SettingKey, string>>;
}

type Raw = string | number | readonly string[];

/** Values that flags give, by key; absent ones are undefined. */
export type FlagValues = Partial<Record<SettingKey | 'config', string | undefined>>;

export async function loadSettings(host: Host, flags: FlagValues): Promise<Settings> {
  const configPath =
    flags.config ?? host.env['SESSION_MEMORY_CONFIG'] ?? join(configFolder(host), 'config.toml');
  const mustExist = flags.config !== undefined || host.env['SESSION_MEMORY_CONFIG'] !== undefined;
  const file = await readConfig(configPath, mustExist);
  const origins: Partial<Record<SettingKey, string>> = {};
  const pick = (key: SettingKey, fallback: Raw | null): Raw | null => {
    const envName = `SESSION_MEMORY_${key.toUpperCase().replace('.', '_')}`;
    const flag = flags[key];
    if (flag !== undefined) return from(key, flag, `--${FLAG_OF[key] ?? key}`);
    const env = host.env[envName];
    if (env !== undefined) return from(key, env, `$${envName}`);
    const inFile = file.get(key);
    if (inFile !== undefined) return from(key, inFile, configPath);
    return from(key, fallback, 'default');
  };
  const from = <T>(key: SettingKey, value: T, origin: string): T => {
    origins[key] = origin;
    return value;
  };
  const where = (key: SettingKey) =>
    origins[key] === configPath ? `${key} in ${configPath}` : (origins[key] ?? key).replace(/^\$/, '');
  const bytes = (key: SettingKey, fallback: number) =>
    parseBytes(scalar(pick(key, fallback), key), where(key));
  const limits: Limits = {
    rawSoftCapBytes: bytes('raw_soft_cap_bytes', DEFAULT_LIMITS.rawSoftCapBytes),
    rawHardCapBytes: bytes('raw_hard_cap_bytes', DEFAULT_LIMITS.rawHardCapBytes),
    rawMaxAgeDays: parseAgeDays(
      scalar(pick('raw_max_age_days', DEFAULT_LIMITS.rawMaxAgeDays), 'raw_max_age_days'),
      where('raw_max_age_days'),
    ),
    distilledCapBytes: bytes('distilled_cap_bytes', DEFAULT_LIMITS.distilledCapBytes),
  };
  const wrong = checkLimits(limits);
  if (wrong !== null) throw new FailureError(wrong);
  const command = pick('analyzer.command', null);
  const timeout = pick('analyzer.timeout_s', 120);
  const exclude = pick('ingest.exclude', []);
  return {
    storePath: resolvePath(host, String(pick('store', join(dataFolder(host), 'store.db')))),
    configPath,
    limits,
    analyzerCommand: command === null || command === '' ? null : String(command),
    analyzerTimeoutS: parseCount(String(timeout), where('analyzer.timeout_s')),
    exclude: (Array.isArray(exclude) ? exclude : String(exclude).split(',')).map((entry) =>
      resolvePath(host, String(entry)),
    ),
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

function scalar(value: Raw | null, key: SettingKey): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new FailureError(failure('config', `${key} takes one value`, 'See `session-memory config`.'));
}

function resolvePath(host: Host, path: string): string {
  return path === '~' || path.startsWith('~/') ? join(host.homeDir, path.slice(1)) : path;
}

/** The file's values by key. A missing file has none, unless the user named it. */
async function readConfig(path: string, mustExist: boolean): Promise<Map<string, Raw>> {
  if (!existsSync(path)) {
    if (!mustExist) return new Map();
    throw new FailureError(
      failure(
        'config',
        `no configuration file: ${path}`,
        'Give a file that exists, or run `session-memory config init`.',
      ),
    );
  }
  const { parse, TomlError } = await import('smol-toml');
  let text: string;
  let table: Record<string, unknown>;
  try {
    text = readFileSync(path, 'utf8');
    table = parse(text);
  } catch (thrown) {
    const where = thrown instanceof TomlError ? `, line ${thrown.line}, column ${thrown.column}` : '';
    const why = messageOf(thrown).split('\n')[0] ?? '';
    throw new FailureError(
      failure('config', `cannot read ${path}${where}: ${why}`, 'Mend the file; it is TOML.'),
    );
  }
  const values = new Map<string, Raw>();
  for (const [key, value] of Object.entries(table)) {
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
    const entries: [string, unknown][] = isTable
      ? Object.entries(value).map(([name, inner]) => [`${key}.${name}`, inner])
      : [[key, value]];
    for (const [name, inner] of entries)
      values.set(await knownKey(name, path, text), checkedValue(name, inner, path));
  }
  return values;
}

async function knownKey(name: string, path: string, text: string): Promise<SettingKey> {
  const known = SETTING_KEYS.find((key) => key === name);
  if (known !== undefined) return known;
  const { closest } = await import('fastest-levenshtein');
  const last = name.split('.').at(-1) ?? name;
  const line = text.split('\n').findIndex((row) => row.trim().replaceAll('"', '').startsWith(last)) + 1;
  const nearest = closest(name, [...SETTING_KEYS]);
  throw new FailureError(
    failure(
      'config',
      `unknown key ${name} in ${path}${line > 0 ? `, line ${line}` : ''}`,
      `Did you mean ${nearest}?`,
    ),
  );
}

function checkedValue(name: string, value: unknown, path: string): Raw {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (Array.isArray(value) && value.every((entry): entry is string => typeof entry === 'string'))
    return value;
  throw new FailureError(
    failure(
      'config',
      `${name} in ${path} has a value of a wrong kind`,
      'Give a text, a number, or for ingest.exclude a list of texts.',
    ),
  );
}

/** XDG folders count only where absolute, as the XDG standard says. */
function xdg(host: Host, name: string, fallback: string): string {
  const value = host.env[name];
  return value !== undefined && isAbsolute(value) ? value : join(host.homeDir, fallback);
}

/** Where the store is by default (SPEC §4). */
export function dataFolder(host: Host): string {
  if (host.platform === 'darwin')
    return join(host.homeDir, 'Library', 'Application Support', 'session-memory');
  if (host.platform === 'win32')
    return join(host.env['LOCALAPPDATA'] ?? join(host.homeDir, 'AppData', 'Local'), 'session-memory');
  return join(xdg(host, 'XDG_DATA_HOME', '.local/share'), 'session-memory');
}

/** Where the configuration is: `$XDG_CONFIG_HOME/session-memory` on every system, as SPEC §7 says. */
export function configFolder(host: Host): string {
  return join(xdg(host, 'XDG_CONFIG_HOME', '.config'), 'session-memory');
}
