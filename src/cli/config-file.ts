/**
 * The configuration file: TOML, every key known and of its kind.
 * Promises: what is wrong is one failure that names the file, the line, the key and the nearest right one.
 * Never: loads TOML or zod where there is no file, and decides nothing about the values: `config.ts` does.
 */
import { existsSync } from 'node:fs';
import type { AgentSettings } from '../domain/agent.ts';
import { type FailureError, fail, messageOf } from '../domain/errors.ts';
import { OWN_FORMS, OWN_KEYS } from '../domain/own-format.ts';
import { readPlain } from '../files/plain-file.ts';
import { agentsOfTables } from './config-agents.ts';
import {
  expectedOf,
  placeOf,
  SETTING_KEYS,
  SETTING_TABLES,
  SETTINGS,
  type SettingKey,
  type SettingKind,
  type SettingValue,
} from './settings.ts';
import { nearest } from './values.ts';

export interface FileValue {
  readonly value: SettingValue;
  /** From 1; null where it could not be told, as for a key in an inline table. */
  readonly line: number | null;
}

export interface ConfigFile {
  readonly values: ReadonlyMap<SettingKey, FileValue>;
  /** `[agents.ID]` as it stands there: known agents, roots not yet made absolute. */
  readonly agents: Readonly<Record<string, AgentSettings>>;
}

/** What the file says. A missing file says nothing, unless the user named it (`mustExist`). */
export async function readConfigFile(path: string, mustExist: boolean): Promise<ConfigFile> {
  if (!existsSync(path)) {
    if (!mustExist) return { values: new Map(), agents: {} };
    throw wrong(
      `no configuration file: ${path}`,
      'Give a file that exists, or run `session-memory config init`.',
    );
  }
  const { text, table } = await parsed(path);
  const agents = await check(path, text, table);
  const values = new Map<SettingKey, FileValue>();
  for (const key of SETTING_KEYS) {
    const value = valueAt(table, key.split('.'));
    if (value !== undefined) values.set(key, { value, line: lineOf(text, key) });
  }
  return { values, agents };
}

/** A person's settings are a few KiB. */
const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

