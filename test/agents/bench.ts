/** An agent's sample in a home and a store of its own, for the suites that every agent goes through. */
import { expect } from 'bun:test';
import { join, relative } from 'node:path';
import { type AgentFormat, type Host, rootsOf } from '../../src/domain/agent.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionRow } from '../../src/domain/session.ts';
import { digestsOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { expectRows } from '../support/stored-rows.ts';
import { SAMPLES } from './samples/index.ts';
import type { Sample, SampleOptions, Turn } from './samples/sample.ts';

export const CWD = '/home/me/project';
export const turn = (n: number, prompt = `prompt number ${n}`): Turn => ({
  prompt,
  answer: `answer number ${n}`,
  command: `make step${n}`,
  output: `made step${n}`,
  written: `${CWD}/file${n}.ts`,
});
export const THREE = [turn(1), turn(2), turn(3)];

/** An agent's sample in a home of its own. */
export class Bench extends World {
  readonly agent: AgentFormat;
  readonly sample: Sample;
  /** Where the session's files lie: the first root, or that of its project. */
  readonly root: string;
  /** The folder that the session was about. */
  readonly cwd: string;

  constructor(agent: AgentFormat) {
    super();
    this.agent = agent;
    this.sample = sampleOf(agent);
    const first = rootsOf(agent, this.host)[0] ?? '';
    const { project } = this.sample;
    this.cwd = project === undefined ? CWD : join(this.home, project.folder);
    this.root = project === undefined ? first : (agent.projectRoot?.(this.cwd, this.host) ?? '');
    for (const [relPath, content] of Object.entries(project?.list(this.cwd) ?? {}))
      this.put(relative(this.home, join(first, relPath)), content);
  }

  override get host(): Host {
    const { id, own } = this.agent;
    if (own === undefined) return super.host;
    return { ...super.host, agents: { [id]: { enabled: true, roots: [join(this.home, 'own')], own } } };
  }

  async take(options: Partial<SampleOptions> = {}) {
    this.putFiles(this.files(options));
    return await this.ingest();
  }

  files(options: Partial<SampleOptions>): Readonly<Record<string, string | Uint8Array>> {
    return this.sample.session({ id: this.sample.sessionId, cwd: this.cwd, turns: THREE, ...options });
  }

  putFiles(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [relPath, content] of Object.entries(files))
      this.put(relative(this.home, join(this.root, relPath)), content);
  }

  /** The path and the bytes of the file of the main transcript. */
  main(options: Partial<SampleOptions> = {}): { relPath: string; key: string; bytes: Buffer } {
    for (const [relPath, content] of Object.entries(this.files(options))) {
      const found = this.agent.classify(relPath);
      if (found?.role === 'main') return { relPath, key: found.key, bytes: Buffer.from(content) };
    }
    throw new Error(`the sample of ${this.agent.id} has no main transcript`);
  }

  /** What is stored of the session is its main file or, of a database, each of its rows. */
  expectStored(options: Partial<SampleOptions> = {}): void {
    const { key, bytes } = this.main(options);
    const stored = this.stored(this.row().uid, key);
    if (this.agent.growth === 'rows') expectRows(stored, bytes, this.sample.otherTables);
    else expect(stored.equals(bytes)).toBe(true);
  }

  row(): SessionRow {
    const rows = [...listSessions(this.db)];
    expect(rows.length).toBe(1);
    const [row] = rows;
    if (row === undefined) throw new Error('no session');
    return row;
  }

  digest(): Digest {
    const { uid, analyzeError } = this.row();
    expect(analyzeError).toBeNull();
    return JSON.parse(digestsOf(this.db, uid).at(-1)?.json ?? 'null');
  }

  prompts(): string[] {
    return this.digest().prompts.map(({ text }) => text.trim());
  }
}

export function sampleOf(agent: AgentFormat): Sample {
  const sample = SAMPLES[agent.id];
  if (sample === undefined) throw new Error(`test/agents/samples has no sample of ${agent.id}`);
  return sample;
}

/** Told by the digest itself, as a person would read it: whether it says what anybody said or did. */
export function saysSomething(digest: Digest): boolean {
  const texts = [
    ...digest.prompts.map(({ text }) => text),
    ...[digest.outcome ?? '', ...digest.plans, ...Object.keys(digest.tools)],
    ...digest.commands.map(({ command }) => command),
    ...digest.commits.map(({ message }) => message),
    ...digest.subagents.flatMap(({ task = '', result = '' }) => [task, result]),
  ];
  return texts.some((text) => text.trim() !== '');
}
