/** A question before something is done to several sessions, and the answer. */
import { bodyRows } from '../layout.ts';
import { BLANK, fit, type Line, line, span } from '../paint.ts';
import type { ScreenOf, Size } from '../state.ts';

export function confirmRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 4);
}

export function confirmFrame(
  size: Size,
  { question, done, place }: ScreenOf<'confirm'>,
  cells: number,
): Line[] {
  const visible = confirmRows(size);
  const lines = (done ?? question.lines).slice(place.top, place.top + visible);
  const key =
    done === null && question.effect !== null ? [BLANK, line(span(fit(question.does, cells), 'title'))] : [];
  return [
    line(span(fit(question.title, cells), 'title')),
    ...lines.map((text) => line(fit(text, cells))),
    ...key,
  ];
}
