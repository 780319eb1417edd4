/**
 * `bun run agents [NAME…]`: runs real coding agents against a scripted model, and holds session-memory against what they write.
 * Asked for by name, never by the tests: npm fetches the agents, into a folder outside the checkout.
 * Promises: homes and projects are thrown away; no network but the loopback while an agent runs; exit 1 where a check is wrong.
 * `SESSION_MEMORY_BIN`: the program (dist/session-memory). `SESSION_MEMORY_AGENTS_CACHE`: where the agents are kept between runs.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ASKING } from './agents/asked.ts';
import { CHECKS } from './agents/checks.ts';
import { type AgentFacts, nameOf } from './agents/facts.ts';
import { cacheFolder, installed, newestVersion, noted, noteIn } from './agents/install.ts';
import { Journey, NAMED, OTHER } from './agents/journey.ts';
import { KNOWN } from './agents/known.ts';
import { placeIn } from './agents/machine.ts';
import { playOf } from './agents/model/script.ts';
import { TURNS } from './agents/plot.ts';
import { endThoseOf } from './agents/processes.ts';
import { recordHome } from './agents/record.ts';
import { scriptedModel } from './agents/scripted-model.ts';
import { pageWith, type Row, tableOf, titleOf } from './agents/table.ts';
import { HERE, rigBucket, TwoMachines } from './agents/two-machines.ts';

const PAGE = join(import.meta.dir, '../docs/agents.md');
/** Beside an installed version: the kinds of records that a run of it wrote. */
const TYPES = 'record-types.json';
const HELP = `bun run agents [NAME…] [--record DIR] [--update] [--docs] [--keep]

  --record DIR  keeps the home of each agent below DIR, without the names of this machine
  --update      runs the newest version of each, and says which kinds of records are new in it
  --docs        writes what was proven into docs/agents.md
  --two-machines  instead: takes the work of each from one machine to another and back, through a bucket; --bucket s3://BUCKET/PREFIX
                and --endpoint URL name one that is there, with the credentials of AWS_…; else one in memory
  --keep        leaves homes, stores and all requests to the model where they are

  agents: ${KNOWN.map(nameOf).join(' ')}`;

interface Options {
  readonly record: string | null;
  readonly isUpdate: boolean;
  readonly isDocs: boolean;
  readonly isKept: boolean;
  /** Null: not asked for. */
  readonly twoMachines: { readonly bucket: string | undefined; readonly endpoint: string | undefined } | null;
}

