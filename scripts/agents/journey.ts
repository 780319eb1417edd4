/**
 * One agent from its first turn to another machine: what is lost on the way, and what is told wrongly.
 * Promises: each check has one outcome; a step that cannot be taken is the outcome of its check and of those that need it.
 */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { askedProblem } from './asked.ts';
import {
  CHECKS,
  type CheckName,
  differs,
  digestProblems,
  type Outcome,
  type Problem,
  type Problems,
  promptProblem,
  sumOf,
} from './checks.ts';
import type { AgentFacts } from './facts.ts';
import { Machine, placeIn, type Restored } from './machine.ts';
import { TITLE, turnIn, turnOf } from './model/script.ts';
import * as plot from './plot.ts';
import { recordTypesOf } from './record-types.ts';
import type { ScriptedModel } from './scripted-model.ts';

const OUT_MAX = 600;
const NO_TOOL = 'it offers the model no tool for it';
const MOVED = 'elsewhere/greeting';
/** Folders of other machines, below that of the run. */
export const OTHER = 'other';
export const NAMED = 'named';

interface Session {
  readonly session_uid: string;
  readonly agent: string;
  readonly state: string;
}

export class Journey {
  readonly #agent: AgentFacts;
  readonly #folder: string;
  readonly #bins: readonly string[];
  readonly #model: ScriptedModel;
  readonly #machine: Machine;
  readonly #outcomes = new Map<CheckName, Outcome>();
  readonly #prompts: string[] = [];
  /** What a resumed conversation must carry to the model. */
  #earlier: readonly string[] = [plot.FIRST.prompt, plot.SEEN];
  #uid = '';
  #id = '';

  constructor(agent: AgentFacts, folder: string, bins: readonly string[], model: ScriptedModel) {
    this.#agent = agent;
    this.#folder = folder;
    this.#bins = bins;
    this.#model = model;
    this.#machine = new Machine(placeIn(folder, model.url), folder, agent, bins);
  }

  get machine(): Machine {
    return this.#machine;
  }

