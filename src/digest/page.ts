/**
 * A digest as a page for a person at a terminal.
 * Promises: every text of it is made plain, so that nothing in it acts on a terminal; texts are wrapped to the width,
 * while paths and addresses stay whole, to be copied; `Look` adds emphasis, never meaning.
 */
import type { Digest } from '../domain/digest.ts';
import { plainLine, plainText } from '../domain/text.ts';
import {
  type Item,
  notesOf,
  type RanRow,
  rowsOf,
  type Section,
  type SectionRow,
  sectionsOf,
} from './sections.ts';

const WIDTH_COLUMNS_MIN = 40;
/** Wider lines are hard to read; names may be as long as they are. */
const TEXT_COLUMNS_MAX = 120;
const LABEL_COLUMNS = 10;
const STATUS_COLUMNS = 6;

/** How parts of the page are set off where the terminal can. */
export interface PageLook {
  heading(text: string): string;
  faint(text: string): string;
  bad(text: string): string;
}

const NO_LOOK: PageLook = { heading: (text) => text, faint: (text) => text, bad: (text) => text };

/** The page, ending in a newline. `widthColumns`: of the terminal. `rows`: what the store knows, before the digest's own. */
export function digestPage(
  digest: Digest,
  widthColumns: number,
  look: PageLook = NO_LOOK,
  rows: readonly SectionRow[] = [],
): string {
  const wide = Number.isFinite(widthColumns) ? Math.floor(widthColumns) : 80;
  const width = Math.min(TEXT_COLUMNS_MAX, Math.max(WIDTH_COLUMNS_MIN, wide));
  const title = wrapped(plainLine(digest.title ?? '') || 'Untitled', width).map((line) => look.heading(line));
  const lines = [...title, '', ...[...rows, ...rowsOf(digest)].flatMap((row) => rowLines(row, width, look))];
  for (const section of sectionsOf(digest)) {
    const body = bodyOf(section, width, look);
    if (body.length > 0) lines.push('', look.heading(section.title), ...body);
  }
  const notes = notesOf(digest).flatMap((note) => wrapped(note, width));
  if (notes.length > 0) lines.push('', ...notes.map((note) => look.faint(note)));
  return `${lines.join('\n')}\n`;
}

/** The project's folder stays whole; other values go on under themselves. */
function rowLines([label, value]: SectionRow, width: number, look: PageLook): readonly string[] {
  const plain = plainLine(value);
  if (plain === '') return [];
  const isWhole = label === 'Project' || label === 'Session';
  const parts = isWhole ? [plain] : wrapped(plain, width - LABEL_COLUMNS);
  return parts.map((part, index) =>
    index === 0 ? look.faint(label.padEnd(LABEL_COLUMNS)) + part : ' '.repeat(LABEL_COLUMNS) + part,
  );
}

function bodyOf(section: Section, width: number, look: PageLook): readonly string[] {
  switch (section.kind) {
    case 'prose':
      return wrapped(section.text, width - 2).map((line) => line && `  ${line}`);
    case 'names':
      return section.names.map((name) => `  ${plainLine(name)}`);
    case 'items':
      return section.items.flatMap((item) => itemLines(item, width, look));
    case 'commands':
      return section.commands.flatMap((ran) => commandLines(ran, width, look));
    default:
      return section satisfies never;
  }
}

/** A bullet, the lines behind it indented under it. */
function itemLines(item: Item, width: number, look: PageLook): readonly string[] {
  const about = item.about === null ? '' : `${plainLine(item.about)}  `;
  const lines = wrapped(`${about}${item.text}`, width - 4);
  const result = item.result === undefined ? [] : wrapped(`Result: ${item.result}`, width - 6);
  return [
    ...lines.map((line, index) => {
      if (index > 0) return line && `    ${line}`;
      // The line begins with what is known about the item, unless that alone was broken.
      const isWhole = about !== '' && line.startsWith(about);
      const rest = isWhole ? look.faint(about) + line.slice(about.length) : line;
      return `  - ${rest}`;
    }),
    ...result.map((line) => line && `      ${line}`),
  ];
}

/** The exit status, then the command, the lines behind it indented under it. */
function commandLines(ran: RanRow, width: number, look: PageLook): readonly string[] {
  const indent = STATUS_COLUMNS + 4;
  const notes = ran.notes.length === 0 ? '' : `  (${ran.notes.join(', ')})`;
  const lines = wrapped(`${ran.command}${notes}`, width - indent);
  const status = plainLine(ran.status).padStart(STATUS_COLUMNS);
  return lines.map((line, index) => {
    if (index > 0) return line && `${' '.repeat(indent)}${line}`;
    return `  ${ran.failed ? look.bad(status) : status}  ${line}`;
  });
}

/** A text's lines, none wider than `width` columns; none at all where there is nothing to see. */
function wrapped(text: string, width: number): readonly string[] {
  const plain = plainText(text).replaceAll('\t', '  ').trim();
  return plain === '' ? [] : plain.split('\n').flatMap((line) => wrappedLine(line.trimEnd(), width));
}

/** What goes on keeps the line's own indentation: most of it is code. */
function wrappedLine(line: string, width: number): readonly string[] {
  if (Bun.stringWidth(line) <= width) return [line];
  const indent = line.slice(0, Math.min(line.length - line.trimStart().length, Math.floor(width / 2)));
  return Bun.wrapAnsi(line.trimStart(), width - indent.length, { hard: true })
    .split('\n')
    .map((part) => (indent + part).trimEnd());
}
