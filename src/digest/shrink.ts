/**
 * Brings a digest to its size, in a fixed order, with counts of what was left out.
 * Promises: never above `DIGEST_BYTES_MAX` bytes of UTF-8 JSON; what someone will ask for goes last.
 * Order: repeated commands (already one each), answers before the last one, reads, error texts, tails of commands, long texts, and last the prompts,
 * longest first. Only where 64 KiB cannot hold the rest do whole entries go.
 */

import { DIGEST_BYTES_MAX, type Digest, type DigestCommand, type DigestPrompt } from '../domain/digest.ts';
import { collectGarbage } from '../domain/pacer.ts';
import { CHARS, cutAt, cutMarked } from './keep.ts';
import { timesOf } from './strings.ts';

/** Share of the raw bytes that a digest aims at; the corpus as a whole stays below 3 % with it. */
export const TARGET_SHARE = 0.028;
/** A digest of a tiny session is allowed so much; facts of few records take more than a share. */
export const TARGET_BYTES_MIN = 3072;
/** Characters that the shrinking leaves of a text while there is room for whole entries. */
const FLOOR = {
  prompt: 160,
  command: 120,
  error: 160,
  outcome: 600,
  reply: 200,
  plan: 500,
  compaction: 500,
  task: 160,
  result: 160,
  todo: 160,
};

/** A draft above it holds hostile names by the thousand: each look at its size leaves a text as long behind. */
const COLLECT_ABOVE_BYTES = 4 * 1024 * 1024;

export interface Sized {
  readonly digest: Digest;
  readonly json: string;
}

/** What a digest of a session of `rawBytes` aims at, in bytes of JSON. */
export function targetBytes(rawBytes: number): number {
  return Math.min(DIGEST_BYTES_MAX, Math.max(TARGET_BYTES_MIN, Math.floor(rawBytes * TARGET_SHARE)));
}

/** Bytes of UTF-8 JSON. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');
}

/** The digest within `aim` bytes if cutting texts can do it, and within `max` in any case. */
export function shrink(draft: Digest, aim: number, max: number = DIGEST_BYTES_MAX): Sized {
  let digest = withLimits(draft);
  let json = JSON.stringify(digest);
  let bytes = Buffer.byteLength(json, 'utf8');
  for (const step of [...TRIMS, ...DROPS]) {
    const goal = TRIMS.includes(step) ? aim : max;
    if (bytes <= goal) continue;
    digest = step(digest, bytes - goal);
    json = '';
    if (bytes > COLLECT_ABOVE_BYTES) collectGarbage();
    json = JSON.stringify(digest);
    bytes = Buffer.byteLength(json, 'utf8');
  }
  return { digest, json };
}

type ShrinkStep = (digest: Digest, excessBytes: number) => Digest;

/** Texts end where a digest shows them to; what was collected beyond was for the redaction. */
function withLimits(draft: Digest): Digest {
  return {
    ...draft,
    title: draft.title === null ? null : cutMarked(draft.title.replace(/\s+/g, ' ').trim(), CHARS.title),
    project: draft.project === null ? null : cutMarked(draft.project, CHARS.path),
    branches: cutAll(draft.branches, CHARS.name),
    prompts: cutPrompts(draft.prompts, CHARS.prompt),
    outcome: draft.outcome === null ? null : cutMarked(draft.outcome, CHARS.outcome),
    ...withReplies(draft, CHARS.reply),
    files: {
      read: cutAll(draft.files.read, CHARS.path),
      written: cutAll(draft.files.written, CHARS.path),
      edited: cutAll(draft.files.edited, CHARS.path),
    },
    commands: cutCommands(draft.commands, CHARS.command),
    errors: cutErrors(draft.errors, CHARS.error),
    commits: draft.commits.map((commit) => ({ ...commit, message: cutMarked(commit.message, CHARS.commit) })),
    pull_requests: cutAll(draft.pull_requests, CHARS.name),
    plans: cutAll(draft.plans, CHARS.plan),
    todos: draft.todos.map((todo) => ({ ...todo, text: cutMarked(todo.text, CHARS.todo) })),
    compactions: cutAll(draft.compactions, CHARS.compaction),
    subagents: cutSubagents(draft, CHARS.task, CHARS.result),
  };
}

/** Cuts that lose no entry that someone may ask for by name. */
const TRIMS: readonly ShrinkStep[] = [
  (digest, excess) => fewerReplies(digest, excess),
  (digest, excess) => keepReads(digest, excess),
  (digest) => keepErrors(digest, 20, FLOOR.error),
  (digest) => keepErrors(digest, 5, FLOOR.error),
  (digest) => ({ ...digest, commands: cutCommands(digest.commands, FLOOR.command) }),
  (digest) => cutLongTexts(digest, 2),
  (digest) => cutLongTexts(digest, 1),
  (digest, excess) => ({ ...digest, prompts: levelPrompts(digest.prompts, excess) }),
];

