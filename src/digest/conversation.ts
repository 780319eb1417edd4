/**
 * A transcript as a conversation: who said what and when, what the agent did and how that ended, in the order in which it was told.
 * Promises: handed over in pages, so that memory does not grow with the transcript; text is handed on as it is, and made plain by
 * whoever shows it.
 */
import type { FactSink, FileChange, Todo } from '../domain/facts.ts';
import type { Iso } from '../domain/time.ts';
import { type DiffLine, lineDiff, patchLines } from './line-diff.ts';

/** One thing that was said or done. */
export interface Turn {
  readonly who: 'person' | 'agent' | 'tool' | 'note';
  readonly at: Iso | null;
  readonly text: string;
  /** How it ended, in a word or two; empty: not told. */
  readonly outcome: string;
  readonly failed: boolean;
  /** What it printed, its beginning; empty: nothing. */
  readonly detail: string;
  /** What it changed in a file, in order. */
  readonly diff: readonly DiffLine[];
}

/** Of one page, about. */
const PAGE_UNITS = 128 * 1024;
/** What was told last stays open: how a call ended is told after it. An end that comes later than that is not shown. */
const OPEN_UNITS = 2 * 1024 * 1024;
const TEXT_UNITS_MAX = 64 * 1024;
const DETAIL_UNITS_MAX = 8 * 1024;
/** Of one file between two other turns. */
const DIFF_LINES_MAX = 400;

const nothing = (): void => undefined;

function unitsOf(turn: Turn | undefined): number {
  if (turn === undefined) return 0;
  const diff = turn.diff.reduce((sum, { text }) => sum + text.length + 10, 0);
  return turn.text.length + turn.detail.length + diff + 40;
}

type Growing = { -readonly [K in keyof Turn]: Turn[K] };

export class Conversation implements FactSink {
  readonly #onPage: (turns: readonly Turn[]) => void;
  #turns: Growing[] = [];
  readonly #calls = new Map<string, Growing>();
  #units = 0;

  constructor(onPage: (turns: readonly Turn[]) => void) {
    this.#onPage = onPage;
  }

  /** All was told: hands over the rest. */
  finish(): void {
    while (this.#turns.length > 0) this.#closePage();
  }

  #closePage(): void {
    let units = 0;
    let count = 0;
    while (count < this.#turns.length && units < PAGE_UNITS) {
      units += unitsOf(this.#turns[count]);
      count += 1;
    }
    const page = new Set(this.#turns.splice(0, count));
    for (const [callId, turn] of this.#calls) if (page.has(turn)) this.#calls.delete(callId);
    this.#units -= units;
    this.#onPage([...page]);
  }

  #add(who: Turn['who'], text: string, at: Iso | null): Growing | null {
    if (text.trim() === '') return null;
    const kept = text.length > TEXT_UNITS_MAX ? `${text.slice(0, TEXT_UNITS_MAX)}…` : text;
    const turn: Growing = { who, at, text: kept, outcome: '', failed: false, detail: '', diff: [] };
    this.#turns.push(turn);
    this.#units += unitsOf(turn);
    while (this.#units > OPEN_UNITS) this.#closePage();
    return turn;
  }

  prompt(text: string, at: Iso | null, copied?: boolean): void {
    this.#add('person', copied === true ? `(copied from an earlier session) ${text}` : text, at);
  }

  steering(text: string, at: Iso | null): void {
    this.#add('person', text, at);
  }

  answer(text: string, at: Iso | null): void {
    this.#add('agent', text, at);
  }

  command(callId: string, command: string, at: Iso | null): void {
    const turn = this.#add('tool', `$ ${command}`, at);
    if (turn !== null) this.#calls.set(callId, turn);
  }

  commandResult(callId: string, exitCode: number | null, failed: boolean, output: string): void {
    const turn = this.#calls.get(callId);
    if (turn === undefined) return;
    turn.outcome = exitCode === null ? (failed ? 'failed' : 'done') : `exit ${exitCode}`;
    turn.failed = failed || (exitCode ?? 0) !== 0;
    const detail = output.length > DETAIL_UNITS_MAX ? `${output.slice(0, DETAIL_UNITS_MAX)}\n…` : output;
    this.#units += detail.length - turn.detail.length;
    turn.detail = detail;
  }

  /** The same file read or edited again right away is one thing. */
  #did(what: string, path: string): void {
    const text = `${what} ${path}`;
    const last = this.#turns.at(-1);
    if (last?.who === 'tool' && last.text === text) return;
    this.#add('tool', text, null);
  }

  fileRead(path: string): void {
    this.#did('read', path);
  }

  fileWritten(path: string): void {
    this.#did('wrote', path);
  }

  fileEdited(path: string): void {
    this.#did('edited', path);
  }

  fileChanged(path: string, change: FileChange): void {
    const turn = this.#turns.findLast((one) => one.who === 'tool' && one.text.endsWith(` ${path}`));
    if (turn === undefined) return;
    const before = unitsOf(turn);
    const lines = 'patch' in change ? patchLines(change.patch) : lineDiff(change.before, change.after);
    const room = Math.max(0, DIFF_LINES_MAX - turn.diff.length);
    const more: DiffLine[] = turn.diff.length > 0 ? [{ sign: '…', text: '' }, ...lines] : lines;
    turn.diff = [...turn.diff, ...more.slice(0, room)];
    this.#units += unitsOf(turn) - before;
    const count = (sign: '+' | '-') => turn.diff.filter((line) => line.sign === sign).length;
    turn.outcome = `+${count('+')} -${count('-')}${more.length > room ? ' and more' : ''}`;
  }

  error(text: string, at: Iso | null): void {
    const turn = this.#add('note', `error: ${text}`, at);
    if (turn !== null) turn.failed = true;
  }

  commit({ message, sha }: { readonly sha?: string; readonly message: string }): void {
    this.#add('note', `commit ${sha === undefined ? '' : `${sha} `}${message}`, null);
  }

  pullRequest(url: string): void {
    this.#add('note', `pull request ${url}`, null);
  }

  plan(text: string): void {
    this.#add('note', `plan: ${text}`, null);
  }

  todos(list: readonly Todo[]): void {
    const done = list.filter(({ status }) => status === 'completed').length;
    if (list.length > 0) this.#add('note', `todo list: ${done} of ${list.length} done`, null);
  }

  compaction(text: string, at: Iso | null): void {
    this.#add('note', `summary of what was before: ${text}`, at);
  }

  subagent(
    _: string,
    about: { readonly task?: string; readonly kind?: string; readonly result?: string },
  ): void {
    if (about.task !== undefined) this.#add('tool', `asked a subagent: ${about.task}`, null);
  }

  // Facts about the session, and no part of what was said.
  readonly time = nothing;
  readonly project = nothing;
  readonly branch = nothing;
  readonly agentVersion = nothing;
  readonly title = nothing;
  readonly parent = nothing;
  readonly tool = nothing;
  readonly todoChanged = nothing;
  readonly usage = nothing;
  readonly usageTotal = nothing;
  readonly model = nothing;
  readonly unknown = nothing;
}
