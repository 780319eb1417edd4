/**
 * Every text of a digest, in one place.
 * Promises: `mapTexts` visits each text that came from outside (titles, paths, names used as keys, everything), says how long the
 * digest shows it at most, and leaves ids, times and counts as they are. A new field of text belongs here, or it would not be redacted.
 */
import type { Digest } from '../domain/digest.ts';
import { CHARS } from './keep.ts';

/**
 * `charsMax`: of the text as it was told, what is shown; beyond is there to see whole what stands at the cut. `goesOn`: more of it was
 * cut before, and nothing in it says so.
 */
export type TextChange = (text: string, charsMax: number, cut: Cut, goesOn: boolean) => string;
/** Whether a cut is marked in the text, or counted beside it. */
export type Cut = 'marked' | 'counted';

export function mapTexts(digest: Digest, changeText: TextChange): Digest {
  const change = (text: string, charsMax: number = CHARS.name) => changeText(text, charsMax, 'marked', false);
  const all = (texts: readonly string[], charsMax: number = CHARS.name) =>
    texts.map((text) => change(text, charsMax));
  const counted = (text: string, charsMax: number, cutBefore = 0) => {
    const beyond = cutBefore + Math.max(0, text.length - charsMax);
    return {
      text: changeText(text, charsMax, 'counted', cutBefore > 0),
      cut: beyond > 0 ? { cut: beyond } : {},
    };
  };
  return {
    ...digest,
    // On one line, as it is shown: what it is cut to counts so.
    title: nullable(digest.title?.replace(/\s+/g, ' ').trim() ?? null, CHARS.title, change),
    project: nullable(digest.project, CHARS.path, change),
    branches: all(digest.branches),
    agent_version: nullable(digest.agent_version, CHARS.name, change),
    parent: nullable(digest.parent, CHARS.name, change),
    prompts: digest.prompts.map((prompt) => {
      const { text, cut } = counted(prompt.text, CHARS.prompt, prompt.cut);
      return { at: prompt.at, text, ...cut, ...(prompt.copied ? { copied: true } : {}) };
    }),
    outcome: nullable(digest.outcome, CHARS.outcome, change),
    ...(digest.replies === undefined ? {} : { replies: all(digest.replies, CHARS.reply) }),
    files: {
      read: all(digest.files.read, CHARS.path),
      written: all(digest.files.written, CHARS.path),
      edited: all(digest.files.edited, CHARS.path),
    },
    commands: digest.commands.map((ran) => {
      const { text, cut } = counted(ran.command, CHARS.command, ran.cut);
      return { ...ran, command: text, ...cut };
    }),
    errors: digest.errors.map((error) => {
      const times = timesOf(error);
      return change(error.slice(0, error.length - times.length), CHARS.error) + times;
    }),
    commits: digest.commits.map((commit) => ({
      ...commit,
      ...(commit.branch === undefined ? {} : { branch: change(commit.branch) }),
      message: change(commit.message, CHARS.commit),
    })),
    pull_requests: all(digest.pull_requests),
    plans: all(digest.plans, CHARS.plan),
    todos: digest.todos.map((todo) => ({ text: change(todo.text, CHARS.todo), status: change(todo.status) })),
    compactions: all(digest.compactions, CHARS.compaction),
    subagents: digest.subagents.map((agent) => ({
      id: change(agent.id),
      ...(agent.kind === undefined ? {} : { kind: change(agent.kind) }),
      ...(agent.task === undefined ? {} : { task: change(agent.task, CHARS.task) }),
      ...(agent.result === undefined ? {} : { result: change(agent.result, CHARS.result) }),
    })),
    tools: mapKeys(digest.tools, change),
    models: all(digest.models),
    records: { ...digest.records, unknown: mapKeys(digest.records.unknown, change) },
    ...(digest.summary === undefined ? {} : { summary: change(digest.summary, Number.POSITIVE_INFINITY) }),
  };
}

type Change = (text: string, charsMax?: number) => string;

function nullable(text: string | null, charsMax: number, change: Change): string | null {
  return text === null ? null : change(text, charsMax);
}

/** How often an error came, where it stands behind its text. */
export function timesOf(error: string): string {
  return / \(×\d+\)$/.exec(error)?.[0] ?? '';
}

/** Names that become the same by the change add their counts up. */
function mapKeys(counts: Readonly<Record<string, number>>, change: Change): Record<string, number> {
  const changed = new Map<string, number>();
  for (const [name, times] of Object.entries(counts)) {
    const key = change(name);
    changed.set(key, (changed.get(key) ?? 0) + times);
  }
  return Object.fromEntries(changed);
}
