/**
 * The mouse, where the person has switched it on: off, a terminal's own selection works as ever, and its wheel moves as the arrows do.
 * Promises: whatever is no report of the mouse goes through as it came, byte for byte, however it is cut into pieces.
 */

export interface MouseReport {
  readonly what: 'wheel_up' | 'wheel_down' | 'click';
  /** From 0, of the window. */
  readonly row: number;
  readonly column: number;
}

/** Presses and the wheel, and in a form that large windows can be told in. */
export const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
export const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';
/** The wheel as arrow keys, by the terminal itself; what it was before is kept. */
export const WHEEL_ON = '\x1b[?1007s\x1b[?1007h';
export const WHEEL_AS_BEFORE = '\x1b[?1007r';

const ESC = '\x1b';
const REPORT = new RegExp(`${ESC}\\[<(\\d+);(\\d+);(\\d+)([Mm])`, 'g');
/** No key of a terminal begins so and goes on. */
const BEGUN = new RegExp(`${ESC}\\[(?:<[\\d;]*)?$`);
/** A report that never ends is none. */
const BEGUN_UNITS_MAX = 24;

/** Takes reports out of what comes from a terminal. */
export class MouseFilter {
  readonly #report: (report: MouseReport) => void;
  #begun = '';
  /** A lone esc is a key and went through; where a report goes on behind it, the rest of that is no text. */
  #endedInEsc = false;

  constructor(report: (report: MouseReport) => void) {
    this.#report = report;
  }

  /** What is left of a piece; a report that is not all there yet is kept back. */
  pass(piece: string): string {
    const isCutBehindEsc = this.#endedInEsc && /^\[</.test(piece);
    const text = this.#begun + (isCutBehindEsc ? ESC : '') + piece;
    this.#begun = '';
    this.#endedInEsc = piece.endsWith(ESC);
    const rest = text.replace(REPORT, (_, button: string, column: string, row: string, end: string) => {
      const what = whatOf(Number(button), end === 'M');
      if (what !== null) this.#report({ what, row: Number(row) - 1, column: Number(column) - 1 });
      return '';
    });
    const begun = BEGUN.exec(rest)?.[0] ?? '';
    if (begun === '' || begun.length > BEGUN_UNITS_MAX) return rest;
    this.#begun = begun;
    return rest.slice(0, -begun.length);
  }
}

/** Buttons with shift or alt held mean something to the terminal, and nothing to us. */
function whatOf(button: number, isPress: boolean): MouseReport['what'] | null {
  if (!isPress) return null;
  return button === 64 ? 'wheel_up' : button === 65 ? 'wheel_down' : button === 0 ? 'click' : null;
}

/** The same stream, with `read` as the filter leaves it. */
export function filtered(stdin: NodeJS.ReadStream, pass: (piece: string) => string): NodeJS.ReadStream {
  const read = (): string | null => {
    for (;;) {
      const piece: unknown = stdin.read();
      if (piece === null) return null;
      const rest = pass(
        typeof piece === 'string' ? piece : Buffer.from(piece as Uint8Array).toString('utf8'),
      );
      if (rest !== '') return rest;
    }
  };
  return new Proxy(stdin, {
    get(target, name) {
      if (name === 'read') return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
