/** What the screens need from the rest of the program, handed in: they know no ingest, no digest and no settings. */
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Clock, Iso } from '../domain/time.ts';
import type { TitleRow } from '../store/browse.ts';
import type { SweepRow } from '../store/read.ts';
import type { SearchQuery, SearchResult } from '../store/search/search.ts';
import type { Consent, Progress } from '../sweep/ports.ts';
import type { Catalogue } from './catalogue.ts';
import type {
  Activity,
  FoundHere,
  OwnFile,
  PieceAsked,
  ReadLine,
  RestorePlan,
  RestoreWay,
  SeekAsked,
  TextPiece,
} from './state.ts';
import type { Schedule, View } from './view.ts';

export type {
  OwnFile,
  PieceAsked,
  ReadLine,
  RestorePlan,
  RestoreWay,
  SeekAsked,
  TextPiece,
} from './state.ts';
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

/** Which state of the store is shown. */
export interface SeenState {
  readonly version: number;
  readonly minute: string;
}

/** What the screens ask of the store. Other threads read it: a disk that is slow holds up no key. */
export interface StoreReads {
  /** Null: it is as it was seen. */
  view(now: Iso, seen: SeenState | null): Promise<Omit<View, 'growth'> | null>;
  growth(now: Iso): Promise<readonly number[]>;
  /** `nowMs`: what the next sweep takes is reckoned from there. */
  catalogue(nowMs: number): Promise<Catalogue>;
  titles(fromId: number, toId: number): Promise<readonly TitleRow[]>;
  /** Numbers of the sessions from one to another that hold all of the words, ascending. */
  matching(words: readonly string[], fromId: number, toId: number): Promise<readonly number[]>;
  /** In the order of the ids given: the best match first. */
  numbers(uids: readonly SessionUid[]): Promise<readonly { readonly id: number; readonly uid: SessionUid }[]>;
  /** At most so many live ones that nobody has tried to digest as they are. */
  untried(most: number): Promise<readonly { readonly uid: SessionUid; readonly ingestedAt: Iso | null }[]>;
  rows(ids: readonly number[]): Promise<ReadonlyMap<number, SessionRow>>;
  /** The digest as a person reads it. */
  digest(uid: SessionUid, columns: number): Promise<readonly string[]>;
  ownFiles(uids: readonly SessionUid[]): Promise<ReadonlyMap<SessionUid, OwnFile>>;
  /** A piece of the main transcript; `columns`: where lines are broken. */
  raw(uid: SessionUid, asked: PieceAsked, columns: number): Promise<TextPiece>;
  sweeps(most: number): Promise<readonly SweepRow[]>;
  /** The report of a sweep, what came of it first; ids are details. Null: it has no report. */
  reportOf(sweepId: string, columns: number): Promise<readonly ReadLine[] | null>;
  /** What sweeps go by, and how it is changed. */
  limitsPage(columns: number): Promise<readonly string[]>;
  planRestore(uid: SessionUid, way: RestoreWay): Promise<RestorePlan>;
}

export interface Services {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly store: StoreReads;
  readonly background: Background;
  /** Follows the agents' folders; `onTrouble` where the system cannot. */
  watch(onChange: () => void, onTrouble: (message: string) => void): Watch;
  /** Returns the id of the sweep: its report is in the store, and nothing runs any more. */
  sweep(consent: Consent, progress: (event: Progress) => void, signal: AbortSignal): Promise<string>;
  /** `turned`: what is pinned is unpinned, and the other way round. Returns whether they are pinned now. */
  pin(uids: readonly SessionUid[], pinned: boolean | 'turned'): Promise<boolean>;
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
  /** A piece of the main transcript as a conversation; `columns`: where lines are broken; `step`: so many of its bytes are told. */
  conversation(
    uid: SessionUid,
    asked: PieceAsked,
    columns: number,
    step?: (done: number, total: number) => void,
  ): Promise<TextPiece>;
  /** The next piece that has what is looked for; null: none has. */
  seek(asked: SeekAsked, columns: number, waiting: WorkWatcher): Promise<TextPiece | null>;
  /** Writes the files, telling of plain bytes; returns a sentence. */
  restore(plan: RestorePlan, waiting: WorkWatcher): Promise<string>;
}
