/** Every sweep, the newest first. */
import { formatBytes, inUtc } from '../../cli/format.ts';
import { fit, type Line, line, pad, padLeft, span } from '../paint.ts';
import type { ScreenOf } from '../state.ts';

export function historyFrame({ sweeps, place }: ScreenOf<'history'>, cells: number, visible: number): Line[] {
  if (sweeps.length === 0) return [line('No sweep has run yet.')];
  const shown = sweeps.slice(place.top, place.top + visible).map((sweep, i) => {
    const isCursor = place.top + i === place.cursor;
    const lost = sweep.lost_data ? 'DATA LOSS' : sweep.finished_at === null ? 'was killed' : '';
    const text = pad(
      `${isCursor ? '›' : ' '}${pad(inUtc(sweep.started_at), 18)}${padLeft(formatBytes(sweep.bytes_freed), 10)}  ${pad(lost, 11)}${sweep.sweep_id}`,
      cells,
    );
    return isCursor ? line(span(text, 'cursor')) : line(span(text, sweep.lost_data ? 'danger' : 'plain'));
  });
  return [
    line(span(fit(` ${pad('started, UTC', 18)}${padLeft('freed', 10)}  ${pad('', 11)}sweep`, cells), 'dim')),
    ...shown,
  ];
}
