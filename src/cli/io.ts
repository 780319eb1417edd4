/**
 * Where output goes. Set by `main.ts`, replaced in tests.
 * Promises: results go to `out`, everything else to `err`; colour only where it was decided.
 */

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
  ...{ '·': '-', '…': '~', '→': '>', '←': '<', '×': 'x', '–': '-', '—': '-', '±': '~' },
  ...{ '“': '"', '”': '"', '‘': "'", '’': "'", '✓': '+', '✗': 'x', '›': '>', '│': '|', '─': '-' },
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

/** A line of progress on stderr, rewritten in place on a terminal, silent elsewhere. */
export class ProgressLine {
  readonly #io: Io;
  #shownAtMs = 0;
  #isShown = false;

  constructor(io: Io) {
    this.#io = io;
  }

  /** At most ten a second. */
  show(text: string): void {
    if (!this.#io.stderrIsTty || performance.now() - this.#shownAtMs < 100) return;
    this.#shownAtMs = performance.now();
    this.#isShown = true;
    this.#io.err(`\r\u001b[2K${text.slice(0, Math.max(10, this.#io.columns - 1))}`);
  }

  clear(): void {
    if (this.#isShown) this.#io.err('\r\u001b[2K');
    this.#isShown = false;
  }
}
