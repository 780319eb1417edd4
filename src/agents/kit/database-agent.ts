/**
 * What agents share that keep their sessions in a database: how a stored session of rows is read and named.
 * Promises: an agent is a table of what differs; a row that is told again because it changed counts once where the reader
 * says so. Knows no agent.
 */
import type { AgentFormat, AgentImport, FileClass, Host, RestoreTarget } from '../../domain/agent.ts';
import { type Container, ROWS_FORMAT } from '../../domain/contained.ts';
import type { ContentForm } from '../../domain/content.ts';
import type { FactSink, RecordReader } from '../../domain/facts.ts';
import { agentId, sessionUid } from '../../domain/ids.ts';
import type { NamedFiles } from '../../domain/named.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { Iso } from '../../domain/time.ts';
import {
  isRecord,
  type JsonRecord,
  jsonlName,
  parseRecord,
  recordAt,
  textAt,
  titleOf,
} from './json-lines.ts';
import { LinesReader, peekRecords, type Seen } from './lines-reader.ts';

export interface RowsAgent {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  readonly variables: readonly string[];
  roots(host: Host): readonly string[];
  rootOf(path: string): string | null;
  readonly flatFolders: readonly string[];
  readonly folders?: readonly string[];
  /** Where what it reads lies, as for `placesOf`; what is made of it goes to one place alone. */
  readonly read: readonly string[];
  /**
   * The container at a path, with the id of its session where it holds one only and the path tells it. Without a container
   * it is a transcript by itself, of a time before the database.
   */
  container(relPath: string): { readonly container?: Container; readonly nativeId?: string } | null;
  /** Files beside it that rows of a session name: their place, as for `placesOf`, and which of those it is. */
  readonly spills?: { readonly at: string; readonly name: RegExp; readonly named: NamedFiles };
  readonly projectRoot?: AgentFormat['projectRoot'];
  readonly projectList?: AgentFormat['projectList'];
  /** Keeps what a row tells of the session, for a look at a stored transcript that lies about. */
  note(row: StoredRow, seen: Seen): void;
  /** As for `peekRecords`, of a line of a transcript of that time; absent: there was none. */
  noteOlder?(record: JsonRecord, seen: Seen): boolean;
  /** The members of a row, of the record of a file or of an older line that hold its times. */
  readonly timeFields: readonly string[];
  reader(sink: FactSink): RecordReader;
  readonly content?: ContentForm;
  resume(session: RestoreTarget): readonly string[];
  readonly resumeNeeds?: string;
  readonly takesBack?: AgentImport;
  readonly otherProject?: AgentFormat['otherProject'];
  readonly isAnotherElsewhere?: AgentFormat['isAnotherElsewhere'];
}

/** A line of a stored session: a row of a table, or a file of a tree. */
export interface StoredRow {
  /** Its table, or the path of its file. */
  readonly from: string;
  readonly isFile: boolean;
  /** Columns, or the record that the file is; empty where the file is none. */
  readonly row: JsonRecord;
  /** What a file holds; empty of a row, and of a file that is no text. */
  readonly text: string;
}

export function rowsAgent(agent: RowsAgent): AgentFormat {
  const id = agentId(agent.id);
  // Beside what an agent may call its own files: where a restored transcript lies (`<folder>/<agent>/<id>.jsonl`).
  const stored = new RegExp(`^${agent.id}/[^/]+\\.jsonl$`, 's');
  const { spills } = agent;
  const places = placesOf({
    transcript: [`${agent.id}/{id}.jsonl`],
    output: spills === undefined ? [] : [spills.at],
    read: agent.read,
  });
  const isSpilled = (relPath: string) => spills?.name.test(relPath) === true;
  const nameOf = (nativeId: string) => `${agent.id}/${fileNameOf(nativeId)}.jsonl`;
  return {
    id,
    name: agent.name,
    proof: agent.proof,
    growth: 'rows',
    variables: agent.variables,
    roots: agent.roots,
    rootOf: agent.rootOf,
    folders: agent.folders ?? [],
    flatFolders: agent.flatFolders,
    ...(agent.projectRoot === undefined ? {} : { projectRoot: agent.projectRoot }),
    ...(agent.projectList === undefined ? {} : { projectList: agent.projectList }),
    ...(spills === undefined ? {} : { named: spills.named }),
    places,
    classify: closed(places, (relPath) => {
      if (isSpilled(relPath)) return spilled(relPath);
      const main: FileClass = { role: 'main', nativeId: null, key: 'main', encoding: 'plain' };
      if (stored.test(relPath)) return main;
      const held = agent.container(relPath);
      if (held === null) return null;
      const inside = held.container === undefined ? {} : { container: held.container };
      const before = held.container?.kind === 'rows' ? {} : { beforeRows: true as const };
      return { ...main, nativeId: held.nativeId ?? null, ...before, ...inside };
    }),
    skipsFolder: () => false,
    peek: (head, tail) =>
      peekRecords(
        head,
        tail,
        (record, seen) => noteLine(agent, record, seen),
        (record) => timesOfLine(agent, record),
      ),
    looseName: jsonlName,
    // A header names its session; a transcript from before the database is named by its file alone.
    relPathOf: ({ nativeId }, fileName) => {
      const id = nativeId ?? (agent.noteOlder === undefined ? null : jsonlName(fileName)?.stem);
      return id == null ? null : nameOf(id);
    },
    reader: agent.reader,
    ...(agent.content === undefined ? {} : { content: agent.content }),
    restorePath: (session, { relPath, key }) => {
      if (key !== 'main' && isSpilled(key)) return key;
      return stored.test(relPath) ? relPath : nameOf(session.nativeId);
    },
    resume: (session) => ({
      cwd: session.project,
      argv: agent.resume(session),
      ...(agent.resumeNeeds === undefined ? {} : { needs: agent.resumeNeeds }),
    }),
    cannotPutBack: `${agent.name} keeps its sessions in a database, which is never written to.`,
    ...(spills === undefined ? {} : { canPutBack: isSpilled }),
    ...(agent.takesBack === undefined ? {} : { takesBack: agent.takesBack }),
    ...(agent.otherProject === undefined ? {} : { otherProject: agent.otherProject }),
    ...(agent.isAnotherElsewhere === undefined ? {} : { isAnotherElsewhere: true }),
    retention: null,
  };
}

