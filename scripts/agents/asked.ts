/**
 * The server for agents, asked by a real agent: registered by `install --mcp`, called by the scripted model, and its answer looked for in
 * what the agent then sends to the model.
 * Promises: a home and a store of its own, so that what is recorded there is met by no other check; no hook and no schedule is made.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Problem } from './checks.ts';
import type { AgentFacts } from './facts.ts';
import { Machine, placeIn } from './machine.ts';
import * as plot from './plot.ts';
import type { ScriptedModel } from './scripted-model.ts';

/** Below the folder of a run. */
export const ASKING = 'asking';
const OUT_MAX = 600;
const ID = '70000001-0000-4000-8000-000000000000';

export interface Asking {
  readonly agent: AgentFacts;
  readonly folder: string;
  readonly bins: readonly string[];
  readonly model: ScriptedModel;
}

export async function askedProblem({ agent, folder, bins, model }: Asking): Promise<Problem> {
  const place = placeIn(join(folder, ASKING), model.url);
  const machine = new Machine(place, join(folder, ASKING), agent, bins);
  await machine.setUp();
  await storeOlder(machine);
  // Only an agent that was started here once is given a server.
  const first = await machine.turn(plot.SECOND.prompt, null);
  if (first.code !== 0) return `the agent exited ${first.code}: ${first.out.slice(-OUT_MAX)}`;
  // A schedule would be the machine's own, which is not thrown away.
  const flags = ['--mcp', '--no-hooks', '--no-schedule', '--yes'];
  const { changes } = await machine.json<{ changes: { for: string }[] }>('install', ...flags);
  if (!changes.some((change) => change.for === agent.id)) return 'install registers no server with it';
  const before = model.exchanges.length;
  const { code, out } = await machine.turn(plot.ASKED.prompt, null);
  if (code !== 0) return `the agent exited ${code}: ${out.slice(-OUT_MAX)}`;
  const exchanges = model.exchanges.slice(before);
  const missing = exchanges.flatMap(({ said }) => ('text' in said && said.missing ? [said.text] : []));
  if (missing.length > 0) return missing.join('; ');
  const results = exchanges.flatMap(({ conversation }) =>
    conversation.entries.filter(({ who }) => who === 'result').map(({ text }) => text),
  );
  return answerProblem(results);
}

/** What came back must be the whole answer: its marks, and within them what is stored. */
export function answerProblem(results: readonly string[]): Problem {
  const framed = results.map((text) => /<recorded-text-(\w+)>([\s\S]*)<\/recorded-text-\1>/.exec(text)?.[2]);
  if (framed.some((text) => text?.includes(plot.RECORDED.word) === true)) return null;
  const last = results.at(-1);
  return last === undefined ? 'no tool answered' : `the answer is ${last.slice(0, OUT_MAX)}`;
}

/** A session of months ago: one of this moment is kept from agents, since it may be the one that asks. */
async function storeOlder(machine: Machine): Promise<void> {
  const { home } = machine.place;
  const older = join(home, plot.RECORDED.folder);
  const path = join(older, 'projects/-home-me-zoo', `${ID}.jsonl`);
  mkdirSync(dirname(path), { recursive: true });
  const record = {
    type: 'user',
    uuid: ID,
    parentUuid: null,
    sessionId: ID,
    isSidechain: false,
    userType: 'external',
    cwd: '/home/me/zoo',
    version: '2.1.0',
    timestamp: '2026-05-01T10:00:00.000Z',
    message: { role: 'user', content: plot.RECORDED.prompt },
  };
  writeFileSync(path, `${JSON.stringify(record)}\n`);
  const { code, out } = await machine.memory('ingest', '--agent', 'claude-code', older);
  if (code !== 0) throw new Error(`ingest exited ${code}: ${out.slice(-OUT_MAX)}`);
}
