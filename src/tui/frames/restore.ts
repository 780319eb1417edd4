/** A restore before it is done, and after: which files go where. */
import { plural } from '../../cli/format.ts';
import { bodyRows } from '../layout.ts';
import { typedSpans } from '../line-edit.ts';
import { BLANK, fit, type Line, line, pad, span, type Tone, tail, wrap } from '../paint.ts';
import type { Doing, RestorePlan, ScreenOf, Size } from '../state.ts';
import { workText } from './work.ts';

export function restoreRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 5);
}

const PLACES: Readonly<Record<RestorePlan['files'][number]['place'], string>> = {
  free: 'new',
  same: 'is there',
  there: 'has more',
  differs: 'DIFFERS',
};

export function restoreFrame(
  size: Size,
  screen: ScreenOf<'restore'>,
  fromEnd: number,
  cells: number,
): Line[] {
  const { plan, place, typed } = screen;
  const visible = restoreRows(size);
  const resume = plan.resume === '' || screen.starts ? [] : wrap(`Go on with: ${plan.resume}`, cells);
  const note = plan.note === null ? [] : [BLANK, ...wrap(plan.note, cells).map((text) => line(text))];
  const below = [
    ...note,
    BLANK,
    ...endLines(screen, cells),
    ...resume.map((text) => line(span(text, 'dim'))),
  ];
  const above = [
    line(span(fit(`Restore ${plan.uid}`, cells), 'title')),
    ...(plan.files.length === 0
      ? []
      : [line(fit(`to ${plan.root}: ${plural(plan.files.length, 'file')}`, cells))]),
    ...(typed === null
      ? []
      : [line(span('Folder: ', 'key'), ...typedSpans({ text: typed, fromEnd }, cells - 8))]),
  ];
  const room = Math.max(1, Math.min(visible, bodyRows(size) - above.length - below.length));
  const files = plan.files.slice(place.top, place.top + room).map(({ path, place: where }) => {
    const shown = path.startsWith(plan.root) ? path.slice(plan.root.length + 1) : path;
    return line(
      span(`  ${pad(PLACES[where], 9)}${tail(shown, cells - 11)}`, where === 'differs' ? 'warn' : 'plain'),
    );
  });
  return [...above, ...files, ...below];
}

function endLines({ plan, done, writing, starts, isLooking }: ScreenOf<'restore'>, cells: number): Line[] {
  const told = (text: string, tone: Tone) => wrap(text, cells).map((part) => line(span(part, tone)));
  if (isLooking) return told('Looking at what is there…', 'good');
  if (writing !== null) return writingLines(writing, cells);
  if (done !== null) return told(done, 'good');
  if (plan.obstacle !== null) return told(plan.obstacle, 'warn');
  const replaces = plan.files.some(({ place }) => place === 'differs')
    ? told('What DIFFERS is replaced; what is there is stored first, or put beside.', 'warn')
    : [];
  const isThere = plan.files.every(({ place }) => place === 'same' || place === 'there');
  const what = isThere ? 'All of it is there.' : 'Press enter to write them.';
  if (!starts) return [...replaces, ...told(what, 'title')];
  if (plan.resume === '')
    return [...replaces, ...told(`${what} No command is known that goes on with it.`, 'warn')];
  const verb = isThere
    ? 'Press enter to leave the screens and start'
    : 'Press enter to write them, leave the screens and start';
  return [...replaces, ...told(`${verb}: ${plan.resume}`, 'title')];
}

/** How much of it is written, and how fast that goes. */
function writingLines({ stopping, done, total, elapsedMs }: Doing, cells: number): Line[] {
  if (stopping) return [line(span(fit('Stopping. Nothing of it will be left.', cells), 'warn'))];
  const text =
    total === 0 ? 'Writing…' : workText('Writing', { done: 0, total: 1, elapsedMs }, cells, { done, total });
  return [line(span(text, 'good'))];
}
