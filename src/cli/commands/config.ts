/** `config`: the settings in force and where each comes from; `config path`, `config init`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, FailureError, fail, invalid } from '../../domain/errors.ts';
import { formatOfGlob, hasKey, OWN_LISTS, type OwnFormat, ownValue } from '../../domain/own-format.ts';
import { plainLine } from '../../domain/text.ts';
import { excludeRules } from '../../ingest/discover/exclude.ts';
import { matchedPatterns } from '../../store/exclude-matches.ts';
import { openReadable } from '../../store/open.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { placeOf, SETTING_KEYS, SETTING_TABLES, SETTINGS, type SettingKey } from '../settings.ts';
import { nearest } from '../values.ts';

const ACTIONS = ['path', 'init'] as const;

export const configCommand: Command = async (context) => {
  const [action] = context.args;
  if (action === undefined) return showAll(context);
  if (action === 'path') {
    if (context.json) printJson<'config'>(context.io, { version: 1, path: context.settings.configPath });
    else context.io.out(`${context.settings.configPath}\n`);
    return EXIT.done;
  }
  if (action === 'init') return init(context);
  throw new FailureError(
    invalid(
      `config does not know ${action}`,
      `${nearest(action, ACTIONS) ?? ''} It takes path or init.`.trim(),
    ),
  );
};

interface Unmatched {
  readonly pattern: string;
  /** As the end of a sentence. */
  readonly why: string;
}

/** Exclude patterns that have left no session out so far: written otherwise than its project, one protects nothing. */
export function unmatchedOf({ settings, host }: Context): Unmatched[] {
  const { idle } = excludeRules(settings.exclude, host, () => null);
  const matched = new Set(settings.exclude.length === 0 ? [] : matchedSoFar(settings.storePath));
  return settings.exclude.flatMap((pattern) => {
    const impossible = idle.find((one) => one.pattern === pattern);
    if (impossible !== undefined) return [{ pattern, why: `can match nothing: ${impossible.why}` }];
    return matched.has(pattern) ? [] : [{ pattern, why: 'has never left a session out' }];
  });
}

/** A store that cannot be read keeps nobody from looking at the settings. */
function matchedSoFar(storePath: string): readonly string[] {
  try {
    using db = openReadable(storePath);
    return matchedPatterns(db);
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return [];
  }
}

function showAll(context: Context) {
  const { values } = context.settings;
  const unmatched = unmatchedOf(context);
  if (context.json) {
    printJson<'config'>(context.io, {
      version: 1,
      path: context.settings.configPath,
      exists: existsSync(context.settings.configPath),
      settings: SETTING_KEYS.map((key) => ({
        key,
        value: values.get(key) ?? null,
        origin: context.settings.origins[key],
      })),
      agents: context.settings.agents,
      exclude_unmatched: unmatched,
    });
    return EXIT.done;
  }
  const shown = (key: SettingKey): string => {
    const value = values.get(key) ?? null;
    if (value === null) return '-';
    if (typeof value === 'number' && key.endsWith('_bytes')) return `${formatBytes(value)} (${value})`;
    return Array.isArray(value) ? value.join(', ') || '-' : String(value);
  };
  context.io.out(
    table(
      [{ title: 'KEY' }, { title: 'VALUE', shrinks: true }, { title: 'FROM' }],
      [
        ...SETTING_KEYS.map((key) => [key, shown(key), context.settings.origins[key]]),
        ...Object.entries(context.settings.agents).flatMap(([id, { enabled, roots, own }]) => [
          [`agents.${id}.enabled`, String(enabled), context.settings.configPath],
          [`agents.${id}.roots`, roots.join(', ') || '-', context.settings.configPath],
          ...(own === undefined ? [] : ownRows(id, own, context.settings.configPath)),
        ]),
      ],
      tableColumns(context.io),
    ),
  );
  for (const { pattern, why } of unmatched) context.io.err(`ingest.exclude: ${plainLine(pattern)} ${why}.\n`);
  return EXIT.done;
}

/** All keys of a format of one's own: a default that is not shown is one that nobody can look for a mistake in. */
function ownRows(id: string, own: OwnFormat, configPath: string): string[][] {
  const row = (key: string, value: string, isWritten: boolean) => [
    ...[`agents.${id}.${key}`, value === '' ? '-' : value, isWritten ? configPath : 'default'],
  ];
  const lists = OWN_LISTS.filter((key) => hasKey(own.format, key));
  return [
    row('name', own.name ?? id, own.name !== undefined),
    row('glob', own.glob, true),
    row('format', own.format, formatOfGlob(own.glob) !== own.format),
    ...lists.map((key) => row(key, ownValue(own, key).join(', '), own[key] !== undefined)),
    row('resume', own.resume ?? '', own.resume !== undefined),
  ];
}

const linesIn = (table: string) =>
  SETTINGS.filter(({ key }) => placeOf(key).table === table).map(({ line }) => `# ${line}`);

const TEMPLATE = `# session-memory. Every key is optional; these are the defaults.

${linesIn('').join('\n')}

${SETTING_TABLES.map((table) => [`[${table}]`, ...linesIn(table)].join('\n')).join('\n\n')}

# [agents.codex]                 # a table an agent; \`session-memory agents\` shows what is found
# enabled = false                # not looked for unless named by --agent or by a path
# roots = ["/mnt/box/.codex"]    # looked in too: a container's home, a synced folder

# [agents.my-agent]              # an agent that nobody knows
# roots = ["~/.my-agent"]
# glob = "**/*.jsonl"            # a file that it matches is one session
# format = "jsonl"               # or "json" (one document a file), "markdown"; most globs tell
# list = "messages"              # of a JSON document: where its turns stand
# role = "role"                  # where in a record it stands whose it is, \`user\` or \`assistant\`
# text = "content"               # where it stands what was said
`;

function init(context: Context) {
  const path = context.settings.configPath;
  if (existsSync(path))
    throw fail('exists', `${path} is already there; it was left as it is`, 'Edit it, or move it away first.');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, TEMPLATE, { flag: 'wx', mode: 0o600 });
  if (context.json) printJson<'config'>(context.io, { version: 1, path, created: true });
  else context.io.out(`Wrote ${path}\n`);
  return EXIT.done;
}