  async run(): Promise<ReadonlyMap<CheckName, Outcome>> {
    const parts: readonly [CheckName, () => Promise<void>][] = [
      ['found', () => this.#first()],
      ['restore', () => this.#restored()],
      ['todos', () => this.#helped()],
      ['spilled', () => this.#spilled()],
      ['background', () => this.#background()],
      ['plan', () => this.#planned()],
      ['fork', () => this.#forked()],
      ['compaction', () => this.#compacted()],
      ['killed', () => this.#killed()],
      ['evicted', () => this.#evicted()],
      ['elsewhere', () => this.#elsewhere()],
      ['named', () => this.#named()],
      ['asked', () => this.#asked()],
    ];
    for (const [name, part] of parts)
      try {
        await part();
      } catch (thrown) {
        this.#tell(name, thrown instanceof Error ? thrown.message : String(thrown));
        if (name === 'found') break;
      }
    for (const [name] of CHECKS) if (!this.#outcomes.has(name)) this.#outcomes.set(name, { is: 'open' });
    return this.#outcomes;
  }

  /** The kinds of records in its transcript. */
  async recordTypes(): Promise<readonly string[]> {
    return this.#uid === '' ? [] : recordTypesOf((await this.#raw()).toString());
  }

  #tell(name: CheckName, problem: Problem): void {
    const limit = this.#agent.limits[name];
    const outcome: Outcome =
      problem === null
        ? { is: 'ok' }
        : limit === undefined
          ? { is: 'wrong', why: problem }
          : { is: 'limit', why: limit };
    this.#outcomes.set(name, outcome);
  }

  #tellAll(problems: Problems): void {
    for (const [name, problem] of Object.entries(problems)) this.#tell(name as CheckName, problem);
  }

  async #first(): Promise<void> {
    await this.#machine.setUp();
    await this.#turn(plot.FIRST.prompt, null);
    await this.#machine.memory('ingest');
    const { sessions } = await this.#machine.json<{ sessions: Session[] }>('list');
    const [session] = sessions;
    const uids = sessions.map(({ session_uid }) => session_uid);
    if (session === undefined || sessions.length > 1 || session.agent !== this.#agent.id)
      throw new Error(`the sessions are ${JSON.stringify(uids)}`);
    this.#uid = session.session_uid;
    this.#id = this.#uid.slice(this.#uid.indexOf(':') + 1);
    this.#tell('found', null);
    this.#tellAll(digestProblems(await this.#digest(), this.#expected()));
  }

  /** One turn of the agent; throws where it fails. */
  async #turn(prompt: string, resumed: string | null, machine = this.#machine): Promise<void> {
    this.#prompts.push(prompt);
    const before = this.#model.exchanges.length;
    const done = () => this.#model.exchanges.slice(before).some(({ said }) => 'text' in said);
    const { code, out } = await machine.turn(prompt, resumed, { done });
    if (code !== 0) throw new Error(`the agent exited ${code}: ${out.slice(-OUT_MAX)}`);
    const said = this.#model.exchanges.slice(before).map((exchange) => exchange.said);
    const missing = said.flatMap((each) => ('text' in each && each.missing ? [each.text] : []));
    if (missing.length > 0) throw new Error(missing.join('; '));
  }

  #expected() {
    const { agent, model } = { agent: this.#agent, model: this.#model };
    const used = model.exchanges
      .filter(({ conversation }) => turnOf(plot.TURNS, conversation) !== null)
      .map(({ usage }) => agent.kept?.(usage) ?? usage);
    return {
      project: this.#machine.place.project,
      branch: plot.BRANCH,
      deeds: plot.DEEDS,
      prompts: this.#prompts,
      model: agent.model,
      usage: sumOf(used),
      title: agent.title === 'prompt' ? plot.FIRST.prompt : TITLE,
    };
  }

  async #digest(machine = this.#machine): Promise<Digest> {
    return (await machine.json<{ digest: Digest }>('show', this.#uid)).digest;
  }

  async #raw(): Promise<Buffer> {
    return Buffer.from((await this.#machine.memory('show', this.#uid, '--raw')).out);
  }

  async #deleteAndRestore(): Promise<readonly [Restored, Problem]> {
    const files = await this.#machine.filesOf(this.#uid);
    const raw = await this.#raw();
    await this.#machine.deleteSession(this.#id, files.keys());
    const restored = await this.#machine.restore(this.#uid);
    return [restored, this.#isRows ? await this.#rowsProblem(raw) : this.#filesProblem(files)];
  }

  get #isRows(): boolean {
    return this.#agent.forget !== undefined || this.#agent.database !== undefined;
  }

  #filesProblem(files: ReadonlyMap<string, Buffer>): Problem {
    const isBack = (path: string, content: Buffer) => existsSync(path) && readFileSync(path).equals(content);
    const wrong = [...files]
      .filter(([path, content]) => !isBack(path, content))
      .filter(([, content]) => this.#agent.isPhantom?.(content.toString()) !== true)
      .map(([path]) => path);
    if (files.size === 0) return 'no file of the session is known';
    return wrong.length === 0 ? null : `not as before: ${wrong.join(', ')}`;
  }

  /** What the agent has made of the import must be what is stored: an ingest adds nothing. */
  async #rowsProblem(before: Buffer): Promise<Problem> {
    await this.#machine.memory('ingest');
    const after = await this.#raw();
    return after.equals(before) ? null : 'after the import an ingest stores other rows';
  }

  async #restored(): Promise<void> {
    const raw = await this.#raw();
    const [restored, problem] = await this.#deleteAndRestore();
    this.#tell('restore', problem);
    this.#tell('resume', await this.#resumes(plot.SECOND.prompt));
    this.#tell('command', this.#commandProblem(restored));
    await this.#machine.memory('ingest');
    this.#tell('growth', await this.#growthProblem(raw));
  }

  /** Null where the model was then sent what was said and done before. */
  async #resumes(prompt: string, machine = this.#machine, id = this.#id): Promise<Problem> {
    const before = this.#model.requests.length;
    await this.#turn(prompt, id, machine);
    const sent = this.#model.requests.slice(before).filter((text) => text.includes(prompt));
    if (sent.length === 0) return 'the model was not asked';
    const isKnown = sent.some((text) => this.#earlier.every((each) => text.includes(each)));
    return isKnown ? null : 'the earlier conversation was not sent';
  }

  /** What is printed must be, word for word and in order, in what the rig typed; it adds only what answers questions beforehand. */
  #commandProblem({ resume }: Restored): Problem {
    if (resume === null) return 'no command is printed';
    const typed = [...this.#machine.resuming(this.#id, plot.SECOND.prompt)];
    const { project } = this.#machine.place;
    if (resume.cwd !== null && resume.cwd !== project)
      return `it is to be typed in ${resume.cwd}, not in ${project}`;
    let at = 0;
    for (const word of typed) if (word === resume.argv[at]) at += 1;
    return at === resume.argv.length ? null : differs(resume.argv.join(' '), typed.join(' '));
  }

  async #growthProblem(before: Buffer): Promise<Problem> {
    const { sessions } = await this.#machine.json<{ sessions: Session[] }>('list');
    if (sessions.length !== 1)
      return `the sessions are ${sessions.map(({ session_uid }) => session_uid).join(', ')}`;
    const digest = await this.#digest();
    const expected = this.#expected();
    const raw = await this.#raw();
    const isAppended = AGENTS.find(({ id }) => id === this.#agent.id)?.growth === 'append';
    if (isAppended && !raw.subarray(0, before.length).equals(before))
      return 'the transcript does not begin as it did before';
    return promptProblem(digest, this.#prompts) ?? differs(digest.tokens, expected.usage);
  }

  async #helped(): Promise<void> {
    const hand = this.#agent.hand(this.#machine.place);
    const [todo, delegate] = plot.HELPED.steps;
    const has = (step: typeof todo) =>
      step !== undefined && step.kind !== 'say' && hand(step, '', '') !== null;
    const without = (name: CheckName) =>
      this.#outcomes.set(name, { is: 'limit', why: this.#agent.limits[name] ?? NO_TOOL });
    if (!has(todo)) without('todos');
    if (!has(delegate)) without('subagent');
    if (!has(todo) && !has(delegate)) return;
    await this.#turn(plot.HELPED.prompt, this.#id);
    await this.#machine.memory('ingest');
    const { todos, subagents } = await this.#digest();
    if (has(todo)) {
      const missing = plot.TODOS.filter((item) => !todos.some(({ text }) => text.includes(item)));
      this.#tell('todos', missing.length === 0 ? null : `missing: ${missing.join(', ')}`);
    }
    if (!has(delegate)) return;
    const errand = turnIn([plot.ERRAND], subagents.map(({ task }) => task ?? '').join('\n'));
    const isRight = subagents.length === 1 && errand !== null;
    this.#tell('subagent', isRight ? null : `the subagents are ${JSON.stringify(subagents)}`);
  }

  #without(name: CheckName, why: string): void {
    this.#outcomes.set(name, { is: 'limit', why: this.#agent.limits[name] ?? why });
  }

  /** What is too long for a conversation lies in a file of its own, which is the session's. */
  async #spilled(): Promise<void> {
    await this.#turn(plot.SPILLED.prompt, this.#id);
    await this.#machine.memory('ingest');
    const own = await this.#machine.filesOf(this.#uid);
    const holds = (content: Buffer) => content.includes(plot.LAST_OF_MANY);
    const aside = await this.#notOwn(plot.LAST_OF_MANY);
    if (aside.length > 0) return this.#tell('spilled', `not stored: ${aside.join(', ')}`);
    const digest = await this.#digest();
    const command = plot.commandOf(plot.SPILLED);
    // Of some agents it is known that they write down no status of what went well.
    const went = this.#agent.limits?.commands === undefined ? 0 : null;
    const isTold = digest.commands.some(
      (each) => each.command.startsWith(command) && [0, went].includes(each.exit) && each.failed !== true,
    );
    if (!isTold) return this.#tell('spilled', `the commands are ${JSON.stringify(digest.commands)}`);
    if (![...own.values()].some(holds) && !this.#isRows)
      return this.#without('spilled', 'it keeps no more than the ends of it');
    this.#tell('spilled', null);
  }

  /** Files that hold a text and are none of the session's, nor logs and caches of the agent. */
  async #notOwn(text: string): Promise<readonly string[]> {
    const own = await this.#machine.filesOf(this.#uid);
    const isLog = (path: string) =>
      // What a database has not folded in yet is read with it.
      (this.#isRows && /-(?:wal|shm)$/.test(path)) ||
      this.#agent.isLog?.(path.slice(this.#machine.place.home.length + 1)) === true;
    return this.#machine.holding(text, new Set(own.keys())).filter((path) => !isLog(path));
  }

  async #background(): Promise<void> {
    const [step] = plot.BACKGROUND.steps;
    const can =
      step !== undefined &&
      step.kind !== 'say' &&
      this.#agent.hand(this.#machine.place)(step, '', '') !== null;
    if (!can) return this.#without('background', NO_TOOL);
    await this.#turn(plot.BACKGROUND.prompt, this.#id);
    await this.#machine.memory('ingest');
    const { commands } = await this.#digest();
    const command = plot.commandOf(plot.BACKGROUND);
    const aside = await this.#notOwn(`${plot.BEHIND}\n`);
    const isTold = commands.some((each) => each.command === command);
    this.#tell(
      'background',
      !isTold
        ? `the commands are ${JSON.stringify(commands)}`
        : aside.length > 0
          ? `not stored: ${aside.join(', ')}`
          : null,
    );
  }

  /** A plan lies where no path tells whose it is; it goes with its session, and the agent finds it again. */
  async #planned(): Promise<void> {
    const { plan } = this.#agent;
    if (plan === undefined) return this.#without('plan', 'it keeps no plan in a file');
    const turn = async (prompt: string) => {
      this.#prompts.push(prompt);
      const { code, out } = await this.#machine.command(plan.argv(this.#id, prompt));
      if (code !== 0) throw new Error(`the agent exited ${code}: ${out.slice(-OUT_MAX)}`);
      await this.#machine.memory('ingest');
    };
    await turn(plot.PLANNED.prompt);
    const aside = await this.#notOwn(plot.PLAN);
    const own = await this.#machine.filesOf(this.#uid);
    const [path] = [...own].find(([, content]) => content.toString() === plot.PLAN) ?? [];
    if (path === undefined)
      return this.#tell('plan', `not stored: ${aside.join(', ') || 'no plan was written'}`);
    await this.#evictAndTakeBack();
    const [, problem] = await this.#deleteAndRestore();
    if (problem !== null) return this.#tell('plan', problem);
    // It looks for the plan when it begins to plan: so something else comes between.
    await this.#turn(plot.UNPLANNED.prompt, this.#id);
    const before = this.#model.requests.length;
    await turn(plot.PLANNED_ON.prompt);
    const sent = this.#model.requests.slice(before);
    this.#tell('plan', sent.some(plan.isFound) ? null : 'it does not find the plan that was restored');
  }

  /** A fork is a session of its own that names its parent: what was copied is marked, and its tokens are its own. */
  async #forked(): Promise<void> {
    if (this.#agent.fork === undefined)
      return this.#without('fork', 'it forks in a terminal only, or not at all');
    const uids = async () =>
      (await this.#machine.json<{ sessions: Session[] }>('list')).sessions.map(
        ({ session_uid }) => session_uid,
      );
    const before = new Set(await uids());
    const asked = this.#model.exchanges.length;
    const { code, out } = await this.#machine.command(this.#agent.fork(this.#id, plot.FORKED.prompt));
    if (code !== 0) throw new Error(`the agent exited ${code}: ${out.slice(-OUT_MAX)}`);
    await this.#machine.memory('ingest');
    const forks = (await uids()).filter((uid) => !before.has(uid));
    const [fork] = forks;
    if (fork === undefined || forks.length > 1) throw new Error(`the forks are ${JSON.stringify(forks)}`);
    const { digest } = await this.#machine.json<{ digest: Digest }>('show', fork);
    const used = this.#model.exchanges
      .slice(asked)
      .filter(({ conversation }) => turnOf(plot.TURNS, conversation) !== null)
      .map(({ usage }) => this.#agent.kept?.(usage) ?? usage);
    const { parent } = digest;
    const isNamed =
      this.#agent.forksNameless === true ? parent === null : parent !== null && this.#uid.endsWith(parent);
    this.#tell(
      'fork',
      (isNamed ? null : `its parent is ${parent}, not ${this.#id}`) ??
        promptProblem(digest, [plot.FORKED.prompt]) ??
        differs(digest.tokens, sumOf(used)),
    );
  }

  async #compacted(): Promise<void> {
    if (this.#agent.compact === undefined)
      return this.#without('compaction', 'it does that in a terminal only');
    const { code, out } = await this.#machine.command(this.#agent.compact(this.#id));
    if (code !== 0) throw new Error(`the agent exited ${code}: ${out.slice(-OUT_MAX)}`);
    await this.#machine.memory('ingest');
    const { compactions } = await this.#digest();
    if (!compactions.some((text) => text.includes(TITLE)))
      return this.#tell('compaction', `the compactions are ${JSON.stringify(compactions)}`);
    // From now on the summary stands for what was said before.
    this.#earlier = [TITLE];
    const resumed = await this.#resumes(plot.AFTER_COMPACTION.prompt);
    await this.#machine.memory('ingest');
    this.#tell('compaction', resumed ?? promptProblem(await this.#digest(), this.#prompts));
  }

  async #killed(): Promise<void> {
    const { project } = this.#machine.place;
    const killWhen = () => existsSync(join(project, plot.SLOW_BEGAN));
    this.#prompts.push(plot.SLOW.prompt);
    const { code, out } = await this.#machine.turn(plot.SLOW.prompt, this.#id, { killWhen });
    if (code !== null) throw new Error(`it was not killed, but exited ${code}: ${out.slice(-OUT_MAX)}`);
    await this.#machine.memory('ingest');
    const killed = promptProblem(await this.#digest(), this.#prompts);
    const resumed = await this.#resumes(plot.AFTER_KILL.prompt);
    await this.#machine.memory('ingest');
    this.#tell('killed', killed ?? resumed ?? promptProblem(await this.#digest(), this.#prompts));
  }

  async #evicted(): Promise<void> {
    const { machine } = { machine: this.#machine };
    await this.#evictAndTakeBack();
    const [, problem] = await this.#deleteAndRestore();
    const resumed = await this.#resumes(plot.AFTER_EVICTION.prompt);
    await machine.memory('ingest');
    this.#tell('evicted', problem ?? resumed ?? promptProblem(await this.#digest(), this.#prompts));
  }

  async #evictAndTakeBack(): Promise<void> {
    const { machine } = { machine: this.#machine };
    const evicted = await machine.memory('evict', this.#uid, '--yes');
    if (evicted.code !== 0) throw new Error(`evict exited ${evicted.code}: ${evicted.out}`);
    await machine.memory('ingest');
    const { sessions } = await machine.json<{ sessions: Session[] }>('list');
    const state = sessions.find(({ session_uid }) => session_uid === this.#uid)?.state;
    if (state !== 'evicted') throw new Error(`after evict and ingest it is ${state}`);
    const again = await machine.memory('ingest', '--again', this.#uid);
    if (again.code !== 0) throw new Error(`ingest --again exited ${again.code}: ${again.out}`);
  }

  async #asked(): Promise<void> {
    const { agent, folder } = { agent: this.#agent, folder: this.#folder };
    const step = plot.ASKED.steps.find(({ kind }) => kind === 'look-up');
    if (step?.kind !== 'look-up' || agent.hand(this.#machine.place)(step, '', '') === null)
      return this.#without('asked', 'the server is not registered with it');
    this.#tell('asked', await askedProblem({ agent, folder, bins: this.#bins, model: this.#model }));
  }

  /** Another machine that gets all that is stored, with its folder for the project. */
  async #otherMachine(name: string, project: string): Promise<Machine> {
    const folder = join(this.#folder, name);
    const archive = `${folder}.smx`;
    const exported = await this.#machine.memory('export', '--all', archive);
    if (exported.code !== 0) throw new Error(`export exited ${exported.code}: ${exported.out}`);
    const { resumeMoved: resume = this.#agent.resume } = this.#agent;
    const agent = { ...this.#agent, resume };
    const other = new Machine(placeIn(folder, this.#model.url, project), folder, agent, this.#bins);
    await other.setUp();
    const imported = await other.memory('import', archive, '--trust');
    if (imported.code !== 0) throw new Error(`import exited ${imported.code}: ${imported.out}`);
    return other;
  }

  async #elsewhere(): Promise<void> {
    const other = await this.#otherMachine(OTHER, MOVED);
    // On another machine the folder that the records name is not there.
    const { project } = this.#machine.place;
    const away = `${project}-of-the-first-machine`;
    renameSync(project, away);
    const moves = await other.restoreMoved(this.#uid);
    const problem = await this.#resumes(plot.ELSEWHERE.prompt, other).catch(
      (thrown: Error) => thrown.message,
    );
    renameSync(away, project);
    const how = moves.length === 0 ? 'restored without --project: ' : '';
    this.#tell('elsewhere', problem === null ? null : `${how}${problem}`);
  }

  /** A name that stands in a list of the agent's alone comes back into that of another machine, and what is archived is archived there. */
  async #named(): Promise<void> {
    const { naming, archive } = this.#agent;
    if (naming === undefined || archive === undefined)
      return this.#without('named', 'it has no list of names beside its transcripts');
    await this.#machine.converse(naming.argv, naming.requests(this.#id, plot.NAME));
    await this.#machine.memory('ingest');
    const { title } = await this.#digest();
    if (title !== plot.NAME) return this.#tell('named', differs(title, plot.NAME));
    const other = await this.#otherMachine(NAMED, 'projects/greeting');
    await other.restore(this.#uid);
    const byName = { ...this.#agent, resume: naming.resume };
    const folder = join(this.#folder, NAMED);
    const asked = new Machine(other.place, folder, byName, this.#bins);
    const found = await this.#resumes(plot.NAMED.prompt, asked, plot.NAME);
    if (found !== null) return this.#tell('named', found);
    const archived = await this.#machine.command(archive(this.#id));
    if (archived.code !== 0) throw new Error(`archive exited ${archived.code}: ${archived.out}`);
    await this.#machine.memory('ingest');
    const [, problem] = await this.#deleteAndRestore();
    const { code } = await this.#machine.turn(plot.NAMED.prompt, this.#id);
    this.#tell('named', problem ?? (code === 0 ? 'it goes on with what is archived' : null));
  }
}
