/**
 * Where output goes. Set by `main.ts`, replaced in tests.
 * Promises: results go to `out`, everything else to `err`; colour only where it was decided.
 */
import { plainLine } from '../domain/text.ts';
import { formatBytes, formatCount } from './format.ts';
import { paceText, type Work } from './pace.ts';

export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** The same, waiting where the reader is slow: for what is too long to be held. */
  outSlowly(text: string): Promise<void>;
  /** Bytes as they are, waiting too. */
  outBytes(bytes: Uint8Array): Promise<void>;
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly columns: number;
  readonly colour: boolean;
  /** False where the locale cannot show more than ASCII. */
  readonly unicode: boolean;
}

/** Our own signs, each as wide as it is; what was recorded in other letters stays. */
const SIGNS: Readonly<Record<string, string>> = {
  '·': '-',
  '…': '~',
  '→': '>',
  '←': '<',
  '×': 'x',
  '–': '-',
  '—': '-',
  '±': '~',
  '“': '"',
  '”': '"',
  '‘': "'",
  '’': "'",
  '✓': '+',
  '✗': 'x',
  '›': '>',
  '│': '|',
  '─': '-',
};
const SIGN = new RegExp(`[${Object.keys(SIGNS).join('')}]`, 'g');

/** For a locale that can show no more than ASCII. Only for what people read: `outBytes` stays as it is. */
export function inAscii(io: Io): Io {
  const plain = (text: string) => text.replace(SIGN, (sign) => SIGNS[sign] ?? sign);
  return {
    out: (text) => io.out(plain(text)),
    err: (text) => io.err(plain(text)),
    outSlowly: (text) => io.outSlowly(plain(text)),
    outBytes: (bytes) => io.outBytes(bytes),
    // What is asked of a terminal is still found out when it is asked.
    get stdinIsTty() {
      return io.stdinIsTty;
    },
    get stdoutIsTty() {
      return io.stdoutIsTty;
    },
    get stderrIsTty() {
      return io.stderrIsTty;
    },
    get columns() {
      return io.columns;
    },
    get colour() {
      return io.colour;
    },
    unicode: io.unicode,
  };
}

/** How wide a table may be: a terminal's columns; where the reader is no terminal, nothing is cut. */
export function tableColumns(io: Pick<Io, 'stdoutIsTty' | 'columns'>): number {
  return io.stdoutIsTty ? io.columns : Number.POSITIVE_INFINITY;
}

/** Dim, bold, … where colour is on; the text alone where not. Meaning is never carried by it alone. */
export function paint(
  io: Pick<Io, 'colour'>,
  style: 'bold' | 'dim' | 'red' | 'yellow' | 'green',
  text: string,
): string {
  if (!io.colour) return text;
  const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39] } as const;
  const [on, off] = codes[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Pieces that are done, of how many (null: not known); `bytes`: what tells more of how much is left. */
interface Done {
  readonly count: number;
  readonly total: number | null;
  readonly bytes?: DoneBytes;
}

interface DoneBytes {
  readonly done: number;
  readonly total: number;
}

/** Files that grow while they are read have more in them than was counted. */
function bytesText({ done, total }: DoneBytes): string {
  return `${formatBytes(done)} of ${formatBytes(Math.max(done, total))}`;
}

/** A line that wraps can not be written over: wide letters count as two. */
function cutCells(text: string, cells: number): string {
  const line = plainLine(text);
  return Bun.stringWidth(line) <= cells ? line : `${Bun.sliceAnsi(line, 0, cells - 1)}…`;
}

/** A line of progress on stderr, rewritten in place on a terminal, silent elsewhere. */
export class ProgressLine {
  readonly #io: Io;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #isShown = false;
  /** What is measured, and since when. */
  #what = '';
  #beganMs = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  /** At most ten a second. */
  show(text: string): void {
    if (!this.#isTime()) return;
    this.#shownAtMs = performance.now();
    this.#isShown = true;
    this.#io.err(`\r\u001b[2K${cutCells(text, Math.max(10, this.#io.columns - 1))}`);
  }

  /** So much of it is done: with how fast that goes, and how long the rest takes. `about`: what it is at, the first to be cut. */
  work(what: string, { count, total, bytes }: Done, about = ''): void {
    this.#begin(what);
    const all = total === null ? '' : ` of ${formatCount(Math.max(count, total))}`;
    const pieces = `${what} ${formatCount(count)}${all}`;
    if (bytes === undefined)
      this.#tell([pieces], { done: count, total, elapsedMs: this.#elapsedMs, unit: 'pieces' }, about);
    else this.#tell([pieces, bytesText(bytes)], this.#byBytes(bytes), about);
  }

  /** The same of what is told in bytes alone. */
  bytes(what: string, bytes: DoneBytes): void {
    this.#begin(what);
    this.#tell([`${what} ${bytesText(bytes)}`], this.#byBytes(bytes), '');
  }

  #begin(what: string): void {
    if (this.#what !== what) this.#beganMs = performance.now();
    this.#what = what;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#beganMs;
  }

  #byBytes({ done, total }: DoneBytes): Work {
    return { done, total, elapsedMs: this.#elapsedMs, unit: 'bytes' };
  }

  #tell(parts: readonly string[], work: Work, about: string): void {
    if (this.#isTime()) this.show([...parts, paceText(work), about].filter((part) => part !== '').join('  '));
  }

  #isTime(): boolean {
    return this.#io.stderrIsTty && performance.now() - this.#shownAtMs >= 100;
  }

  clear(): void {
    if (this.#isShown) this.#io.err('\r\u001b[2K');
    this.#isShown = false;
  }
}

/** Shows how much space is given back to the file system; all of it is what was left at first. */
export function givingBack(line: ProgressLine): (leftBytes: number) => void {
  let most = 0;
  return (leftBytes) => {
    most = Math.max(most, leftBytes);
    line.bytes('giving space back:', { done: most - leftBytes, total: most });
  };
}
