/**
 * A digest in the order in which someone asks: what for, how it ended, where, with what. The page and its Markdown show it.
 * Promises: every fact of the digest is in some section, row or note, and nothing empty; a name below the project is told
 * from there. Never: wraps, quotes or colours anything, or makes a text plain: who shows it does.
 */
import type { Digest, DigestCommand, DigestCommit, DigestPrompt, DigestSubagent } from '../domain/digest.ts';
import type { Todo, Tokens } from '../domain/facts.ts';

/** `texts` flow; `names` stay whole, to be copied; `items` have each a line of their own about them, before the text. */
export type Section =
  | { readonly kind: 'prose'; readonly title: string; readonly text: string }
  | { readonly kind: 'names'; readonly title: string; readonly names: readonly string[] }
  | { readonly kind: 'items'; readonly title: string; readonly items: readonly Item[] }
  | { readonly kind: 'commands'; readonly title: string; readonly commands: readonly RanRow[] };

export interface Item {
  /** A time or a kind; null where nothing is known. */
  readonly about: string | null;
  readonly text: string;
  /** What came of it. */
  readonly result?: string;
}

export interface RanRow {
  readonly command: string;
  /** `0`, `1`, `failed`, or `-` where the agent did not tell. */
  readonly status: string;
  readonly failed: boolean;
  /** `3 times`, `120 more characters`. */
  readonly notes: readonly string[];
}

export type SectionRow = readonly [label: string, value: string];

/** Of a session that came with an archive that nobody vouches for; none of any other. */
export function importedRows(origin: string | null): readonly SectionRow[] {
  return origin === null ? [] : [['Imported', `from ${origin}, a stranger's archive`]];
}

const ADDRESSES_MAX = 12;
const ADDRESSES_SHOWN = 6;

/** The head of the page: rows with a value only. */
export function rowsOf(digest: Digest): readonly SectionRow[] {
  const rows: readonly SectionRow[] = [
    ['Agent', [digest.agent, digest.agent_version ?? ''].join(' ').trim()],
    ['Project', digest.project ?? ''],
    ['Branch', digest.branches.join(', ')],
    ['When', whenText(digest.started_at, digest.ended_at)],
    ['From', digest.parent ?? ''],
    ['Models', digest.models.join(', ')],
    ['Tokens', tokensText(digest.tokens)],
  ];
  return rows.filter(([, value]) => value !== '');
}

export function sectionsOf(digest: Digest): readonly Section[] {
  const { files, project } = digest;
  const below = (list: readonly string[]) => list.map((path) => fromProject(path, project));
  const left = (field: string) => digest.omitted?.[field] ?? 0;
  const all: readonly Section[] = [
    { kind: 'prose', title: 'Summary', text: digest.summary ?? '' },
    items('Asked', digest.prompts.map(promptItem), left('prompts')),
    { kind: 'prose', title: 'Outcome', text: digest.outcome ?? '' },
    items('Todos at the end', digest.todos.map(todoItem), left('todos')),
    items('Plans', digest.plans.map(textItem), left('plans')),
    names('Files written', below(files.written), left('written')),
    names(
      'Files edited',
      below(files.edited.filter((path) => !files.written.includes(path))),
      left('edited'),
    ),
    names('Files read', below(files.read), left('reads')),
    names('Commits', digest.commits.map(commitText), left('commits')),
    ...pullRequests(digest.pull_requests),
    {
      kind: 'commands',
      title: `${counted('Commands', digest.commands.length, left('commands'))}, each with its exit status`,
      commands: digest.commands.map(ranOf),
    },
    items('Errors', digest.errors.map(textItem), left('errors')),
    items('Answers on the way', (digest.replies ?? []).map(textItem), left('replies')),
    items('Subagents', digest.subagents.map(subagentItem), left('subagents')),
    items('Compactions', digest.compactions.map(textItem), left('compactions')),
    { kind: 'prose', title: 'Tools', text: countsText(digest.tools) },
  ];
  return all.filter((section) => !isEmpty(section));
}

/** What else one should know of it: whole sentences. */
export function notesOf(digest: Digest): readonly string[] {
  const notes: string[] = [];
  const { unreadable } = digest.records;
  const omitted = Object.entries(digest.omitted ?? {}).map(
    ([what, count]) => `${grouped(count)} ${what.replaceAll('_', ' ')}`,
  );
  if (digest.partial) notes.push('Partial: what could be made of it before its raw bytes went.');
  if (omitted.length > 0) notes.push(`Left out to keep the size: ${omitted.join(', ')}.`);
  if (unreadable > 0)
    notes.push(`${grouped(unreadable)} ${unreadable === 1 ? 'line' : 'lines'} could not be read.`);
  if (digest.redacted > 0)
    notes.push(`${grouped(digest.redacted)} ${digest.redacted === 1 ? 'secret' : 'secrets'} redacted.`);
  return notes;
}

