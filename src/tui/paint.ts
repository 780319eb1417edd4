/**
 * Text that fits: spans, lines, bars. All widths are terminal cells; wide characters count as two.
 * Promises: no line is wider than asked; every text from a transcript has been made plain before it is measured.
 */
import { plainLine } from '../domain/text.ts';

/** How a span is painted. Each tone has its own words or marks as well: colour alone says nothing. */
export type Tone = 'plain' | 'title' | 'dim' | 'warn' | 'danger' | 'good' | 'key' | 'cursor';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

export const BLANK: Line = [];

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

export function line(...parts: readonly (string | Span)[]): Line {
  return parts
    .map((part) => (typeof part === 'string' ? span(part) : part))
    .filter(({ text }) => text !== '');
}

/** The text of a line, for tests and for pictures. */
export function textOf(shown: Line): string {
  return shown.map(({ text }) => text).join('');
}

const ASCII_ONLY = /^[\x20-\x7e]*$/;

/** Marks that take a cell in some terminals and none in others, and circled numbers that take two in some. */
const MAYBE_WIDER = /[\p{Mc}\u0980\u0c80\u0d3a\u3248-\u324f\ud7b0-\ud7ff]/gu;

/** Cells that a text takes in the terminal that gives it most: what is counted to fit wraps nowhere. */
export function widthOf(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  return Bun.stringWidth(text) + (text.match(MAYBE_WIDER)?.length ?? 0);
}

/** At most `cells` wide, a cut marked with `…`; text from outside is made plain first. */
export function fit(text: string, cells: number): string {
  const plain = ASCII_ONLY.test(text) ? text : plainKeepingBlanks(text);
  if (cells <= 0) return '';
  if (plain.length <= cells && ASCII_ONLY.test(plain)) return plain;
  if (widthOf(plain) <= cells) return plain;
  let cut = Bun.sliceAnsi(plain, 0, cells - 1);
  // A wide character that begins inside the cut and ends outside it is given whole: it must go.
  while (widthOf(cut) > cells - 1) cut = [...cut].slice(0, -1).join('');
  return `${cut.trimEnd()}…`;
}

/**
 * What terminals disagree on is taken apart: joiners of emoji, skin tones, soft hyphens and presentation selectors go,
 * flags become letters. So every terminal gives a text the width that we count.
 */
