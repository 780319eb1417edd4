/**
 * `completions SHELL`: a script for the shell; and `complete -- WORDS`, which that script asks.
 * Promises: an answer is one word and what it is a line, or `:files`, `:folders`; where something is wrong it is empty,
 * since nobody wants an error in the middle of typing.
 */
import { resolve } from 'node:path';
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { cutText, plainLine } from '../../domain/text.ts';
import { openReadable } from '../../store/open.ts';
import { listSessions, listSweeps, SESSION_SORTS, sessionsStarting } from '../../store/read.ts';
import { type CompletedWord, complete, type Known, SHELLS } from '../complete.ts';
import type { Command, Context } from '../context.ts';
import { formatAge, plural } from '../format.ts';
import { oneOf } from '../values.ts';

/** More than a menu can show helps nobody. */
const SHOWN_MAX = 200;
/** Sessions that are looked at for their projects. */
const LOOKED_MAX = 5_000;
const ABOUT_CHARS_MAX = 60;

export const completions: Command = async ({ args, io }) => {
  const shell = oneOf(args[0] ?? null, SHELLS, 'SHELL');
  if (shell === null)
    throw new FailureError(invalid('no shell is named', `Write one of ${SHELLS.join(', ')}.`));
  io.out(SCRIPTS[shell]);
  return EXIT.done;
};

export const completeCommand: Command = async (context) => {
  const { io, args } = context;
  try {
    const found = await complete(
      args,
      new FromStore(context, storeIn(args, context.host.homeDir) ?? context.settings.storePath),
    );
    if (found.kind !== 'words') io.out(`:${found.kind}\n`);
    else for (const candidate of found.candidates.slice(0, SHOWN_MAX)) io.out(lineOf(candidate));
  } catch (thrown) {
    // No store yet, or a damaged one: the command itself will say so.
    if (!(thrown instanceof FailureError)) throw thrown;
  }
  return EXIT.done;
};

/** The store that the command line being typed names. */
function storeIn(words: readonly string[], homeDir: string): string | null {
  const at = words.indexOf('--store');
  const joined = words.find((word) => word.startsWith('--store='));
  const typed = joined?.slice('--store='.length) ?? (at < 0 ? undefined : words[at + 1]);
  return typed === undefined ? null : resolve(typed.replace(/^~(?=\/)/, homeDir));
}

function lineOf({ word, about }: CompletedWord): string {
  const text = cutText(plainLine(about), ABOUT_CHARS_MAX);
  return text === '' ? `${plainLine(word)}\n` : `${plainLine(word)}\t${text}\n`;
}

class FromStore implements Known {
  readonly #context: Context;
  readonly #path: string;

  readonly commands: Context['commands'];

  constructor(context: Context, path: string) {
    this.commands = context.commands;
    this.#context = context;
    this.#path = path;
  }

  /** By the part behind the agent while nobody types the agent's name: it is shorter, and no shell breaks it at a colon. */
  sessions(prefix: string): CompletedWord[] {
    using db = this.#open();
    const rows =
      prefix === ''
        ? listSessions(db.reading, { limit: SHOWN_MAX })
        : sessionsStarting(db.reading, prefix, SHOWN_MAX);
    return rows.map((row) => ({
      word: row.uid.startsWith(prefix) && prefix !== '' ? row.uid : idOf(row),
      about: this.#about(row),
    }));
  }

  projects(): CompletedWord[] {
    using db = this.#open();
    const counts = new Map<string, number>();
    for (const { project } of listSessions(db.reading, { limit: LOOKED_MAX })) {
      const name = project?.split(/[\\/]/).findLast((part) => part !== '');
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([word, count]) => ({ word, about: plural(count, 'session') }));
  }

  sweeps(): CompletedWord[] {
    using db = this.#open();
    return listSweeps(db.reading, SHOWN_MAX).map((sweep) => ({
      word: sweep.sweep_id,
      about: sweep.started_at,
    }));
  }

  async agents(): Promise<CompletedWord[]> {
    const { agentsOf } = await import('../../agents/registry.ts');
    return agentsOf(this.#context.host).map(({ id, name }) => ({ word: id, about: name }));
  }

  async sorts(): Promise<CompletedWord[]> {
    return Object.keys(SESSION_SORTS).map((word) => ({ word, about: '' }));
  }

  #open() {
    const reading = openReadable(this.#path);
    return { reading, [Symbol.dispose]: () => reading.close() };
  }

  #about(row: SessionRow): string {
    const last = row.endedAt ?? row.startedAt;
    const age = last === null ? null : `${formatAge(last, this.#context.clock.now())} ago`;
    return [age, row.state === 'evicted' ? 'evicted' : null, row.title ?? row.project]
      .filter((part) => part !== null)
      .join(', ');
  }
}

function idOf(row: SessionRow): string {
  return row.uid.slice(row.uid.indexOf(':') + 1);
}

/** Read by the shell: `source <(session-memory completions bash)` and the like. */
export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# session-memory completions for bash: source <(session-memory completions bash)
_session_memory() {
  # Split by blanks alone: bash itself breaks words at : and =, which stand in ours.
  local line=\${COMP_LINE:0:COMP_POINT} words cur answer IFS
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur=\${words[\${#words[@]}-1]}
  answer=$(session-memory complete -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  case $answer in
    :files) compopt -o filenames 2>/dev/null; IFS=$'\\n' COMPREPLY=($(compgen -f -- "\${cur#--*=}")); return ;;
    :folders) compopt -o filenames 2>/dev/null; IFS=$'\\n' COMPREPLY=($(compgen -d -- "\${cur#--*=}")); return ;;
  esac
  local head= word shown=()
  [[ $cur == *[:=]* ]] && head=\${cur%"\${cur##*[:=]}"}
  while IFS= read -r word; do
    local about=\${word#*$'\\t'}
    [[ $about == "$word" ]] && about=
    word=\${word%%$'\\t'*}
    [[ -n $word ]] || continue
    word=\${word#"$head"}
    [[ $word == *[!A-Za-z0-9._:=/@%+-]* ]] && printf -v word %q "$word"
    COMPREPLY+=("$word")
    shown+=("$word\${about:+  ($about)}")
  done <<<"$answer"
  # Only a list that is looked at has what each word is: what bash puts on the line is made of the words alone.
  if [[ $COMP_TYPE == 63 ]] && ((\${#COMPREPLY[@]} > 1)); then COMPREPLY=("\${shown[@]}"); fi
}
complete -F _session_memory session-memory
`,
  zsh: `#compdef session-memory
# session-memory completions for zsh: source <(session-memory completions zsh), after compinit
_session_memory() {
  local -a lines items
  local line
  lines=("\${(@f)$(session-memory complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case \${lines[1]} in
    :files) compset -P '--*='; _files; return ;;
    :folders) compset -P '--*='; _files -/; return ;;
  esac
  for line in "\${lines[@]}"; do
    [[ -n $line ]] || continue
    line=\${line//\\\\/\\\\\\\\}
    line=\${line//:/\\\\:}
    items+=("\${line/$'\\t'/:}")
  done
  _describe -V session-memory items
}
if [[ \${funcstack[1]} == _session_memory ]]; then _session_memory "$@"; else compdef _session_memory session-memory; fi
`,
  fish: `# session-memory completions for fish: session-memory completions fish | source
function __session_memory_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -l lines (session-memory complete -- $words[2..-1] "$last" 2>/dev/null)
    switch "$lines[1]"
        case ':files'
            __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$last")
        case ':folders'
            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' "$last")
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c session-memory -f -k -a '(__session_memory_complete)'
`,
};
