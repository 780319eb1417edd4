/**
 * One history of places, forms and clocks, carried out on a real home, a real store and the real command line, in this process.
 * Promises: agents write under the right time, only the program's clock is ever wrong; after every step the laws are looked at in the
 * store itself.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { runIn, type Told as Said } from '../../test/support/runtime.ts';
import { Death, same, usageOf } from './simulator-death.ts';
import { expectedVictims } from './simulator-model.ts';
import { type Branch, bytesOf, Disk, type File, saidIn, type Turn } from './simulator-paths-disk.ts';
import { pathFactsOf } from './simulator-paths-facts.ts';
import type { ClockState, OfFile, PathAction } from './simulator-paths-history.ts';
import {
  everLaws,
  type Facts,
  hasLostTalk,
  type LastSeen,
  type Remembered,
  rememberedOf,
  timeLaws,
  tooOldLaws,
  wholeLaws,
} from './simulator-paths-model.ts';
import { type Lived, livedThrough } from './simulator-run.ts';

type Sweep = Extract<PathAction, { kind: 'sweep' }>;
type Change = Exclude<OfFile, { kind: 'again' | 'restore' }>;

const HOUR_MS = 3_600_000;
const YEARS_MS = 6 * 365 * 24 * HOUR_MS;
/** More than any of these stores holds. */
const HARD_CAP = '1GiB';

export async function livePaths(folder: string, history: readonly PathAction[]): Promise<Lived> {
  return livedThrough(new PathLife(folder), history);
}

class PathLife {
  readonly broken: string[] = [];
  deaths = 0;
  checks = 0;
  readonly #home: string;
  readonly #store: string;
  readonly #disk: Disk;
  #facts: Facts = new Map();
  #remembered: Remembered | null = null;
  /** By uid: what it said at each of its evictions. */
  readonly #gone = new Map<string, (readonly number[])[]>();
  /** The same of its earlier versions. */
  readonly #goneEarlier = new Map<string, (readonly number[])[]>();
  readonly #last = new Map<string, LastSeen>();
  readonly #ever = new Map<string, Set<number>>();
  /** By uid: when it was analyzed; null: under a clock that was wrong. */
  readonly #analyzed = new Map<string, string | null>();
  #clock: ClockState = 'right';
  #nowMs = Date.parse('2026-06-01T00:00:00.000Z');
  #count = 0;

  constructor(folder: string) {
    this.#home = join(folder, 'home');
    this.#store = join(folder, 'data', 's.db');
    this.#disk = new Disk(this.#home);
    mkdirSync(this.#home, { recursive: true });
  }

  async step(action: PathAction): Promise<void> {
    this.#nowMs += 60_000;
    switch (action.kind) {
      case 'begin':
        return this.#begin(this.#disk.newBranch(action.agent), action.turns);
      case 'clock':
        this.#clock = action.state;
        return;
      case 'wait':
        this.#nowMs += action.hours * HOUR_MS;
        return;
      case 'ingest':
        return this.#ingest(['ingest', ...action.flags], action.killAt);
      case 'sweep':
        return this.#sweep(action);
      case 'restore':
        return this.#restore(action.which);
      case 'again':
        return this.#again(action.which);
      default: {
        const { files } = this.#disk;
        const file = files[action.which % Math.max(1, files.length)];
        if (file !== undefined) this.#change(file, action);
      }
    }
  }

  /** Everything is taken in once more under the right clock, and nothing is wrong. */
  async end(): Promise<void> {
    this.#clock = 'right';
    await this.#ingest(['ingest'], null);
    const { said } = await this.#command(['verify'], null, false);
    // Not a note either: those are of what older versions did.
    if (said.code !== 0 || said.out.includes('note:')) this.broken.push(`verify: ${said.out}${said.err}`);
  }

  #begin(branch: Branch, count: number): void {
    const path = this.#disk.newPath(branch);
    const turns = [...this.#head(branch, path), ...this.#turns(branch, path, count)];
    this.#disk.add({ branch, path, turns, form: 'plain' });
  }

  #head(branch: Branch, path: string): Turn[] {
    return branch.agent === 'codex' ? [this.#disk.turn(branch, 'meta', this.#right(), cwdOf(path))] : [];
  }

  #turns(branch: Branch, path: string, count: number): Turn[] {
    return Array.from({ length: count }, () => {
      this.#nowMs += 1000;
      return this.#disk.turn(branch, 'turn', this.#right(), cwdOf(path));
    });
  }

