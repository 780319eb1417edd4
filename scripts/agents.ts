/**
 * `bun run agents [NAME…]`: runs real coding agents against a scripted model, and holds session-memory against what they write.
 * Asked for by name, never by the tests: npm fetches the agents, into a folder outside the checkout.
 * Promises: homes and projects are thrown away; no network but the loopback while an agent runs; exit 1 where a check is wrong.
 * `SESSION_MEMORY_BIN`: the program (dist/session-memory). `SESSION_MEMORY_AGENTS_CACHE`: where the agents are kept between runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKS, type CheckName, type Outcome } from './agents/checks.ts';
import { type AgentFacts, nameOf } from './agents/facts.ts';
import { installed } from './agents/install.ts';
import { Journey } from './agents/journey.ts';
import { KNOWN } from './agents/known.ts';
import { placeIn } from './agents/machine.ts';
import { playOf } from './agents/model/script.ts';
import { TURNS } from './agents/plot.ts';
import { endThoseOf } from './agents/processes.ts';
import { scriptedModel } from './agents/scripted-model.ts';

export type Outcomes = ReadonlyMap<CheckName, Outcome>;

async function outcomesOf(agent: AgentFacts, version: string, keep: boolean): Promise<Outcomes> {
  const [first, ...more] = agent.packages;
  const bins = await installed(agent.id, version, [first, ...more]);
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-agent-'));
  const place = placeIn(folder, '');
  const model = scriptedModel(playOf(TURNS, agent.hand(place)));
  try {
    return await new Journey(agent, folder, bins, model).run();
  } finally {
    endThoseOf(place.home);
    endThoseOf(placeIn(join(folder, 'other'), '').home);
    await model.stop();
    if (keep) writeFileSync(join(folder, 'requests.jsonl'), `${model.requests.join('\n')}\n`);
    if (keep) console.log(`  left in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { keep: { type: 'boolean', default: false } },
  });
  let wrong = 0;
  for (const agent of KNOWN.filter(
    (each) => positionals.length === 0 || positionals.includes(nameOf(each)),
  )) {
    console.log(`${nameOf(agent)} ${agent.version}`);
    const outcomes = await outcomesOf(agent, agent.version, values.keep);
    for (const [name, about] of CHECKS) {
      const outcome = outcomes.get(name) ?? { is: 'wrong', why: 'has no outcome' };
      if (outcome.is === 'wrong') wrong += 1;
      console.log(`  ${outcome.is.padEnd(6)} ${about}${'why' in outcome ? `: ${outcome.why}` : ''}`);
    }
  }
  return wrong > 0 ? 1 : 0;
}

process.exit(await main());
