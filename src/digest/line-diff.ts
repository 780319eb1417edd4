/**
 * What became of a text, line by line, as a patch shows it. Pure.
 * Promises: taking the lines with `-` and those without a sign gives the text before, with `+` the text after, but for what is left
 * out between changes, which is marked; the work is bounded, whatever the texts are.
 */

/** Lines beside a change that stay for the reader to know where it is. */
const CONTEXT_LINES = 2;
/** Texts with more lines that differ are shown as one change: all of the one gone, all of the other come. */
const LINES_COMPARED = 400;

export interface DiffLine {
  readonly sign: '+' | '-' | ' ' | '…';
  readonly text: string;
}

export function lineDiff(before: string, after: string): DiffLine[] {
  return withoutFar(wholeDiff(before, after));
}

/** With all that stayed. */
export function wholeDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [gone, come] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const signed = (lines: readonly string[], sign: DiffLine['sign']) =>
    lines.map((text): DiffLine => ({ sign, text }));
  const isLarge = gone.length > LINES_COMPARED || come.length > LINES_COMPARED;
  return [
    ...signed(a.slice(0, head), ' '),
    ...(isLarge ? [...signed(gone, '-'), ...signed(come, '+')] : compared(gone, come)),
    ...signed(a.slice(a.length - tail), ' '),
  ];
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

/** By the longest run of lines that both have, in order. */
function compared(a: readonly string[], b: readonly string[]): DiffLine[] {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      longest[i * width + j] =
        a[i] === b[j]
          ? (longest[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [gone, come] = [a[i], b[j]];
    if (gone !== undefined && gone === come) {
      lines.push({ sign: ' ', text: gone });
      [i, j] = [i + 1, j + 1];
    } else if (
      gone !== undefined &&
      (come === undefined || (longest[(i + 1) * width + j] ?? 0) >= (longest[i * width + j + 1] ?? 0))
    ) {
      lines.push({ sign: '-', text: gone });
      i += 1;
    } else if (come !== undefined) {
      lines.push({ sign: '+', text: come });
      j += 1;
    }
  }
  return lines;
}

function withoutFar(lines: readonly DiffLine[]): DiffLine[] {
  const isNear = lines.map(() => false);
  for (const [i, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    for (
      let near = Math.max(0, i - CONTEXT_LINES);
      near <= i + CONTEXT_LINES && near < lines.length;
      near += 1
    )
      isNear[near] = true;
  }
  return lines.flatMap((line, i) => {
    if (isNear[i] === true) return [line];
    return i > 0 && isNear[i - 1] === true ? [{ sign: '…', text: '' } as const] : [];
  });
}

/** A patch as an agent wrote it: its own lines, those of its heads left out. */
export function patchLines(patch: string): DiffLine[] {
  return linesOf(patch).flatMap((line): DiffLine[] => {
    if (/^(?:---|\+\+\+|\*\*\*|@@|diff |index )/.test(line))
      return line.startsWith('@@') ? [{ sign: '…', text: '' }] : [];
    const sign = line[0];
    if (sign === '+' || sign === '-') return [{ sign, text: line.slice(1) }];
    return [{ sign: ' ', text: line.startsWith(' ') ? line.slice(1) : line }];
  });
}
