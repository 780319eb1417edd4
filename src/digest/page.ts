/**
 * A digest as a page for a person.
 * Promises: every text of it is made plain, so that nothing in it acts on a terminal; texts are wrapped to the width,
 * while paths and addresses stay whole, to be copied. Never: leaves out a fact that the digest holds, save counts of records.
 */
import type { Digest, DigestCommand, DigestCommit, DigestPrompt, DigestSubagent } from '../domain/digest.ts';
import type { Todo, Tokens } from '../domain/facts.ts';
import { plainLine, plainText } from '../domain/text.ts';

const WIDTH_COLUMNS_MIN = 40;
const LABEL_COLUMNS = 10;

interface Section {
  readonly title: string;
  readonly lines: (digest: Digest, width: number) => readonly string[];
}

/** In the order in which someone who looks for something asks: what for, how it ended, where, with what. */
const SECTIONS: readonly Section[] = [
  { title: 'Summary', lines: (digest, width) => prose(digest.summary ?? '', width) },
  { title: 'Asked', lines: (digest, width) => items(digest.prompts.map(promptText), width) },
  { title: 'Outcome', lines: (digest, width) => prose(digest.outcome ?? '', width) },
  { title: 'Todos at the end', lines: (digest, width) => items(digest.todos.map(todoText), width) },
  { title: 'Plans', lines: (digest, width) => items(digest.plans, width) },
  { title: 'Files written', lines: (digest) => whole(digest.files.written) },
  { title: 'Files edited', lines: (digest) => whole(digest.files.edited) },
  { title: 'Files read', lines: (digest) => whole(digest.files.read) },
  { title: 'Commits', lines: (digest) => whole(digest.commits.map(commitText)) },
  { title: 'Pull requests', lines: (digest) => whole(digest.pull_requests) },
  { title: 'Commands', lines: (digest, width) => items(digest.commands.map(commandText), width) },
  { title: 'Errors', lines: (digest, width) => items(digest.errors, width) },
  { title: 'Subagents', lines: (digest, width) => items(digest.subagents.map(subagentText), width) },
  { title: 'Compactions', lines: (digest, width) => items(digest.compactions, width) },
  { title: 'Tools', lines: (digest, width) => prose(countsText(digest.tools), width) },
];

/** The page, ending in a newline. `widthColumns`: of the terminal. */
export function digestPage(digest: Digest, widthColumns: number): string {
  const width = Math.max(WIDTH_COLUMNS_MIN, Number.isFinite(widthColumns) ? Math.floor(widthColumns) : 80);
  const lines = [plainLine(digest.title ?? '') || 'Untitled', '', ...head(digest)];
  for (const { title, lines: linesOf } of SECTIONS) {
    const body = linesOf(digest, width);
    if (body.length > 0) lines.push('', title, ...body);
  }
  const notes = notesOf(digest).flatMap((note) => wrapped(note, width));
  if (notes.length > 0) lines.push('', ...notes);
  return `${lines.join('\n')}\n`;
}

function head(digest: Digest): readonly string[] {
  const times = [digest.started_at, digest.ended_at].filter((time) => time !== null).map(shortTime);
  const rows: readonly (readonly [string, string])[] = [
    ['Agent', [digest.agent, digest.agent_version ?? ''].join(' ')],
    ['Project', digest.project ?? ''],
    ['Branch', digest.branches.join(', ')],
    ['When', [...new Set(times)].join(' to ')],
    ['From', digest.parent ?? ''],
    ['Models', digest.models.join(', ')],
    ['Tokens', tokensText(digest.tokens)],
  ];
  return rows
    .map(([label, value]) => [label, plainLine(value)] as const)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => label.padEnd(LABEL_COLUMNS) + value);
}

function notesOf(digest: Digest): readonly string[] {
  const notes: string[] = [];
  const { unreadable } = digest.records;
  const omitted = Object.entries(digest.omitted ?? {}).map(
    ([what, count]) => `${grouped(count)} ${what.replaceAll('_', ' ')}`,
  );
  if (digest.partial) notes.push('Partial: what could be made of it before its raw bytes were lost.');
  if (omitted.length > 0) notes.push(`Left out to keep the size: ${omitted.join(', ')}.`);
  if (unreadable > 0)
    notes.push(`${grouped(unreadable)} ${unreadable === 1 ? 'line' : 'lines'} could not be read.`);
  if (digest.redacted > 0)
    notes.push(`${grouped(digest.redacted)} ${digest.redacted === 1 ? 'secret' : 'secrets'} redacted.`);
  return notes;
}

function promptText(prompt: DigestPrompt): string {
  const cut = prompt.cut === undefined ? '' : `… (${grouped(prompt.cut)} more characters)`;
  const copied = prompt.copied ? ' (repeated from the session this one was made of)' : '';
  return `${prompt.at === null ? '' : `${shortTime(prompt.at)}  `}${prompt.text}${cut}${copied}`;
}

function commandText(ran: DigestCommand): string {
  const notes = [
    ran.exit !== null && ran.exit !== 0 ? `exit ${ran.exit}` : ran.failed ? 'failed' : '',
    ran.times === undefined ? '' : `${grouped(ran.times)} times`,
    ran.cut === undefined ? '' : `${grouped(ran.cut)} more characters`,
  ].filter((note) => note !== '');
  return `${ran.command}${ran.cut === undefined ? '' : '…'}${notes.length === 0 ? '' : `  (${notes.join(', ')})`}`;
}

function todoText(todo: Todo): string {
  return `${todo.status === 'completed' ? '[x]' : '[ ]'} ${todo.text}${todo.status === 'in_progress' ? '  (in progress)' : ''}`;
}

function commitText(commit: DigestCommit): string {
  const branch = commit.branch === undefined ? undefined : `(${commit.branch})`;
  return [commit.sha?.slice(0, 12), commit.message, branch].filter((part) => part !== undefined).join(' ');
}

function subagentText(agent: DigestSubagent): string {
  const kind = agent.kind === undefined ? '' : `${agent.kind}: `;
  const result = agent.result === undefined ? '' : `\nResult: ${agent.result}`;
  return `${kind}${agent.task ?? agent.id}${result}`;
}

function tokensText(tokens: Tokens): string {
  const counts: readonly (readonly [number, string])[] = [
    [tokens.input, 'in'],
    [tokens.cacheRead, 'from cache'],
    [tokens.cacheWrite, 'to cache'],
    [tokens.output, 'out'],
    [tokens.reasoning, 'of them reasoning'],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${grouped(count)} ${what}`)
    .join(', ');
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => (count === 1 ? name : `${name} ×${grouped(count)}`))
    .join(', ');
}

/** One indented line each, never broken. */
function whole(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `  ${plainLine(text)}`);
}

/** A bullet each, the lines behind it indented under it. */
function items(texts: readonly string[], width: number): readonly string[] {
  return texts.flatMap((text) =>
    wrapped(text, width - 4).map((line, index) => (index === 0 ? `  - ${line}` : line && `    ${line}`)),
  );
}

function prose(text: string, width: number): readonly string[] {
  return wrapped(text, width - 2).map((line) => line && `  ${line}`);
}

/** A text's lines, none wider than `width` columns; none at all where there is nothing to see. */
function wrapped(text: string, width: number): readonly string[] {
  const plain = plainText(text).replaceAll('\t', '  ').trim();
  if (plain === '') return [];
  return Bun.wrapAnsi(plain, width, { hard: true, trim: false })
    .split('\n')
    .map((line) => line.trimEnd());
}

/** `2026-11-23 14:02`, in UTC as everywhere. */
function shortTime(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** 1234567 as `1,234,567`, in any locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