async function parsed(path: string): Promise<{ text: string; table: Record<string, unknown> }> {
  let text: string;
  try {
    text = readPlain(path, CONFIG_BYTES_MAX).toString();
  } catch (thrown) {
    throw wrong(`cannot read ${path}: ${messageOf(thrown)}`, 'Give a file that you can read as --config.');
  }
  const { parse, TomlError } = await import('smol-toml');
  try {
    return { text, table: parse(text) };
  } catch (thrown) {
    const where = thrown instanceof TomlError ? `, line ${thrown.line}, column ${thrown.column}` : '';
    const why = (messageOf(thrown).split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw wrong(`${path}${where} is not TOML: ${why}`, 'Mend that line; texts stand in quotes.');
  }
}

const PLACES = 'a place in a record such as "message.role", or a list of them';

/** The same for the keys of `[agents.ID]`; '' is the table itself. */
const EXPECTED_OF_AGENT: Readonly<Record<string, string>> = {
  '': 'a table: its keys are enabled and roots',
  enabled: 'true or false, without quotes',
  roots: 'a list of folders: ["/mnt/box/.claude"]',
  name: 'a name in quotes',
  glob: 'one pattern in quotes, such as "**/*.jsonl"',
  format: '"jsonl" (a JSON record a line), "json" (one document a file) or "markdown"',
  id: PLACES,
  time: PLACES,
  role: PLACES,
  text: PLACES,
  project: PLACES,
  title: PLACES,
  user: 'a list of texts: ["user", "human"]',
  assistant: 'a list of texts: ["assistant", "model"]',
  resume: 'a command in quotes, such as "my-agent --resume {id}"',
};

/** What a value of each key, or of a table that holds keys, must look like. */
const EXPECTED: ReadonlyMap<string, string> = new Map<string, string>([
  ...SETTINGS.map((setting) => [setting.key, expectedOf(setting)] as const),
  ...SETTING_TABLES.map((table) => [table, `a table: [${table}], and its keys below it`] as const),
  ['agents', 'tables named after agents: [agents.claude-code], and its keys below it'],
]);

/** The agents' tables, checked with all the rest. */
async function check(
  path: string,
  text: string,
  table: Record<string, unknown>,
): Promise<Readonly<Record<string, AgentSettings>>> {
  const z = await import('zod/mini');
  const line = z.string().check(z.minLength(1));
  const list = z.optional(z.union([line, z.array(line)]));
  const formOf = (kind: SettingKind) => {
    if (typeof kind === 'object') return z.enum(kind.oneOf);
    switch (kind) {
      case 'path':
      case 'text':
        return line;
      case 'switch':
        return z.boolean();
      case 'size':
        return z.union([line, z.int().check(z.gte(0))]);
      case 'days':
        return z.union([line, z.number().check(z.gte(0))]);
      case 'command':
        return z.string();
      case 'seconds':
        return z.int().check(z.gte(1));
      case 'patterns':
        return z.union([line, z.array(line)]);
    }
  };
  const formsIn = (table: string) =>
    Object.fromEntries(
      SETTINGS.filter(({ key }) => placeOf(key).table === table).map(({ key, kind }) => [
        placeOf(key).name,
        z.optional(formOf(kind)),
      ]),
    );
  const schema = z.strictObject({
    ...formsIn(''),
    ...Object.fromEntries(SETTING_TABLES.map((name) => [name, z.optional(z.strictObject(formsIn(name)))])),
    agents: z.optional(
      z.record(
        z.string(),
        z.strictObject({
          enabled: z.optional(z.boolean()),
          roots: z.optional(z.array(line)),
          name: z.optional(line),
          glob: z.optional(line),
          format: z.optional(z.enum(OWN_FORMS)),
          id: list,
          time: list,
          role: list,
          text: list,
          project: list,
          title: list,
          list,
          user: list,
          assistant: list,
          resume: z.optional(line),
        }),
      ),
    ),
  });
  const result = schema.safeParse(table);
  if (result.success)
    return await agentsOfTables(result.data.agents ?? {}, (key) => ({
      at: `in ${path}${lineSuffix(text, key)}`,
      wrong,
    }));
  const [issue] = result.error.issues;
  if (issue === undefined) throw new Error('a refused configuration has an issue');
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') throw unknownKey(path, text, [...at, issue.keys[0] ?? ''], table);
  // Within a list the path ends in a number: the key is what can be mended.
  const key = at.filter((part) => !/^\d+$/.test(part)).join('.');
  throw wrong(`${key} in ${path}${lineSuffix(text, key)} is of a wrong kind`, `It takes ${expectedAt(key)}.`);
}

function expectedAt(key: string): string {
  const ofAgent = /^agents\.[^.]+\.?(.*)$/.exec(key)?.[1];
  return (ofAgent === undefined ? EXPECTED.get(key) : EXPECTED_OF_AGENT[ofAgent]) ?? 'another value';
}

function unknownKey(
  path: string,
  text: string,
  parts: readonly string[],
  table: Record<string, unknown>,
): FailureError {
  const name = parts.join('.');
  if (parts[0] === 'agents') {
    // Only a format of one's own has more keys than two.
    const isOwn = Object.keys(agentTable(table, parts[1])).some((key) => OWN_KEYS.some((own) => own === key));
    const keys = ['enabled', 'roots', ...(isOwn ? OWN_KEYS : [])];
    const near = isOwn ? nearest(parts.at(-1) ?? '', keys) : null;
    return wrong(
      `unknown key ${name} in ${path}${lineSuffix(text, name)}`,
      `${near === null ? '' : `${near} `}The keys of an agent are ${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}.`,
    );
  }
  const known = [...SETTING_KEYS, ...SETTING_TABLES, 'agents'];
  return wrong(
    `unknown key ${name} in ${path}${lineSuffix(text, name)}`,
    nearest(name, known) ?? `The keys are ${SETTING_KEYS.join(', ')}.`,
  );
}

function agentTable(table: Record<string, unknown>, id = ''): object {
  const of = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
  return of(new Map(Object.entries(of(table['agents']))).get(id));
}

function lineSuffix(text: string, key: string): string {
  const line = lineOf(text, key);
  return line === null ? '' : `, line ${line}`;
}

/** Where a key stands: the parser gives values without places. From 1; null where it is written in some rarer way. */
export function lineOf(text: string, key: string): number | null {
  let table = '';
  for (const [i, row] of text.split('\n').entries()) {
    const header = /^\s*\[+([^\]]*)\]/.exec(row)?.[1];
    if (header !== undefined) table = plainKey(header);
    const own = header === undefined ? /^\s*([^=#]+?)\s*=/.exec(row)?.[1] : undefined;
    const full = own === undefined ? table : [table, plainKey(own)].filter((part) => part !== '').join('.');
    if (
      header !== undefined ? table === key : own !== undefined && (full === key || full.startsWith(`${key}.`))
    )
      return i + 1;
  }
  return null;
}

function plainKey(written: string): string {
  return written.replace(/["'\s]/g, '');
}

function valueAt(table: unknown, parts: readonly string[]): SettingValue | undefined {
  const [part, ...rest] = parts;
  if (part === undefined) return isSettingValue(table) ? table : undefined;
  if (typeof table !== 'object' || table === null) return undefined;
  return valueAt(new Map(Object.entries(table)).get(part), rest);
}

function isSettingValue(value: unknown): value is SettingValue {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
  );
}

function wrong(message: string, hint: string): FailureError {
  return fail('config', message, hint);
}
