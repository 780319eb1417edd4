/**
 * A conversation as lines on a screen: who and when in front, prose wrapped at words, what a tool printed folded below its call.
 * Promises: every line is inert and fits.
 */
import type { Turn } from '../digest/conversation.ts';
import type { DiffLine } from '../digest/line-diff.ts';
import { plainText } from '../domain/text.ts';
import type { ReadLine } from '../tui/ports.ts';
import { wrapIndented } from './format.ts';

const NAMES: Readonly<Record<Turn['who'], string>> = { person: 'You', agent: 'Agent', tool: '', note: '' };
const INDENT = '  ';
/** What a tool printed is read, not studied: the raw transcript has all of it. */
const DETAIL_LINES_MAX = 200;

/** `before`: who spoke before the first of them; null: nobody. `isCut`: what follows is not shown. */
export function conversationLines(
  turns: readonly Turn[],
  isCut: boolean,
  columns: number,
  before: Turn['who'] | null = null,
): ReadLine[] {
  const lines: ReadLine[] = [];
  let last = before;
  for (const turn of turns) {
    const isSpoken = turn.who === 'person' || turn.who === 'agent';
    if (isSpoken || (last !== null && last !== turn.who && last !== 'tool' && last !== 'note'))
      if (lines.length > 0 || before !== null) lines.push({ text: '', tone: 'plain' });
    if (isSpoken) lines.push(heading(turn));
    lines.push(...(isSpoken ? prose(turn, columns) : done(turn, columns)));
    last = turn.who;
  }
  if (isCut)
    lines.push({ text: '', tone: 'plain' }, { text: 'The rest is in the raw transcript: x.', tone: 'warn' });
  if (turns.length === 0 && before === null)
    lines.push({ text: 'Nothing is understood as said or done: x shows it raw.', tone: 'dim' });
  return lines;
}

function heading({ who, at }: Turn): ReadLine {
  const when = at === null ? '' : `  ${at.slice(0, 16).replace('T', ' ')}`;
  return { text: `${NAMES[who]}${when}`, tone: who === 'person' ? 'title' : 'dim', isTurn: true };
}

function prose({ text }: Turn, columns: number): ReadLine[] {
  return wrapped(text, columns - INDENT.length).map((part) => ({ text: INDENT + part, tone: 'plain' }));
}

/** One line, as it ended; what it printed is a detail. */
function done({ who, text, outcome, failed, detail, diff }: Turn, columns: number): ReadLine[] {
  const end = outcome === '' ? '' : `  → ${outcome}`;
  const whole = wrapped(text, columns - INDENT.length - 2);
  const said = folded(text, columns - INDENT.length - 2 - Bun.stringWidth(end));
  const more = whole.length === 1 && whole[0] === said ? [] : whole;
  const tone = failed ? 'warn' : 'dim';
  const sign = who === 'tool' && (detail.trim() !== '' || diff.length > 0) ? '▸ ' : '· ';
  const shown = wrapped(detail, columns - 6);
  return [
    { text: INDENT + sign + said + end, tone },
    ...more.map((part): ReadLine => ({ text: `${INDENT}  ${part}`, tone, isDetail: true })),
    ...diff.flatMap((line) => diffLine(line, columns - 6)),
    ...shown
      .slice(0, DETAIL_LINES_MAX)
      .map((part): ReadLine => ({ text: `${INDENT}    ${part}`, tone: 'dim', isDetail: true })),
    ...(shown.length > DETAIL_LINES_MAX
      ? [
          {
            text: `${INDENT}    … ${shown.length - DETAIL_LINES_MAX} lines more`,
            tone: 'dim',
            isDetail: true,
          } as const,
        ]
      : []),
  ];
}

/** As a patch shows it: a sign in front, for whom colours say nothing. */
function diffLine({ sign, text }: DiffLine, columns: number): ReadLine[] {
  const tone = sign === '+' ? 'good' : sign === '-' ? 'danger' : 'dim';
  const parts = wrapped(text, columns - 2);
  return (parts.length === 0 ? [''] : parts).map((part, i) => ({
    text: `${INDENT}    ${i === 0 ? sign : ' '} ${part}`,
    tone,
    isDetail: true,
  }));
}

/** In one line of so many cells. Of a lone name behind its verb, a path, the end tells most; of all else the beginning. */
function folded(text: string, cells: number): string {
  const [first = '', ...more] = plainText(text).replaceAll('\t', '  ').trimEnd().split('\n');
  const line = more.length === 0 ? first : `${first} …`;
  const most = Math.max(10, cells);
  if (Bun.stringWidth(line) <= most) return line;
  const verb = /^(\S+ +)\S+$/.exec(line)?.[1];
  if (verb === undefined) return `${Bun.sliceAnsi(line, 0, most - 2)}…`;
  const name = line.slice(verb.length);
  const width = Bun.stringWidth(name);
  return `${verb}…${Bun.sliceAnsi(name, width - (most - Bun.stringWidth(verb) - 2), width)}`;
}

/** At words; a word that is longer than a line is broken. */
function wrapped(text: string, columns: number): string[] {
  const plain = plainText(text).replaceAll('\t', '  ').trimEnd();
  if (plain === '') return [];
  return plain.split('\n').flatMap((part) => wrapIndented(part, columns));
}
