/** A restore before it is done, and after: which files go where. */
import { plural } from '../../cli/format.ts';
import { bodyRows } from '../layout.ts';
import { BLANK, fit, type Line, line, pad, span, wrap } from '../paint.ts';
import type { RestorePlan, ScreenOf, Size } from '../state.ts';

export function restoreRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 5);
}

const PLACES: Readonly<Record<RestorePlan['files'][number]['place'], string>> = {
  free: 'new',
  same: 'is there',
  there: 'has more',
  differs: 'DIFFERS',
};

export function restoreFrame(size: Size, { plan, done, place }: ScreenOf<'restore'>, cells: number): Line[] {
  const visible = restoreRows(size);
  const end =
    done !== null
      ? wrap(done, cells).map((text) => line(span(text, 'good')))
      : plan.obstacle !== null
        ? wrap(plan.obstacle, cells).map((text) => line(span(text, 'warn')))
        : [line(span('Press enter to write them.', 'title'))];
  const resume = plan.resume === '' ? [] : wrap(`Go on with: ${plan.resume}`, cells);
  const note = plan.note === null ? [] : [BLANK, ...wrap(plan.note, cells).map((text) => line(text))];
  const below = [...note, BLANK, ...end, ...resume.map((text) => line(span(text, 'dim')))];
  const above = [
    line(span(fit(`Restore ${plan.uid}`, cells), 'title')),
    ...(plan.files.length === 0
      ? []
      : [line(fit(`to ${plan.root}: ${plural(plan.files.length, 'file')}`, cells))]),
  ];
  const room = Math.max(1, Math.min(visible, bodyRows(size) - above.length - below.length));
  const files = plan.files.slice(place.top, place.top + room).map(({ path, place: where }) => {
    const shown = path.startsWith(plan.root) ? path.slice(plan.root.length + 1) : path;
    return line(fit(`  ${pad(PLACES[where], 9)}${shown}`, cells));
  });
  return [...above, ...files, ...below];
}
