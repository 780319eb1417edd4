/**
 * What is on the screen, as one value, and what can happen to it. `step` makes the next state; a frame is made of the state
 * alone.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import type { SweepRow } from '../store/read.ts';
import type { SearchHit, SearchResult } from '../store/search/search.ts';
import type { Decision, Progress, Proposal } from '../sweep/ports.ts';
import type { Catalogue, Sort } from './catalogue.ts';
import type { MouseReport } from './mouse.ts';
import type { Reader, ReadLine, SeekAsked, Share, TextPiece } from './reader-state.ts';
import type { Grouping, ProjectGroup, Totals } from './totals.ts';
import type { Schedule, View } from './view.ts';
import { AT_TOP, type Doing, type ListPlace, type OwnFile, type Wizard } from './wizard-state.ts';

export type { PieceAsked, Reader, ReadLine, SeekAsked, Share, TextPiece } from './reader-state.ts';
export type { Doing, ListPlace, OwnFile, Stage, StepOutcome, Wizard } from './wizard-state.ts';
export { AT_TOP, newWizard } from './wizard-state.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The smallest window in which every screen has its place. */
export const SMALLEST: Size = { columns: 60, rows: 16 };

/** What an agent has on this machine, before anything is stored. */
export interface FoundHere {
  readonly agents: readonly {
    readonly name: string;
    readonly root: string;
    readonly sessions: number;
    readonly rawBytes: number;
    readonly deletesAfterDays: number | null;
    readonly atRisk: number;
  }[];
  /** The names of the agents that were looked for, for a machine that has nothing. */
  readonly lookedFor: readonly string[];
}

/** What the dashboard itself is doing beside showing. */
export type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'looking' }
  | {
      readonly kind: 'ingesting';
      readonly done: number;
      readonly total: number;
      readonly readBytes: number;
      readonly totalBytes: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'analyzing';
      readonly done: number;
      readonly total: number;
      readonly elapsedMs: number;
    };

/** What the index found of the words that are looked for. */
export interface Found {
  readonly text: string;
  readonly result: SearchResult;
  /** The hits by the store's numbers, the best first. */
  readonly hits: ReadonlyMap<number, SearchHit>;
}

/** What is shown of the session under the cursor beside its row. */
export interface SessionPeek {
  readonly uid: SessionUid;
  readonly lines: readonly string[];
  readonly own: OwnFile;
}

/** The list of all sessions: what it shows, what is marked in it. */
export interface Sessions {
  readonly catalogue: Catalogue | null;
  /** Null: the best match first where words are looked for, else the newest. */
  readonly sort: Sort | null;
  readonly reversed: boolean;
  readonly typed: string;
  readonly editing: boolean;
  /** How far the search for words in titles has come, 0 to 1; null where there is none. */
  readonly searched: number | null;
  readonly found: Found | null;
  /** Rows of the catalogue in the order shown. */
  readonly shown: Uint32Array;
  readonly place: ListPlace;
  /** What the store says of the rows on the screen. */
  readonly rows: ReadonlyMap<number, SessionRow>;
  /** The store's numbers of those that an action is for; none: the one under the cursor. */
  readonly marked: ReadonlySet<number>;
  /** The row at which a range was begun. */
  readonly anchor: number | null;
  /** What `u` takes back, the last of it first: those that were pinned, or no longer. */
  readonly undo: readonly { readonly ids: readonly number[]; readonly pinned: boolean }[];
  readonly peek: SessionPeek | null;
  /** Projects of what is shown, one a row; null: the sessions themselves. */
  readonly groups: { readonly list: readonly ProjectGroup[]; readonly place: ListPlace } | null;
  readonly notice: string | null;
}

/** What a person may wish of a restore. */
export interface RestoreWay {
  /** What differs is replaced: what is there is stored first, or put beside. */
  readonly force: boolean;
  /** A folder of the person's; null: where the agent looks. */
  readonly to: string | null;
}

