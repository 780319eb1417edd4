/**
 * What is checked of each agent, and what a digest says against what was scripted.
 * Promises: pure; a problem is a sentence that shows what is there and what should be.
 */
import type { Digest } from '../../src/domain/digest.ts';
import type { Usage } from './model/conversation.ts';
import type { Deeds } from './plot.ts';

export const CHECKS = [
  ['found', 'one session is found'],
  ['title', 'title'],
  ['project', 'project'],
  ['branch', 'branch'],
  ['prompts', 'prompts'],
  ['files', 'files written and edited'],
  ['failed', 'no file of a failed write or edit'],
  ['commands', 'commands with exit status'],
  ['model', 'model'],
  ['tokens', 'tokens to the unit'],
  ['records', 'no unknown record'],
  ['restore', 'restored byte for byte'],
  ['resume', 'its own resume sends the earlier conversation'],
  ['command', 'the printed command is the one that was run'],
  ['growth', 'growth is appended'],
  ['todos', 'todos'],
  ['subagent', 'a subagent'],
  ['spilled', 'output that was put aside'],
  ['background', 'a background command'],
  ['plan', 'a plan, evicted and restored'],
  ['fork', 'a fork'],
  ['compaction', 'a compaction'],
  ['killed', 'killed in the middle'],
  ['evicted', 'evicted, restored, resumed'],
  ['elsewhere', "another machine's folder"],
  ['named', 'its name, and that it is archived, on another machine'],
  ['asked', 'asks the server for agents'],
] as const;

export type CheckName = (typeof CHECKS)[number][0];

export type Outcome =
  | { readonly is: 'ok' }
  | { readonly is: 'wrong'; readonly why: string }
  | { readonly is: 'limit'; readonly why: string }
  /** Not come to, since something before it was wrong. */
  | { readonly is: 'open' };

export interface Expected {
  readonly title: string;
  readonly project: string;
  readonly branch: string;
  readonly prompts: readonly string[];
  readonly deeds: Deeds;
  readonly model: string;
  readonly usage: Usage;
}

/** Null: as it should be. */
export type Problem = string | null;
export type Problems = Partial<Record<CheckName, Problem>>;

export function digestProblems(digest: Digest, expected: Expected): Problems {
  return {
    title: titleProblem(digest.title, expected),
    project: differs(digest.project, expected.project),
    branch: digest.branches.includes(expected.branch) ? null : differs(digest.branches, [expected.branch]),
    prompts: promptProblem(digest, expected.prompts),
    files: fileProblem(digest, expected),
    failed: failedProblem(digest, expected),
    commands: commandProblem(digest, expected.deeds),
    model: differs(digest.models, [expected.model]),
    tokens: differs(digest.tokens, expected.usage),
    records: recordProblem(digest),
  };
}

export function differs(found: unknown, expected: unknown): Problem {
  return Bun.deepEquals(found, expected) ? null : `${JSON.stringify(found)}, not ${JSON.stringify(expected)}`;
}

/** Some agents put a prompt in quotation marks; those that ask for a title may end before it comes, and then have the prompt. */
const titleProblem = (title: string | null, { title: expected, prompts: [prompt = expected] }: Expected) =>
  [expected, prompt].some((each) => title?.includes(each) === true) ? null : differs(title, expected);

/** An agent may put more around a prompt (quotation marks, a tag), but no more prompts. */
export function promptProblem({ prompts }: Digest, expected: readonly string[]): Problem {
  const texts = prompts.filter(({ copied }) => copied !== true).map(({ text }) => text);
  const isRight =
    texts.length === expected.length && expected.every((text, n) => texts[n]?.includes(text) === true);
  return isRight ? null : differs(texts, expected);
}

function fileProblem({ files }: Digest, { project, deeds }: Expected): Problem {
  const full = (paths: readonly string[]) => paths.map((path) => `${project}/${path}`);
  const all = [...files.written, ...files.edited];
  const missing = [
    ...full(deeds.written).filter((path) => !all.includes(path)),
    ...full(deeds.edited).filter((path) => !all.includes(path)),
  ];
  // What a command leaves is written too; files of a failure have a check of their own.
  const known = [...full(deeds.written), ...full(deeds.edited), ...failing(deeds, project)];
  const strange = all.filter((path) => !known.includes(path));
  if (missing.length > 0) return `${missing.join(', ')} is not among ${JSON.stringify(files)}`;
  return strange.length > 0 ? `${strange.join(', ')} was never written` : null;
}

const failing = ({ untouched }: Deeds, project: string) =>
  untouched.map((path) => (path.startsWith('/') ? path : `${project}/${path}`));

function failedProblem({ files }: Digest, { project, deeds }: Expected): Problem {
  const wrong = [...files.written, ...files.edited].filter((path) => failing(deeds, project).includes(path));
  return wrong.length === 0 ? null : `${[...new Set(wrong)].join(', ')} counts as written or edited`;
}

function commandProblem({ commands }: Digest, deeds: Deeds): Problem {
  // An agent that patches files through its shell has these among its commands; the files have checks of their own.
  const told = commands
    .filter(({ command }) => !command.startsWith('apply_patch '))
    .map(({ command, exit }) => ({ command, exit }));
  return differs(told, deeds.commands);
}

function recordProblem({ records }: Digest): Problem {
  return records.unreadable === 0 && Object.keys(records.unknown).length === 0
    ? null
    : `${records.unreadable} unreadable; unknown: ${JSON.stringify(records.unknown)}`;
}

export function sumOf(all: readonly Usage[]): Usage {
  const sum = (of: (usage: Usage) => number) => all.reduce((total, usage) => total + of(usage), 0);
  return {
    input: sum(({ input }) => input),
    cacheRead: sum(({ cacheRead }) => cacheRead),
    cacheWrite: sum(({ cacheWrite }) => cacheWrite),
    output: sum(({ output }) => output),
    reasoning: sum(({ reasoning }) => reasoning),
  };
}
