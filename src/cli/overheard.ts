/**
 * What others wrote to the terminal while it was not theirs, line by line.
 * Promises: harmless text; a line that comes a thousand times stands once, with its number; memory is bounded.
 */
import { cutText, plainLine } from '../domain/text.ts';
import { formatCount, plural } from './format.ts';

/** Different lines that are kept; what comes beyond is counted. */
const LINES_MAX = 200;
/** Of a line that never ends. */
const LINE_CHARS_MAX = 1000;

export class Overheard {
  readonly #times = new Map<string, number>();
  #notKept = 0;

  /** The lines of a text that say something, made plain. */
  add(text: string): readonly string[] {
    const lines = text
      .split(/[\r\n]+/)
      .map((line) => plainLine(cutText(line, LINE_CHARS_MAX)))
      .filter((line) => line !== '');
    for (const line of lines) {
      const times = this.#times.get(line);
      if (times === undefined && this.#times.size >= LINES_MAX) this.#notKept += 1;
      else this.#times.set(line, (times ?? 0) + 1);
    }
    return lines;
  }

  /** All that was heard, for a person to read. */
  lines(): readonly string[] {
    const lines = [...this.#times].map(([line, times]) =>
      times === 1 ? line : `${line}  (${formatCount(times)} times)`,
    );
    return this.#notKept === 0 ? lines : [...lines, `… and ${plural(this.#notKept, 'line')} more`];
  }
}
