/**
 * One history, carried out on a real home, a real store and the real command line, in this process and under its own clock.
 * Promises: a death is one at a named point, after which the program gets nothing done any more; after every step the laws are
 * looked at in the store itself.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { runIn, type Told as Said } from '../../test/support/runtime.ts';
import { noiseOf } from './random.ts';
import { Death, isUnchanged, nothing, same, taken, unpacked, usageOf } from './simulator-death.ts';
import { type Fact, factsOf } from './simulator-facts.ts';
import type { Action } from './simulator-history.ts';
import { lineOf } from './simulator-lines.ts';
import { brokenLaws, expectedVictims, type Limits, type Told } from './simulator-model.ts';

export interface Lived {
  readonly broken: readonly string[];
  readonly deaths: number;
  readonly checks: number;
}

interface Session extends Told {
  readonly agent: 'claude' | 'codex';
  readonly id: string;
  /** Below the home. */
  readonly path: string;
  isCompressed: boolean;
  /** Its contents when it was evicted: of the main transcript and beside it. */
  gone: readonly [Buffer, Buffer | null] | null;
}

interface Report {
  readonly backstop_evicted: readonly string[];
  readonly budget_evicted: readonly string[];
  readonly overflow_data_loss: readonly string[];
  readonly final_usage_bytes: number;
  readonly over_hard_cap: boolean;
}

type Sweep = Extract<Action, { kind: 'sweep' }>;
type OfOne = Extract<Action, { which: number }>;
type Change = Exclude<OfOne, { kind: 'pin' | 'unpin' | 'restore' }>;

const BELONGS = /^s\.db(?:-wal|-shm|\.reserve|\.sweep-lock)?$/;

export async function live(folder: string, history: readonly Action[]): Promise<Lived> {
  return livedThrough(new Life(folder), history);
}

/** A life by its steps, up to the first law that it breaks. */
export async function livedThrough<A>(
  life: Lived & { step(action: A): Promise<void>; end(): Promise<void> },
  history: readonly A[],
): Promise<Lived> {
  for (const action of history) {
    await life.step(action);
    if (life.broken.length > 0) break;
  }
  if (life.broken.length === 0) await life.end();
  return { broken: life.broken, deaths: life.deaths, checks: life.checks };
}

class Life {
  readonly broken: string[] = [];
  deaths = 0;
  checks = 0;
  readonly #home: string;
  readonly #store: string;
  readonly #sessions: Session[] = [];
  #facts: ReadonlyMap<string, Fact> = new Map();
  #nowMs = Date.parse('2026-06-01T00:00:00.000Z');
  #count = 0;

