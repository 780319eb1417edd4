/**
 * The seam to files that hold many sessions: another program's database, one history of all conversations, a tree of
 * small files a session. What is stored of such a session is text made of it, the same for the same content.
 * Promises: nothing here touches a disk; an agent says what belongs to a session, and is handed a reader for it.
 */
import type { Peek } from './peek.ts';

/** What the first line of a stored session of rows says that it is (`files/contained/row-lines.ts`). */
export const ROWS_FORMAT = 'session-memory rows';

/** A value as SQLite has it; an integer beyond 2^53 is rounded: what is stored of it comes as text (`row-lines.ts`). */
export type RowValue = null | number | string | Uint8Array;
export type Row = Readonly<Record<string, RowValue>>;

/** Another program's database, only to be read, within one moment of it. */
export interface ForeignRows {
  /** Whether text lies in it as UTF-8, as it nearly always does. */
  readonly isUtf8: boolean;
  /** Whether there is a table (no view) of that name with all these columns. */
  has(table: string, ...columns: string[]): boolean;
  /** The columns of a table, in its order; none where there is no such table. */
  columns(table: string): readonly string[];
  /** The rows of a query, one at a time; `params` are bound by their names (`$id`). */
  each(sql: string, params?: Readonly<Record<string, string | number>>): Iterable<Row>;
}

/** Files below the root, only to be read. */
export interface FileTree {
  /** Names in a folder, in order; none where it is not there. */
  names(relFolder: string): readonly string[];
  /** Size, mtime and inode; null where there is no regular file. */
  stat(relPath: string): string | null;
  /** The bytes; null where there is no regular file. */
  read(relPath: string): Uint8Array | null;
}

/** A session within a container. */
export interface ContainedSession {
  readonly peek: Peek & { readonly nativeId: string };
  /** A text that changes whenever what would be stored of the session does. */
  readonly version: string;
  /** Plain bytes, about. */
  readonly aboutBytes: number;
}

/** Rows that belong to a session, in the order in which they are stored. */
export interface TableRows {
  readonly table: string;
  /** SQL over the table's columns; `$id` is the session's id or, of a child, `$parent` the value of its parent's `key`. */
  readonly where: string;
  /** SQL; must put the rows into one order only. */
  readonly order: string;
  /** Where rows are too large to be sorted: only their rowids are, and each row is read by its own. */
  readonly byRowid?: true;
  /** SQL in the place of columns, by their names: what of a row that holds several sessions is this one's. */
  readonly parts?: Readonly<Record<string, string>>;
  /** Columns that an older or another version may lack: without them there are no such rows. */
  readonly needs?: readonly string[];
  /** The column that names the row of another table which these hang on: with that row, or the file in its place, they are stored already. */
  readonly hangsOn?: { readonly table: string; readonly column: string };
  /** Rows that follow each of these. */
  readonly children?: { readonly key: string; readonly rows: readonly TableRows[] };
}

/** A file of a tree that was moved into the database, or was to be: it holds what a row would. */
export interface OlderFile {
  readonly relPath: string;
  readonly table: string;
  readonly key: string;
  /** The key of the row that it hangs on (of `OlderTree.hangOn`), null where it hangs on none. */
  readonly parent: string | null;
}

/** What a database's program wrote before it had one, and left where it was. */
export interface OlderTree {
  /** The table whose rows others hang on. */
  readonly hangOn: string;
  /** The row that the file at a path stands for; null where it stands for none. */
  fileOf(relPath: string): OlderFile | null;
  hasRow(db: ForeignRows, file: OlderFile): boolean;
  /** Files for which there is no row, by the session that the database knows; of all sessions, or only the one of that id. */
  missing(db: ForeignRows, files: FileTree, only: string | null): ReadonlyMap<string, readonly OlderFile[]>;
}

/** A database: each session is stored as lines of its rows (`files/contained/row-lines.ts` has their form). */
export interface RowsContainer {
  readonly kind: 'rows';
  /**
   * The sessions in it, or only the one of that id, of which no version is asked. Nothing where the tables are not this agent's. `files`: what lies
   * under `root`, to look up what a database only names.
   */
  sessions(db: ForeignRows, only: string | null, root: string, files: FileTree): Iterable<ContainedSession>;
  /** What belongs to a session; tables that are not there are passed over. */
  readonly tables: readonly TableRows[];
  /** Where rows may still lie in files: a line of each that stands for a missing row is stored in its place. */
  readonly older?: OlderTree;
  /**
   * Where rows hold the very lines of the transcript that their program wrote before it had a database: these lines are stored, in the
   * place of all rows, so that a session is the same on both sides of the move. Its content says whose it is, as that of a file does.
   */
  readonly transcripts?: {
    /** Where the transcript of a session lay, for a database at `relPath`. */
    at(relPath: string, id: string): string;
    lines(db: ForeignRows, id: string): Iterable<HeldLine>;
  };
}

/** A line without its 0x0A; or one that is compressed, and how long it says that it is. */
export type HeldLine = Uint8Array | { readonly zstd: Uint8Array; readonly bytes: number };

/** One text of many conversations, added to at its end: each is stored as the range of it from its first line on, with an empty one before that. */
export interface TextContainer {
  readonly kind: 'text';
  /** The id of the session that begins with this line (without its 0x0A); null where none does. */
  begins(line: Uint8Array): string | null;
  /** What its first bytes (≤ 64 KiB) and its last (≤ 16 KiB) tell; `relPath` and `root` of the container. */
  peek(id: string, head: Uint8Array, tail: Uint8Array, root: string): Peek & { readonly nativeId: string };
}

/** A file that leads to others of the same session: each is stored as a line that holds it (`files/contained/row-lines.ts`). */
export interface TreeContainer {
  readonly kind: 'tree';
  session(tree: FileTree, relPath: string): ContainedSession | null;
  /** The files of the session that the container at `relPath` leads to, in the order in which they are stored. */
  files(tree: FileTree, relPath: string): readonly string[];
}

export type Container = RowsContainer | TextContainer | TreeContainer;
