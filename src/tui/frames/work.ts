/** Work that takes a while, in one line: how much of it is done, how fast it goes, how long the rest takes. */
import { formatBytes, formatCount } from '../../cli/format.ts';
import { paceText } from '../../cli/pace.ts';
import { fit, progressBar, widthOf } from '../paint.ts';

interface Pieces {
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}

interface Bytes {
  readonly done: number;
  readonly total: number;
}

const BAR_CELLS = 30;
const BAR_CELLS_MIN = 8;

/** A narrow window gives up the bar first, then the bytes; the time that is left stays. */
export function workText(
  verb: string,
  { done, total, elapsedMs }: Pieces,
  cells: number,
  bytes?: Bytes,
): string {
  const measured = bytes ?? { done, total };
  const share = measured.total === 0 ? 1 : Math.min(1, measured.done / measured.total);
  const count = `${formatCount(done)} of ${formatCount(Math.max(done, total))}`;
  const sessions = `${count} session${Math.max(done, total) === 1 ? '' : 's'}`;
  const size =
    bytes === undefined
      ? ''
      : `${formatBytes(bytes.done)} of ${formatBytes(Math.max(bytes.done, bytes.total))}`;
  const pace = paceText({ ...measured, elapsedMs, unit: bytes === undefined ? 'pieces' : 'bytes' });
  const whole = joined(sessions, size, pace);
  const room = cells - widthOf(verb) - widthOf(whole) - 2;
  if (room >= BAR_CELLS_MIN) return `${verb} ${progressBar(share, Math.min(BAR_CELLS, room))} ${whole}`;
  const shorter = [whole, joined(count, size, pace), joined(count, pace)].map((text) => `${verb} ${text}`);
  return shorter.find((text) => widthOf(text) <= cells) ?? fit(shorter.at(-1) ?? verb, cells);
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}