export const HERE: RestoreWay = { force: false, to: null };

export interface RestorePlan {
  readonly uid: SessionUid;
  readonly way: RestoreWay;
  readonly root: string;
  readonly files: readonly { readonly path: string; readonly place: 'free' | 'same' | 'there' | 'differs' }[];
  readonly resume: string;
  /** Why it does not go where its agent looks, as a sentence; null: it does. */
  readonly note: string | null;
  /** Why it cannot be restored; null: it can. */
  readonly obstacle: string | null;
  /** It can be where what is there is replaced. */
  readonly isForcible: boolean;
}

export type Screen =
  | { readonly kind: 'first_run'; readonly found: FoundHere | null }
  | { readonly kind: 'dashboard'; readonly by: Grouping; readonly place: ListPlace }
  | { readonly kind: 'sweep'; readonly wizard: Wizard }
  | { readonly kind: 'sessions'; readonly sessions: Sessions }
  | {
      readonly kind: 'confirm';
      readonly question: Question;
      readonly done: readonly string[] | null;
      /** Null: it is not being done. */
      readonly doing: Doing | null;
      readonly place: ListPlace;
    }
  | { readonly kind: 'reader'; readonly reader: Reader }
  | {
      readonly kind: 'restore';
      readonly plan: RestorePlan;
      /** What is there is still being looked at: the plan is none yet. */
      readonly isLooking: boolean;
      readonly done: string | null;
      /** How many plain bytes of it are written; null: it is not being. */
      readonly writing: Doing | null;
      /** Its agent is started with it then. */
      readonly starts: boolean;
      /** The other folder, as far as it is typed; null: none is. */
      readonly typed: string | null;
      readonly place: ListPlace;
    }
  | { readonly kind: 'history'; readonly sweeps: readonly SweepRow[]; readonly place: ListPlace }
  | { readonly kind: 'help'; readonly place: ListPlace; readonly typed: string; readonly editing: boolean }
  | { readonly kind: 'done' };

/** Something that is done to several sessions, shown before it is. */
export interface Question {
  /** Of the screen. */
  readonly name: string;
  /** The file that would be written; null: none is. */
  readonly file: string | null;
  readonly title: string;
  readonly lines: readonly string[];
  readonly does: string;
  /** What enter does; null: there is nothing to do. */
  readonly effect: Effect | null;
}

export type ScreenKind = Screen['kind'];
export type ScreenOf<K extends ScreenKind> = Extract<Screen, { readonly kind: K }>;

/** The store cannot be read; what was asked for did not work; an ingest; watching the agents' folders. */
export const TROUBLE_SOURCES = ['store', 'key', 'ingest', 'watch'] as const;
export type TroubleSource = (typeof TROUBLE_SOURCES)[number];

export interface State {
  /** The one that is seen. */
  readonly screen: Screen;
  /** Those that it lies upon, the nearest last: going back takes the screen away. */
  readonly below: readonly Screen[];
  readonly size: Size;
  readonly view: View | null;
  readonly activity: Activity;
  /** The person has asked it to stop. */
  readonly stoppingWork: boolean;
  /** `off`: nothing to watch yet, or a sweep is on; `stopped`: by the person, until they ask for a look. */
  readonly watching: 'on' | 'off' | 'trouble' | 'stopped';
  /** What is wrong now, by what it is about: each goes when its cause is gone. */
  readonly troubles: Readonly<Partial<Record<TroubleSource, string>>>;
  /** Pages of the store were not what was written. */
  readonly isDamaged: boolean;
  /** What something else wrote last to the terminal that is ours; the whole is printed at the end. */
  readonly overheard: string | null;
  /** A sentence about what was done last in the background. */
  readonly news: string | null;
  /** The ids of the sweeps that were run, oldest first. */
  readonly sweeps: readonly string[];
  /** About a key that does nothing here; it fades. */
  readonly hint: string | null;
  /** Of what is typed, the letters behind the caret. */
  readonly fromEnd: number;
  /** Who takes the room; null: not added up yet. */
  readonly totals: Totals | null;
  /** Null: not asked yet. */
  readonly schedule: Schedule | null;
  /** The list of sessions as it was left. */
  readonly left: Sessions | null;
  /** The terminal tells of the mouse: the person has asked for it. */
  readonly hasMouse: boolean;
  /** What a key asked of the store is not there yet, and that can be noticed. */
  readonly isSlow: boolean;
  /** The user asked to quit while a sweep was running: it ends after its report. */
  readonly quitting: boolean;
}

