/**
 * What a call of any tool tells by its name and its arguments: files read, written or edited, a shell command.
 * Promises: pure; bounded by `PATHS_MAX`; knows words, no agent: servers of MCP, editors and agents name their tools alike.
 * Never: takes the sub-command of an editor (`str_replace`) or a slash command for a shell's.
 */

import { filesOfPatch, type PatchedFile } from './patch-headers.ts';

export interface ToolCall {
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly edited: readonly string[];
  /** The shell command that it runs, else null. */
  readonly command: string | null;
  /** Where it runs, where the call says so. */
  readonly cwd: string | null;
}

type Input = { readonly [key: string]: unknown };

/** Names in one call; a list of thousands is no edit that anyone asks for by name. */
const PATHS_MAX = 200;
const PATH_KEYS = new Set([
  ...['path', 'filepath', 'file', 'filename', 'notebookpath', 'relativepath', 'absolutepath', 'targetfile'],
  ...['target', 'uri', 'pathinproject', 'sourcefile'],
]);
const DESTINATION_KEYS = new Set([
  ...['destination', 'dest', 'destinationpath', 'newpath', 'newfilepath', 'topath', 'targetpath', 'movepath'],
]);
const LIST_KEYS = new Set(['files', 'paths', 'edits', 'changes', 'filepaths']);
/** The text of a patch in Codex's own form, which other agents have taken over. */
const PATCH_TEXT_KEYS = ['patch', 'patchtext', 'input', 'diff'];
const COMMAND_KEYS = ['command', 'cmd', 'commandline', 'script'];
const CWD_KEYS = ['workdir', 'cwd', 'workingdirectory', 'workingdir', 'dirpath', 'directory'];

const SHELL_WORDS = new Set([
  ...[
    'bash',
    'shell',
    'sh',
    'zsh',
    'exec',
    'execute',
    'terminal',
    'command',
    'cmd',
    'powershell',
    'run',
    'process',
    'monitor',
  ],
]);
const WRITE_WORDS = new Set(['write', 'create', 'save', 'push', 'copy', 'download']);
const EDIT_WORDS = new Set([
  ...[
    'edit',
    'multiedit',
    'editor',
    'replace',
    'patch',
    'insert',
    'append',
    'update',
    'modify',
    'rename',
    'move',
  ],
  ...['refactor', 'delete', 'remove', 'diff'],
]);
const READ_WORDS = new Set(['read', 'view', 'open', 'cat']);
/** Tools with a path that is no file's: folders, and what only looks. */
const OTHER_WORDS = new Set([
  'directory',
  'dir',
  'folder',
  'branch',
  'list',
  'ls',
  'search',
  'find',
  'grep',
  'glob',
]);
/** Of these, what `replace` makes an edit of. */
const LOOKING_WORDS = new Set(['search', 'find']);
/** What an editor does to its path; its `command` is this word. */
const EDITOR_COMMANDS: ReadonlyMap<string, 'read' | 'written' | 'edited'> = new Map([
  ['view', 'read'],
  ['create', 'written'],
  ['str_replace', 'edited'],
  ['insert', 'edited'],
  ['undo_edit', 'edited'],
]);

/** `name` as the agent tells it (`mcp__files__write_file`, `Bash`); `input` its arguments. */
export function readToolCall(name: string, input: Input): ToolCall {
  const words = wordsOf(name);
  const keyed = Object.entries(input).map(
    ([key, value]) => [key.toLowerCase().replaceAll('_', ''), value] as const,
  );
  const does = whatItDoes(words, textOf(keyed, ['command']));
  const isShell = does === null && !words.includes('slash') && words.some((word) => SHELL_WORDS.has(word));
  const isPatch = does === 'edited' && words.some((word) => word.endsWith('patch'));
  const patched = isPatch ? filesOfPatch(textOf(keyed, PATCH_TEXT_KEYS) ?? '').slice(0, PATHS_MAX) : [];
  const paths = does === null ? [] : pathsIn(keyed, PATH_KEYS);
  const moved = does === 'edited' || does === 'written' ? pathsIn(keyed, DESTINATION_KEYS) : [];
  const isCopy = moved.length > 0 && words.includes('copy');
  return {
    read: does === 'read' ? paths : [],
    written: does === 'written' && !isCopy ? [...paths, ...moved] : [...moved, ...pathsOf(patched, true)],
    edited: does === 'edited' ? [...new Set([...paths, ...pathsOf(patched, false)])] : [],
    command: isShell ? commandIn(keyed) : null,
    cwd: isShell ? textOf(keyed, CWD_KEYS) : null,
  };
}