function steady(text: string): string {
  return text
    .replace(/\p{Cf}|\p{Me}|[\ufe00-\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, '')
    .replace(/[\u{1f1e6}-\u{1f1ff}]/gu, (flag) =>
      String.fromCharCode((flag.codePointAt(0) ?? 0) - 0x1f1e6 + 65),
    );
}

/** Layout has runs of blanks and they stay; everything else is made inert. */
function plainKeepingBlanks(text: string): string {
  return text
    .split(' ')
    .map((word) => (ASCII_ONLY.test(word) ? word : steady(plainLine(word))))
    .join(' ');
}

/** Of a path the end is what one looks at: it is cut in front. */
export function tail(text: string, cells: number): string {
  const plain = ASCII_ONLY.test(text) ? text : plainKeepingBlanks(text);
  const width = widthOf(plain);
  if (cells <= 0) return '';
  if (width <= cells) return plain;
  let cut = Bun.sliceAnsi(plain, width - cells + 1, width);
  while (widthOf(cut) > cells - 1) cut = [...cut].slice(1).join('');
  return `…${cut}`;
}

/** Exactly `cells` wide. */
export function pad(text: string, cells: number): string {
  const fitted = fit(text, cells);
  return fitted + ' '.repeat(Math.max(0, cells - widthOf(fitted)));
}

export function padLeft(text: string, cells: number): string {
  const fitted = fit(text, cells);
  return ' '.repeat(Math.max(0, cells - widthOf(fitted))) + fitted;
}

/** Both ends of a line; the left one gives way. */
export function sides(left: string | Span, right: string | Span, cells: number): Line {
  const end = typeof right === 'string' ? span(right) : right;
  const start = typeof left === 'string' ? span(left) : left;
  const shownEnd = fit(end.text, cells);
  const room = cells - widthOf(shownEnd);
  // Two blanks at least, or the two ends read as one.
  return line({ ...start, text: `${pad(start.text, room - 2)}  ` }, { ...end, text: shownEnd });
}

/** A line of a digest: headings stand out, labels stand back. */
export function digestLine(text: string): Line {
  const label = /^\S{1,9} {2,}(?=\S)/.exec(text)?.[0];
  if (label !== undefined) return line(span(label, 'dim'), text.slice(label.length));
  return line(span(text, isHeading(text) ? 'title' : 'plain'));
}

/** No sentence, and not indented as all that stands under one is. */
export function isHeading(text: string): boolean {
  return /^\S.{0,48}[^.:;,]$/.test(text) && !/^\S{1,9} {2,}\S/.test(text);
}

/** Parts one after the other, as many on a line as fit; what is too long for a line of its own is cut. */
export function flow(parts: readonly string[], cells: number, indent = 0, gap = '   '): string[] {
  const lines: string[] = [];
  const start = ' '.repeat(indent);
  let shown = '';
  for (const part of parts) {
    const longer = shown === '' ? start + part : shown + gap + part;
    if (shown !== '' && widthOf(longer) > cells) {
      lines.push(shown);
      shown = start + part;
    } else shown = longer;
  }
  if (shown !== '') lines.push(shown);
  return lines.map((text) => fit(text, cells));
}

/** Words of a sentence on lines of at most `cells`. */
export function wrap(text: string, cells: number): string[] {
  return Bun.wrapAnsi(steady(plainLine(text)), Math.max(1, cells), { hard: true, trim: true })
    .split('\n')
    .map((shown) => fit(shown, cells));
}

/** A label in front of the first of some lines, the others indented under it. */
export function labelled(label: string, texts: readonly string[], cells: number): string[] {
  return texts.map((text, i) => fit(`${pad(i === 0 ? label : '', LABEL_CELLS)}${text}`, cells));
}

export const LABEL_CELLS = 13;

/** A share of a whole, 0 to 1. */
export function progressBar(share: number, cells: number): string {
  const done = Math.max(0, Math.min(cells, Math.round(share * cells)));
  return '█'.repeat(done) + '░'.repeat(cells - done);
}

export interface Zones {
  readonly softBytes: number;
  readonly hardBytes: number;
  /** Bytes of the whole bar. */
  readonly scaleBytes: number;
}

/** What is used, by the zone that it lies in, each with a character and a tone of its own; both caps are marked. */
export function zoneBar(
  usedBytes: number,
  { softBytes, hardBytes, scaleBytes }: Zones,
  cells: number,
): Span[] {
  const at = (bytes: number) => (bytes / Math.max(1, scaleBytes)) * cells;
  const used = usedBytes <= 0 ? 0 : Math.min(cells, Math.max(1, Math.round(at(usedBytes))));
  const soft = Math.min(cells - 1, Math.floor(at(softBytes)));
  const hard = Math.min(cells - 1, Math.floor(at(hardBytes)));
  const spans: Span[] = [];
  const put = (text: string, tone: Tone) => {
    const last = spans.at(-1);
    if (last?.tone === tone) spans[spans.length - 1] = { text: last.text + text, tone };
    else spans.push({ text, tone });
  };
  for (let i = 0; i < cells; i += 1) {
    if (i === hard) put('┃', 'plain');
    else if (i === soft) put('│', 'plain');
    else if (i >= used) put('░', 'dim');
    else if (i > hard) put('▓', 'danger');
    else if (i > soft) put('▒', 'warn');
    else put('█', 'plain');
  }
  return spans;
}

export const SPARKS = '▁▂▃▄▅▆▇█';

export function sparkline(values: readonly number[]): string {
  const max = Math.max(...values, 0);
  return values
    .map((value) => (max === 0 ? '▁' : (SPARKS[Math.round((Math.max(0, value) / max) * 7)] ?? '▁')))
    .join('');
}

const ASCII: Readonly<Record<string, string>> = {
  '█': '#',
  '▒': '+',
  '░': '.',
  '▓': '%',
  '│': '|',
  '┃': '!',
  '─': '-',
  '·': '-',
  '…': '~',
  '›': '>',
  '●': '*',
  '○': 'o',
  '×': 'x',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '✓': '+',
  '✗': 'x',
  '▸': '>',
  '▌': '#',
  '–': '-',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '-',
  '▅': '=',
  '▆': '=',
  '▇': '+',
}; // prettier-ignore

/** For a locale that can show no more than ASCII; the width stays. */
export function toAscii(text: string): string {
  if (ASCII_ONLY.test(text)) return text;
  const segments = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
  return Array.from(segments, ({ segment }) =>
    ASCII_ONLY.test(segment) ? segment : (ASCII[segment] ?? '?'.repeat(Math.max(0, widthOf(segment)))),
  ).join('');
}
