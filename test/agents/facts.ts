// A sink that writes down what a reader tells, and a way to feed a reader whole texts: what the agents' tests read.

import type { AgentFormat } from '../../src/domain/agent.ts';
import type { FactSink, LineVerdict, Todo, Tokens } from '../../src/domain/facts.ts';

export interface Facts {
  times: string[];
  projects: string[];
  branches: string[];
  versions: string[];
  titles: [text: string, source: string][];
  parents: string[];
  prompts: { text: string; at: string | null; copied: boolean }[];
  steering: string[];
  answers: string[];
  tools: Record<string, number>;
  read: string[];
  written: string[];
  edited: string[];
  commands: { id: string; command: string; exit?: number | null; failed?: boolean; output?: string }[];
  errors: string[];
  commits: string[];
  pullRequests: string[];
  plans: string[];
  todos: Map<string, Partial<Todo>>;
  compactions: string[];
  usage: Map<string, { model: string; tokens: Tokens }>;
  total: Tokens | null;
  models: Set<string>;
  subagents: Map<string, { task?: string; kind?: string; result?: string }>;
  unknown: string[];
  verdicts: LineVerdict[];
}

export function emptyFacts(): Facts {
  return {
    times: [],
    projects: [],
    branches: [],
    versions: [],
    titles: [],
    parents: [],
    prompts: [],
    steering: [],
    answers: [],
    tools: {},
    read: [],
    written: [],
    edited: [],
    commands: [],
    errors: [],
    commits: [],
    pullRequests: [],
    plans: [],
    todos: new Map(),
    compactions: [],
    usage: new Map(),
    total: null,
    models: new Set(),
    subagents: new Map(),
    unknown: [],
    verdicts: [],
  };
}

export function sinkInto(facts: Facts): FactSink {
  return {
    time: (at) => facts.times.push(at),
    project: (cwd) => facts.projects.push(cwd),
    branch: (name) => facts.branches.push(name),
    agentVersion: (version) => facts.versions.push(version),
    title: (text, source) => facts.titles.push([text, source]),
    parent: (id) => facts.parents.push(id),
    prompt: (text, at, copied = false) => facts.prompts.push({ text, at, copied }),
    steering: (text) => facts.steering.push(text),
    answer: (text) => facts.answers.push(text),
    tool: (name) => {
      facts.tools[name] = (facts.tools[name] ?? 0) + 1;
    },
    fileRead: (path) => facts.read.push(path),
    fileWritten: (path) => facts.written.push(path),
    fileEdited: (path) => facts.edited.push(path),
    command: (id, command) => facts.commands.push({ id, command }),
    commandResult: (id, exit, failed, output) => {
      const command = facts.commands.findLast((one) => one.id === id);
      if (command) Object.assign(command, { exit, failed, output });
    },
    error: (text) => facts.errors.push(text),
    commit: ({ sha, message }) => facts.commits.push(`${sha ?? ''} ${message}`.trim()),
    pullRequest: (url) => facts.pullRequests.push(url),
    plan: (text) => facts.plans.push(text),
    todos: (list) => {
      facts.todos = new Map(list.map((todo, index) => [String(index), todo]));
    },
    todoChanged: (id, change) => facts.todos.set(id, { ...facts.todos.get(id), ...change }),
    compaction: (text) => facts.compactions.push(text),
    usage: (key, model, tokens) => {
      const before = facts.usage.get(key)?.tokens;
      facts.usage.set(key, { model, tokens: before ? larger(before, tokens) : tokens });
    },
    usageTotal: (_model, tokens) => {
      facts.total = tokens;
    },
    model: (name) => facts.models.add(name),
    subagent: (id, about) => facts.subagents.set(id, { ...facts.subagents.get(id), ...about }),
    unknown: (type) => facts.unknown.push(type),
  };
}

/** Of one answer growing, each count at its largest. */
function larger(one: Tokens, other: Tokens): Tokens {
  return {
    input: Math.max(one.input, other.input),
    cacheRead: Math.max(one.cacheRead, other.cacheRead),
    cacheWrite: Math.max(one.cacheWrite, other.cacheWrite),
    output: Math.max(one.output, other.output),
    reasoning: Math.max(one.reasoning, other.reasoning),
  };
}

export interface Source {
  role?: 'main' | 'subagent';
  key?: string;
  bytes: Uint8Array | string;
}

/** What an agent's reader tells about files, split on 0x0A as the ingest does. */
export function factsOf(agent: AgentFormat, ...sources: readonly Source[]): Facts {
  const facts = emptyFacts();
  const reader = agent.reader(sinkInto(facts));
  for (const { role = 'main', key = 'main', bytes } of sources) {
    reader.begin({ role, key });
    for (const line of linesOf(bytes)) facts.verdicts.push(reader.line(line));
  }
  reader.end();
  return facts;
}

export function linesOf(bytes: Uint8Array | string): Uint8Array[] {
  const buffer = Buffer.from(bytes);
  const lines: Uint8Array[] = [];
  for (let start = 0; start < buffer.length; ) {
    const end = buffer.indexOf(10, start);
    lines.push(buffer.subarray(start, end < 0 ? buffer.length : end));
    start = end < 0 ? buffer.length : end + 1;
  }
  return lines;
}

/** Records as the lines of a transcript. */
export function jsonl(...records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
