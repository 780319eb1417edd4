/** What another width of the window makes of what was broken for the one before. Pure. */
import { wrapIndented } from '../cli/format.ts';
import { shownLines } from './frames/reader.ts';
import { widthOf, wrap } from './paint.ts';
import type { Reader, ReadLine, Screen, Size, State } from './state.ts';

/** As it was read, broken once more where that is wider than the window: a window that is made wide again has it as it was. */
export function brokenFor(asRead: readonly ReadLine[], cells: number, mode: Reader['mode']): ReadLine[] {
  return asRead.flatMap((one) => partsOf(one, cells, mode));
}

function partsOf(one: ReadLine, cells: number, mode: Reader['mode']): readonly ReadLine[] {
  if (widthOf(one.text) <= cells) return [one];
  // Of raw bytes no blank is anybody's indent.
  const texts =
    mode === 'raw'
      ? Bun.wrapAnsi(one.text, cells, { hard: true, trim: false }).split('\n')
      : wrapIndented(one.text, cells);
  return texts.map((text) => ({ ...one, text }));
}

/** The line that was at the top stays there. */
function reflowed(reader: Reader, cells: number): Reader {
  const { asRead, lines, mode, place, cells: before } = reader;
  if (asRead === null || lines === null || before === cells) return reader;
  const next = { ...reader, lines: brokenFor(asRead, cells, mode), cells };
  const top = shownLines(reader)[place.top];
  let left = top === undefined ? 0 : lines.indexOf(top);
  let at = 0;
  for (const one of asRead) {
    left -= partsOf(one, before, mode).length;
    if (left < 0) break;
    at += partsOf(one, cells, mode).length;
  }
  const first = next.lines[at];
  const shown = shownLines(next);
  const found = first === undefined ? 0 : Math.max(0, shown.indexOf(first));
  return { ...next, place: { cursor: found, top: found } };
}

/** Of a report a row is one line, whatever its title has; sentences are broken. */
function brokenReport(lines: readonly string[], cells: number): string[] {
  return lines.flatMap((text) =>
    text.startsWith('  ') || widthOf(text) <= cells ? [text] : wrap(text, cells),
  );
}

/** What is told beside a row is asked for anew. */
function anew(screen: Screen, cells: number): Screen {
  switch (screen.kind) {
    case 'reader':
      return { ...screen, reader: reflowed(screen.reader, cells) };
    case 'sessions':
      return { ...screen, sessions: { ...screen.sessions, peek: null } };
    case 'sweep': {
      const { wizard } = screen;
      const { stage } = wizard;
      const shown = stage.kind === 'result' ? { ...stage, lines: brokenReport(stage.lines, cells) } : stage;
      return { ...screen, wizard: { ...wizard, preview: null, stage: shown } };
    }
    default:
      return screen;
  }
}

export function resized(state: State, size: Size): State {
  if (size.columns === state.size.columns) return { ...state, size };
  const cells = size.columns - 2;
  return {
    ...state,
    size,
    screen: anew(state.screen, cells),
    below: state.below.map((screen) => anew(screen, cells)),
    left: state.left === null ? null : { ...state.left, peek: null },
  };
}