export type Event =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'paste'; readonly text: string }
  | ({ readonly kind: 'mouse' } & MouseReport)
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'found'; readonly found: FoundHere }
  | { readonly kind: 'activity'; readonly activity: Activity }
  | { readonly kind: 'watching'; readonly watching: State['watching'] }
  /** Null: it is well again. `from`: an ingest where it is left out. */
  | { readonly kind: 'trouble'; readonly message: string | null; readonly from?: TroubleSource }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'overheard'; readonly lines: readonly string[] }
  | { readonly kind: 'ingested'; readonly news: string | null }
  | { readonly kind: 'proposed'; readonly proposal: Proposal }
  | {
      readonly kind: 'own_files';
      readonly ownFiles: ReadonlyMap<SessionUid, OwnFile>;
      readonly exportFile: string;
    }
  /** What would be lost is in a file, or could not be written. */
  | { readonly kind: 'exported'; readonly message: string }
  | { readonly kind: 'preview'; readonly uid: SessionUid; readonly lines: readonly string[] }
  /** `atMs`: monotonic. */
  | { readonly kind: 'progress'; readonly progress: Progress; readonly atMs?: number }
  /** So many of the sessions that something is done to are done. */
  | { readonly kind: 'worked'; readonly done: number; readonly total: number; readonly elapsedMs: number }
  | { readonly kind: 'pinned'; readonly uid: SessionUid; readonly pinned: boolean }
  | { readonly kind: 'swept'; readonly sweepId: string; readonly lines: readonly string[] }
  | { readonly kind: 'sweep_failed'; readonly message: string; readonly hint: string }
  | { readonly kind: 'catalogue'; readonly catalogue: Catalogue }
  | { readonly kind: 'totals'; readonly totals: Totals }
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  | { readonly kind: 'shown'; readonly shown: Uint32Array; readonly searched: number | null }
  | { readonly kind: 'rows'; readonly rows: ReadonlyMap<number, SessionRow> }
  | { readonly kind: 'searched'; readonly found: Found }
  | { readonly kind: 'peeked'; readonly peek: SessionPeek }
  | { readonly kind: 'question'; readonly question: Question }
  | { readonly kind: 'answered'; readonly lines: readonly string[] }
  | {
      readonly kind: 'read';
      readonly title: string;
      readonly lines: readonly (string | ReadLine)[] | null;
      readonly more: TextPiece['more'];
      readonly before?: TextPiece['before'];
      /** The end of it is seen first. */
      readonly atEnd?: boolean;
      /** To what the list below found in it; left out: where nothing was read before. */
      readonly leads?: boolean;
      readonly uid?: SessionUid;
      readonly mode?: Reader['mode'];
    }
  /** How far the reading is of a text of which nothing is shown yet. */
  | { readonly kind: 'loading'; readonly share: Share }
  | { readonly kind: 'read_on'; readonly lines: TextPiece['lines']; readonly more: TextPiece['more'] }
  | { readonly kind: 'read_back'; readonly lines: TextPiece['lines']; readonly before: TextPiece['before'] }
  /** `isLooking`: it is about to be. */
  | {
      readonly kind: 'restore_planned';
      readonly plan: RestorePlan;
      readonly starts?: boolean;
      readonly isLooking?: boolean;
    }
  /** `isWhole`: all of it is where it should be. */
  | { readonly kind: 'restored'; readonly message: string; readonly isWhole: boolean }
  | { readonly kind: 'history'; readonly sweeps: readonly SweepRow[] }
  /** How far the look through all of a text is. */
  | { readonly kind: 'sought'; readonly share: Share }
  /** Where it has what is looked for; null: nowhere, or the person has stopped it. */
  | { readonly kind: 'found_far'; readonly piece: TextPiece | null; readonly way: 1 | -1 }
  | { readonly kind: 'said'; readonly message: string }
  /** What a key asked for is taking long enough to be noticed. */
  | { readonly kind: 'slow'; readonly isSlow: boolean }
  | { readonly kind: 'faded' }
  | { readonly kind: 'interrupt' };

