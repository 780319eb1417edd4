/**
 * Codex's tools: what a call and its output tell.
 * Promises: a call waits for its output only where that tells more than the call; memory is bounded.
 * Source: the tools of openai/codex (shell, exec_command, apply_patch, update_plan) and recordings.
 */

import { ownText } from '../../domain/bytes.ts';
import type { FactSink, Todo } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import {
  idKey,
  isRecord,
  type JsonRecord,
  listAt,
  parseRecord,
  recordAt,
  textAt,
} from '../kit/json-lines.ts';
import { commandOfArgv, readToolCall } from '../kit/tool-call.ts';

/** Calls that wait for an output; a transcript torn again and again must not fill the memory. */
const WAITING_MAX = 10_000;
/** A command in a script that calls tools: a literal of any of the three kinds. */
const SCRIPT_COMMAND =
  /\b(?:cmd|command)["']?\s*:\s*(?:("(?:[^"\\]|\\.){1,65536}")|'((?:[^'\\]|\\.){1,65536})'|`((?:[^`\\]|\\.){1,65536})`)/g;
const SCRIPT_FOLDER = /\bworkdir["']?\s*:\s*["'`]([^"'`\n]{1,4096})["'`]/;
/** A pull or merge request; a server's answer begins with what it made. */
const LINK = /https:\/\/[^\s"'\\)\]]{1,300}\/(?:pull|merge_requests)\/\d{1,9}/;
const LINK_CHARS = 16 * 1024;
/** Tools whose arguments are no shell's, whatever their words say. */
const OTHER_TOOLS: ReadonlySet<string> = new Set([
  'wait',
  'list_dir',
  'grep_files',
  'send_input',
  'close_agent',
]);
/** The exit status stands in the first lines of an output. */
const STATUS_CHARS = 600;
const ERROR_CHARS = 2000;
const TERMINAL_CHARS = 32;
/** How an output begins that says that a patch changed nothing. */
const REFUSED = /^\s*(?:apply_patch verification failed|patch rejected|error\b|failed\b|invalid patch)/i;

/** Of an output without a status. A patch that the shell was to apply is looked at first, and not run if it does not fit. */
const HAS_FAILED = /^(?:Script failed|exec_command failed|failed |apply_patch verification failed)/m;

/** A call that changes files or runs commands by its text, until its output says how that went. */
interface Planned {
  readonly patch: string;
  readonly commands: readonly string[];
  readonly folder: string | null;
  readonly at: Iso | null;
  readonly isScript: boolean;
}

export class CodexTools {
  /** Patches name files relative to it. */
  cwd: string | null = null;
  private readonly sink: FactSink;
  /** The call that waits, and the command whose result it brings. */
  private readonly waiting = new Map<string, string>();
  /** Calls whose answers are no command's: questions to the human, and what other threads were asked. */
  private readonly asked = new Map<string, { readonly kind: string; readonly input: JsonRecord }>();
  /** Commands that still run, by the number that Codex gave their terminal. */
  private readonly running = new Map<string, string>();
  /** Patches and scripts whose outputs are awaited: a patch that failed changed nothing. */
  private readonly planned = new Map<string, Planned>();
  /** Calls that are told as commands already, so that the note of their end is no second one. */
  private readonly told = new Set<string>();
  /** Whether this version notes what a script really ran: then its text need not be guessed at. */
  private notesRuns = false;
  /** The texts of commands that were noted as run. */
  private readonly noted = new Set<string>();

  constructor(sink: FactSink) {
    this.sink = sink;
  }

  waitsFor(callId: string): boolean {
    const id = idKey(callId);
    return this.waiting.has(id) || this.asked.has(id) || this.planned.has(id);
  }

  /** No output comes any more: what was planned is told as it was asked for. */
  end(): void {
    for (const [callId, planned] of this.planned) {
      const isNoted = planned.isScript && this.notesRuns;
      const commands = planned.commands.filter((command) => !this.noted.has(command));
      this.asPlanned(callId, isNoted ? { ...planned, commands, patch: '' } : planned);
    }
    this.planned.clear();
    this.told.clear();
    this.noted.clear();
    this.notesRuns = false;
  }

  /** A response item that is no message. */
  item(item: JsonRecord, at: Iso | null): void {
    const type = textAt(item, 'type') ?? '';
    const callId = idKey(textAt(item, 'call_id') ?? textAt(item, 'id') ?? '');
    if (type === 'function_call')
      this.call(callId, textAt(item, 'name') ?? 'function', argumentsOf(item), at);
    else if (type === 'custom_tool_call')
      this.custom(callId, textAt(item, 'name') ?? 'custom', textAt(item, 'input'), at);
    else if (type === 'local_shell_call') this.call(callId, 'local_shell', recordAt(item, 'action'), at);
    else if (type === 'function_call_output' || type === 'custom_tool_call_output')
      this.output(callId, item['output'], at);
    else if (type === 'web_search_call' || type === 'tool_search_call')
      this.sink.tool(type.replace(/_call$/, ''));
    else if (
      type !== 'reasoning' &&
      type !== 'tool_search_output' &&
      type !== 'compaction' &&
      type !== 'additional_tools' &&
      type !== 'ghost_snapshot'
    ) {
      this.sink.unknown(`response_item/${type}`);
    }
  }

  private call(callId: string, name: string, input: JsonRecord, at: Iso | null): void {
    this.sink.tool(name);
    if (name === 'update_plan') this.sink.todos(todosOf(input));
    else if (name === 'write_stdin') this.goOn(callId, input);
    else if (name === 'apply_patch')
      this.plan(callId, {
        patch: textAt(input, 'input') ?? textAt(input, 'patch') ?? '',
        commands: [],
        folder: this.cwd,
        at,
        isScript: false,
      });
    else if (name === 'request_user_input' || name === 'spawn_agent' || /^wait(?:_agent)?$/.test(name)) {
      if (this.asked.size < WAITING_MAX) this.asked.set(callId, { kind: name, input });
    } else if (!OTHER_TOOLS.has(name)) this.other(callId, name, input, at);
  }

  /** A shell by any of its names, or a server's tool: the name and the arguments tell. */
  private other(callId: string, name: string, input: JsonRecord, at: Iso | null): void {
    const told = readToolCall(name === 'view_image' ? 'read_file' : name, input);
    for (const path of told.read) this.sink.fileRead(this.absolute(path, this.cwd));
    for (const path of told.written) this.changed(path, true, this.cwd);
    for (const path of told.edited) this.changed(path, false, this.cwd);
    if (/(?:pull|merge)_?request/i.test(name) && this.asked.size < WAITING_MAX)
      this.asked.set(callId, { kind: 'links', input: {} });
    const command = told.command ?? commandOf(input);
    if (command !== null)
      this.command(callId, command, at, this.folder(told.cwd ?? textAt(input, 'workdir')));
  }

  /** A folder as a call gives it. */
  private folder(workdir: string | null): string | null {
    return workdir === null || workdir === '.' ? this.cwd : this.absolute(workdir, this.cwd);
  }

  /** A command that a human ran from the prompt. */
  typed(
    {
      command,
      exitCode,
      output,
    }: { readonly command: string; readonly exitCode: number | null; readonly output: string },
    at: Iso | null,
  ): void {
    const id = `typed ${at} ${command.slice(0, 100)}`;
    this.sink.command(id, command, at, this.cwd);
    this.sink.commandResult(id, exitCode, exitCode !== null && exitCode !== 0, output);
  }

  private custom(callId: string, name: string, input: string | null, at: Iso | null): void {
    this.sink.tool(name);
    if (input === null) return;
    const folder = this.folder(SCRIPT_FOLDER.exec(input)?.[1] ?? null);
    const patch = input.includes('*** Begin Patch') ? input : '';
    const isScript = name !== 'apply_patch';
    // `exec` runs a script of its own that calls tools; each literal command in it is one.
    const literals = isScript ? [...input.matchAll(SCRIPT_COMMAND)] : [];
    const commands = literals.flatMap((match) => literalOf(match[1], match[2] ?? match[3]) ?? []);
    if (patch !== '' || commands.length > 0) this.plan(callId, { patch, commands, folder, at, isScript });
  }

  private plan(callId: string, planned: Planned): void {
    if (this.planned.size < WAITING_MAX) this.planned.set(callId, planned);
    else this.asPlanned(callId, planned);
  }

  private asPlanned(callId: string, { patch, commands, folder, at }: Planned): void {
    if (patch !== '') this.patch(patch, folder);
    for (const [index, command] of commands.entries())
      this.command(index === 0 ? callId : `${callId}.${index}`, command, at, folder);
  }

  /** What a script noted as run counts, not what stands in its text. */
  private settled(callId: string, planned: Planned, output: unknown): void {
    if (planned.isScript && this.notesRuns) return;
    const { failed, text } = outputOf(output);
    const isRefused = failed || (!planned.isScript && REFUSED.test(text));
    this.asPlanned(callId, isRefused ? { ...planned, patch: '' } : planned);
  }

  private command(callId: string, command: string, at: Iso | null, cwd: string | null): void {
    this.sink.command(callId, command, at, cwd);
    if (this.told.size < WAITING_MAX) this.told.add(callId);
    if (this.waiting.size < WAITING_MAX) this.waiting.set(callId, callId);
  }

  /** Input for, or a look at, a command that still runs: its output may bring that command's end. */
  private goOn(callId: string, input: JsonRecord): void {
    // A forged id may be a record that no text can be made of.
    const id = input['session_id'];
    const origin = typeof id === 'number' || typeof id === 'string' ? this.running.get(`${id}`) : undefined;
    if (origin !== undefined && this.waiting.size < WAITING_MAX) this.waiting.set(callId, origin);
  }

  private output(callId: string, output: unknown, at: Iso | null): void {
    const planned = this.planned.get(callId);
    this.planned.delete(callId);
    if (planned !== undefined) this.settled(callId, planned, output);
    const origin = this.waiting.get(callId);
    this.waiting.delete(callId);
    const asked = this.asked.get(callId);
    this.asked.delete(callId);
    if (asked !== undefined) this.answered(callId, asked, output, at);
    if (origin === undefined) return;
    const told = outputOf(output);
    if (told.terminal !== null && this.running.size < WAITING_MAX)
      this.running.set(ownText(told.terminal, TERMINAL_CHARS), origin);
    this.ended(origin, told.exitCode, told.failed, told.text, at);
  }

  /** What a human answered, or what became of another thread; outputs are JSON of a few known members. */
  private answered(
    callId: string,
    asked: { readonly kind: string; readonly input: JsonRecord },
    output: unknown,
    at: Iso | null,
  ): void {
    const { text } = outputOf(output);
    const told = parseRecord(text) ?? {};
    if (asked.kind === 'links') {
      const url = LINK.exec(text.slice(0, LINK_CHARS))?.[0];
      if (url !== undefined) this.sink.pullRequest(url);
    } else if (asked.kind === 'request_user_input') this.humanAnswers(asked.input, told, at);
    else if (asked.kind === 'spawn_agent') {
      const task = textAt(asked.input, 'message') ?? textAt(asked.input, 'prompt');
      const kind = textAt(asked.input, 'agent_type');
      const id = textAt(told, 'agent_id') ?? textAt(told, 'thread_id') ?? textAt(told, 'task_name') ?? callId;
      this.sink.subagent(idKey(id), {
        ...(task === null ? {} : { task }),
        ...(kind === null ? {} : { kind }),
      });
    } else {
      for (const [id, status] of Object.entries(recordAt(told, 'status'))) {
        const result = isRecord(status) ? (textAt(status, 'completed') ?? textAt(status, 'errored')) : null;
        if (result !== null) this.sink.subagent(idKey(id), { result });
      }
    }
  }

  private humanAnswers(input: JsonRecord, told: JsonRecord, at: Iso | null): void {
    const questions = new Map(
      listAt(input, 'questions').flatMap((one) =>
        isRecord(one) ? [[textAt(one, 'id') ?? '', textAt(one, 'question') ?? ''] as const] : [],
      ),
    );
    for (const [id, answer] of Object.entries(recordAt(told, 'answers'))) {
      const texts = isRecord(answer)
        ? listAt(answer, 'answers').filter((one) => typeof one === 'string')
        : [];
      const question = questions.get(id);
      if (texts.length > 0)
        this.sink.prompt(`${texts.join(', ')}${question ? `\n(asked: ${question})` : ''}`, at);
    }
  }

  private ended(
    callId: string,
    exitCode: number | null,
    failed: boolean,
    text: string,
    at: Iso | null,
  ): void {
    this.sink.commandResult(callId, exitCode, failed, text);
    const message = text.slice(0, ERROR_CHARS).trim();
    if (failed && message !== '') this.sink.error(message, at);
  }

  /** `exec_command_end`, of versions before 0.13x: the exit status as a number, and what the command read. */
  commandEnd(item: JsonRecord, at: Iso | null): void {
    for (const parsed of listAt(item, 'parsed_cmd')) {
      const path = isRecord(parsed) && parsed['type'] === 'read' ? textAt(parsed, 'path') : null;
      if (path !== null) this.sink.fileRead(this.absolute(path, textAt(item, 'cwd') ?? this.cwd));
    }
    const callId = idKey(textAt(item, 'call_id') ?? '');
    const origin = this.waiting.get(callId);
    const exitCode = item['exit_code'];
    if (origin === undefined || !isStatus(exitCode)) return;
    this.waiting.delete(callId);
    const text = textAt(item, 'aggregated_output') ?? textAt(item, 'stdout') ?? textAt(item, 'stderr') ?? '';
    this.ended(origin, exitCode, exitCode !== 0, text, at);
  }

  /** `patch_apply_end`: the files that were really changed, by their whole paths. */
  patchEnd(item: JsonRecord): void {
    const callId = idKey(textAt(item, 'call_id') ?? '');
    const planned = this.planned.get(callId);
    this.planned.delete(callId);
    if (item['success'] === false) return;
    if (planned !== undefined) this.asPlanned(callId, planned);
    this.changes(recordAt(item, 'changes'));
  }

  /** `item_completed`: a command or a change of files that is over, whoever asked for it: a call of its own, or a script. */
  completed(item: JsonRecord, at: Iso | null): void {
    if (item['type'] === 'CommandExecution') this.commandCompleted(item, at);
    else if (item['type'] === 'FileChange') {
      this.notesRuns = true;
      this.planned.delete(idKey(textAt(item, 'id') ?? ''));
      if (item['status'] === 'completed') this.changes(recordAt(item, 'changes'));
    }
  }

  private commandCompleted(item: JsonRecord, at: Iso | null): void {
    this.notesRuns = true;
    const id = idKey(textAt(item, 'id') ?? '');
    const command = textAt(item, 'command') ?? commandOf(item);
    if (command === null) return;
    if (this.noted.size < WAITING_MAX) this.noted.add(command);
    const origin = this.waiting.get(id);
    this.waiting.delete(id);
    // A call that has had its output told all there is.
    if (origin === undefined && this.told.has(id)) return;
    if (origin === undefined) {
      const cwd = textAt(item, 'cwd')?.replace(/^file:\/\/(?=\/)/, '') ?? this.cwd;
      this.sink.command(id, command, at, cwd);
      if (this.told.size < WAITING_MAX) this.told.add(id);
    }
    const exitCode = isStatus(item['exit_code']) ? item['exit_code'] : null;
    const failed = item['status'] === 'failed' || (exitCode !== null && exitCode !== 0);
    this.ended(origin ?? id, exitCode, failed, textAt(item, 'aggregated_output') ?? '', at);
  }

  private changes(changes: JsonRecord): void {
    // The order of members is no content.
    const sorted = Object.entries(changes).toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [path, change] of sorted) {
      const isNew = isRecord(change) && (change['type'] === 'add' || isRecord(change['add']));
      this.changed(path, isNew, this.cwd);
      const moved = isRecord(change)
        ? (textAt(change, 'move_path') ?? textAt(recordAt(change, 'update'), 'move_path'))
        : null;
      if (moved !== null) this.changed(moved, true, this.cwd);
    }
  }

  /** The files named in a patch in Codex's own form; also where it stands inside a script's string. */
  private patch(text: string, cwd: string | null): void {
    for (const match of text.matchAll(
      /\*\*\* (Add File|Update File|Delete File|Move to): ([^\n\r"\\]{1,4096})/g,
    )) {
      if (match[2]) this.changed(match[2].trim(), match[1] === 'Add File' || match[1] === 'Move to', cwd);
      if (match[2] && this.sink.fileChanged !== undefined) {
        const patch = pieceOf(text, match.index + match[0].length);
        if (patch !== '') this.sink.fileChanged(this.absolute(match[2].trim(), cwd), { patch });
      }
    }
  }

  private changed(path: string, isNew: boolean, cwd: string | null): void {
    if (isNew) this.sink.fileWritten(this.absolute(path, cwd));
    else this.sink.fileEdited(this.absolute(path, cwd));
  }

  private absolute(path: string, cwd: string | null): string {
    if (cwd === null || /^(?:[/\\~]|[A-Za-z]:)/.test(path)) return path;
    return `${cwd}/${path.replace(/^(?:\.\/)+/, '')}`;
  }
}

/** What a patch says of the file whose name ends there; empty where it stands in a script's string, without lines of its own. */
function pieceOf(patch: string, from: number): string {
  const end = patch.indexOf('\n*** ', from);
  return patch
    .slice(from, end < 0 ? undefined : end)
    .replace(/^\r?\n/, '')
    .trimEnd();
}

/** A function's arguments are JSON within a string. */
function argumentsOf(item: JsonRecord): JsonRecord {
  const text = item['arguments'];
  if (isRecord(text)) return text;
  return (typeof text === 'string' ? parseRecord(text) : null) ?? {};
}

/** The command of a shell tool: `cmd`, or `command` as text or as argv, of which a shell's `-lc` script is the command. */
function commandOf(input: JsonRecord): string | null {
  const text = textAt(input, 'cmd') ?? textAt(input, 'command');
  if (text !== null) return text;
  const given = [...listAt(input, 'command'), ...listAt(input, 'cmd')];
  return commandOfArgv(given.filter((part) => typeof part === 'string'));
}

/** What a literal of JavaScript holds: `quoted` is JSON as it stands, `raw` lies between other quotes. */
function literalOf(quoted: string | undefined, raw: string | undefined): string | null {
  const json = quoted ?? JSON.stringify(raw ?? '').replace(/\\\\(["'`$\\nt])/g, (_, char) => unescaped(char));
  const command = parseRecord(`{"c":${json}}`)?.['c'];
  return typeof command === 'string' && command !== '' ? command : null;
}

function unescaped(char: string): string {
  if (char === 'n' || char === 't') return `\\${char}`;
  return char === '"' || char === '\\' ? `\\${char}` : char;
}

function todosOf(input: JsonRecord): readonly Todo[] {
  return listAt(input, 'plan').flatMap((entry) => {
    const text = isRecord(entry) ? textAt(entry, 'step') : null;
    return isRecord(entry) && text !== null ? [{ text, status: textAt(entry, 'status') ?? 'pending' }] : [];
  });
}

interface Output {
  readonly exitCode: number | null;
  readonly failed: boolean;
  readonly text: string;
  /** The terminal that the command still runs in. */
  readonly terminal: string | null;
}

/** An output is text with a heading, older ones JSON `{output, metadata: {exit_code}}`, newer ones a list of texts. */
function outputOf(output: unknown): Output {
  const whole = typeof output === 'string' ? output : Array.isArray(output) ? joined(output) : '';
  const old = whole.startsWith('{"output"') ? parseRecord(whole) : null;
  if (old !== null) {
    const code = recordAt(old, 'metadata')['exit_code'];
    const exitCode = isStatus(code) ? code : null;
    return {
      exitCode,
      failed: exitCode !== null && exitCode !== 0,
      text: textAt(old, 'output') ?? '',
      terminal: null,
    };
  }
  const start = whole.indexOf('Output:\n');
  const isHeaded = start >= 0 && start < STATUS_CHARS;
  const heading = isHeaded ? whole.slice(0, start) : whole.slice(0, STATUS_CHARS);
  const code = /^(?:Process exited with code|Exit code:) (-?\d{1,9})\b/m.exec(heading)?.[1];
  const exitCode = code === undefined ? null : Number(code);
  return {
    exitCode,
    failed: exitCode === null ? HAS_FAILED.test(heading) : exitCode !== 0,
    text: isHeaded ? whole.slice(start + 'Output:\n'.length) : whole,
    terminal: /^Process running with session ID (\w{1,32})/m.exec(heading)?.[1] ?? null,
  };
}

/** An exit status is a small whole number; a forged one need not be. */
function isStatus(code: unknown): code is number {
  return Number.isInteger(code) && Math.abs(Number(code)) < 2 ** 32;
}

function joined(output: readonly unknown[]): string {
  return output.flatMap((part) => (isRecord(part) ? [textAt(part, 'text') ?? ''] : [])).join('');
}
