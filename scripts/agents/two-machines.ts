/**
 * `bun run agents --two-machines`: one agent's work goes from one machine to another and back through a bucket, and its own resume goes on
 * with it on each.
 * Promises: two homes, two stores and a bucket that share nothing else; caps of nothing, so that each sweep lets all go that it may.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { ModelBucket } from '../../test/support/model-bucket.ts';
import type { Problem } from './checks.ts';
import type { AgentFacts } from './facts.ts';
import { Machine, placeIn } from './machine.ts';
import * as plot from './plot.ts';
import type { ScriptedModel } from './scripted-model.ts';

export const HERE = 'laptop';
export const THERE = 'desktop';
const OUT_MAX = 600;
const MOVED = 'elsewhere/greeting';

/** The address as `remote init` takes it, and what the program needs to know of it. */
export interface RigBucket extends Disposable {
  readonly address: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One of a service that is there, with the credentials of whoever runs the rig; else one in memory. */
export async function rigBucket(url: string | undefined, endpoint: string | undefined): Promise<RigBucket> {
  const passphrase = { SESSION_MEMORY_REMOTE_PASSPHRASE: 'words for a bucket of the rig' };
  if (url === undefined) {
    const model = await ModelBucket.started('rig');
    return {
      address: ['s3://rig/some', '--endpoint', model.endpoint, '--path-style'],
      env: { ...model.env, ...passphrase },
      [Symbol.dispose]: () => model[Symbol.dispose](),
    };
  }
  const own = Object.entries(Bun.env).filter(([name]) => name.startsWith('AWS_'));
  return {
    address: [url, ...(endpoint === undefined ? [] : ['--endpoint', endpoint, '--path-style'])],
    env: { ...Object.fromEntries(own.map(([name, value]) => [name, value ?? ''])), ...passphrase },
    [Symbol.dispose]: () => undefined,
  };
}

interface Session {
  readonly session_uid: string;
  readonly state: string;
  readonly machine: string | null;
}

export class TwoMachines {
  readonly #agent: AgentFacts;
  readonly #model: ScriptedModel;
  readonly #bucket: RigBucket;
  readonly #here: Machine;
  readonly #there: Machine;
  readonly #folders: readonly string[];
  #uid = '';

  constructor(
    agent: AgentFacts,
    folder: string,
    bins: readonly string[],
    model: ScriptedModel,
    bucket: RigBucket,
  ) {
    this.#agent = agent;
    this.#model = model;
    this.#bucket = bucket;
    this.#folders = [join(folder, HERE), join(folder, THERE)];
    const { resumeMoved: resume = agent.resume } = agent;
    const [here = '', there = ''] = this.#folders;
    this.#here = new Machine(placeIn(here, model.url), here, agent, bins, bucket.env);
    this.#there = new Machine(
      placeIn(there, model.url, MOVED),
      there,
      { ...agent, resume },
      bins,
      bucket.env,
    );
  }

  get folders(): readonly string[] {
    return this.#folders;
  }

