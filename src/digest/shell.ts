/**
 * Which files a shell command reads, writes or edits, as far as its text tells.
 * Promises: pure; linear in the text; names made absolute where the folder is known, so that one file has one name. What a command that
 * failed did not touch is told where its text alone tells that; where it may have, it has.
 * Never: runs or expands anything; guesses a name that a variable or a pattern hides; counts devices.
 */
import { filesOfScript } from './scripts.ts';
import { type SimpleCommand, simpleCommands, type Word } from './shell.words.ts';

export interface Touched {
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly edited: readonly string[];
  /** Of what is written and edited: what the whole command did not touch if it failed. */
  readonly ifWell: readonly string[];
  /** The same of what a patch names, if its tool says that it refused it. */
  readonly byPatch: readonly string[];
}

/** `2>&1`, `>/dev/null`. */
const NOWHERE = /\d?>&\d|[\d&]?>{1,2} ?\/dev\/null/g;
const NOTHING: Touched = { read: [], written: [], edited: [], ifWell: [], byPatch: [] };
/** One look tells most commands apart: they name no file that they change. */
const HINT =
  />|<<|\b(?:tee|sed|perl|mv|cp|touch|truncate|dd|install|curl|wget|patch|apply|cat|head|tail|nl|bat|write\w*|open|Out-File|Set-Content|Add-Content|New-Item|ba?sh|eval)\b|\*\*\* Begin Patch/i;