async function ran(agent: AgentFacts, version: string, options: Options): Promise<Row> {
  const bins = await installed(agent.id, version, agent.packages);
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-agent-'));
  const place = placeIn(folder, '');
  const model = scriptedModel(playOf(TURNS, agent.hand(place)));
  try {
    const journey = new Journey(agent, folder, bins, model);
    const outcomes = await journey.run();
    compareTypes(agent, version, await journey.recordTypes());
    if (options.record !== null) {
      const to = join(resolve(options.record), `${nameOf(agent)}-${version}`);
      recordHome(folder, await journey.machine.roots(), cacheFolder(), to);
      console.log(`  recorded in ${to}`);
    }
    return { agent, version, outcomes };
  } finally {
    for (const { home } of [place, ...[OTHER, NAMED, ASKING].map((name) => placeIn(join(folder, name), ''))])
      endThoseOf(home);
    await model.stop();
    if (options.isKept) writeFileSync(join(folder, 'requests.jsonl'), `${model.requests.join('\n')}\n`);
    if (options.isKept) console.log(`  left in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether all steps were right. */
async function ranOnTwo(
  agent: AgentFacts,
  version: string,
  { isKept, twoMachines }: Options,
): Promise<boolean> {
  const bins = await installed(agent.id, version, agent.packages);
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-agent-'));
  const model = scriptedModel(playOf(TURNS, agent.hand(placeIn(join(folder, HERE), ''))));
  // Each agent in a place of its own.
  const url =
    twoMachines?.bucket === undefined ? undefined : `${twoMachines.bucket}/${nameOf(agent)}-${Date.now()}`;
  using bucket = await rigBucket(url, twoMachines?.endpoint);
  const two = new TwoMachines(agent, folder, bins, model, bucket);
  let isRight = true;
  try {
    for await (const [step, problem] of two.run()) {
      console.log(
        `  ${(problem === null ? 'ok' : 'WRONG').padEnd(6)}${step}${problem === null ? '' : `: ${problem}`}`,
      );
      isRight &&= problem === null;
    }
    return isRight;
  } finally {
    for (const each of two.folders) endThoseOf(placeIn(each, '').home);
    await model.stop();
    if (isKept) console.log(`  left in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** Against the version that the facts were seen with. */
function compareTypes(agent: AgentFacts, version: string, types: readonly string[]): void {
  // What did not start, or wrote nothing that is understood, says nothing of what it writes.
  if (types.length === 0) return;
  noteIn(agent.id, version, `${nameOf(agent)}.${TYPES}`, types);
  if (version === agent.version) return;
  const before = noted(agent.id, agent.version, `${nameOf(agent)}.${TYPES}`);
  if (before === null) {
    console.log(`  what ${agent.version} wrote is not known: run it first, without --update`);
    return;
  }
  const list = (all: readonly string[]) => (all.length === 0 ? 'none' : all.join(' '));
  console.log(`  new kinds of records: ${list(types.filter((type) => !before.includes(type)))}`);
  console.log(`  no longer written: ${list(before.filter((type) => !types.includes(type)))}`);
}

function print({ outcomes }: Row): void {
  for (const [name, about] of CHECKS) {
    const outcome = outcomes.get(name) ?? { is: 'open' };
    const said = { ok: 'ok', wrong: 'WRONG', limit: 'limit', open: '-' }[outcome.is];
    console.log(`  ${said.padEnd(6)}${about}${'why' in outcome ? `: ${outcome.why}` : ''}`);
  }
}

async function main(): Promise<number> {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      record: { type: 'string' },
      update: flag,
      docs: flag,
      keep: flag,
      help: flag,
      'two-machines': flag,
      bucket: { type: 'string' },
      endpoint: { type: 'string' },
    },
  });
  const strange = positionals.find((name) => !KNOWN.some((agent) => nameOf(agent) === name));
  if (values.help || strange !== undefined) {
    console.log(strange === undefined ? HELP : `no agent ${strange}\n\n${HELP}`);
    return strange === undefined ? 0 : 2;
  }
  const options: Options = {
    record: values.record ?? null,
    isUpdate: values.update,
    isDocs: values.docs,
    isKept: values.keep,
    twoMachines: values['two-machines'] ? { bucket: values.bucket, endpoint: values.endpoint } : null,
  };
  const rows: Row[] = [];
  let isWrongOnTwo = false;
  for (const agent of KNOWN.filter(
    (each) => positionals.length === 0 || positionals.includes(nameOf(each)),
  )) {
    const version = options.isUpdate ? await newestVersion(agent.packages[0]) : agent.version;
    console.log(`${nameOf(agent)} ${version}${version === agent.version ? '' : ` (was ${agent.version})`}`);
    if (options.twoMachines !== null) {
      isWrongOnTwo = !(await ranOnTwo(agent, version, options)) || isWrongOnTwo;
      continue;
    }
    const row = await ran(agent, version, options);
    print(row);
    rows.push(row);
  }
  if (options.twoMachines !== null) return isWrongOnTwo ? 1 : 0;
  console.log(`\n${tableOf(rows)}`);
  if (options.isDocs) {
    const today = new Date().toISOString().slice(0, 10);
    // A version that does not start here takes no other one's place.
    const begun = rows.filter(({ outcomes }) => outcomes.get('found')?.is === 'ok');
    writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), begun, KNOWN.map(titleOf), today));
  }
  const isWrong = rows.some(({ outcomes }) => [...outcomes.values()].some(({ is }) => is === 'wrong'));
  return isWrong ? 1 : 0;
}

process.exit(await main());
