/** What the background thread is told and what it answers. Plain values: they are copied from thread to thread. */
import type { Host } from '../domain/agent.ts';
import type { Failure } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { AgentScan } from '../ingest/discover/scan.ts';
import type { IngestProgress, IngestReport } from '../ingest/ingest.ts';
import type { SearchQuery, SearchResult } from '../store/search/search.ts';
import type { Decision, Progress } from '../sweep/ports.ts';
import type { PieceAsked, RestorePlan, SeekAsked, StoreReads, TextPiece } from '../tui/ports.ts';
import type { ScheduleFacts } from '../unattended/doctor.ts';
import type { Settings } from './config.ts';
import type { Flags } from './context.ts';
import type { ProposalPiece } from './proposal-pieces.ts';
import type { CalledAs } from './schedule-facts.ts';
import type { VisitSetup } from './visitor.ts';

/** All that the thread needs to know of the call that started it. */
export interface Setup {
  readonly storePath: string;
  /** Of the settings: each thread has its own. */
  readonly sharedFolder: boolean;
  readonly host: Host;
  /** The time that `SESSION_MEMORY_NOW` holds; null: the system's clock. */
  readonly heldNow: string | null;
  readonly exclude: readonly string[];
  readonly hardCapBytes: number;
  readonly external: { readonly command: string; readonly timeoutS: number } | null;
  /** Where decisions are written down, absolute; null: nowhere. */
  readonly decisionLog: string | null;
  /** The version of this program. */
  readonly program: string;
  /** How this program is started once more; null: it cannot be. */
  readonly visits: VisitSetup | null;
  readonly settings: Settings;
  readonly flags: Flags;
  readonly argv: readonly string[];
  readonly tempFolder: string;
}

export type BackgroundJob =
  | { readonly kind: 'scan' }
  | { readonly kind: 'ingest'; readonly analyze: boolean }
  | { readonly kind: 'analyze'; readonly uid: SessionUid }
  /** Asks before each step. */
  | { readonly kind: 'sweep' }
  /** What the built-in analyzer can make of it, as lines; nothing is kept. */
  | { readonly kind: 'try_digest'; readonly uid: SessionUid; readonly columns: number }
  /** Into a file that is not there yet. */
  | { readonly kind: 'export'; readonly uids: readonly SessionUid[]; readonly file: string }
  | { readonly kind: 'search'; readonly query: SearchQuery }
  | { readonly kind: 'related'; readonly uid: string }
  /** A piece of a transcript as a conversation. */
  | {
      readonly kind: 'conversation';
      readonly uid: SessionUid;
      readonly asked: PieceAsked;
      readonly columns: number;
    }
  | { readonly kind: 'seek'; readonly asked: SeekAsked; readonly columns: number }
  | { readonly kind: 'schedule'; readonly called: CalledAs }
  /** A question of the screens, by its name. */
  | { readonly kind: 'read'; readonly name: keyof StoreReads; readonly args: readonly unknown[] }
  /** `turned`: what is pinned is unpinned, and the other way round. */
  | { readonly kind: 'pin'; readonly uids: readonly SessionUid[]; readonly pinned: boolean | 'turned' }
  | { readonly kind: 'evict'; readonly uids: readonly SessionUid[] }
  | { readonly kind: 'restore_marked'; readonly uids: readonly SessionUid[] }
  /** Its steps are plain bytes. */
  | { readonly kind: 'restore'; readonly plan: RestorePlan }
  /** Have the search index follow some of the digests that it does not know yet. */
  | { readonly kind: 'index' };

export interface Results {
  readonly scan: { readonly agents: readonly AgentScan[]; readonly lookedFor: readonly string[] };
  readonly ingest: IngestReport;
  readonly analyze:
    | { readonly ok: true }
    | { readonly ok: false; readonly why: string; readonly noRoom?: boolean };
  readonly try_digest: readonly string[];
  readonly export: {
    readonly sessions: number;
    readonly rawBytes: number;
    /** Of those that could not be taken, or not whole. */
    readonly problems: readonly string[];
  };
  /** The id of the sweep, whose report is in the store. */
  readonly sweep: string;
  readonly search: SearchResult;
  readonly related: SearchResult;
  /** As lines, broken at the columns: a long one would hold up keys. */
  readonly conversation: TextPiece;
  readonly seek: TextPiece | null;
  readonly schedule: ScheduleFacts;
  readonly read: unknown;
  /** Whether they are pinned now. */
  readonly pin: boolean;
  readonly evict: readonly string[];
  readonly restore_marked: readonly string[];
  readonly restore: string;
  /** How many sessions were indexed. */
  readonly index: number;
}

export type BackgroundReply =
  /** `stopped`: one number, not 0 once the job that runs is to stop; for work that hears no message meanwhile. */
  | { readonly kind: 'setup'; readonly setup: Setup; readonly stopped: SharedArrayBuffer }
  | { readonly kind: 'job'; readonly id: number; readonly job: BackgroundJob }
  /** To what the job has asked; null: go on asking. */
  | { readonly kind: 'replied'; readonly id: number; readonly decision: Decision | null }
  /** Stop the job that runs at its next safe place. */
  | { readonly kind: 'stop' };

export type Answer =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: IngestProgress }
  /** Of a sweep. */
  | { readonly kind: 'sweeping'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'asked'; readonly id: number; readonly piece: ProposalPiece }
  | { readonly kind: 'step'; readonly id: number; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: Results[BackgroundJob['kind']] }
  /** `failure`: one that a person can do something about; null: a bug. */
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly message: string;
      readonly failure: Failure | null;
    };
