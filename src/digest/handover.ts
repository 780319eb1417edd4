/**
 * A digest as something to go on from, within a budget: what was asked, what holds now, what is open, files, commands that
 * worked, in this order.
 * Promises: never longer than the budget; what is left out is counted where it is missing; the first thing that was asked and
 * the last ones stay longest. Pure.
 */
import type { Digest } from '../domain/digest.ts';
import { plainLine, plainText } from '../domain/text.ts';
import { code, escaped, quoted } from './markdown.ts';

/** Of English prose a token has some four bytes, of code three: counted like this it rather comes out smaller. */
const BYTES_PER_TOKEN = 3;
/** Less holds no more than the head. */
export const HANDOVER_TOKENS_MIN = 150;

type Order = (count: number) => readonly number[];

interface HandoverPart {
  readonly title: string;
  /** What it may take while later parts want theirs; what one leaves goes to all. */
  readonly share: number;
  readonly items: readonly string[];
  /** Numbers of its items, the most wanted first. */
  readonly order: Order;
  /** Between two items. */
  readonly gap: string;
  write(item: string): string;
}

/** Ends in a newline. `uid`: how the whole digest is had. */
export function handover(digest: Digest, uid: string, tokensMax: number): string {
  const head = headOf(digest, uid);
  const parts = partsOf(digest).filter(({ items }) => items.length > 0);
  const room = tokensMax * BYTES_PER_TOKEN - bytesOf(head);
  const needs = parts.map((part) => bytesOf(written(part, Number.POSITIVE_INFINITY)));
  const given = shared(
    parts.map(({ share }) => share),
    needs,
    room,
  );
  return `${head}${parts.map((part, i) => written(part, given[i] ?? 0)).join('')}`;
}

function headOf(digest: Digest, uid: string): string {
  const title = cutBytes(plainLine(digest.title ?? '') || 'Untitled', 120);
  const place = [digest.project, digest.branches.at(-1)].map((text) => cutBytes(plainLine(text ?? ''), 80));
  const facts = place.filter((text) => text !== '').map(code);
  return [
    `# ${escaped(title)}`,
    '',
    `From an earlier session (${[code(uid), ...facts].join(', ')}).`,
    '',
  ].join('\n');
}

function partsOf(digest: Digest): HandoverPart[] {
  const prompts = digest.prompts.filter(({ copied }) => copied !== true);
  const asked = prompts.map(({ text, cut }) => `${text.trim()}${cut === undefined ? '' : '…'}`);
  const holds = [digest.summary, digest.outcome, ...digest.commits.map(commitText)];
  const open = digest.todos.filter(({ status }) => status !== 'completed').map(({ text }) => text);
  const files = [...new Set([...digest.files.edited, ...digest.files.written])];
  const project = digest.project === null ? '' : `${digest.project}/`;
  const tells = digest.commands.some(({ exit }) => exit !== null);
  const worked = digest.commands.filter(({ exit, failed }) => failed !== true && exit === (tells ? 0 : null));
  const below = (path: string) =>
    project !== '/' && path.startsWith(project) ? path.slice(project.length) : path;
  return [
    part('Asked', 0.4, asked, endsFirst, quoted),
    part('Holds now', 0.3, holds, inOrder, quoted),
    part('Open', 0.1, open, inOrder, (item) => `- [ ] ${escaped(plainLine(item))}`),
    part('Files changed', 0.1, files.map(below), inOrder, (item) => `- ${code(plainLine(item))}`),
    part(
      'Commands that worked',
      0.1,
      worked.map(commandText),
      lastFirst,
      (item) => `- ${code(plainLine(item))}`,
    ),
  ];
}

function commandText({ command, cut }: Digest['commands'][number]): string {
  return `${command}${cut === undefined ? '' : '…'}`;
}

function commitText({ sha, message }: Digest['commits'][number]): string {
  return `Commit ${sha === undefined ? '' : `${sha.slice(0, 12)} `}${message}`;
}

function part(
  title: string,
  share: number,
  texts: readonly (string | null | undefined)[],
  order: Order,
  write: HandoverPart['write'],
): HandoverPart {
  const items = texts.filter((text): text is string => plainText(text ?? '').trim() !== '');
  return { title, share, items, order, write, gap: write === quoted ? '\n\n' : '\n' };
}

const inOrder: Order = (count) => Array.from({ length: count }, (_, i) => i);
const lastFirst: Order = (count) => inOrder(count).toReversed();
/** What began it, then what was asked last, back to the beginning. */
const endsFirst: Order = (count) => [...inOrder(Math.min(count, 1)), ...lastFirst(count).slice(0, -1)];

/** Each part what it needs, as far as there is room: its share first, then in their order what others left. */
function shared(shares: readonly number[], needs: readonly number[], room: number): number[] {
  const given = needs.map((need, i) => Math.max(0, Math.min(need, Math.floor(room * (shares[i] ?? 0)))));
  let left = room - given.reduce((sum, bytes) => sum + bytes, 0);
  return given.map((bytes, i) => {
    const more = Math.max(0, Math.min(left, (needs[i] ?? 0) - bytes));
    left -= more;
    return bytes + more;
  });
}

/** A cut text shows at least so much, or nothing. */
const CUT_BYTES_MIN = 60;
/** Room for the line that says how many were left out. */
const LEFT_OUT_BYTES = 40;

/** The part within so many bytes; empty where not even one item can be told of. */
function written({ title, items, order, gap, write }: HandoverPart, bytesMax: number): string {
  const head = `\n## ${title}\n\n`;
  const chosen = new Map<number, string>();
  // No gap stands behind the last one.
  let room = bytesMax - bytesOf(head) - 1 + gap.length;
  const whole = items.reduce((sum, item) => sum + bytesOf(write(item)) + gap.length, 0);
  if (whole > room) room -= LEFT_OUT_BYTES;
  for (const i of order(items.length)) {
    const item = items[i] ?? '';
    const text = fitted(item, write, room - gap.length);
    if (text === null) break;
    chosen.set(i, text);
    room -= bytesOf(text) + gap.length;
    if (text !== write(item)) break;
  }
  if (chosen.size === 0) return '';
  const texts = inOrder(items.length).flatMap((i) => chosen.get(i) ?? []);
  const left = items.length - chosen.size;
  return `${head}${[...texts, ...(left > 0 ? [`_${left} more left out._`] : [])].join(gap)}\n`;
}

/** The item, cut where it must be; null where too little of it would be left. */
function fitted(item: string, write: HandoverPart['write'], room: number): string | null {
  const whole = write(item);
  if (bytesOf(whole) <= room) return whole;
  for (let bytes = room; bytes >= CUT_BYTES_MIN; bytes = Math.floor(bytes * 0.8)) {
    const text = write(cutBytes(item, bytes));
    if (bytesOf(text) <= room) return text;
  }
  return null;
}

/** The beginning within so many bytes, no character torn, the cut marked. */
function cutBytes(text: string, bytesMax: number): string {
  if (bytesOf(text) <= bytesMax) return text;
  const bytes = Buffer.from(text.slice(0, bytesMax)).subarray(0, Math.max(0, bytesMax - 3));
  return `${bytes.toString('utf8').replace(/\ufffd+$/, '')}…`;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