/** Names of one command; a loop over thousands is no edit that anyone asks for by name. */
const NAMES_MAX = 200;
const VALUES_MAX = 50;
const NESTED_MAX = 3;
/** Words before the command's own name. */
const PREFIXES = new Set([
  'sudo',
  'env',
  'time',
  'nohup',
  'command',
  'builtin',
  'exec',
  'then',
  'do',
  'else',
  'if',
  'while',
  'until',
  '!',
  '{',
  'xargs',
]);
const BARE_PATCH = /^\s*(?:apply_?patch\s+)?\*\*\* Begin Patch/;
const PATCHED = /\*\*\* (Add File|Update File|Delete File|Move to): ([^\n\r"\\]{1,4096})/g;

/** `cwd`: the absolute folder where it runs, null where that is not known. */
export function filesOfCommand(command: string, cwd: string | null): Touched {
  // Most commands that redirect anything merge their errors or throw them away.
  if (!HINT.test(command.replace(NOWHERE, ''))) return NOTHING;
  const run = new Run(cwd);
  // As argv a patch stands without quotes: nothing in it is a shell's.
  if (BARE_PATCH.test(command)) run.patchAlone(command);
  else run.script(command, 0);
  const [read, written, edited] = [run.read, run.written, run.edited].map((names) =>
    [...names].slice(0, NAMES_MAX),
  );
  return { read: read ?? [], written: written ?? [], edited: edited ?? [], ...run.doubts() };
}

/** These fail only where the file behind their `>` cannot be opened. */
const NEVER_FAIL: ReadonlySet<string> = new Set(['', 'echo', 'printf', ':', 'true']);
/** Of several files they change all or none. */
const ALL_OR_NONE: ReadonlySet<string> = new Set(['apply_patch', 'applypatch', 'git']);
/** When they fail they have not changed their file; of several files maybe some. A pipe into `tee` may fail by what comes before it. */
const ONE_OR_NONE: ReadonlySet<string> = new Set([
  ...['touch', 'truncate', 'cp', 'mv', 'sed', 'gsed', 'perl', 'curl', 'wget'],
  ...['out-file', 'set-content', 'add-content', 'new-item'],
]);

type How = 'read' | 'written' | 'edited';

class Run {
  readonly read = new Set<string>();
  readonly written = new Set<string>();
  readonly edited = new Set<string>();
  /** Of the simple command at hand, what it has not touched if it fails. Where the whole fails, so did its last one, or it was not come to. */
  private readonly last = new Set<string>();
  private readonly byPatch = new Set<string>();
  /** Touched by a patch before the last command, or by any other command whatever became of it. */
  private readonly patchedBefore = new Set<string>();
  private readonly certain = new Set<string>();
  private doubt: 'none' | 'if it fails' | 'patch' = 'none';
  private cwd: string | null;
  private readonly values = new Map<string, readonly string[]>();

  constructor(cwd: string | null) {
    this.cwd = cwd;
  }

  script(text: string, nested: number): void {
    const folders: (string | null)[] = [];
    for (const command of simpleCommands(text)) {
      // A folder changed in a subshell is left with it.
      while (folders.length > command.depth + 1) this.cwd = folders.pop() ?? null;
      while (folders.length < command.depth + 1) folders.push(this.cwd);
      this.simple(command, nested);
    }
  }

  private simple(command: SimpleCommand, nested: number): void {
    const words = this.withoutPrefixes(command.words);
    for (const name of this.last) (this.doubt === 'patch' ? this.patchedBefore : this.certain).add(name);
    this.last.clear();
    const [first, ...args] = words;
    const name = first === undefined ? '' : first.text.slice(first.text.lastIndexOf('/') + 1);
    const known = name.toLowerCase().replace(/\.exe$/, '');
    // A here-document is always there to be read.
    const isCopied = known === 'cat' && plain(args).length === 0 && command.input !== '';
    this.doubt = NEVER_FAIL.has(known) || isCopied ? 'if it fails' : 'none';
    for (const target of command.into) this.note('written', target);
    const tool = TOOLS.get(known);
    if (ALL_OR_NONE.has(known)) this.doubt = 'patch';
    else if (tool !== undefined) this.doubt = ONE_OR_NONE.has(known) ? 'if it fails' : 'none';
    if (tool !== undefined) tool(this, args, command, nested);
    else if (/^(?:python|node|bun|deno|ruby|uv|npx|tsx)/.test(name)) this.language(args, command);
  }

  doubts(): Pick<Touched, 'ifWell' | 'byPatch'> {
    const isSeveral = this.last.size > 1 && this.doubt !== 'patch';
    const ifWell = isSeveral ? new Set<string>() : this.last.difference(this.certain);
    return {
      ifWell: [...ifWell.difference(this.patchedBefore)],
      byPatch: [...this.byPatch.difference(this.certain)],
    };
  }

  /** As argv: no shell is around it. */
  patchAlone(text: string): void {
    this.doubt = 'patch';
    this.patch(text);
  }

  /** Skips assignments, which are remembered, and words like `sudo`; the values of a `for` are remembered too. */
  private withoutPrefixes(words: readonly Word[]): readonly Word[] {
    let start = 0;
    for (; start < words.length; start++) {
      const word = words[start];
      if (word === undefined) break;
      const assigned = /^(\w{1,100})=([\s\S]*)$/.exec(word.text);
      if (assigned?.[1] !== undefined && !word.isGlob) {
        this.values.set(assigned[1], this.texts({ ...word, text: assigned[2] ?? '' }));
      } else if (!PREFIXES.has(word.text)) break;
    }
    const rest = words.slice(start);
    if (rest[0]?.text === 'for' && rest[2]?.text === 'in' && rest[1] !== undefined)
      this.values.set(
        rest[1].text,
        rest
          .slice(3)
          .flatMap((word) => this.texts(word))
          .slice(0, VALUES_MAX),
      );
    return rest;
  }

  /** What a word stands for: itself, the values of its variable, or nothing where those are not known. */
  texts(word: Word): readonly string[] {
    if (word.isGlob) return [];
    if (!word.isOpen) return [word.text];
    const variable = /\$(?:\{(\w+)\}|(\w+))/.exec(word.text);
    const name = variable?.[1] ?? variable?.[2];
    if (variable === null || name === undefined) return [];
    const values = name === 'PWD' && this.cwd !== null ? [this.cwd] : this.values.get(name);
    if (values === undefined) return name === 'HOME' && variable.index === 0 ? [word.text] : [];
    return values
      .map(
        (value) =>
          word.text.slice(0, variable.index) + value + word.text.slice(variable.index + variable[0].length),
      )
      .filter((text) => !text.includes('$'));
  }

  note(how: How, word: Word): void {
    for (const text of this.texts(word)) this.name(how, text);
  }

  name(how: How, text: string): void {
    const name = this.absolute(text.trim());
    if (name === null || (how !== 'written' && this.written.has(name))) return;
    if (this.written.size + this.edited.size < NAMES_MAX * 2) this[how].add(name);
    if (how !== 'read') this.remember(name);
  }

  private remember(name: string): void {
    if (this.doubt === 'none') this.certain.add(name);
    else this.last.add(name);
    if (this.doubt === 'patch') this.byPatch.add(name);
  }

  private absolute(name: string): string | null {
    if (name === '' || name === '-' || name.length > 1024 || /[\n\0]/.test(name)) return null;
    if (/^(?:\/dev\/|\/proc\/|&|nul$|\$null$)/i.test(name)) return null;
    if (/^(?:[/~$]|[A-Za-z]:[\\/]|\\\\)/.test(name) || this.cwd === null) return tidied(name);
    const slash = /^(?:[A-Za-z]:)?\\/.test(this.cwd) ? '\\' : '/';
    return tidied(`${this.cwd.replace(/[\\/]$/, '')}${slash}${name}`);
  }

  changeFolder(args: readonly Word[]): void {
    const [word] = args.filter(({ text }) => !/^-[LPe@]*$/.test(text));
    const [to, ...others] = word === undefined ? [] : this.texts(word);
    this.cwd = to === undefined || others.length > 0 ? null : this.absolute(to);
  }

  language(args: readonly Word[], command: SimpleCommand): void {
    // It may fail at any place of its script.
    this.doubt = 'none';
    const flag = args.findIndex(({ text }) => /^-(?:c|e|p|-eval)$/.test(text));
    const script = flag < 0 ? command.input : (args[flag + 1]?.text ?? '');
    for (const name of filesOfScript(script)) this.name('written', name);
  }

  /** Files named in a patch: Codex's own form, or the headers of a unified diff. */
  patch(text: string): void {
    for (const [, what, name] of text.matchAll(PATCHED))
      if (name !== undefined)
        this.name(what === 'Add File' || what === 'Move to' ? 'written' : 'edited', name);
    const lines = text.split('\n');
    for (const [index, line] of lines.entries()) {
      const next = lines[index + 1];
      if (!line.startsWith('--- ') || next?.startsWith('+++ ') !== true) continue;
      const [from, to] = [headerName(line), headerName(next)];
      const name = to === '/dev/null' ? from : to;
      this.name(from === '/dev/null' ? 'written' : 'edited', /^[ab]\//.test(name) ? name.slice(2) : name);
    }
  }
}

type Tool = (run: Run, args: readonly Word[], command: SimpleCommand, nested: number) => void;

const isOption = ({ text }: Word) => text.startsWith('-') && text !== '-';
const plain = (args: readonly Word[]) => args.filter((word) => !isOption(word) && word.text !== '');

const shell: Tool = (run, args, command, nested) => {
  if (nested >= NESTED_MAX) return;
  const flag = args.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
  const script = flag < 0 ? command.input : (args[flag + 1]?.text ?? '');
  run.script(script, nested + 1);
};
const folder: Tool = (run, args) => run.changeFolder(args);
const lastNamed: Tool = (run, args) => moved(run, plain(args));
const cmdlet: Tool = (run, args) => {
  const flag = args.findIndex(({ text }) => /^-(?:literal|file)?path$/i.test(text));
  const target = flag < 0 ? plain(args)[0] : args[flag + 1];
  if (target !== undefined) run.note('written', target);
};
const patch: Tool = (run, args, command) =>
  run.patch(`${command.input}\n${args.map(({ text }) => text).join('\n')}`);
/** `-o FILE` in any form. */
const download: Tool = (run, args) => {
  for (const [index, word] of args.entries()) {
    const glued = /^(?:--output(?:-document)?=|-[oO](?=[^-]))(.+)$/.exec(word.text)?.[1];
    const next = /^(?:-[a-zA-Z]*o|-O|--output|--output-document)$/.test(word.text)
      ? args[index + 1]
      : undefined;
    if (glued !== undefined) run.note('written', { ...word, text: glued });
    else if (next !== undefined && !isOption(next) && !/^https?:/.test(next.text)) run.note('written', next);
  }
};

const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>(
  Object.entries<Tool>({
    cd: folder,
    pushd: folder,
    bash: shell,
    sh: shell,
    zsh: shell,
    eval: (run, args, _, nested) => {
      if (nested < NESTED_MAX) run.script(args.map(({ text }) => text).join(' '), nested + 1);
    },
    cat: viewed,
    bat: viewed,
    nl: viewed,
    head: viewed,
    tail: viewed,
    tee: (run, args) => {
      for (const word of plain(args)) run.note('written', word);
    },
    touch: (run, args) => {
      const files = args.filter(
        (word, index) => !isOption(word) && !/^-[dtr]$/.test(args[index - 1]?.text ?? ''),
      );
      for (const word of files) run.note('written', word);
    },
    truncate: (run, args) => {
      const files = args.filter(
        (word, index) => !isOption(word) && !/^-[sr]$/.test(args[index - 1]?.text ?? ''),
      );
      for (const word of files) run.note('edited', word);
    },
    dd: (run, args) => {
      for (const word of args)
        if (word.text.startsWith('of=')) run.note('written', { ...word, text: word.text.slice(3) });
    },
    cp: lastNamed,
    mv: lastNamed,
    git: (run, args, command) => {
      const at = args.findIndex(({ text }) => text === 'mv' || text === 'apply' || text === 'am');
      if (args[at]?.text === 'mv') moved(run, plain(args.slice(at + 1)));
      else if (at >= 0) run.patch(command.input);
    },
    sed: (run, args) =>
      inPlace(run, args, /^-[a-zA-Z]*i|^--in-place/, /^-[a-hj-zA-Z]*[ef]$|^--(?:expression|file)$/),
    gsed: (run, args) =>
      inPlace(run, args, /^-[a-zA-Z]*i|^--in-place/, /^-[a-hj-zA-Z]*[ef]$|^--(?:expression|file)$/),
    perl: (run, args, command) => {
      if (args.some(({ text }) => /^-[0-9a-zA-Z]*i/.test(text)))
        inPlace(run, args, /^-[0-9a-zA-Z]*i/, /^-[0-9a-zA-Z]*[eE]$/);
      else run.language(args, command);
    },
    curl: download,
    wget: download,
    patch,
    apply_patch: patch,
    applypatch: patch,
    'out-file': cmdlet,
    'set-content': cmdlet,
    'add-content': cmdlet,
    'new-item': cmdlet,
  }),
);

/** `--- a/name`, maybe with a time behind a tab. */
function headerName(line: string): string {
  return (line.slice(4).split('\t', 1)[0] ?? '').trim();
}

/** `cat`, `head -n 20`: a name looks like one; a number is an option's. */
function viewed(run: Run, args: readonly Word[]): void {
  for (const word of plain(args)) if (/[A-Za-z]/.test(word.text)) run.note('read', word);
}

/** `mv` and `cp`: the last name, or the sources' own names below it where it is a folder. */
function moved(run: Run, names: readonly Word[]): void {
  const [to] = names.slice(-1).flatMap((word) => run.texts(word));
  const sources = names.slice(0, -1).flatMap((word) => run.texts(word));
  if (to === undefined || names.length < 2) return;
  const base = to.slice(to.lastIndexOf('/') + 1);
  const isFolder =
    /(?:^|\/)\.{0,2}$/.test(to) ||
    names.length > 2 ||
    (!base.includes('.') && (sources[0] ?? '').includes('.'));
  if (!isFolder) run.name('written', to);
  else
    for (const source of sources) {
      const own = source.replace(/\/+$/, '');
      run.name('written', `${to.replace(/\/+$/, '') || '.'}/${own.slice(own.lastIndexOf('/') + 1)}`);
    }
}

/** `sed -n`, `sed -i`, `perl -pi -e`: the names behind the script, which is a word of its own or follows `-e`. */
function inPlace(run: Run, args: readonly Word[], inPlaceFlag: RegExp, scriptFlag: RegExp): void {
  const how = args.some(({ text }) => inPlaceFlag.test(text)) ? 'edited' : 'read';
  let hasScript = false;
  const names: Word[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === undefined || word.text === '') continue;
    if (scriptFlag.test(word.text)) {
      hasScript = true;
      index++;
    } else if (!isOption(word)) names.push(word);
  }
  for (const word of hasScript ? names : names.slice(1)) run.note(how, word);
}

/** Without `./` and `x/..`, in either kind of slash. */
function tidied(name: string): string {
  if (!/(?:^|[\\/])\.{1,2}(?:[\\/]|$)|\/\//.test(name)) return name;
  const slash = name.includes('/') ? '/' : '\\';
  const parts: string[] = [];
  for (const [index, part] of name.split(slash).entries()) {
    if ((part === '.' || part === '') && index > 0) continue;
    if (part === '..' && parts.length > 0 && !['', '..', '~'].includes(parts.at(-1) ?? '')) parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join(slash);
}