/** What has to go where cutting texts was not enough, the least asked for first. */
const DROPS: readonly ShrinkStep[] = [
  // The last ones may be why it ended.
  (digest) => keepErrors(digest, 3, 120),
  (digest) => ({
    ...digest,
    todos: digest.todos.map((todo) => ({ ...todo, text: cutMarked(todo.text, 80) })),
  }),
  (digest) => ({ ...digest, commands: merged(cutCommands(digest.commands, 60)) }),
  (digest) => ({ ...digest, prompts: cutPrompts(digest.prompts, 110) }),
  (digest) => ({ ...digest, outcome: digest.outcome === null ? null : cutMarked(digest.outcome, 300) }),
  (digest) => ({ ...digest, subagents: cutSubagents(digest, 80, 80) }),
  (digest) => ({
    ...digest,
    plans: cutAll(digest.plans, 250),
    compactions: cutAll(digest.compactions, 250),
  }),
  // A little more than what a search for a beginning needs.
  (digest) => ({ ...digest, commands: merged(cutCommands(digest.commands, 52)) }),
  (digest) => ({ ...digest, prompts: cutPrompts(digest.prompts, 102) }),
  ...drops(1),
  (digest) => leaner(digest),
  (digest) => keepErrors(digest, 0, 0),
  // Entries of which each byte takes six in JSON are still too many then.
  ...drops(1 / 4),
];

/** Whole entries, down to `share` of what each list is worth. */
function drops(share: number): readonly ShrinkStep[] {
  const list = (field: ListField, bytesLeft: number): ShrinkStep => {
    return (digest, excess) => dropMiddle(digest, field, bytesLeft * share, excess);
  };
  const names = (field: 'written' | 'edited', bytesLeft: number): ShrinkStep => {
    return (digest, excess) => dropFiles(digest, field, bytesLeft * share, excess);
  };
  return [
    list('subagents', 6 * 1024),
    list('commands', 16 * 1024),
    list('todos', 2 * 1024),
    list('compactions', 2 * 1024),
    list('plans', 2 * 1024),
    names('edited', 10 * 1024),
    names('written', 8 * 1024),
    list('commits', 3 * 1024),
    list('prompts', 14 * 1024),
  ];
}

/** They only take what room is left: cut first, then out of the middle, and all of them where nothing else has to go. */
function fewerReplies(digest: Digest, excessBytes: number): Digest {
  const before = digest.replies ?? [];
  const cut = { ...digest, ...withReplies(digest, FLOOR.reply) };
  const replies = cut.replies ?? [];
  const left = excessBytes - jsonBytes(before) + jsonBytes(replies);
  if (replies.length === 0 || left <= 0) return cut;
  const { first, last } = middleOut(replies.map(jsonBytes), jsonBytes(replies) - left - 32);
  const { replies: _, ...rest } = cut;
  const chosen = replies.filter((_text, i) => i < first || i >= replies.length - last);
  const shorter = chosen.length === 0 ? rest : { ...rest, replies: chosen };
  return omitting(shorter, 'replies', replies.length - chosen.length);
}

function withReplies({ replies }: Digest, chars: number): Pick<Digest, 'replies'> {
  return replies === undefined ? {} : { replies: cutAll(replies, chars) };
}

/** Reads go from the end; the first ones say what the session was about. */
function keepReads(digest: Digest, excessBytes: number): Digest {
  const read = fitted(digest.files.read, Math.max(0, jsonBytes(digest.files.read) - excessBytes - 32));
  return omitting(
    { ...digest, files: { ...digest.files, read } },
    'reads',
    digest.files.read.length - read.length,
  );
}

/** The first entries within `bytes` of JSON. */
function fitted<T>(list: readonly T[], bytes: number): readonly T[] {
  let used = 2;
  let count = 0;
  for (const entry of list) {
    used += jsonBytes(entry) + 1;
    if (used > bytes) break;
    count++;
  }
  return list.slice(0, count);
}

function keepErrors(digest: Digest, count: number, chars: number): Digest {
  // The last errors are those the session ended with.
  const errors = count === 0 ? [] : cutErrors(digest.errors.slice(-count), chars);
  return omitting({ ...digest, errors }, 'errors', digest.errors.length - errors.length);
}

/** Plans, compactions, subagents, todos and the outcome, down to `times` their floors. */
function cutLongTexts(digest: Digest, times: number): Digest {
  return {
    ...digest,
    outcome: digest.outcome === null ? null : cutMarked(digest.outcome, FLOOR.outcome * times),
    plans: cutAll(digest.plans, FLOOR.plan * times),
    compactions: cutAll(digest.compactions, FLOOR.compaction * times),
    todos: digest.todos.map((todo) => ({ ...todo, text: cutMarked(todo.text, FLOOR.todo * times) })),
    subagents: cutSubagents(digest, FLOOR.task * times, FLOOR.result * times),
  };
}

/** Cuts the longest prompts to one level, so that the excess goes or all are at the floor. */
function levelPrompts(prompts: readonly DigestPrompt[], excessBytes: number): readonly DigestPrompt[] {
  const goal = jsonBytes(prompts) - excessBytes;
  let low = FLOOR.prompt;
  let high = CHARS.prompt;
  while (low < high) {
    const level = Math.ceil((low + high) / 2);
    if (jsonBytes(cutPrompts(prompts, level)) <= goal) low = level;
    else high = level - 1;
  }
  return cutPrompts(prompts, low);
}

