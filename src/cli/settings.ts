/**
 * Every setting, as data: the flags, the environment, the file and its check, `config`, `config init` and docs/settings.md are made
 * from it. A new setting is a row here, and whoever uses it.
 */
import { DEFAULT_LIMITS } from '../domain/limits.ts';

/** What values a setting takes. */
export type SettingKind =
  | 'path'
  | 'switch'
  | 'size'
  | 'days'
  | 'command'
  | 'text'
  | 'seconds'
  | 'patterns'
  | { readonly oneOf: readonly [string, ...string[]] };

export interface Setting {
  /** As the file has it; `[table] key` is written `table.key`. */
  readonly key: string;
  readonly kind: SettingKind;
  /** The flag that stands for it, without dashes; null: none does. */
  readonly flag: string | null;
  /** Null: none, or one that the machine decides. */
  readonly fallback: string | number | boolean | readonly string[] | null;
  /** Its line in the file that `config init` writes. */
  readonly line: string;
  /** Its default and what it does, for docs/settings.md. */
  readonly says: string;
}

export const SETTINGS = [
  {
    key: 'store',
    kind: 'path',
    flag: 'store',
    fallback: null,
    line: 'store = "~/somewhere/store.db"',
    says: '`~/.local/share/session-memory/store.db` (macOS: `~/Library/Application Support`, Windows: `%LOCALAPPDATA%`)',
  },
  {
    key: 'shared_folder',
    kind: 'switch',
    flag: null,
    fallback: false,
    line: 'shared_folder = false          # true: the folder of the store may be one that others write to',
    says: '`false`: a folder that others may write to is refused for the store, see [security](security.md#files-of-the-program)',
  },
  {
    key: 'raw_soft_cap_bytes',
    kind: 'size',
    flag: 'soft-cap',
    fallback: DEFAULT_LIMITS.rawSoftCapBytes,
    line: 'raw_soft_cap_bytes = "4GiB"    # the budget pass evicts down to it',
    says: '4GiB',
  },
  {
    key: 'raw_hard_cap_bytes',
    kind: 'size',
    flag: 'hard-cap',
    fallback: DEFAULT_LIMITS.rawHardCapBytes,
    line: 'raw_hard_cap_bytes = "6GiB"    # the overflow pass keeps usage under it',
    says: '6GiB',
  },
  {
    key: 'raw_max_age_days',
    kind: 'days',
    flag: 'max-age-days',
    fallback: DEFAULT_LIMITS.rawMaxAgeDays,
    line: 'raw_max_age_days = 45          # or "off"',
    says: '45, or `off`',
  },
  {
    key: 'distilled_cap_bytes',
    kind: 'size',
    flag: 'distilled-cap',
    fallback: DEFAULT_LIMITS.distilledCapBytes,
    line: 'distilled_cap_bytes = "1GiB"   # digests above it are reported, never dropped',
    says: '1GiB',
  },
  {
    key: 'reclaim',
    kind: { oneOf: ['after-sweep', 'never'] },
    flag: null,
    fallback: 'after-sweep',
    line: 'reclaim = "after-sweep"        # or "never": freed space stays in the store file, as with --no-reclaim',
    says: '`after-sweep`; `never`: freed space stays in the store file for later reuse, as with `--no-reclaim`',
  },
  {
    key: 'analyzer.command',
    kind: 'command',
    flag: 'analyzer',
    fallback: null,
    line: 'command = "my-summarizer"      # adds a summary to each digest; the transcript is on its stdin',
    says: 'none',
  },
  {
    key: 'analyzer.timeout_s',
    kind: 'seconds',
    flag: null,
    fallback: 120,
    line: 'timeout_s = 120',
    says: '120',
  },
  {
    key: 'ingest.exclude',
    kind: 'patterns',
    flag: null,
    fallback: [],
    line: 'exclude = ["~/private"]        # never stored: folders with all below, names ("secret"), * and **',
    says: 'none; projects or paths: a folder covers all below it, a name (`secret`) any project in a folder of that name, `*` and `**` are signs',
  },
  {
    key: 'mcp.transcripts',
    kind: 'switch',
    flag: null,
    fallback: false,
    line: 'transcripts = true             # agents may read raw transcripts, secrets taken out; else digests only',
    says: '`false`; `true`: agents may read raw transcripts by [`mcp`](for-agents.md), secrets taken out',
  },
  {
    key: 'remote.url',
    kind: 'text',
    flag: null,
    fallback: null,
    line: 'url = "s3://bucket/prefix"     # a bucket of your own: `session-memory remote init` makes it ready',
    says: 'none; the address of [a bucket of your own](many-machines.md)',
  },
  {
    key: 'remote.endpoint',
    kind: 'text',
    flag: null,
    fallback: null,
    line: 'endpoint = "https://s3.example.com"',
    says: "none: Amazon's, by the region",
  },
  {
    key: 'remote.region',
    kind: 'text',
    flag: null,
    fallback: null,
    line: 'region = "eu-central-1"        # else AWS_REGION, else us-east-1',
    says: '`AWS_REGION`, else `us-east-1`',
  },
  {
    key: 'remote.path_style',
    kind: 'switch',
    flag: null,
    fallback: null,
    line: "path_style = true              # the bucket's name stands in the path, not in the host's name",
    says: "`true` where an endpoint is given; `false`: the bucket's name stands in the host's name",
  },
  {
    key: 'remote.name',
    kind: 'text',
    flag: null,
    fallback: null,
    line: 'name = "laptop"                # what this machine is called on the others',
    says: "the host's name",
  },
] as const satisfies readonly Setting[];

export type SettingKey = (typeof SETTINGS)[number]['key'];
export const SETTING_KEYS: readonly SettingKey[] = SETTINGS.map(({ key }) => key);

/** The variable that stands for it. */
export function variableOf(key: SettingKey): string {
  return `SESSION_MEMORY_${key.toUpperCase().replace('.', '_')}`;
}

/** A value as a flag, the environment or the file gives it. */
export type SettingValue = string | number | boolean | readonly string[];

/** What a value of it must look like in the file: the end of "it takes …". */
export function expectedOf({ kind, line }: Pick<Setting, 'kind' | 'line'>): string {
  if (typeof kind === 'object') return kind.oneOf.map((one) => `"${one}"`).join(' or ');
  switch (kind) {
    case 'path':
      return 'a path in quotes';
    case 'switch':
      return 'true or false, without quotes';
    case 'size':
      return `a size such as ${/"[^"]+"/.exec(line)?.[0] ?? ''}, or a whole number of bytes`;
    case 'days':
      return 'a number of days such as 45, or "off"';
    case 'command':
      return 'a command in quotes';
    case 'text':
      return 'a text in quotes';
    case 'seconds':
      return 'a whole number of seconds from 1 up';
    case 'patterns':
      return 'a list of paths: ["~/private"]';
  }
}

/** The table that a key stands in, and its name there; '' is the file itself. */
export function placeOf(key: string): { readonly table: string; readonly name: string } {
  const dot = key.indexOf('.');
  return dot < 0 ? { table: '', name: key } : { table: key.slice(0, dot), name: key.slice(dot + 1) };
}

/** The tables that keys stand in, in their order. */
export const SETTING_TABLES: readonly string[] = [
  ...new Set(SETTING_KEYS.map((key) => placeOf(key).table).filter((table) => table !== '')),
];
