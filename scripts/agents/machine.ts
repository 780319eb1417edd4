/**
 * A machine of one agent: a home and a project that are thrown away, the agent in them, and session-memory with a store of its own.
 * Promises: nothing outside its folder is written; the agent's environment holds nothing of the person who runs the rig, and no network
 * but the loopback.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFacts, Place } from './facts.ts';
import type { Ran } from './install.ts';
import { BEFORE, BRANCH } from './plot.ts';
import { converse, run, runInTerminal, type Started } from './processes.ts';

const BINARY = Bun.env['SESSION_MEMORY_BIN'] ?? join(import.meta.dir, '../../dist/session-memory');
const NOWHERE = 'http://127.0.0.1:9';
const OUT_MAX = 1500;

/** How `restore --json` tells what it did. */
export interface Restored {
  readonly files: readonly string[];
  readonly resume: { readonly argv: readonly string[]; readonly cwd: string | null } | null;
  readonly import: { readonly argv: readonly string[] } | null;
}

/** `project`: below the home. */
export function placeIn(folder: string, url: string, project = 'projects/greeting'): Place {
  const home = join(folder, 'home');
  return { home, project: join(home, project), url };
}

export class Machine {
  readonly place: Place;
  readonly #agent: AgentFacts;
  readonly #bins: readonly string[];
  readonly #store: string;
  readonly #own: Readonly<Record<string, string>>;

  /** `own`: what session-memory alone is told. */
  constructor(
    place: Place,
    folder: string,
    agent: AgentFacts,
    bins: readonly string[],
    own: Readonly<Record<string, string>> = {},
  ) {
    this.#own = own;
    this.place = place;
    this.#agent = agent;
    this.#bins = bins;
    this.#store = join(folder, 'store', 's.db');
  }

  async setUp(): Promise<void> {
    const { home, project } = this.place;
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, BEFORE.path), BEFORE.content);
    for (const argv of [
      ['git', 'init', '--quiet', `--initial-branch=${BRANCH}`],
      ['git', 'add', '--all'],
      ['git', '-c', 'user.name=rig', '-c', 'user.email=rig@localhost', 'commit', '--quiet', '-m', 'Begin'],
    ])
      await this.#mustRun(argv);
    for (const [at, content] of Object.entries(this.#agent.files(this.place))) {
      mkdirSync(dirname(join(home, at)), { recursive: true });
      writeFileSync(join(home, at), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    }
    for (const args of this.#agent.prepare?.(this.place) ?? [])
      await this.#mustRun([this.#agent.bin, ...args]);
  }

  async #mustRun(argv: readonly string[]): Promise<void> {
    const { code, out } = await this.run(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')} exited ${code}: ${out.slice(-OUT_MAX)}`);
  }

  async run(argv: readonly string[], more: Partial<Started> = {}): Promise<Ran> {
    return await run(argv, { cwd: this.place.project, env: this.#env(), ...more });
  }

  /** `done`: whether the model was asked; it ends a run in a terminal. */
  async turn(
    prompt: string,
    resumed: string | null,
    more: Partial<Started> & { readonly done?: () => boolean } = {},
  ): Promise<Ran> {
    const { bin, terminal } = this.#agent;
    if (resumed === null) return await this.run([bin, ...this.#agent.start(prompt)], more);
    const argv = [bin, ...this.#agent.resume(resumed, prompt)];
    if (terminal === undefined) return await this.run(argv, more);
    const typed = { ...terminal, text: prompt, done: more.done ?? (() => more.killWhen === undefined) };
    return await runInTerminal(argv, { cwd: this.place.project, env: this.#env(), ...more }, typed);
  }

  /** One of its other commands. */
  async command(args: readonly string[]): Promise<Ran> {
    return await this.run([this.#agent.bin, ...args]);
  }

  /** One of its programs that is spoken to in lines of JSON: each request is sent after the answer to the one before. */
  async converse(args: readonly string[], requests: readonly object[]): Promise<void> {
    await converse([this.#agent.bin, ...args], { cwd: this.place.project, env: this.#env() }, requests);
  }

  /** Files in this home that hold a text, but for what lies in `except`. */
  holding(text: string, except: ReadonlySet<string>): readonly string[] {
    const { home } = this.place;
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
    return names
      .map((name) => join(home, name))
      .filter((path) => !except.has(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
      .filter((path) => readFileSync(path).includes(text));
  }

  /** The words of `turn` with a session. */
  resuming(id: string, prompt: string): readonly string[] {
    return [this.#agent.bin, ...this.#agent.resume(id, prompt)];
  }

  #env(): Record<string, string> {
    const { home } = this.place;
    return {
      PATH: [...this.#bins, Bun.env['PATH'] ?? ''].join(':'),
      HOME: home,
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      XDG_DATA_HOME: join(home, '.local/share'),
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_CACHE_HOME: join(home, '.cache'),
      XDG_STATE_HOME: join(home, '.local/state'),
      HTTPS_PROXY: NOWHERE,
      HTTP_PROXY: NOWHERE,
      NO_PROXY: '127.0.0.1,localhost',
      DO_NOT_TRACK: '1',
      TMPDIR: this.#made('tmp'),
      npm_config_offline: 'true',
      ...this.#agent.env(this.place),
    };
  }

  #made(name: string): string {
    const path = join(dirname(this.place.home), name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async memory(...args: readonly string[]): Promise<Ran> {
    const env = { ...this.#env(), ...this.#own };
    return await run([BINARY, '--store', this.#store, ...args], { cwd: this.place.home, env });
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out } = await this.memory(...args, '--json');
    if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}: ${out.slice(-OUT_MAX)}`);
    return JSON.parse(out.slice(0, out.lastIndexOf('}') + 1)) as T;
  }

  /** Where the agent's own files of a session are, with what is in them. */
  async filesOf(uid: string): Promise<ReadonlyMap<string, Buffer>> {
    const { sources } = await this.json<{ sources: string[] }>('show', uid, '--files');
    return new Map(sources.filter(existsSync).map((path) => [path, readFileSync(path)]));
  }

  /** The agent's folders in this home. */
  async roots(): Promise<readonly string[]> {
    const { agents } = await this.json<{ agents: { agent: string; root: string; sessions: number }[] }>(
      'agents',
    );
    return agents.flatMap(({ agent, root, sessions }) =>
      agent === this.#agent.id && sessions > 0 ? [root] : [],
    );
  }

  /** As the agent's own clean-up, or a slip of the hand. */
  async deleteSession(id: string, files: Iterable<string>): Promise<void> {
    const { database } = this.#agent;
    const forget = this.#agent.forget?.(id);
    if (database !== undefined) rmSync(join(this.place.home, database), { recursive: true });
    else if (forget !== undefined) await this.#mustRun([this.#agent.bin, ...forget]);
    else for (const path of files) rmSync(path);
  }

  async restore(uid: string, ...flags: readonly string[]): Promise<Restored> {
    const restored = await this.json<Restored>('restore', uid, ...flags);
    if (restored.import !== null) await this.#mustRun(restored.import.argv);
    return restored;
  }

  /**
   * Puts a session of another machine into the project of this one. Returns the flags: none where the program does not offer it, and the session
   * still goes on where its agent finds it from any folder.
   */
  async restoreMoved(uid: string): Promise<readonly string[]> {
    const offered = AGENTS.find(({ id }) => id === this.#agent.id)?.otherProject;
    const moves = offered === undefined ? [] : ['--project', this.place.project];
    await this.restore(uid, ...moves);
    return moves;
  }
}
