/** The keys of the screen that was left, the words of the product, then all other keys; those that hold what is typed. */
import { CONTEXTS, KEYS, type KeyContext } from '../keys.ts';
import { typedSpans } from '../line-edit.ts';
import { BLANK, fit, type Line, line, pad, span, wrap } from '../paint.ts';
import type { ScreenOf } from '../state.ts';
import { AT_THE_SHELL, WORDS } from '../words.ts';

interface HelpRow {
  readonly left: string;
  readonly right: string;
}

interface HelpPart {
  readonly title: string;
  readonly rows: readonly HelpRow[];
}

function partsOf(left: KeyContext): HelpPart[] {
  const others = (Object.keys(CONTEXTS) as KeyContext[]).filter((one) => one !== left && one !== 'help');
  const keysOf = (context: KeyContext): HelpPart => ({
    title: CONTEXTS[context],
    rows: KEYS.filter((key) => key.in.includes(context)).map(({ shown, does }) => ({
      left: shown,
      right: does,
    })),
  });
  const words = { title: 'Words', rows: WORDS.map(([word, meaning]) => ({ left: word, right: meaning })) };
  const shell = {
    title: 'At the shell: session-memory …',
    rows: AT_THE_SHELL.map(([command, does]) => ({ left: command, right: does })),
  };
  return [...(left === 'help' ? [] : [keysOf(left)]), words, shell, ...others.map(keysOf)];
}

const LEFT_CELLS = 14;

/** What it means is never cut. */
function rowLines({ left, right }: HelpRow, cells: number): string[] {
  const lead = `  ${pad(left, LEFT_CELLS - 2)}`;
  return wrap(right, cells - LEFT_CELLS).map((part, i) => (i === 0 ? lead : ' '.repeat(LEFT_CELLS)) + part);
}

/** A part whose title holds what is typed is there as a whole. */
export function helpLines(
  left: KeyContext,
  typed: string,
  cells: number,
): { readonly text: string; readonly isTitle: boolean }[] {
  const sought = typed.trim().toLowerCase();
  const has = (text: string) => text.toLowerCase().includes(sought);
  return partsOf(left).flatMap(({ title, rows }) => {
    const kept = has(title) ? rows : rows.filter((row) => has(`${row.left} ${row.right}`));
    if (kept.length === 0) return [];
    return [
      { text: title, isTitle: true },
      ...kept.flatMap((row) => rowLines(row, cells).map((text) => ({ text, isTitle: false }))),
      { text: '', isTitle: false },
    ];
  });
}

/** What is typed stands above. */
export function helpFrame(
  left: KeyContext,
  { place, typed, editing }: ScreenOf<'help'>,
  fromEnd: number,
  cells: number,
  rows: number,
): Line[] {
  const lines = helpLines(left, typed, cells);
  const isFiltered = editing || typed !== '';
  const room = rows - (isFiltered ? 1 : 0);
  const start = Math.max(0, Math.min(place.top, lines.length - room));
  const shown = lines.slice(start, start + room);
  const head = isFiltered
    ? [
        line(
          span('/ ', 'key'),
          ...(editing
            ? typedSpans({ text: typed, fromEnd }, cells - 2)
            : [span(fit(typed, cells - 2), 'title')]),
        ),
      ]
    : [];
  const body = shown.map(({ text, isTitle }) =>
    text === '' ? BLANK : line(span(fit(text, cells), isTitle ? 'title' : 'plain')),
  );
  return [...head, ...(lines.length === 0 ? [line('Nothing in the help has that.')] : body)];
}