/** What the shell is to do next. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  /** Draw all of the screen anew. */
  | { readonly kind: 'repaint' }
  /** Ask the terminal to tell of the mouse, or not to. */
  | { readonly kind: 'mouse'; readonly on: boolean }
  | { readonly kind: 'look' }
  | { readonly kind: 'ingest' }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'decide'; readonly decision: Decision }
  | { readonly kind: 'stop_sweep' }
  /** Ends at its next safe place what is being done to several sessions, else an ingest or an analysis. */
  | { readonly kind: 'stop_work' }
  | { readonly kind: 'examine'; readonly uids: readonly SessionUid[] }
  | { readonly kind: 'preview'; readonly uid: SessionUid }
  /** What a loss would leave of a session. */
  | { readonly kind: 'try_digest'; readonly uid: SessionUid }
  | { readonly kind: 'export'; readonly uids: readonly SessionUid[]; readonly file: string }
  | { readonly kind: 'pin'; readonly uid: SessionUid; readonly pinned: boolean }
  | { readonly kind: 'catalogue' }
  /** Filter and sort anew. */
  | { readonly kind: 'select' }
  | { readonly kind: 'rows'; readonly ids: readonly number[] }
  /** Ask the index; it is brought up to date meanwhile. */
  | { readonly kind: 'search'; readonly text: string }
  /** What is told of a session beside its row. */
  | { readonly kind: 'peek'; readonly uid: SessionUid; readonly columns: number }
  /** Of sessions by the store's numbers. */
  | { readonly kind: 'pin_marked'; readonly ids: readonly number[]; readonly pinned: boolean }
  | { readonly kind: 'copy'; readonly ids: readonly number[] }
  | { readonly kind: 'ask'; readonly what: 'restore' | 'evict' | 'export'; readonly ids: readonly number[] }
  | { readonly kind: 'evict'; readonly uids: readonly SessionUid[] }
  | { readonly kind: 'restore_marked'; readonly uids: readonly SessionUid[] }
  | { readonly kind: 'export_marked'; readonly uids: readonly SessionUid[]; readonly file: string }
  | { readonly kind: 'digest'; readonly uid: SessionUid }
  | { readonly kind: 'transcript'; readonly uid: SessionUid }
  /** The last page of it. */
  | { readonly kind: 'transcript_end'; readonly uid: SessionUid }
  | { readonly kind: 'seek'; readonly asked: SeekAsked }
  | { readonly kind: 'stop_seeking' }
  | { readonly kind: 'raw'; readonly uid: SessionUid }
  | { readonly kind: 'read_on'; readonly uid: SessionUid; readonly at: number }
  | { readonly kind: 'read_back'; readonly uid: SessionUid; readonly at: number }
  /** The last piece of it. */
  | { readonly kind: 'raw_end'; readonly uid: SessionUid }
  | {
      readonly kind: 'plan_restore';
      readonly uid: SessionUid;
      readonly way: RestoreWay;
      readonly starts: boolean;
    }
  | { readonly kind: 'restore'; readonly plan: RestorePlan }
  /** Ends the screens, and has the agent of the session go on with it. */
  | { readonly kind: 'resume'; readonly uid: SessionUid }
  | { readonly kind: 'pin_other'; readonly uid: SessionUid }
  | { readonly kind: 'copy_id'; readonly uid: SessionUid }
  | { readonly kind: 'history' }
  /** What sweeps go by, and how it is changed. */
  | { readonly kind: 'limits' }
  | { readonly kind: 'report'; readonly sweepId: string };