function cutPrompts(prompts: readonly DigestPrompt[], chars: number): readonly DigestPrompt[] {
  return prompts.map((prompt) => {
    const text = cutAt(prompt.text, chars);
    const cut = (prompt.cut ?? 0) + prompt.text.length - text.length;
    return {
      at: prompt.at,
      text,
      ...(cut > 0 ? { cut } : {}),
      ...(prompt.copied ? { copied: true } : {}),
    };
  });
}

function cutCommands(commands: readonly DigestCommand[], chars: number): readonly DigestCommand[] {
  return commands.map((ran) => {
    const command = cutAt(ran.command, chars);
    const cut = (ran.cut ?? 0) + ran.command.length - command.length;
    return { ...ran, command, ...(cut > 0 ? { cut } : {}) };
  });
}

/** Commands of which only one beginning is left are one that ran so often; the last end counts. */
function merged(commands: readonly DigestCommand[]): readonly DigestCommand[] {
  const byText = new Map<string, DigestCommand>();
  for (const ran of commands) {
    const key = ran.cut === undefined ? ran.command : `${ran.command}…`;
    const before = byText.get(key);
    const times = (before?.times ?? (before === undefined ? 0 : 1)) + (ran.times ?? 1);
    byText.set(key, times > 1 ? { ...ran, times } : ran);
  }
  return [...byText.values()];
}

function cutSubagents(digest: Digest, taskChars: number, resultChars: number): Digest['subagents'] {
  return digest.subagents.map((agent) => ({
    ...agent,
    ...(agent.task === undefined ? {} : { task: cutMarked(agent.task, taskChars) }),
    ...(agent.result === undefined ? {} : { result: cutMarked(agent.result, resultChars) }),
  }));
}

/** An error's text is cut, never how often it came. */
function cutErrors(errors: readonly string[], chars: number): readonly string[] {
  return errors.map((error) => {
    const times = timesOf(error);
    return cutMarked(error.slice(0, error.length - times.length), chars) + times;
  });
}

function cutAll(texts: readonly string[], chars: number): readonly string[] {
  return texts.map((text) => cutMarked(text, chars));
}

type ListField = 'subagents' | 'commands' | 'todos' | 'compactions' | 'plans' | 'commits' | 'prompts';

/** Takes entries out of the middle until the excess is gone or the list is down to `bytesLeft`. */
function dropMiddle(digest: Digest, field: ListField, bytesLeft: number, excessBytes: number): Digest {
  const list: readonly unknown[] = digest[field];
  const left = middleOut(list.map(jsonBytes), Math.max(bytesLeft, jsonBytes(list) - excessBytes - 40));
  const chosen = (_: unknown, index: number) => index < left.first || index >= list.length - left.last;
  const dropped = list.length - left.first - left.last;
  const rest = { ...digest, [field]: digest[field].filter(chosen) };
  return omitting(rest, field, dropped);
}

function dropFiles(
  digest: Digest,
  field: 'written' | 'edited',
  bytesLeft: number,
  excessBytes: number,
): Digest {
  const list = digest.files[field];
  const left = middleOut(list.map(jsonBytes), Math.max(bytesLeft, jsonBytes(list) - excessBytes - 40));
  const names = list.filter((_, index) => index < left.first || index >= list.length - left.last);
  return omitting(
    { ...digest, files: { ...digest.files, [field]: names } },
    field,
    list.length - names.length,
  );
}

/** How many entries from either end fit, taken in turns. */
function middleOut(sizes: readonly number[], bytes: number): { first: number; last: number } {
  let used = 2;
  let first = 0;
  let last = 0;
  while (first + last < sizes.length) {
    const fromEnd = last < first;
    used += 1 + (sizes[fromEnd ? sizes.length - 1 - last : first] ?? 0);
    if (used > bytes) break;
    if (fromEnd) last++;
    else first++;
  }
  return { first, last };
}

/** The last resort against hostile names: everything that is not a prompt, a command or a file is cut to a handful. */
function leaner(digest: Digest): Digest {
  const few = <T>(list: readonly T[]) => fitted(list, 1024);
  return {
    ...digest,
    project: digest.project === null ? null : cutMarked(digest.project, 256),
    agent_version: digest.agent_version === null ? null : cutMarked(digest.agent_version, 64),
    parent: digest.parent === null ? null : cutMarked(digest.parent, 64),
    branches: few(digest.branches),
    pull_requests: few(digest.pull_requests),
    models: few(digest.models),
    tools: fewCounts(digest.tools),
    records: { ...digest.records, unknown: fewCounts(digest.records.unknown) },
    ...(digest.summary === undefined ? {} : { summary: cutMarked(digest.summary, 2000) }),
  };
}

function fewCounts(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(fitted(Object.entries(counts), 1024));
}

function omitting(digest: Digest, what: string, count: number): Digest {
  if (count <= 0) return digest;
  const omitted = { ...digest.omitted, [what]: (digest.omitted?.[what] ?? 0) + count };
  return { ...digest, omitted };
}
