/**
 * What an agent's reader tells about a session, record by record, and what a digest is made of.
 * Promises: facts only, in the words of no one agent; a reader calls a `FactSink` and keeps no digest of its own.
 */
import type { Iso } from './time.ts';

/** Tokens of one model answer or of a whole session. `input` excludes what came from or went to a cache. */
export interface Tokens {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
}

/** Which title wins: one the user gave, one the agent made, a summary, the first prompt. */
export const TITLE_SOURCES = ['custom', 'ai', 'summary', 'prompt'] as const;
export type TitleSource = (typeof TITLE_SOURCES)[number];

export interface Todo {
  readonly text: string;
  readonly status: string;
}

/** What was done to the text of a file: a piece of it that became another, or a patch in the agent's own form. */
export type FileChange = { readonly before: string; readonly after: string } | { readonly patch: string };

/**
 * Receives facts in the order of the transcript. Times are as the agent wrote them, already parsed; null where absent.
 * Nothing here throws on odd values: a sink bounds what it keeps.
 */
export interface FactSink {
  /** A time seen in any record; the earliest and the latest become the session's. */
  time(at: Iso): void;
  project(cwd: string): void;
  branch(name: string): void;
  agentVersion(version: string): void;
  title(text: string, source: TitleSource): void;
  /** The session this one was forked, resumed or spawned from. */
  parent(nativeId: string): void;
  /** A prompt that a human wrote. `copied`: history that a fork or resume repeated; marked, and counted once. */
  prompt(text: string, at: Iso | null, copied?: boolean): void;
  /**
   * A command by which a human only steers the program (`/clear`): no prompt, unless nothing else was said or done in the
   * whole session.
   */
  steering(text: string, at: Iso | null): void;
  /** A text answer; the last one is the outcome. */
  answer(text: string, at: Iso | null): void;
  tool(name: string): void;
  fileRead(path: string): void;
  fileWritten(path: string): void;
  fileEdited(path: string): void;
  /** Right behind `fileWritten` or `fileEdited` of that path, for who shows what was changed; nobody else is asked to look. */
  fileChanged?(path: string, change: FileChange): void;
  /**
   * A shell command. `callId` joins it with its result; `cwd` is the absolute folder where it runs, if that is known:
   * what the command itself writes is found in its text.
   */
  command(callId: string, command: string, at: Iso | null, cwd?: string | null): void;
  /** `exitCode` null: not told; `failed`: told to have failed without a code. `output` is scanned for commits and pull requests. */
  commandResult(callId: string, exitCode: number | null, failed: boolean, output: string): void;
  error(text: string, at: Iso | null): void;
  /** A commit that the agent made by itself; those of commands are found in their output. */
  commit(commit: { readonly sha?: string; readonly message: string }): void;
  pullRequest(url: string): void;
  plan(text: string): void;
  /** The whole list as it stands now; the last one stays. */
  todos(list: readonly Todo[]): void;
  /** One entry of a task list changed; `id` names it. */
  todoChanged(id: string, change: Partial<Todo>): void;
  /** A compaction's summary. */
  compaction(text: string, at: Iso | null): void;
  /** Usage of one answer; calls with one `key` are the same answer growing, the largest counts once. */
  usage(key: string, model: string, tokens: Tokens): void;
  /** A running total for the whole session, replacing what earlier totals said. */
  usageTotal(model: string, tokens: Tokens): void;
  model(name: string): void;
  subagent(
    id: string,
    about: { readonly task?: string; readonly kind?: string; readonly result?: string },
  ): void;
  /** A record whose type the reader does not know; counted by name. */
  unknown(type: string): void;
}

/**
 * How a reader got on with one line, for the digest's counts. None of them says that something was understood: a session is
 * analyzed by what its reader tells of it, and a line that was passed over tells nothing.
 */
export type LineVerdict = 'read' | 'skipped' | 'unreadable';

/**
 * What bytes of a document are: a range that the agent has removed, the whole present version, or a piece of a present
 * version that is too large to be held. Removed ranges come first.
 */
export type DocumentPart = 'removed' | 'present' | 'piece';

/** As what a reader is given a file: a transcript, a subagent's, or what lies beside them (`AgentFormat.tells`). */
export type ToldRole = 'main' | 'subagent' | 'beside';

/** Records found in a part of a document. */
export interface PartCounts {
  readonly read: number;
  readonly unreadable: number;
}

/** Reads one file's lines in order. Holds state between lines of one file only, save what the agent shares by `begin`. */
export interface RecordReader {
  /** A file begins: its role and key; called before its first line. */
  begin(file: { readonly role: ToldRole; readonly key: string }): void;
  /** In a text for people an empty line has a meaning; absent: only lines with something on them come. */
  readonly readsEmptyLines?: true;
  /** Whether the file that has begun is a text for people: of a line that is too long its beginning comes. Absent: records. */
  readonly isText?: boolean;
  /**
   * One line without its 0x0A. Must not keep a view on `line`: the buffer is used again.
   * A line of glued records yields all of them; NULs around a record are no part of it.
   */
  line(line: Uint8Array): LineVerdict;
  /** A file that is one JSON document (`AgentFormat.isDocument`) comes by its parts, not by lines. Must not keep a view. */
  part?(bytes: Uint8Array, part: DocumentPart): PartCounts;
  /** All files are read; what is only known at the end is told now. */
  end(): void;
  /** Asked at the end by whoever must not take silence for a digest: why what was read makes none, else null. */
  trouble?(): string | null;
}
