/** A text that is read, as one value: what of it is loaded, where one is, what is looked for. */
import type { SessionUid } from '../domain/ids.ts';
import type { Tone } from './paint.ts';
import type { ListPlace } from './wizard-state.ts';

/** A line of a text, in parts that may be folded away. */
export interface ReadLine {
  readonly text: string;
  readonly tone: Tone;
  /** What a tool printed: shown where the text is unfolded. */
  readonly isDetail?: true;
  /** Somebody begins to speak here. */
  readonly isTurn?: true;
}

/** `at`: a byte of a raw transcript, a page of a conversation. */
export interface TextPlace {
  readonly uid: SessionUid;
  readonly at: number;
}

/** A piece of a transcript; where the next one begins, and where the one before ends; null: there is none. */
export interface TextPiece {
  readonly lines: readonly (string | ReadLine)[];
  readonly more: TextPlace | null;
  readonly before: TextPlace | null;
}

export interface Share {
  readonly done: number;
  readonly total: number;
}

/** What is looked for in all of a transcript but the piece that is loaded. */
export interface SeekAsked {
  readonly uid: SessionUid;
  readonly mode: 'raw' | 'conversation';
  readonly sought: string;
  /** What is folded away counts, too. */
  readonly unfolded: boolean;
  readonly way: 1 | -1;
  /** The piece that is loaded. */
  readonly loadedFrom: number;
  /** Null: to the end. */
  readonly loadedUntil: number | null;
}

/** A piece that begins there, or one that ends there. */
export type PieceAsked = { readonly from: number } | { readonly until: number };

export interface Reader {
  readonly title: string;
  /** Of whom it is, where it can be shown otherwise, too. */
  readonly uid: SessionUid | null;
  readonly mode: 'text' | 'report' | 'digest' | 'conversation' | 'raw';
  /** Whose it is, in words; null: the text says so itself. */
  readonly about: string | null;
  /** For windows of so many cells; null: it is being read. */
  readonly lines: readonly ReadLine[] | null;
  readonly cells: number;
  /** How much of it is read, while nothing of it is shown; null: nobody says. */
  readonly loading: Share | null;
  /** For the window that it was asked for. */
  readonly asRead: readonly ReadLine[] | null;
  readonly unfolded: boolean;
  readonly place: ListPlace;
  readonly more: TextPiece['more'];
  readonly before: TextPiece['before'];
  /** What is looked for in it; `editing`: it is being typed. */
  readonly find: { readonly typed: string; readonly editing: boolean };
  /** How much of what is not loaded has been looked through for it; null: nobody looks. */
  readonly seeking: Share | null;
  readonly notice: string | null;
}