function spilled(relPath: string): FileClass {
  const output = { role: 'tool-result', key: relPath, encoding: 'plain' } as const;
  return { ...output, nativeId: null, onlyWithSession: true, isNamed: true };
}

/** A name for files made of a session; one that is none gets the name that its uid has. */
export function fileNameOf(nativeId: string): string {
  const uid = sessionUid(agentId('x'), nativeId, (text) => Bun.hash(text).toString(16).padStart(16, '0'));
  return uid.slice(uid.indexOf(':') + 1);
}

function noteLine(agent: RowsAgent, record: JsonRecord, seen: Seen): boolean {
  if (isHeader(record)) {
    if (record['agent'] !== agent.id) return false;
    seen.nativeId ??= textAt(record, 'id');
    seen.parentNativeId ??= textAt(record, 'parent');
    return true;
  }
  const row = storedRow(record);
  if (row === null) return agent.noteOlder?.(record, seen) ?? false;
  agent.note(row, seen);
  return false;
}

function timesOfLine({ timeFields }: RowsAgent, record: JsonRecord): readonly unknown[] {
  const { row } = storedRow(record) ?? { row: record };
  // Records of trees have them in one of their own.
  return [row, recordAt(row, 'time')].flatMap((one) => timeFields.map((name) => one[name]));
}

function isHeader(record: JsonRecord): boolean {
  return record['format'] === ROWS_FORMAT;
}

/** The row or file of a stored line; null where it is none. */
export function storedRow(record: JsonRecord): StoredRow | null {
  const table = textAt(record, 'table');
  const row = record['row'];
  if (table !== null && isRecord(row)) return { from: table, isFile: false, row, text: '' };
  const file = textAt(record, 'file');
  const text = textAt(record, 'text') ?? '';
  return file === null ? null : { from: file, isFile: true, row: parseRecord(text) ?? {}, text };
}

/** The column `key` of JSON text, as a record; an empty one where it is anything else. */
export function jsonColumn(row: JsonRecord, key: string): JsonRecord {
  return parseRecord(textAt(row, key) ?? '') ?? {};
}

/** Reads stored lines; what a row means is the agent's. */
export abstract class RowsReader extends LinesReader {
  #isNamed = false;
  /** The session's own id, and that of the session that began it. */
  protected own: { readonly id: string; readonly parent: string | null } = { id: '', parent: null };

  protected record(record: JsonRecord): void {
    if (isHeader(record)) {
      this.own = { id: textAt(record, 'id') ?? '', parent: textAt(record, 'parent') };
      if (this.own.parent !== null) this.sink.parent(this.own.parent);
      return;
    }
    const row = storedRow(record);
    if (row === null) this.sink.unknown('line');
    else this.row(row);
  }

  protected abstract row(row: StoredRow): void;

  /** A text that stands where a human's would: what another session asked of this one is no prompt, but tells what it is about. */
  protected asked(text: string, at: Iso | null): void {
    if (this.own.parent === null) return this.prompt(text, at);
    this.sink.subagent(this.own.id, { task: text });
    const title = this.#isNamed ? null : titleOf(text);
    if (title === null) return;
    this.#isNamed = true;
    this.sink.title(title, 'prompt');
  }
}
