/** A question before something is done to several sessions, and the answer. */
import { bodyRows } from '../layout.ts';
import { BLANK, fit, type Line, line, type Span, span, tail } from '../paint.ts';
import type { Doing, ScreenOf, Size } from '../state.ts';
import { workText } from './work.ts';

export function confirmRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 5);
}

export function confirmFrame(
  size: Size,
  { question, done, doing, place }: ScreenOf<'confirm'>,
  cells: number,
): Line[] {
  const visible = confirmRows(size);
  const lines = (done ?? question.lines).slice(place.top, place.top + visible);
  const asks = done === null && doing === null && question.effect !== null;
  const end =
    doing !== null ? doingLines(doing, cells) : asks ? [span(fit(question.does, cells), 'title')] : [];
  return [
    line(span(fit(question.title, cells), 'title')),
    ...(question.file === null ? [] : [line(tail(question.file, cells))]),
    ...lines.map((text) => line(fit(text, cells))),
    ...(end.length === 0 ? [] : [BLANK, ...end.map((text) => line(text))]),
  ];
}

/** How far it is, how fast that goes; that it stops. */
export function doingLines({ stopping, ...work }: Doing, cells: number): Span[] {
  if (stopping) return [span(fit('Stopping. What is done stays done.', cells), 'warn')];
  if (work.total === 0) return [span('It has begun…', 'good')];
  return [span(workText('Done', work, cells), 'good')];
}
