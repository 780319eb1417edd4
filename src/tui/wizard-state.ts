/** The walk through a sweep as one value: where it is, what is marked, what is typed. */
import type { SessionUid } from '../domain/ids.ts';
import type { Proposal, StepName } from '../sweep/ports.ts';

/** Where a list stands: the row under the cursor and the first row that is shown. */
export interface ListPlace {
  readonly cursor: number;
  readonly top: number;
}

export const AT_TOP: ListPlace = { cursor: 0, top: 0 };

/** Something that is being done to several sessions. */
export interface Doing {
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
  /** The person has asked it to stop: it does at its next safe place. */
  readonly stopping: boolean;
}

/** One step of the sweep as it went. */
export interface StepOutcome {
  readonly step: StepName;
  readonly how: 'ran' | 'skipped' | 'nothing';
}

export type Stage =
  | { readonly kind: 'starting' }
  | { readonly kind: 'asking'; readonly proposal: Proposal }
  | {
      readonly kind: 'running';
      readonly step: StepName;
      readonly done: number;
      readonly total: number;
      readonly label: string;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'reclaiming';
      readonly leftBytes: number;
      /** What was left at first. */
      readonly totalBytes: number;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'result'; readonly lines: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string };

/** Whether the agent's own file of a session is still on the disk. */
export type OwnFile = 'there' | 'changed' | 'gone' | 'unknown';

export interface Undo {
  readonly uid: SessionUid;
  readonly what: 'kept' | 'pinned';
}

export interface Wizard {
  /** `command`: the process ends with the report. */
  readonly origin: 'command' | 'dashboard';
  readonly stage: Stage;
  readonly went: readonly StepOutcome[];
  readonly place: ListPlace;
  readonly keptOut: ReadonlySet<SessionUid>;
  readonly pinned: ReadonlySet<SessionUid>;
  /** Of the ways that a data loss offers, which is chosen: its place among them. */
  readonly way: number;
  /** The last way was taken, and its phrase is being typed. */
  readonly losing: boolean;
  readonly phrase: string;
  /** What the sessions that are listed have in common, as it is typed; all others go or stay as they would. Empty: all are listed. */
  readonly sift: string;
  /** It is being typed. */
  readonly sifting: boolean;
  /** Where an export of what would be lost would be written. */
  readonly exportFile: string;
  /** How far it is written; null: it is not being. */
  readonly exporting: Doing | null;
  /** When what runs began, monotonic milliseconds. */
  readonly beganMs: number;
  /** What `u` takes back, the last of it first: who was kept out or pinned, or let go. */
  readonly undo: readonly Undo[];
  /** Whose pin is being taken back: that is nothing new to take back. */
  readonly undoing: SessionUid | null;
  /** A sentence about the last key or the last change. */
  readonly notice: string | null;
  readonly failures: readonly { readonly uid: SessionUid; readonly why: string }[];
  readonly ownFiles: ReadonlyMap<SessionUid, OwnFile>;
  readonly preview: { readonly uid: SessionUid; readonly lines: readonly string[] } | null;
  readonly usageBytes: number;
  readonly freedBytes: number;
  readonly stopping: boolean;
  /** At which step the person stopped it. */
  readonly stoppedAt: StepName | null;
}

export function newWizard(origin: Wizard['origin'], usageBytes: number): Wizard {
  return {
    origin,
    stage: { kind: 'starting' },
    went: [],
    place: AT_TOP,
    keptOut: new Set(),
    pinned: new Set(),
    way: 0,
    losing: false,
    phrase: '',
    sift: '',
    sifting: false,
    exportFile: '',
    exporting: null,
    beganMs: 0,
    undo: [],
    undoing: null,
    notice: null,
    failures: [],
    ownFiles: new Map(),
    preview: null,
    usageBytes,
    freedBytes: 0,
    stopping: false,
    stoppedAt: null,
  };
}
