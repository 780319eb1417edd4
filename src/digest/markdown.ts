/**
 * A digest as Markdown: to keep, to send, to hand to an agent that goes on with the work.
 * Promises: every text is made plain and stays within its block, whatever marks it holds; names and commands are exact.
 * Never: wraps lines, or lets a text bring HTML or a picture from elsewhere.
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

/** A command longer than that, or of several lines, stands in a block of its own. */
const INLINE_CHARS_MAX = 160;

/** The document, ending in a newline. `rows`: what the store knows, before the digest's own. */
export function digestMarkdown(digest: Digest, rows: readonly SectionRow[] = []): string {
  const title = plainLine(digest.title ?? '') || 'Untitled';
  const head = [...rows, ...rowsOf(digest)]
    .map(([label, value]) => [label, plainLine(value)] as const)
    .filter(([, value]) => value !== '')
    .map(
      ([label, value]) =>
        `- ${label}: ${label === 'Project' || label === 'Session' ? code(value) : escaped(value)}`,
    );
  const blocks = [`# ${escaped(title)}`, head.join('\n')];
  for (const section of sectionsOf(digest)) blocks.push(`## ${section.title}`, bodyOf(section));
  const notes = notesOf(digest);
  if (notes.length > 0) blocks.push(notes.map((note) => `_${note}_`).join('\n\n'));
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function bodyOf(section: Section): string {
  switch (section.kind) {
    case 'prose':
      return quoted(section.text);
    case 'names':
      return section.names.map((name) => `- ${code(plainLine(name))}`).join('\n');
    case 'items':
      return section.items.map(itemBlock).join('\n\n');
    case 'commands':
      return section.commands.map(commandBlock).join('\n');
    default:
      return section satisfies never;
  }
}

function itemBlock(item: Item): string {
  const about = item.about === null ? [] : [`**${escaped(plainLine(item.about))}**`];
  const result = item.result === undefined ? [] : ['Result:', quoted(item.result)];
  return [...about, quoted(item.text), ...result].join('\n\n');
}

function commandBlock(ran: RanRow): string {
  const command = plainText(ran.command).replaceAll('\t', '  ').trim();
  const about = [`exit ${ran.status === '-' ? 'not told' : plainLine(ran.status)}`, ...ran.notes].join(', ');
  const isShort = command.length <= INLINE_CHARS_MAX && !command.includes('\n');
  if (isShort) return `- ${code(command)} (${about})`;
  const fence = '`'.repeat(Math.max(3, longestRun(command) + 1));
  const lines = [`${fence}sh`, ...command.split('\n'), fence].map((line) => (line === '' ? '' : `  ${line}`));
  return `- ${about}:\n\n${lines.join('\n')}\n`;
}

/** Every line within a quotation, so that no heading, list or fence of the text reaches beyond it. */
export function quoted(text: string): string {
  return plainText(text)
    .trim()
    .split('\n')
    .map((line) => `> ${escaped(line)}`.trimEnd())
    .join('\n');
}

/** A tag or a picture of a text is shown, not used. */
export function escaped(line: string): string {
  return line.replace(/<(?=[a-zA-Z/!?])/g, '\\<').replace(/!\[/g, '!\\[');
}

/** A span of code around any text of one line. */
export function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1);
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${text}${pad}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
