/** What the screens need from the rest of the program, handed in: they know no ingest, no digest and no settings. */
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import type { Clock } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import type { SearchQuery, SearchResult } from '../store/search/search.ts';
import type { Consent, Progress } from '../sweep/ports.ts';
import type { Report } from '../sweep/report.ts';
import type {
  Activity,
  FoundHere,
  OwnFile,
  RawAsked,
  RawPiece,
  ReadLine,
  RestorePlan,
  RestoreWay,
} from './state.ts';
import type { Schedule } from './view.ts';

export type { OwnFile, RawAsked, RawPiece, ReadLine, RestorePlan, RestoreWay } from './state.ts';
export { HERE } from './state.ts';

/** What an ingest in the background did. */
export interface Ingested {
  /** One sentence, null where nothing was new. */
  readonly news: string | null;
  /** What could not be stored, what did not fit; null where all went well. */
  readonly trouble: string | null;
  /** Sessions that are new or have grown. */
  readonly changed: readonly SessionUid[];
}

export type IngestStep = Omit<Extract<Activity, { kind: 'ingesting' }>, 'kind' | 'elapsedMs'>;

/** Ingest and analysis on a thread of their own, one thing after the other. */
export interface Background {
  look(): Promise<FoundHere>;
  /** `digests`: make them at once, as a person who asks expects; else only store. */
  ingest(digests: boolean, progress: (step: IngestStep) => void): Promise<Ingested>;
  /** Makes the digests of these sessions. */
  analyze(uids: readonly SessionUid[]): Promise<void>;
  /** Stops what runs at the next safe place; resolves when it has stopped. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Who waits for work on several sessions: hears how far it is, and may have it stopped. */
export interface WorkWatcher {
  readonly step: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

export interface Watch {
  close(): void;
}

export interface Services {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly db: ReadableDb;
  readonly background: Background;
  /** Follows the agents' folders; `onTrouble` where the system cannot. */
  watch(onChange: () => void, onTrouble: (message: string) => void): Watch;
  /** `reclaimed`: after the report nothing runs any more. */
  sweep(consent: Consent, progress: (event: Progress) => void, signal: AbortSignal): Promise<Report>;
  pin(uid: SessionUid, pinned: boolean): void;
  /** What the built-in analyzer can make of a session now; nothing of it is kept. */
  tryDigest(uid: SessionUid, columns: number): Promise<readonly string[]>;
  /** A path for an export that is not taken yet. */
  exportFile(): string;
  /** Writes sessions to a file; returns a sentence. */
  exportSessions(uids: readonly SessionUid[], file: string, waiting: WorkWatcher): Promise<string>;
  /** Asks the search index, on a thread of its own. */
  search(query: SearchQuery): Promise<SearchResult>;
  /** Sessions about the same as one, as a search would find them. */
  related(uid: string): Promise<SearchResult>;
  /** What runs sweeps by itself, asked of the machine's scheduler. */
  schedule(): Promise<Schedule>;
  /** What each would do, before it is done, as lines; then what it did. Nothing that has no digest is evicted so. */
  evictMarked(uids: readonly SessionUid[], waiting: WorkWatcher): Promise<readonly string[]>;
  restoreMarked(uids: readonly SessionUid[], waiting: WorkWatcher): Promise<readonly string[]>;
  /** Has the index follow a few digests that it does not know yet; returns how many. */
  indexMore(): Promise<number>;
  /** The digest as a person reads it. */
  digestLines(uid: SessionUid, columns: number): readonly string[];
  /** The main transcript as a conversation; `columns`: where lines are broken. */
  conversation(uid: SessionUid, columns: number): Promise<readonly ReadLine[]>;
  /** A piece of the main transcript; `columns`: where lines are broken. */
  transcript(uid: SessionUid, asked: RawAsked, columns: number): RawPiece;
  /** What came of it first; ids are details. */
  reportLines(report: Report, columns: number): readonly ReadLine[];
  ownFile(uid: SessionUid): OwnFile;
  planRestore(uid: SessionUid, way: RestoreWay): RestorePlan;
  /** Writes the files; returns a sentence. */
  restore(plan: RestorePlan): Promise<string>;
  isPinned(uid: SessionUid): boolean;
}