  constructor(folder: string) {
    this.#home = join(folder, 'home');
    this.#store = join(folder, 'data', 's.db');
    mkdirSync(this.#home, { recursive: true });
  }

  async step(action: Action): Promise<void> {
    // Time passes between any two things that people and agents do.
    this.#nowMs += 60_000;
    switch (action.kind) {
      case 'begin':
        return this.#begin(action.agent, action.lines, action.bytes);
      case 'unreadable':
        return this.#write(this.#newSession('claude'), Buffer.from(`\u0001 ${this.#noise(action.bytes)}\n`));
      case 'clock':
        this.#nowMs += action.hours * 3_600_000;
        return;
      case 'ingest':
        return this.#ingest(['ingest', ...action.flags], action.killAt);
      case 'analyze':
        return void (await this.#command(['analyze'], action.killAt, null));
      case 'sweep':
        return this.#sweep(action);
      default:
        return this.#toOne(action);
    }
  }

  /** Everything is taken in once more, and nothing is wrong. */
  async end(): Promise<void> {
    await this.#ingest(['ingest'], null);
    const { said } = await this.#command(['verify'], null, null);
    if (said.code !== 0) this.broken.push(`verify: ${said.out}${said.err}`);
    const left = readdirSync(dirname(this.#store)).filter((name) => !BELONGS.test(name));
    if (left.length > 0) this.broken.push(`left behind: ${left.join(', ')}`);
  }

  async #toOne(action: OfOne): Promise<void> {
    const one = this.#sessions[action.which % Math.max(1, this.#sessions.length)];
    if (one === undefined) return;
    switch (action.kind) {
      case 'pin':
      case 'unpin':
        return this.#pin(one, action.kind);
      case 'restore':
        return this.#restore(one, action.killAt);
      default:
        if (one.content !== null) this.#change(one, one.content, action);
    }
  }

  /** What an agent does to a transcript of its own. */
  #change(one: Session, content: Buffer, action: Change): void {
    const lines = content.toString('latin1').split(/(?<=\n)/);
    switch (action.kind) {
      case 'append':
        return this.#write(one, Buffer.concat([content, ...this.#lines(one, action.lines, action.bytes)]));
      case 'rewrite': {
        const kept = [...lines.slice(0, action.from), ...lines.slice(action.to)].map((line) =>
          Buffer.from(line, 'latin1'),
        );
        return this.#write(one, Buffer.concat([...kept, ...this.#lines(one, 1, 200)]));
      }
      case 'rewind':
        return this.#write(one, Buffer.from(lines.slice(0, -action.lines).join(''), 'latin1'));
      case 'delegate':
        return this.#delegate(one, action.lines, action.bytes);
      case 'truncate':
        return this.#write(one, content.subarray(0, Math.ceil(content.length * action.share)));
      case 'fork': {
        const fork = this.#newSession(one.agent);
        return this.#write(
          fork,
          Buffer.from(content.toString('latin1').replaceAll(one.id, fork.id), 'latin1'),
        );
      }
      case 'delete':
        one.content = null;
        one.beside.content = null;
        rmSync(this.#fileOf(one));
        rmSync(this.#besideOf(one), { force: true });
        return;
      case 'compress':
        return this.#compress(one);
      default:
        return action satisfies never;
    }
  }

  #begin(agent: 'claude' | 'codex', lines: number, bytes: number): void {
    const one = this.#newSession(agent);
    const head = agent === 'codex' ? [this.#line(one, 'session_meta', 0)] : [];
    this.#write(one, Buffer.concat([...head, ...this.#lines(one, lines, bytes)]));
  }

  #newSession(agent: 'claude' | 'codex'): Session {
    this.#count += 1;
    const id = `5e000000-0000-4000-8000-${String(this.#count).padStart(12, '0')}`;
    const day = '2026-06-01T00-00-00';
    const [uid, path] =
      agent === 'claude'
        ? [`claude-code:${id}`, `.claude/projects/-p/${id}.jsonl`]
        : [`codex:${id}`, `.codex/sessions/2026/06/01/rollout-${day}-${id}.jsonl`];
    const one: Session = {
      agent,
      id,
      uid,
      path,
      isCompressed: false,
      gone: null,
      ...nothing(),
      beside: nothing(),
      pinned: false,
    };
    this.#sessions.push(one);
    return one;
  }

  #fileOf({ path, isCompressed }: Session): string {
    return join(this.#home, isCompressed ? `${path}.zst` : path);
  }

  /** An agent goes on with a plain file. */
  #write(one: Session, content: Buffer): void {
    if (one.isCompressed) rmSync(this.#fileOf(one));
    one.isCompressed = false;
    one.content = content;
    mkdirSync(dirname(this.#fileOf(one)), { recursive: true });
    writeFileSync(this.#fileOf(one), content);
  }

  #besideOf({ path }: Session): string {
    return join(this.#home, path.replace('.jsonl', '/subagents/agent-a1.jsonl'));
  }

  #delegate(one: Session, lines: number, bytes: number): void {
    if (one.agent !== 'claude') return;
    one.beside.content = Buffer.concat([
      one.beside.content ?? Buffer.alloc(0),
      ...this.#lines(one, lines, bytes),
    ]);
    mkdirSync(dirname(this.#besideOf(one)), { recursive: true });
    writeFileSync(this.#besideOf(one), one.beside.content);
  }

  #compress(one: Session): void {
    if (one.agent !== 'codex' || one.isCompressed || one.content === null) return;
    rmSync(this.#fileOf(one));
    one.isCompressed = true;
    writeFileSync(this.#fileOf(one), Bun.zstdCompressSync(one.content));
  }

  #noise(bytes: number): string {
    this.#count += 1;
    return noiseOf(this.#count, bytes);
  }

  #lines(one: Session, count: number, bytes: number): Buffer[] {
    return Array.from({ length: count }, () => this.#line(one, 'prompt', bytes));
  }

  #line(one: Session, what: 'prompt' | 'session_meta', bytes: number): Buffer {
    return lineOf(one, what, new Date(this.#nowMs).toISOString(), this.#noise(bytes));
  }

  async #pin(one: Session, kind: 'pin' | 'unpin'): Promise<void> {
    if (!this.#facts.has(one.uid)) return;
    const { said } = await this.#command([kind, one.uid], null, null);
    if (said.code === 0) one.pinned = kind === 'pin';
    else this.broken.push(`${kind} ${one.uid} exits ${said.code}: ${said.err}`);
  }

  async #restore(one: Session, killAt: number | null): Promise<void> {
    const fact = this.#facts.get(one.uid);
    if (fact === undefined) return;
    const to = join(dirname(this.#home), `to-${this.#count}`);
    const { said, died } = await this.#command(
      ['restore', one.uid, '--to', to, '--version', 'present'],
      killAt,
      null,
    );
    const files = existsSync(to)
      ? readdirSync(to, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      : [];
    const [file] = files.filter(({ name }) => name.includes(one.id));
    const beside = files.find(({ name }) => name === 'agent-a1.jsonl');
    const besideBytes = beside === undefined ? null : readFileSync(join(beside.parentPath, beside.name));
    if (besideBytes !== null && fact.beside?.version.equals(besideBytes) !== true)
      this.broken.push(`restore ${one.uid} wrote other bytes of its subagent`);
    if (!died && said.code === 0 && besideBytes === null && fact.beside !== null)
      this.broken.push(`restore ${one.uid} exits 0 and left out its subagent`);
    const bytes = file === undefined ? null : readFileSync(join(file.parentPath, file.name));
    const plain = bytes !== null && file?.name.endsWith('.zst') === true ? unpacked(bytes) : bytes;
    if (plain !== null && fact.version?.equals(plain) !== true && file?.name.startsWith('.') !== true)
      this.broken.push(`restore ${one.uid} wrote other bytes`);
    if (!died && said.code === 0 && plain === null && fact.version !== null)
      this.broken.push(`restore ${one.uid} exits 0 and wrote nothing`);
    if (!died && fact.evictedAt !== null && said.code === 0)
      this.broken.push(`restore ${one.uid} exits 0 though it is evicted`);
    rmSync(to, { recursive: true, force: true });
  }

  async #ingest(args: readonly string[], killAt: number | null): Promise<void> {
    const evicted = new Set(
      [...this.#facts.values()].filter((fact) => fact.evictedAt !== null).map(({ uid }) => uid),
    );
    for (const one of this.#sessions) {
      for (const file of [one, one.beside]) if (file.content !== null) file.perhaps.push(file.content);
    }
    const { said, died } = await this.#command(args, killAt, null, (facts, isDead) => {
      for (const one of this.#sessions) this.#took(one, facts.get(one.uid), evicted.has(one.uid), isDead);
    });
    if (!died && said.code !== 0) this.broken.push(`ingest exits ${said.code}: ${said.err}`);
  }

  /** What the model takes for given after an ingest. */
  #took(one: Session, fact: Fact | undefined, wasEvicted: boolean, died: boolean): void {
    const { content } = one;
    const isLive = fact?.evictedAt === null;
    if (wasEvicted && isLive) {
      if (content !== null && one.gone !== null && isUnchanged(one, one.gone))
        this.broken.push(`${one.uid} came back though nothing changed`);
      // It comes back file by file: one that the run died before is not there yet.
      for (const file of [one, one.beside]) {
        file.lines.clear();
        file.taken = null;
      }
    }
    if (died || content === null) return;
    if (fact === undefined && content.length > 0) this.broken.push(`${one.uid} was not stored`);
    if (!isLive) return;
    for (const file of [one, one.beside]) taken(file);
  }

  async #sweep(action: Sweep): Promise<void> {
    const before = this.#facts;
    const usage = usageOf(before);
    const softBytes = Math.floor(usage * action.soft);
    const limits: Limits = {
      softBytes,
      hardBytes: Math.max(softBytes, Math.floor(usage * action.hard)),
      maxAgeDays: action.maxAgeDays,
    };
    const args = [
      ...[
        'sweep',
        '--yes',
        '--json',
        '--soft-cap',
        `${limits.softBytes}`,
        '--hard-cap',
        `${limits.hardBytes}`,
      ],
      ...['--max-age-days', `${limits.maxAgeDays}`],
      ...(action.analyze ? [] : ['--no-analyze']),
      ...(action.dataLoss ? [] : ['--no-data-loss']),
    ];
    const { said, died } = await this.#command(args, action.killAt, { dataLoss: action.dataLoss });
    for (const one of this.#sessions) {
      const fact = before.get(one.uid);
      if (fact?.version != null && this.#facts.get(one.uid)?.evictedAt !== null)
        one.gone = [fact.version, fact.beside?.version ?? null];
    }
    if (died) return;
    if (![0, 3, 4].includes(said.code)) {
      this.broken.push(`sweep exits ${said.code}: ${said.err}`);
      return;
    }
    this.broken.push(...this.#sweepLaws(action, limits, before, said.code, JSON.parse(said.out)));
  }

  #sweepLaws(
    action: Sweep,
    limits: Limits,
    before: ReadonlyMap<string, Fact>,
    code: number,
    report: Report,
  ): string[] {
    const broken: string[] = [];
    const law = (holds: boolean, text: string) => {
      this.checks += 1;
      if (!holds) broken.push(`sweep ${JSON.stringify({ ...action, ...limits })}: ${text}`);
    };
    const lost = report.overflow_data_loss;
    const expected = expectedVictims(before.values(), limits, this.#now());
    const isCalm = expected.usageBytes <= limits.hardBytes;
    law(
      same(report.backstop_evicted, expected.backstop),
      `backstop took ${report.backstop_evicted}, not ${expected.backstop}`,
    );
    if (isCalm || !action.analyze)
      law(
        same(report.budget_evicted, expected.budget),
        `budget took ${report.budget_evicted}, not ${expected.budget}`,
      );
    law(!isCalm || lost.length === 0, 'something was lost below the hard cap');
    law(report.final_usage_bytes === usageOf(this.#facts), 'the usage of its report is not what is stored');
    law(report.over_hard_cap === report.final_usage_bytes > limits.hardBytes, 'over_hard_cap is not so');
    law(code === (lost.length > 0 ? 3 : report.over_hard_cap ? 4 : 0), `it exits ${code}`);
    for (const uid of lost) {
      const text = this.#sessions.find((one) => one.uid === uid)?.taken?.toString('latin1') ?? '';
      law(!action.analyze || !saysSomething(text), `${uid} was lost and could have been analyzed`);
    }
    const last = before.get(lost.at(-1) ?? '');
    law(
      last === undefined || report.final_usage_bytes + last.storedBytes > limits.hardBytes,
      `${last?.uid} was lost though usage was under the hard cap`,
    );
    return broken;
  }

  /** Runs it, dying at the `killAt`th point that it passes; then the laws. */
  async #command(
    args: readonly string[],
    killAt: number | null,
    sweep: { readonly dataLoss: boolean } | null,
    learn: (facts: ReadonlyMap<string, Fact>, isDead: boolean) => void = () => undefined,
  ): Promise<{ said: Said; died: boolean }> {
    const death = new Death(killAt);
    armKillPoints(killAt === null ? null : (name) => death.pass(name));
    const said = await runIn(this.#home, ['--store', this.#store, ...args], {
      env: { SESSION_MEMORY_NOW: this.#now() },
    }).finally(() => armKillPoints(null));
    if (death.at !== null) this.deaths += 1;
    if (!existsSync(this.#store)) return { said, died: death.at !== null };
    const before = this.#facts;
    this.#facts = factsOf(this.#store);
    learn(this.#facts, death.at !== null);
    const what = `${args.join(' ')}${death.at === null ? '' : `, dead at ${death.at}`}`;
    const told = new Map(this.#sessions.map((one) => [one.uid, one]));
    this.broken.push(...brokenLaws(told, before, this.#facts, { what, sweep }));
    this.checks += this.#facts.size;
    if (death.at === null && /unexpected|invariant/.test(said.err)) this.broken.push(`${what}: ${said.err}`);
    return { said, died: death.at !== null };
  }

  #now(): string {
    return new Date(this.#nowMs).toISOString();
  }
}

/** Whether a whole record of it says anything: a header alone, beside what is torn, makes no digest. */
function saysSomething(text: string): boolean {
  return text.split('\n').some((line) => /^{.*}$/.test(line) && !line.includes('"type":"session_meta"'));
}