  /** Each step with what is wrong in it; ends at the first that is. */
  async *run(): AsyncGenerator<readonly [step: string, Problem]> {
    const goesOn = () => this.#goesOnThere();
    const steps: readonly [string, () => Promise<Problem>][] = [
      ['works here, and the bucket is made ready', () => this.#begins()],
      ['a sweep under caps of nothing evicts it, and loses nothing', () => this.#evicts(this.#here)],
      ['is restored on the other machine, and its own resume goes on', goesOn],
      ['a sweep there evicts it too, and loses nothing', () => this.#evicts(this.#there)],
      ['comes back here as it was left there, and goes on', () => this.#comesBack()],
      ['the whole bucket reads back', () => this.#verified()],
    ];
    for (const [step, work] of steps) {
      const problem = await work().catch((thrown: Error) => thrown.message);
      yield [step, problem];
      // What goes on there is a copy under an id of its own, which is nobody's work here.
      if (problem !== null || (work === goesOn && this.#agent.resumeMoved !== undefined)) return;
    }
  }

  async #begins(): Promise<Problem> {
    await this.#here.setUp();
    await this.#turn(this.#here, plot.FIRST.prompt, null);
    await mustDo(this.#here, 'ingest');
    await mustDo(this.#here, 'remote', 'init', ...this.#bucket.address, '--name', HERE);
    const [session, another] = await sessionsOf(this.#here);
    this.#uid = session?.session_uid ?? '';
    return session !== undefined && another === undefined ? null : 'there is not just one session';
  }

  /** As the unattended line does it, under caps of nothing. */
  async #evicts(machine: Machine): Promise<Problem> {
    const { code, out } = await machine.memory(
      ...['maintain', '--yes', '--no-data-loss', '--soft-cap', '0', '--hard-cap', '0'],
    );
    if (code !== 0) return `maintain exited ${code}: ${out.slice(-OUT_MAX)}`;
    const sessions = await sessionsOf(machine);
    const other = sessions.find((each) => each.session_uid !== this.#uid);
    if (other !== undefined) return `it has become another session, ${other.session_uid}`;
    if (sessions[0]?.state !== 'evicted') return `it is ${sessions[0]?.state}`;
    const { events } = await machine.json<{ events: { kind: string }[] }>('history');
    return events.some(({ kind }) => kind === 'data_loss') ? 'something was lost' : null;
  }

  async #goesOnThere(): Promise<Problem> {
    await this.#there.setUp();
    await mustDo(this.#there, 'remote', 'add', ...this.#bucket.address, '--name', THERE);
    await mustDo(this.#there, 'remote', 'sync');
    const [session] = await sessionsOf(this.#there);
    if (session?.machine !== HERE) return `it is told to be on ${session?.machine}`;
    // The folder that the records name is not there.
    const { project } = this.#here.place;
    renameSync(project, `${project}-of-the-first-machine`);
    await this.#there.restoreMoved(session.session_uid);
    renameSync(`${project}-of-the-first-machine`, project);
    const problem = await this.#resumes(this.#there, session, plot.ELSEWHERE.prompt, [
      plot.FIRST.prompt,
      plot.SEEN,
    ]);
    if (problem === null) await mustDo(this.#there, 'ingest');
    return problem;
  }

  async #comesBack(): Promise<Problem> {
    await mustDo(this.#here, 'remote', 'sync');
    const [session] = await sessionsOf(this.#here);
    if (session === undefined) return 'it is not listed any more';
    const files = await this.#here.filesOf(session.session_uid);
    await this.#here.deleteSession(idOf(session), files.keys());
    await this.#here.restore(session.session_uid);
    const earlier = [plot.FIRST.prompt, plot.SEEN, plot.ELSEWHERE.prompt];
    return await this.#resumes(this.#here, session, plot.SECOND.prompt, earlier);
  }

  async #verified(): Promise<Problem> {
    await mustDo(this.#here, 'ingest');
    await mustDo(this.#here, 'remote', 'sync');
    for (const machine of [this.#here, this.#there]) await mustDo(machine, 'verify');
    const { code, out } = await this.#here.memory('verify', '--remote');
    return code === 0 ? null : out.slice(-OUT_MAX);
  }

  /** `earlier`: what the resumed conversation must carry to the model. */
  async #resumes(
    machine: Machine,
    session: Session,
    prompt: string,
    earlier: readonly string[],
  ): Promise<Problem> {
    const before = this.#model.requests.length;
    await this.#turn(machine, prompt, idOf(session));
    const sent = this.#model.requests.slice(before).filter((text) => text.includes(prompt));
    if (sent.length === 0) return 'the model was not asked';
    const missing = earlier.filter((each) => !sent.some((text) => text.includes(each)));
    return missing.length === 0 ? null : `not sent to the model: ${missing.join('; ')}`;
  }

  async #turn(machine: Machine, prompt: string, resumed: string | null): Promise<void> {
    const before = this.#model.exchanges.length;
    const done = () => this.#model.exchanges.slice(before).some(({ said }) => 'text' in said);
    const { code, out } = await machine.turn(prompt, resumed, { done });
    if (code !== 0) throw new Error(`${this.#agent.bin} exited ${code}: ${out.slice(-OUT_MAX)}`);
  }
}

const idOf = ({ session_uid: uid }: Session) => uid.slice(uid.indexOf(':') + 1);

async function sessionsOf(machine: Machine): Promise<readonly Session[]> {
  return (await machine.json<{ sessions: Session[] }>('list')).sessions;
}

async function mustDo(machine: Machine, ...args: readonly string[]): Promise<void> {
  const { code, out } = await machine.memory(...args);
  if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}: ${out.slice(-OUT_MAX)}`);
}
