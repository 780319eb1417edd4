/**
 * Numbers, times and tables for people.
 * Promises: every cell is made inert before it is laid out; nothing here decides anything.
 */
import { cutText, plainLine } from '../domain/text.ts';
import { DAY_MS, type Iso, msBetween } from '../domain/time.ts';
import { offsetMinutes } from './zone.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes in binary units with at most one decimal: `3.1 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** With separators: `1,204`. Not by locale: the same everywhere. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 session`, `3 sessions`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** How long ago: `5 m`, `3 h`, `12 d`; `-` where unknown. */
export function formatAge(time: Iso | null, now: Iso): string {
  if (time === null) return '-';
  const ms = msBetween(time, now);
  // A damaged row may hold anything.
  if (Number.isNaN(ms)) return '-';
  if (ms < 0) return 'ahead';
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} m`;
  if (ms < DAY_MS) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/** `2026-06-01 12:00 UTC+2`: in the reader's zone, as it is at that time; `-` where unknown. JSON has UTC. */
export function formatTime(time: string | null): string {
  if (time === null) return '-';
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return '-';
  // The names of zones would have the runtime load its tables of all languages: 20 ms.
  const minutes = offsetMinutes(at);
  const local = new Date(at.getTime() + minutes * 60_000).toISOString();
  return `${inUtc(local)} UTC${formatOffset(minutes)}`;
}

/** `2026-06-01 10:00`, for where the zone is named once; `-` where unknown. */
export function inUtc(time: string | null): string {
  return time === null ? '-' : time.slice(0, 16).replace('T', ' ');
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return '';
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/**
 * A text behind `lead`, in lines of at most `columns` cells, the later ones under the beginning of the text. A word that does not fit, a path or
 * an id, stays whole: it is there to be copied. `columns` may be infinite.
 */
export function hanging(lead: string, text: string, columns: number): string {
  const leadCells = Bun.stringWidth(lead);
  const cells = columns - leadCells;
  if (!Number.isFinite(cells) || Bun.stringWidth(text) <= cells) return `${lead}${text}`;
  const lines = Bun.wrapAnsi(text, Math.max(TEXT_CELLS_MIN, cells), { hard: false, trim: true }).split('\n');
  return lines.map((line, i) => `${i === 0 ? lead : ' '.repeat(leadCells)}${line}`).join('\n');
}

/** At words; a longer word is broken. The later lines stand under the first, as far as its own blanks in front leave room. */
export function wrapIndented(text: string, columns: number): string[] {
  const cells = Math.max(10, columns);
  if (Bun.stringWidth(text) <= cells) return [text];
  const lead = /^ */.exec(text)?.[0] ?? '';
  const indent = lead.slice(0, Math.floor(cells / 2));
  return Bun.wrapAnsi(text.slice(lead.length), cells - indent.length, { hard: true, trim: true })
    .split('\n')
    .map((part) => indent + part);
}

/** Where a lead leaves less, the text goes beyond the columns. */
const TEXT_CELLS_MIN = 20;

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** This column gives way where the table is too wide. */
  readonly shrinks?: true;
}

/** An aligned table. Cells are made plain; the shrinking column is cut to fit `widthColumns`. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthColumns: number,
): string {
  const plain = rows.map((row) => row.map((cell) => plainLine(cell)));
  const widths = columns.map((column, i) =>
    Math.max(Bun.stringWidth(column.title), ...plain.map((row) => Bun.stringWidth(row[i] ?? ''))),
  );
  const total = widths.reduce((sum, width) => sum + width, 0) + 2 * (columns.length - 1);
  const shrinking = columns.findIndex((column) => column.shrinks === true);
  if (total > widthColumns && shrinking >= 0) {
    widths[shrinking] = Math.max(8, (widths[shrinking] ?? 0) - (total - widthColumns));
  }
  const line = (cells: readonly string[]) =>
    columns
      .map((column, i) => fit(cells[i] ?? '', widths[i] ?? 0, column.align === 'right'))
      .join('  ')
      .trimEnd();
  return `${[line(columns.map((column) => column.title)), ...plain.map(line)].join('\n')}\n`;
}

function fit(text: string, width: number, right: boolean): string {
  const shown = fitWidth(text, width);
  const pad = ' '.repeat(Math.max(0, width - Bun.stringWidth(shown)));
  return right ? pad + shown : shown + pad;
}

/** Cut to a width in terminal columns; wide characters count as two. */
function fitWidth(text: string, width: number): string {
  let shown = text;
  for (let chars = width; Bun.stringWidth(shown) > width && chars > 0; chars -= 1)
    shown = cutText(text, chars);
  return shown;
}

/** A bar of `width` cells: used, then free, with a mark at `markBytes`. */
export function bar(
  usedBytes: number,
  capBytes: number,
  markBytes: number,
  width: number,
  unicode: boolean,
): string {
  const scale = Math.max(1, capBytes);
  const used = Math.min(width, Math.ceil((usedBytes / scale) * width));
  const mark = Math.min(width - 1, Math.floor((markBytes / scale) * width));
  const [full, empty, tick] = unicode ? ['█', '░', '│'] : ['#', '.', '|'];
  const cells = full.repeat(used) + empty.repeat(width - used);
  return cells.slice(0, mark) + tick + cells.slice(mark + 1);
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