export interface Stepped {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function to(state: State, ...effects: readonly Effect[]): Stepped {
  return { state, effects };
}

/** Another state of the screen that is seen, or another screen in its place. */
export function onScreen(state: State, screen: Screen, ...effects: readonly Effect[]): Stepped {
  return { state: { ...state, screen }, effects };
}

/** A screen upon the one that is seen. */
export function upon(state: State, screen: Screen, ...effects: readonly Effect[]): Stepped {
  return { state: { ...state, screen, below: [...state.below, state.screen] }, effects };
}

/** A screen by itself: nothing is below it. */
export function alone(state: State, screen: Screen, ...effects: readonly Effect[]): Stepped {
  return { state: { ...state, screen, below: [] }, effects };
}

/** What is told of first: what is wrong, then what was kept off the screen. */
export function troubleOf({ troubles, overheard }: State): string | null {
  const [first] = TROUBLE_SOURCES.flatMap((source) => troubles[source] ?? []);
  return first ?? overheard;
}

export function troubled(state: State, source: TroubleSource, message: string | null): State {
  const { [source]: _, ...others } = state.troubles;
  return { ...state, troubles: message === null ? others : { ...others, [source]: message } };
}

/** The nearest screen of a kind, from the one that is seen down; null: there is none. */
export function nearest<K extends ScreenKind>(state: State, kind: K): ScreenOf<K> | null {
  const isIt = (screen: Screen): screen is ScreenOf<K> => screen.kind === kind;
  return [...state.below, state.screen].findLast(isIt) ?? null;
}

/**
 * What becomes of the nearest screen of a kind, wherever it lies: `change` is handed the state as if it were the one that is seen.
 * `comesUp`: what lies upon it goes, for the person has to see it.
 */
export function within<K extends ScreenKind>(
  state: State,
  kind: K,
  change: (state: State, screen: ScreenOf<K>) => Stepped,
  comesUp = false,
): Stepped {
  const found = nearest(state, kind);
  if (found === null) return to(state);
  const stack = [...state.below, state.screen];
  const at = stack.lastIndexOf(found);
  const stepped = change({ ...state, screen: found, below: stack.slice(0, at) }, found);
  const above = comesUp ? [] : stack.slice(at + 1);
  const top = above.at(-1);
  if (top === undefined) return stepped;
  const below = [...stepped.state.below, stepped.state.screen, ...above.slice(0, -1)];
  return { state: { ...stepped.state, screen: top, below }, effects: stepped.effects };
}

export const NEW_SESSIONS: Sessions = {
  catalogue: null,
  sort: null,
  reversed: false,
  typed: '',
  editing: false,
  searched: null,
  found: null,
  shown: new Uint32Array(0),
  place: AT_TOP,
  rows: new Map(),
  marked: new Set(),
  anchor: null,
  undo: [],
  peek: null,
  groups: null,
  notice: null,
};

export const DASHBOARD = { kind: 'dashboard', by: 'project', place: AT_TOP } as const satisfies Screen;

export function firstState(screen: Screen, size: Size): State {
  return {
    screen,
    below: [],
    size,
    view: null,
    activity: { kind: 'idle' },
    stoppingWork: false,
    watching: 'off',
    troubles: {},
    isDamaged: false,
    overheard: null,
    news: null,
    sweeps: [],
    hint: null,
    fromEnd: 0,
    totals: null,
    schedule: null,
    left: null,
    hasMouse: false,
    isSlow: false,
    quitting: false,
  };
}