/** A handful by their addresses; of a whole list of a repository's the numbers do. */
function pullRequests(urls: readonly string[]): readonly Section[] {
  const shown = urls.length <= ADDRESSES_MAX ? urls : urls.slice(0, ADDRESSES_SHOWN);
  const places = new Map<string, string[]>();
  for (const url of urls.slice(shown.length)) {
    const at = url.lastIndexOf('/') + 1;
    places.set(url.slice(0, at), [...(places.get(url.slice(0, at)) ?? []), url.slice(at)]);
  }
  const rest = [...places].map(([place, numbers]) => `${place} ${numbers.join(', ')}`).join('\n');
  return [
    names('Pull requests', shown, urls.length - shown.length),
    { kind: 'prose', title: `Pull requests, ${grouped(urls.length - shown.length)} more`, text: rest },
  ];
}

function isEmpty(section: Section): boolean {
  switch (section.kind) {
    case 'prose':
      return section.text.trim() === '';
    case 'names':
      return section.names.length === 0;
    case 'items':
      return section.items.length === 0;
    case 'commands':
      return section.commands.length === 0;
    default:
      return section satisfies never;
  }
}

function items(title: string, list: readonly Item[], left: number): Section {
  return { kind: 'items', title: counted(title, list.length, left), items: list };
}

function names(title: string, list: readonly string[], left: number): Section {
  return { kind: 'names', title: counted(title, list.length, left), names: list };
}

/** `Files read (12 of 340)`: how many there are, where not all are here. */
function counted(title: string, count: number, left: number): string {
  return `${title} (${grouped(count)}${left === 0 ? '' : ` of ${grouped(count + left)}`})`;
}

/** A path as seen from the project's folder; whole where it lies elsewhere. */
function fromProject(path: string, project: string | null): string {
  if (project === null || project.length < 2 || !path.startsWith(project)) return path;
  const rest = path.slice(project.length);
  return /^[\\/]./.test(rest) ? rest.slice(1) : path;
}

function promptItem(prompt: DigestPrompt): Item {
  const cut = prompt.cut === undefined ? '' : `… (${grouped(prompt.cut)} more characters)`;
  const copied = prompt.copied ? ' (repeated from the session this one was made of)' : '';
  return {
    about: prompt.at === null ? null : shortTime(prompt.at),
    text: `${prompt.text.trim()}${cut}${copied}`,
  };
}

function textItem(text: string): Item {
  return { about: null, text };
}

function todoItem(todo: Todo): Item {
  const box = todo.status === 'completed' ? '[x]' : '[ ]';
  return {
    about: null,
    text: `${box} ${todo.text}${todo.status === 'in_progress' ? '  (in progress)' : ''}`,
  };
}

function ranOf(ran: DigestCommand): RanRow {
  return {
    command: `${ran.command}${ran.cut === undefined ? '' : '…'}`,
    status: ran.exit === null ? (ran.failed ? 'failed' : '-') : String(ran.exit),
    failed: ran.failed === true || (ran.exit !== null && ran.exit !== 0),
    notes: [
      ...(ran.times === undefined ? [] : [`${grouped(ran.times)} times`]),
      ...(ran.cut === undefined ? [] : [`${grouped(ran.cut)} more characters`]),
    ],
  };
}

function commitText(commit: DigestCommit): string {
  const branch = commit.branch === undefined ? undefined : `(${commit.branch})`;
  return [commit.sha?.slice(0, 12), commit.message, branch].filter((part) => part !== undefined).join(' ');
}

function subagentItem(agent: DigestSubagent): Item {
  return {
    about: agent.kind ?? null,
    text: agent.task ?? agent.id,
    ...(agent.result === undefined ? {} : { result: agent.result }),
  };
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

/** `2026-03-01 10:00 to 10:30 UTC (30 min)`. */
function whenText(from: string | null, to: string | null): string {
  const times = [from, to].filter((time) => time !== null);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return '';
  const minutes = Math.floor((Date.parse(last) - Date.parse(first)) / 60_000);
  if (!(minutes > 0)) return `${shortTime(first)} UTC`;
  const end = first.slice(0, 10) === last.slice(0, 10) ? shortTime(last).slice(11) : shortTime(last);
  return `${shortTime(first)} to ${end} UTC (${spanText(minutes)})`;
}

function spanText(minutes: number): string {
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / (24 * 60))} days`;
}

/** `2026-11-23 14:02`, in UTC as everywhere. */
function shortTime(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** 1234567 as `1,234,567`, in any locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
