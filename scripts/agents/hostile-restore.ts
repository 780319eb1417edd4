/**
 * `bun scripts/agents/hostile-restore.ts [AGENT…]`: real agents, started after `import` and `restore --all` of a stranger's archive. Nothing
 * of it may run, and no instruction of it may reach the model. Asked for by name, never by the tests: it has npm fetch the agents.
 * Promises: a home that is thrown away; no network but the loopback, where a scripted model answers; a planted hook must leave its trace
 * first, or the agent's silence afterwards would tell nothing; exit 1 where anything of the archive was obeyed.
 * `SESSION_MEMORY_BIN`: the program (dist/session-memory). `SESSION_MEMORY_AGENTS_CACHE`: where the agents are kept between runs.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { filesIn } from '../torture/box.ts';
import type { Place } from './facts.ts';
import { hostileArchive } from './hostile-archive.ts';
import { installed, type Ran } from './install.ts';
import { type ScriptedModel, scriptedModel } from './scripted-model.ts';
import { type Obeyed, TRIED, type TriedAgent, WORK } from './tried-agents.ts';

const ROOT = join(import.meta.dir, '../..');
const BINARY = Bun.env['SESSION_MEMORY_BIN'] ?? join(ROOT, 'dist/session-memory');
const AGENT_MS = 120_000;
const PROMPT = 'Please tell me about the lighthouse';

async function command(
  argv: readonly string[],
  given: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly timeout?: number },
): Promise<Ran> {
  const child = Bun.spawn([...argv], {
    cwd: given.cwd,
    env: { PATH: Bun.env['PATH'] ?? '', HOME: homedir(), ...given.env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: given.timeout ?? AGENT_MS,
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code: child.exitCode, out: out + err };
}

class Victim {
  readonly home: string;
  readonly agent: TriedAgent;
  readonly folder: string;
  readonly model: ScriptedModel;
  readonly #ran: string;
  readonly #bins: readonly string[];

  constructor(agent: TriedAgent, folder: string, model: ScriptedModel, bins: readonly string[]) {
    this.#bins = bins;
    this.agent = agent;
    this.folder = folder;
    this.model = model;
    this.home = join(folder, 'home');
    this.#ran = join(folder, 'ran');
    this.fresh();
  }

  /** A home as on the first day, and no trace of anything. */
  fresh(): void {
    for (const path of [this.home, this.#ran]) rmSync(path, { recursive: true, force: true });
    for (const path of [join(this.home, WORK), this.#ran]) mkdirSync(path, { recursive: true });
    for (const [at, value] of Object.entries(this.agent.facts.files(this.place)))
      this.put(at, typeof value === 'string' ? value : JSON.stringify(value));
  }

  get place(): Place {
    return { home: this.home, project: join(this.home, WORK), url: this.model.url };
  }

  put(at: string, content: string): void {
    mkdirSync(dirname(join(this.home, at)), { recursive: true });
    writeFileSync(join(this.home, at), content);
  }

  contentOf = (one: Obeyed): string => one.content(`/bin/touch ${this.#ran}/${nameOf(one)}`, wordOf(one));

  /** What left its trace: as a command that ran, or as a word in a request to the model from the `from`th on. */
  obeyed(from: number): string[] {
    const sent = this.model.requests.slice(from).join('\n');
    const words = this.agent.obeyed.filter((one) => sent.includes(wordOf(one))).map(nameOf);
    return [...new Set([...readdirSync(this.#ran), ...words])].sort();
  }

  async run(prompt: string, resumed: string | null): Promise<Ran> {
    const { home } = this;
    const { facts } = this.agent;
    const args = resumed === null ? facts.start(prompt) : facts.resume(resumed, prompt);
    // Whatever is not on the loopback finds nobody.
    const nowhere = 'http://127.0.0.1:9';
    return await command([facts.bin, ...args], {
      cwd: join(home, WORK),
      env: {
        PATH: [...this.#bins, Bun.env['PATH'] ?? ''].join(':'),
        HOME: home,
        LANG: 'C.UTF-8',
        TERM: 'dumb',
        HTTPS_PROXY: nowhere,
        HTTP_PROXY: nowhere,
        NO_PROXY: '127.0.0.1,localhost',
        ...facts.env(this.place),
      },
    });
  }

  async memory(store: string, args: readonly string[]): Promise<Ran> {
    const env = { HOME: this.home, LANG: 'C.UTF-8' };
    const ran = await command([BINARY, '--store', join(this.folder, store, 's.db'), ...args], {
      cwd: this.home,
      env,
    });
    if (ran.code !== 0 && ran.code !== 1) throw new Error(`${args.join(' ')} exited ${ran.code}: ${ran.out}`);
    return ran;
  }
}

const nameOf = ({ at }: Obeyed) => at.replaceAll('/', '+');
const wordOf = (one: Obeyed) => `OBEYED-${Bun.hash(one.at).toString(36).toUpperCase()}`;

/** Planted by hand, to see which of the files the agent obeys in a run like those below. */
async function planted(victim: Victim): Promise<string[]> {
  victim.fresh();
  for (const one of victim.agent.obeyed) victim.put(one.at, victim.contentOf(one));
  const before = victim.model.requests.length;
  await victim.run(PROMPT, null);
  await victim.run('/hello', null);
  return victim.obeyed(before);
}

/** An archive of a session that the agent has just written, and its id. */
async function genuine(victim: Victim): Promise<{ readonly archive: Uint8Array; readonly id: string }> {
  victim.fresh();
  const { code, out } = await victim.run(PROMPT, null);
  if (code !== 0) throw new Error(`${victim.agent.facts.bin} exited ${code}: ${out}`);
  await victim.memory('maker', ['ingest']);
  const listed = JSON.parse((await victim.memory('maker', ['list', '--json'])).out);
  const [session] = listed.sessions;
  if (session === undefined) throw new Error(`no session of ${victim.agent.facts.id} was found`);
  const file = join(victim.folder, 'genuine.smx');
  await victim.memory('maker', ['export', '--all', file, '--force']);
  return { archive: readFileSync(file), id: session.session_uid.split(':')[1] };
}

/** Imported, restored in every way, and the agent started: afresh, with a command of the archive's name, and going on with the session. */
async function attacked(
  victim: Victim,
  file: string,
  id: string,
  more: readonly string[],
): Promise<string[]> {
  const { agent, model } = victim;
  victim.fresh();
  const store = more.length === 0 ? 'stranger' : 'vouched';
  const problems: string[] = [];
  await victim.memory(store, ['import', file, ...more]);
  for (const args of [[], ['--force'], ['--force', '--to', victim.home], ['--force', '--to', WORK]])
    await victim.memory(store, ['restore', '--all', ...args]);
  const known = new Set(Object.keys(agent.facts.files(victim.place)));
  for (const { at } of agent.obeyed)
    if (existsSync(join(victim.home, at)) && !known.has(at)) problems.push(`it wrote ${at}`);
  const restored = filesIn(victim.home).length;
  const before = model.requests.length;
  for (const [prompt, resumed] of [
    [PROMPT, null],
    ['/hello', null],
    ['And then?', id],
  ] as const) {
    const from = model.requests.length;
    const { code, out } = await victim.run(prompt, resumed);
    if (resumed === null) continue;
    const isResumed = model.requests.slice(from).some((text) => text.includes(PROMPT));
    if (code !== 0 || !isResumed) problems.push(`it did not go on with the session (exit ${code}): ${out}`);
  }
  problems.push(...victim.obeyed(before).map((name) => `the agent obeyed ${name}`));
  console.log(`  ${store}: ${restored} files in the home, ${model.requests.length - before} requests`);
  return problems;
}

async function tried(agent: TriedAgent): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-hostile-'));
  const model = scriptedModel();
  try {
    const { facts } = agent;
    const victim = new Victim(agent, folder, model, await installed(facts.id, facts.version, facts.packages));
    const obeys = await planted(victim);
    console.log(`${facts.id} ${facts.version}: planted by hand it obeys ${obeys.join(', ') || 'nothing'}`);
    if (obeys.length < 2) return ['what was planted by hand left no trace: this run would tell nothing'];
    const { archive, id } = await genuine(victim);
    const hostile = await hostileArchive(archive, agent, victim.contentOf, victim.home);
    const file = join(folder, 'in.smx');
    writeFileSync(file, hostile.archive);
    console.log(`  ${hostile.files} hostile files beside a genuine session`);
    return [...(await attacked(victim, file, id, [])), ...(await attacked(victim, file, id, ['--trust']))];
  } finally {
    await model.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
let failures = 0;
for (const agent of TRIED.filter(({ facts }) => wanted.length === 0 || wanted.includes(facts.id))) {
  const problems = await tried(agent);
  failures += problems.length;
  for (const problem of problems) console.log(`FAILED ${agent.facts.id}: ${problem}`);
  if (problems.length === 0)
    console.log('  nothing of the archive ran, and none of its instructions was sent');
}
process.exit(failures > 0 ? 1 : 0);