const pathsOf = (files: readonly PatchedFile[], isNew: boolean) =>
  files.filter((file) => file.isNew === isNew).map(({ path }) => path);

/** The words of a tool's own name, without its server's: `mcp__files__write_file` → write, file. */
export function wordsOf(name: string): readonly string[] {
  const own =
    name
      .slice(0, 200)
      .split(/__|[.:/]/)
      .findLast((part) => part !== '') ?? '';
  return own
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

function whatItDoes(words: readonly string[], command: string | null): 'read' | 'written' | 'edited' | null {
  const isEditor = words.some((word) => word === 'edit' || word === 'editor');
  const sub = isEditor && command !== null ? EDITOR_COMMANDS.get(command) : undefined;
  if (sub !== undefined) return sub;
  // What searches in order to replace is an edit: `search_replace`.
  const looks = words.filter((word) => OTHER_WORDS.has(word));
  if (looks.some((word) => !words.includes('replace') || !LOOKING_WORDS.has(word))) return null;
  if (words.some((word) => EDIT_WORDS.has(word)) && !words.includes('create')) return 'edited';
  if (words.some((word) => WRITE_WORDS.has(word))) return 'written';
  return words.some((word) => READ_WORDS.has(word)) ? 'read' : null;
}

type Keyed = readonly (readonly [key: string, value: unknown])[];

function pathsIn(keyed: Keyed, keys: ReadonlySet<string>): readonly string[] {
  const paths: string[] = [];
  for (const [key, value] of keyed) {
    if (keys.has(key)) addPath(paths, value);
    else if (keys === PATH_KEYS && LIST_KEYS.has(key) && Array.isArray(value))
      for (const entry of value.slice(0, PATHS_MAX)) addEntry(paths, entry);
  }
  return [...new Set(paths)].slice(0, PATHS_MAX);
}

function addEntry(paths: string[], entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) addPath(paths, entry);
  else
    for (const [key, value] of Object.entries(entry))
      if (PATH_KEYS.has(key.toLowerCase().replaceAll('_', ''))) addPath(paths, value);
}

function addPath(paths: string[], value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.length > 4096 || value.includes('\n')) return;
  paths.push(value.replace(/^file:\/\/(?=\/)/, ''));
}

function textOf(keyed: Keyed, keys: readonly string[]): string | null {
  for (const wanted of keys) {
    const found = keyed.find(([key, value]) => key === wanted && typeof value === 'string' && value !== '');
    if (typeof found?.[1] === 'string') return found[1];
  }
  return null;
}

function commandIn(keyed: Keyed): string | null {
  const text = textOf(keyed, COMMAND_KEYS);
  if (text !== null) {
    const more = keyed.find(([key, value]) => key === 'args' && Array.isArray(value));
    return more === undefined ? text : commandOfArgv([text, ...asArgv(more[1])]);
  }
  const argv = keyed.find(
    ([key, value]) => (COMMAND_KEYS.includes(key) || key === 'input') && Array.isArray(value),
  );
  return argv === undefined ? null : commandOfArgv(asArgv(argv[1]));
}

function asArgv(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
}

/** The command that an argv runs: the script of a shell's `-lc`, else its words; null where it is empty. */
export function commandOfArgv(argv: readonly string[]): string | null {
  const [shell = '', ...rest] = argv;
  if (shell === '') return null;
  const isShell =
    /(?:^|[\\/])(?:ba|z|da|k|fi|)sh(?:\.exe)?$|(?:^|[\\/])(?:pwsh|powershell|cmd)(?:\.exe)?$/i.test(shell);
  const flag = isShell ? rest.findIndex((part) => /^-[a-z]*c$|^-command$|^\/c$/i.test(part)) : -1;
  const script = flag < 0 || flag > 3 ? undefined : rest[flag + 1];
  return script ?? argv.join(' ');
}