  #change(file: File, action: Change): void {
    const { branch, path, turns } = file;
    const more = (count: number) => this.#turns(branch, path, count);
    // The line that says whose a rollout is stays, and one of a copy, whose name does not say it.
    const head = branch.agent === 'codex' || path.includes(' (') ? 1 : 0;
    switch (action.kind) {
      case 'twin':
        return this.#begin({ ...branch, from: null }, action.turns);
      case 'append':
        file.turns = [...turns, ...more(action.turns)];
        return this.#disk.write(file);
      case 'compact':
        return this.#rewrite(file, [
          ...turns.slice(0, action.from + head),
          ...turns.slice(action.to + head),
          ...more(1),
        ]);
      case 'rewind':
        return this.#rewrite(file, turns.slice(0, Math.max(head, turns.length - action.turns)));
      case 'stub': {
        const meta = () => this.#disk.turn(branch, 'meta', this.#right(), cwdOf(path));
        if (action.lines === 0 && path.includes(' (')) return;
        return this.#rewrite(file, action.lines === 0 ? [] : [meta(), ...more(action.lines - 1)]);
      }
      case 'copy':
        return this.#copy(file, action.to);
      case 'move':
        return this.#move(file);
      case 'swap': {
        const other = this.#disk.files.find((one) => one !== file && one.branch.id === branch.id);
        if (other !== undefined) this.#swap(file, other);
        return;
      }
      case 'form':
        if (file.since === 'exchanged' || (branch.agent === 'claude' && file.since === 'moved')) return;
        file.form = action.form;
        return this.#disk.write(file);
      case 'delete':
        // It is all that says what lay there before.
        if (file.since !== 'exchanged') this.#disk.remove(file);
        return;
      default:
        return action satisfies never;
    }
  }

  #rewrite(file: File, turns: readonly Turn[]): void {
    if (file.since === 'moved' || file.since === 'exchanged') return;
    file.since = 'rewritten';
    file.turns = turns;
    this.#disk.write(file);
  }

  /** From here on both go their own ways. */
  #copy(file: File, to: 'conflict' | 'folder'): void {
    const { branch, turns, form } = file;
    // A copy's name does not say whose it is: a record has to.
    const tellsId = branch.agent === 'claude' ? turns.length > 0 : turns[0]?.kind === 'meta';
    if (!tellsId) return;
    const path = to === 'conflict' ? this.#disk.conflictPath(file) : this.#disk.newPath(branch);
    file.branch = { ...branch, from: branch };
    this.#disk.add({ branch: { ...branch, from: branch }, path, turns, form });
  }

  #move(file: File): void {
    const together =
      file.branch.agent === 'codex'
        ? [file]
        : this.#disk.files.filter((one) => dirname(one.path) === dirname(file.path));
    if (together.some(({ since }) => since === 'rewritten')) return;
    const to = dirname(this.#disk.newPath(file.branch));
    for (const one of together) {
      this.#disk.move(one, `${to}/${one.path.slice(dirname(one.path).length + 1)}`);
      if (one.since === 'nothing') one.since = 'moved';
    }
  }

  #swap(one: File, other: File): void {
    const both = [one, other];
    // Of Claude Code's evicted sessions only the bytes are known, so written otherwise nothing says what they are.
    if (one.branch.agent === 'claude' && both.some(({ form }) => form !== 'plain')) return;
    if (both.some(({ since }) => since === 'rewritten')) return;
    // An empty file, or one that was empty, says nothing of whose it is.
    if (both.some(({ turns, seen }) => turns.length === 0 || seen?.length === 0)) return;
    // Of what no ingest has seen only the other's bytes say that it is not what lay there before.
    const isNew = both.some(({ since }) => since === 'new' || since === 'exchanged');
    if (isNew && both.some(({ form }) => form !== 'plain')) return;
    this.#disk.swap(one, other);
    for (const file of both) file.since = isNew ? 'exchanged' : 'moved';
  }

  async #ingest(args: readonly string[], killAt: number | null): Promise<void> {
    const before = this.#facts;
    const remembered = this.#remembered;
    const { said, died } = await this.#command(args, killAt, false);
    const { files } = this.#disk;
    if (died) {
      this.#remembered = null;
      return;
    }
    if (said.code !== 0) this.broken.push(`${args.join(' ')} exits ${said.code}: ${said.err}`);
    const told = `${said.out}${said.err}`;
    const laws = wholeLaws(files, before, this.#facts, {
      turns: this.#disk.turns,
      ever: this.#ever,
      remembered,
      gone: this.#gone,
      goneEarlier: this.#goneEarlier,
      last: this.#last,
      told,
    });
    if (this.#clock === 'right') {
      for (const [uid, at] of this.#analyzed) if (at === null) this.#analyzed.set(uid, this.#now());
      const analyzed = this.#analyzed as ReadonlyMap<string, string>;
      laws.push(...timeLaws(this.#disk.turns, this.#facts, analyzed, this.#now()));
      if (!args.includes('--no-analyze')) laws.push(...this.#unanalyzed());
    }
    this.broken.push(...laws.map((law) => `${args.join(' ')}: ${law}`));
    this.checks += files.length;
    for (const file of files) {
      file.since = 'nothing';
      file.seen = file.turns.map(({ number }) => number);
    }
    this.#remembered = rememberedOf(files, this.#facts);
  }

  #unanalyzed(): string[] {
    return [...this.#facts.values()]
      .filter(
        ({ evictedAt, analyzedAt, log }) => evictedAt === null && analyzedAt === null && this.#hasTurns(log),
      )
      .map(({ uid }) => `${uid} was not analyzed`);
  }

  #hasTurns(bytes: Uint8Array): boolean {
    return saidIn(bytes).some((number) => this.#disk.turns.get(number)?.kind === 'turn');
  }

  /** A person takes an evicted session back: it comes whole where a file still says what it said. */
  async #again(which: number): Promise<void> {
    const evicted = [...this.#facts.values()].filter(({ evictedAt }) => evictedAt !== null);
    const one = evicted[which % Math.max(1, evicted.length)];
    if (one === undefined) return;
    const was = this.#last.get(one.uid)?.bytes ?? Buffer.alloc(0);
    const isSaid = ({ branch, turns }: File) =>
      branch.agent === 'codex' && `${turns.map(({ number }) => number)}` === `${saidIn(was)}`;
    const isThere = this.#disk.files.find(
      (file) => file.branch.id === one.nativeId && (bytesOf(file).equals(was) || isSaid(file)),
    );
    // Elsewhere its exit code says that there is nothing to take.
    if (isThere === undefined || was.length === 0) return;
    // The id is enough where the store knows the place.
    const what = isThere.since === 'nothing' ? one.uid : this.#disk.pathOf(isThere);
    await this.#command(['ingest', '--again', what], null, false);
    this.#remembered = null;
    const fact = this.#facts.get(one.uid);
    if (fact?.evictedAt !== null)
      this.broken.push(`${one.uid} was not taken back, and a file still says all of it`);
  }

  async #sweep(action: Sweep): Promise<void> {
    const before = this.#facts;
    const isTold = ![...this.#analyzed.values()].includes(null);
    const softBytes = Math.floor(usageOf(before) * action.soft);
    const { maxAgeDays } = action;
    const limits = { softBytes, hardBytes: Number.POSITIVE_INFINITY, maxAgeDays };
    const flags = ['--soft-cap', `${softBytes}`, '--hard-cap', HARD_CAP, '--max-age-days', `${maxAgeDays}`];
    const { said, died } = await this.#command(
      ['sweep', '--yes', '--no-data-loss', '--json', ...flags],
      action.killAt,
      true,
    );
    for (const [uid, fact] of before)
      if (fact.version !== null && this.#facts.get(uid)?.evictedAt !== null) {
        // Of a version that was cut short and not analyzed since, only the hash of the bytes is kept.
        this.#last.set(uid, { bytes: fact.version, isCut: !fact.version.equals(fact.log) });
        this.#gone.set(uid, [...(this.#gone.get(uid) ?? []), saidIn(fact.version)]);
        const earlier = fact.earlier.map(saidIn);
        this.#goneEarlier.set(uid, [...(this.#goneEarlier.get(uid) ?? []), ...earlier]);
      }
    if (died || this.#clock !== 'right') return;
    if (said.code !== 0) {
      this.broken.push(`sweep exits ${said.code}: ${said.err}`);
      return;
    }
    const { backstop_evicted: backstop, budget_evicted: budget } = JSON.parse(said.out);
    const expected = expectedVictims(before.values(), limits, this.#now());
    const laws =
      maxAgeDays === 'off' ? [] : tooOldLaws(this.#disk.turns, before, backstop, maxAgeDays, this.#now());
    if (isTold && !same(backstop, expected.backstop))
      laws.push(`backstop took ${backstop}, not ${expected.backstop}`);
    if (isTold && !same(budget, expected.budget)) laws.push(`budget took ${budget}, not ${expected.budget}`);
    this.broken.push(...laws.map((law) => `sweep ${JSON.stringify(limits)}: ${law}`));
  }

  /** What comes out is never less than what the store has, unless the person chooses it. */
  async #restore(which: number): Promise<void> {
    const live = [...this.#facts.values()].filter(({ evictedAt }) => evictedAt === null);
    const one = live[which % Math.max(1, live.length)];
    if (one === undefined) return;
    const to = join(dirname(this.#home), `to-${this.#count++}`);
    const { said } = await this.#command(['restore', one.uid, '--to', to], null, false);
    const files = existsSync(to) ? readdirSync(to, { recursive: true, withFileTypes: true }) : [];
    const file = files.find((entry) => entry.isFile());
    const bytes = file === undefined ? null : readFileSync(join(file.parentPath, file.name));
    const isWhole = bytes !== null && one.version?.equals(bytes) === true;
    const isFuller = bytes !== null && one.earlier.some((old) => old.equals(bytes));
    const mayChoose = hasLostTalk(one);
    if (mayChoose && (said.code === 0 ? !isFuller : bytes !== null))
      this.broken.push(`restore ${one.uid} exits ${said.code} and gives less than the store has`);
    if (!mayChoose && said.code === 0 && !isWhole && !isFuller)
      this.broken.push(`restore ${one.uid} exits 0 and gives other bytes`);
    rmSync(to, { recursive: true, force: true });
  }

  /** Runs it, dying at the `killAt`th point that it passes; then the laws. */
  async #command(
    args: readonly string[],
    killAt: number | null,
    isSweep: boolean,
  ): Promise<{ said: Said; died: boolean }> {
    const death = new Death(killAt);
    armKillPoints(killAt === null ? null : (name) => death.pass(name));
    const said = await runIn(this.#home, ['--store', this.#store, ...args], {
      env: { SESSION_MEMORY_NOW: this.#now() },
    }).finally(() => armKillPoints(null));
    const died = death.at !== null;
    if (died) this.deaths += 1;
    if (!existsSync(this.#store)) return { said, died };
    const before = this.#facts;
    this.#facts = pathFactsOf(this.#store);
    this.#noteAnalyzed(before);
    for (const [uid, { log }] of this.#facts)
      this.#ever.set(uid, new Set([...(this.#ever.get(uid) ?? []), ...saidIn(log)]));
    const what = `${args.join(' ')}${died ? `, dead at ${death.at}` : ''}`;
    const laws = everLaws(this.#disk.turns, before, this.#facts, this.#ever, isSweep);
    this.broken.push(...laws.map((law) => `${what}: ${law}`));
    this.checks += this.#facts.size;
    if (!died && /unexpected|invariant|out of order/.test(said.err)) this.broken.push(`${what}: ${said.err}`);
    return { said, died };
  }

  #noteAnalyzed(before: Facts): void {
    for (const [uid, { analyzedAt, evictedAt, generation }] of this.#facts) {
      const was = before.get(uid);
      const isNew = was?.analyzedAt == null || was.generation !== generation || was.evictedAt !== null;
      // Put right by a run that was killed later on.
      const isRight = this.#analyzed.get(uid) === null && was?.analyzedAt !== analyzedAt;
      if (analyzedAt === null || evictedAt !== null) this.#analyzed.delete(uid);
      else if (isNew || (isRight && this.#clock === 'right'))
        this.#analyzed.set(uid, this.#clock === 'right' ? this.#now() : null);
    }
  }

  #right(): string {
    return new Date(this.#nowMs).toISOString();
  }

  #now(): string {
    switch (this.#clock) {
      case 'right':
        return this.#right();
      case 'far behind':
        return new Date(this.#nowMs - YEARS_MS).toISOString();
      case 'far ahead':
        return new Date(this.#nowMs + YEARS_MS).toISOString();
      case 'never set':
        return new Date(this.#nowMs - Date.parse('2026-06-01T00:00:00.000Z')).toISOString();
      default:
        return this.#clock satisfies never;
    }
  }
}

/** The project of whatever lies in a folder. */
const cwdOf = (path: string) => `/p/${dirname(path).split('/').at(-1)}`;
