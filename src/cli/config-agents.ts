/**
 * The tables `[agents.ID]` of a configuration: settings of agents that are known, and agents that only it knows.
 * Promises: what is wrong is one failure that names the key, its line and the way out; what passes cannot fail later.
 */
import type { AgentSettings } from '../domain/agent.ts';
import type { FailureError } from '../domain/errors.ts';
import {
  formatOfGlob,
  hasKey,
  OWN_KEYS,
  OWN_LISTS,
  type OwnFormat,
  type OwnFormatKind,
  type OwnList,
  ownValue,
} from '../domain/own-format.ts';
import { nearest } from './values.ts';

/** One table, its kinds already checked. */
export type AgentTable = Partial<Record<OwnList, string | string[] | undefined>> & {
  enabled?: boolean | undefined;
  roots?: string[] | undefined;
  name?: string | undefined;
  glob?: string | undefined;
  format?: OwnFormatKind | undefined;
  resume?: string | undefined;
};

/** Where a key stands, as `in FILE, line 3`, and how to refuse it. */
export type ConfigPlace = (key: string) => {
  readonly at: string;
  wrong(message: string, hint: string): FailureError;
};

/** By the agent's id; roots as they were written. */
export async function agentsOfTables(
  tables: Readonly<Record<string, AgentTable>>,
  place: ConfigPlace,
): Promise<Readonly<Record<string, AgentSettings>>> {
  const entries = Object.entries(tables);
  if (entries.length === 0) return {};
  const { AGENTS } = await import('../agents/registry.ts');
  const known: readonly string[] = AGENTS.map((agent) => agent.id);
  return Object.fromEntries(
    entries.map(([id, table]): [string, AgentSettings] => {
      const settings = { enabled: table.enabled ?? true, roots: table.roots ?? [] };
      if (!known.includes(id)) return [id, { ...settings, own: ownOf(id, table, known, place) }];
      const [key] = ownKeysOf(table);
      if (key === undefined) return [id, settings];
      const { at, wrong } = place(`agents.${id}.${key}`);
      throw wrong(
        `agents.${id}.${key} ${at}: how ${id} writes is known and cannot be told anew`,
        `A format of your own needs a name of its own: [agents.my-${id}]`,
      );
    }),
  );
}

function ownKeysOf(table: AgentTable): string[] {
  return OWN_KEYS.filter((key) => table[key] !== undefined);
}

/** An agent that only the configuration knows. */
function ownOf(id: string, table: AgentTable, known: readonly string[], place: ConfigPlace): OwnFormat {
  const { glob } = table;
  const { at, wrong } = place(`agents.${id}`);
  if (glob === undefined) {
    if (ownKeysOf(table).length > 0)
      throw wrong(
        `agents.${id} ${at} has no glob`,
        'Add glob = "**/*.jsonl": which files below its roots are transcripts.',
      );
    throw wrong(
      `unknown agent ${id} ${at}`,
      nearest(id, known) ??
        `For an agent of your own add glob = "**/*.jsonl" (which files are transcripts) and roots = ["~/.${id}"] (where they lie). Known are ${known.join(', ')}.`,
    );
  }
  // It begins every uid, stands before its colon, and in file names.
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id) || id.length > 40)
    throw wrong(
      `${id} ${at} is no id of an agent`,
      'Write up to 40 small letters and digits with single dashes between: [agents.my-agent].',
    );
  if ((table.roots ?? []).length === 0)
    throw wrong(
      `agents.${id} ${at} has no roots`,
      'Add roots = ["~/.my-agent"]: the folders that its glob is looked for in.',
    );
  const { glob: _, enabled: __, roots: ___, format: ____, ...rest } = table;
  const format = table.format ?? formatOfGlob(glob);
  checkGlob(`agents.${id}.glob`, glob, place);
  if (format === null) throw unknownFormat(id, glob, place);
  const lists = Object.fromEntries(
    OWN_LISTS.flatMap((key) => {
      const value = rest[key];
      return value === undefined ? [] : [[key, typeof value === 'string' ? [value] : value]];
    }),
  );
  const own: OwnFormat = {
    glob,
    format,
    ...lists,
    ...(rest.name === undefined ? {} : { name: rest.name }),
    ...(rest.resume === undefined ? {} : { resume: rest.resume }),
  };
  checkLists(id, own, place);
  checkResume(id, own, place);
  return own;
}

