/** A text to read. */
import { fit, type Line, line, span } from '../paint.ts';
import type { Reader } from '../state.ts';

export function readerFrame(reader: Reader, cells: number, visible: number): Line[] {
  if (reader.lines.length === 0) return [line(span('Nothing to show.', 'dim'))];
  return reader.lines
    .slice(reader.place.top, reader.place.top + visible)
    .map((text) => line(fit(text, cells)));
}
