/**
 * Every text of a digest, in one place.
 * Promises: `mapTexts` visits each text that came from outside (titles, paths, names used as keys, everything) and
 * leaves ids, times and counts as they are. A new field of text belongs here, or it would not be redacted.
 */
import type { Digest } from '../domain/digest.ts';

export type TextChange = (text: string) => string;

export function mapTexts(digest: Digest, change: TextChange): Digest {
  const all = (texts: readonly string[]) => texts.map(change);
  return {
    ...digest,
    title: nullable(digest.title, change),
    project: nullable(digest.project, change),
    branches: all(digest.branches),
    agent_version: nullable(digest.agent_version, change),
    parent: nullable(digest.parent, change),
    prompts: digest.prompts.map((prompt) => ({ ...prompt, text: change(prompt.text) })),
    outcome: nullable(digest.outcome, change),
    files: {
      read: all(digest.files.read),
      written: all(digest.files.written),
      edited: all(digest.files.edited),
    },
    commands: digest.commands.map((ran) => ({ ...ran, command: change(ran.command) })),
    errors: all(digest.errors),
    commits: digest.commits.map((commit) => ({
      ...commit,
      ...(commit.branch === undefined ? {} : { branch: change(commit.branch) }),
      message: change(commit.message),
    })),
    pull_requests: all(digest.pull_requests),
    plans: all(digest.plans),
    todos: digest.todos.map((todo) => ({ text: change(todo.text), status: change(todo.status) })),
    compactions: all(digest.compactions),
    subagents: digest.subagents.map((agent) => ({
      id: change(agent.id),
      ...(agent.kind === undefined ? {} : { kind: change(agent.kind) }),
      ...(agent.task === undefined ? {} : { task: change(agent.task) }),
      ...(agent.result === undefined ? {} : { result: change(agent.result) }),
    })),
    tools: mapKeys(digest.tools, change),
    models: all(digest.models),
    records: { ...digest.records, unknown: mapKeys(digest.records.unknown, change) },
    ...(digest.summary === undefined ? {} : { summary: change(digest.summary) }),
  };
}

function nullable(text: string | null, change: TextChange): string | null {
  return text === null ? null : change(text);
}

/** Names that become the same by the change add their counts up. */
function mapKeys(counts: Readonly<Record<string, number>>, change: TextChange): Record<string, number> {
  const changed = new Map<string, number>();
  for (const [name, times] of Object.entries(counts)) {
    const key = change(name);
    changed.set(key, (changed.get(key) ?? 0) + times);
  }
  return Object.fromEntries(changed);
}