function unknownFormat(id: string, glob: string, place: ConfigPlace): FailureError {
  const { at, wrong } = place(`agents.${id}.glob`);
  if (/\.(?:db|sqlite3?)$/i.test(glob))
    return wrong(
      `agents.${id} ${at} names a database: ${glob}`,
      'Only files of records or of text can be described: export its sessions, and name those files.',
    );
  const isDocument = /\.json$/i.test(glob);
  return wrong(
    `agents.${id} ${at} has no format, and its glob's ending tells none: ${glob}`,
    isDocument
      ? 'Add format = "json" where each file is one document, or format = "jsonl" where each line is a record.'
      : 'Add format = "jsonl" (a JSON record a line) or format = "markdown".',
  );
}

/** A glob that matches nothing, whatever there is, finds nothing without a word. */
function checkGlob(key: string, glob: string, place: ConfigPlace): void {
  const why = whatIsWrong(glob);
  if (why === null) return;
  const { at, wrong } = place(key);
  throw wrong(`${key} ${at} ${why[0]}: ${glob}`, why[1]);
}

function whatIsWrong(glob: string): readonly [why: string, wayOut: string] | null {
  if (/^(?:\/|~|[A-Za-z]:)/.test(glob))
    return ['is a path', 'It is matched below each root: put the folder into roots, and write "**/*.jsonl".'];
  if (glob.startsWith('!'))
    return ['would match all but what it names', 'Write what it matches, such as "**/*.jsonl".'];
  const parts = glob.split('/');
  if (parts.includes('..') || parts.includes('.') || parts.slice(0, -1).includes(''))
    return ['has a part that no file below a root has', 'Leave out ./ and ../ and double slashes.'];
  if (parts.at(-1) === '') return ['names a folder', `Name files: "${glob}**/*.jsonl".`];
  if (!isBalanced(glob))
    return [
      'has a bracket or brace without its other one',
      'Close it, or write \\ before a sign that stands for itself.',
    ];
  return null;
}

function isBalanced(glob: string): boolean {
  let braces = 0;
  let isSet = false;
  for (let at = 0; at < glob.length; at++) {
    const sign = glob[at];
    if (sign === '\\') {
      if (++at === glob.length) return false;
    } else if (isSet) isSet = sign !== ']';
    else if (sign === '[') isSet = true;
    else if (sign === ']') return false;
    else if (sign === '{') braces++;
    else if (sign === '}' && --braces < 0) return false;
  }
  return braces === 0 && !isSet;
}

function checkLists(id: string, own: OwnFormat, place: ConfigPlace): void {
  for (const key of OWN_LISTS) {
    const name = `agents.${id}.${key}`;
    const { at, wrong } = place(name);
    const list = own[key];
    if (list === undefined) continue;
    if (key === 'list' && !hasKey(own.format, key))
      throw wrong(
        `${name} ${at} means nothing where each line is a record`,
        'Leave it out, or write format = "json" where each file is one document.',
      );
    if (!hasKey(own.format, key))
      throw wrong(
        `${name} ${at} means nothing in Markdown`,
        'Leave it out: there user and assistant say what the line begins with that begins a turn.',
      );
    // In Markdown an agent may have no mark: what stands below a line of a prompt is the answer.
    if (list.length === 0 && !(own.format === 'markdown' && key === 'assistant'))
      throw wrong(`${name} ${at} is empty`, `Give at least one text, or leave ${key} out for its default.`);
    const isPlaces = own.format !== 'markdown' && key !== 'user' && key !== 'assistant';
    const odd = isPlaces
      ? list.find((path) => /^\$|[[\]]/.test(path) || path.split('.').includes(''))
      : undefined;
    if (odd !== undefined)
      throw wrong(
        `${name} ${at} is no place in a record: ${odd}`,
        'Write the names with dots between: "message.role"; the first of a list is "parts.0".',
      );
  }
  const users = new Set(ownValue(own, 'user').map((word) => word.toLowerCase()));
  const both = ownValue(own, 'assistant').find((word) => users.has(word.toLowerCase()));
  if (both === undefined) return;
  const { at, wrong } = place(`agents.${id}.${own.assistant === undefined ? 'user' : 'assistant'}`);
  throw wrong(
    `agents.${id}.user and agents.${id}.assistant ${at} both have ${both}`,
    'One marks what a person said, the other what the agent answered.',
  );
}

function checkResume(id: string, { resume }: OwnFormat, place: ConfigPlace): void {
  const other = /\{(?!id\})[^}]*\}?/.exec(resume ?? '')?.[0];
  if (other === undefined) return;
  const { at, wrong } = place(`agents.${id}.resume`);
  throw wrong(
    `agents.${id}.resume ${at} has ${other}, which nothing is put in for`,
    "Only {id} is known: the session's id, as one word. Words are parted by blanks.",
  );
}
