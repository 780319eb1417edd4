/**
 * A transcript as a conversation, a page at a time from either end, and what is looked for in all of it.
 * Promises: told once from its beginning to its end and kept as compressed pages, so that memory is a small part of what is read; the
 * first page is handed over before the rest is told; what was stopped is told anew when it is asked for again.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { Conversation, type Turn } from '../digest/conversation.ts';
import type { SessionUid } from '../domain/ids.ts';
import { type AnalyzeDeps, retellMain } from '../ingest/analyze.ts';
import { findSession } from '../store/read.ts';
import type { PieceAsked, ReadLine, SeekAsked, TextPiece } from '../tui/ports.ts';
import { conversationLines } from './conversation-lines.ts';
import { onAndRound, rawMatch } from './transcript-piece.ts';

/** Of all pages of one transcript, compressed: a gigabyte of what was said. */
const PAGES_BYTES_MAX = 256 * 1024 ** 2;

interface Page {
  readonly data: Uint8Array;
  /** Who spoke before it. */
  readonly before: Turn['who'] | null;
}

interface Told {
  readonly uid: SessionUid;
  readonly generation: number;
  readonly pages: Page[];
  /** More was said than is kept. */
  isCut: boolean;
}

type Step = (done: number, total: number) => void;

/** The person went on to something else. */
class Stopped extends Error {}

export class Telling {
  readonly #deps: Pick<AnalyzeDeps, 'db' | 'host'>;
  readonly #isStopped: () => boolean;
  #told: Told | null = null;

  constructor(deps: Pick<AnalyzeDeps, 'db' | 'host'>, isStopped: () => boolean) {
    this.#deps = deps;
    this.#isStopped = isStopped;
  }

  /** `early`: is handed the first page, where that is asked for, as soon as it is there; `step`: how many of all bytes are told. */
  async piece(
    uid: SessionUid,
    asked: PieceAsked,
    columns: number,
    early: (piece: TextPiece) => void = () => undefined,
    step: Step = () => undefined,
  ): Promise<TextPiece> {
    const isFirst = 'from' in asked && asked.from === 0;
    const told = await this.#all(
      uid,
      (begun) => {
        if (isFirst) early(pieceOf(begun, 0, columns, true));
      },
      step,
    );
    const last = told.pages.length - 1;
    const at = 'from' in asked ? asked.from : Math.min(last, asked.until - 1);
    return pieceOf(told, Math.max(0, Math.min(last, at)), columns, false);
  }

  /** The next piece that has it; null: none has, or it was stopped. */
  async seek(asked: SeekAsked, columns: number, step: Step): Promise<TextPiece | null> {
    if (asked.mode === 'raw')
      return rawMatch(this.#deps.db, asked, columns, { step, isStopped: this.#isStopped });
    const told = await this.#all(
      asked.uid,
      () => undefined,
      () => undefined,
    );
    const sought = asked.sought.toLowerCase();
    const words = sought.split(/\s+/);
    const order = pagesAround(told.pages.length, asked);
    for (const [done, at] of order.entries()) {
      if (this.#isStopped()) return null;
      step(done, order.length);
      // Whether a page has it is soon known; where a line is broken only once it is laid out.
      if (!turnsOf(told, at).some((turn) => mayHave(turn, words))) continue;
      const piece = pieceOf(told, at, columns, false);
      if (shown(piece.lines, asked.unfolded).some((text) => text.toLowerCase().includes(sought)))
        return piece;
    }
    return null;
  }

  async #all(uid: SessionUid, onFirst: (begun: Told) => void, step: Step): Promise<Told> {
    const generation = findSession(this.#deps.db, uid)?.generation ?? -1;
    if (this.#told?.uid === uid && this.#told.generation === generation) return this.#told;
    this.#told = null;
    const told: Told = { uid, generation, pages: [], isCut: false };
    let bytes = 0;
    let before: Turn['who'] | null = null;
    const conversation = new Conversation((turns) => {
      if (this.#isStopped()) throw new Stopped('it was stopped');
      if (bytes > PAGES_BYTES_MAX) {
        told.isCut = true;
        return;
      }
      const data = zstdCompressSync(JSON.stringify(turns));
      told.pages.push({ data, before });
      bytes += data.length;
      before = turns.at(-1)?.who ?? before;
      if (told.pages.length === 1) onFirst(told);
    });
    await retellMain(this.#deps, uid, conversation, new AbortController().signal, step);
    conversation.finish();
    this.#told = told;
    return told;
  }
}

function turnsOf({ pages }: Told, at: number): readonly Turn[] {
  const page = pages[at];
  return page === undefined ? [] : JSON.parse(zstdDecompressSync(page.data).toString('utf8'));
}

/** `hasMore`: the rest is still being told. */
function pieceOf(told: Told, at: number, columns: number, hasMore: boolean): TextPiece {
  const { uid, pages, isCut } = told;
  const isLast = at >= pages.length - 1 && !hasMore;
  return {
    lines: conversationLines(turnsOf(told, at), isCut && isLast, columns, pages[at]?.before ?? null),
    more: isLast ? null : { uid, at: at + 1 },
    before: at <= 0 ? null : { uid, at },
  };
}

/** Of a text that is laid out white space is not what it was, and parts of a turn stand side by side: each word must be somewhere. */
function mayHave({ text, outcome, detail, diff }: Turn, words: readonly string[]): boolean {
  const all = [text, outcome, detail, ...diff.map((line) => line.text)].map((one) => one.toLowerCase());
  return words.every((word) => all.some((one) => one.includes(word)));
}

function shown(lines: TextPiece['lines'], unfolded: boolean): string[] {
  return lines.flatMap((line: string | ReadLine) =>
    typeof line === 'string' ? [line] : unfolded || line.isDetail !== true ? [line.text] : [],
  );
}

/** All pages but those that are loaded: on from there, and round. */
export function pagesAround(
  count: number,
  { way, loadedFrom, loadedUntil }: Pick<SeekAsked, 'way' | 'loadedFrom' | 'loadedUntil'>,
): number[] {
  return onAndRound(way, range(loadedUntil ?? count, count), range(0, loadedFrom));
}

function range(from: number, until: number): number[] {
  return Array.from({ length: Math.max(0, until - from) }, (_, i) => from + i);
}
