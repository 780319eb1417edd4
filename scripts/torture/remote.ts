/**
 * Several machines and one bucket through whatever may happen: runs that are killed at any point, services that fail, answers that are
 * lost, sweeps under caps of nothing, agents that delete their transcripts, a bucket that loses what it had just taken, a store that is
 * set back to an older day, forgotten sessions that are imported again, files that their agent writes anew.
 * Promises: what was promised is held against what is there afterwards; all of it follows from the seed.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { exportStream } from '../../src/archive/export.ts';
import { importStream } from '../../src/archive/import.ts';
import { sweepStore } from '../../src/cli/wire.ts';
import { FailureError } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { analyzeSession, salvageSession } from '../../src/ingest/analyze.ts';
import { rememberSessions } from '../../src/ingest/remember.ts';
import { forgetSession, forgottenUids } from '../../src/store/forget.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { isInBucket } from '../../src/store/remote/receipts.ts';
import { removedChunks } from '../../src/store/segments.ts';
import { YES_TO_ALL } from '../../src/sweep/ports.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { claudePath, promptLine } from '../../test/support/bench-world.ts';
import { type Fault, ModelBucket } from '../../test/support/model-bucket.ts';
import { RemoteWorld } from '../../test/support/remote-world.ts';
import type { Part } from './part.ts';
import { type Random, randomOf } from './random.ts';

const id = (n: number) => `a00000${String(n).padStart(2, '0')}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;

/** Names in a page of a list: lists have to be read to their end. */
const PAGE = 3;
const STEPS = 30;
/** Of a session that was forgotten and comes again. */
const FORGOTTEN_LINES = 9;
const SESSIONS_MAX = 8;
/** Every other one cannot be analyzed. */
const isReadable = (n: number) => n % 2 === 0;

class Killed extends Error {}

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 503, code: 'SlowDown' },
  { kind: 'status', status: 500, code: 'InternalError' },
  { kind: 'reset' },
  { kind: 'lost' },
  { kind: 'half' },
];

interface Written {
  readonly owner: RemoteWorld;
  lines: number;
  /** Its agent has deleted its file. */
  isGone: boolean;
  /** How often its agent has written it anew, and what it had said before, as far as that was in the bucket. */
  life: number;
  readonly before: string[];
  /** Its machine goes on under another id since, and both ids have a state of it: which of them is the later one only that machine knows. */
  isOfTwo: boolean;
  /** That machine was set back once more since, and knows it no more than others. */
  isOfNobody: boolean;
}

export interface RemoteHistory {
  harm: number;
  checks: number;
  readonly failures: string[];
}

/** What came of all of them is added up in `kinds`: a history that does nothing of a kind proves nothing of it. */
export async function remoteHistory(seed: number, kinds = new Map<string, number>()): Promise<RemoteHistory> {
  using history = new History(seed, kinds);
  return await history.run();
}

class History implements Disposable {
  readonly #seed: number;
  readonly #random: Random;
  readonly #kinds: Map<string, number>;
  readonly #outcome: RemoteHistory = { harm: 0, checks: 0, failures: [] };
  readonly #machines: RemoteWorld[] = [];
  readonly #images = new Map<RemoteWorld, string>();
  readonly #written = new Map<number, Written>();
  readonly #archives = new Map<number, Uint8Array[]>();
  /** Names of what somebody has relied on: a service that loses those has lost what it had kept for long. */
  readonly #reliedOn = new Set<string>();
  /** Machines that have not looked since the service lost something: what they take for safe may be had from nowhere but their own store. */
  readonly #doubted = new Set<RemoteWorld>();
  #model: ModelBucket | null = null;
  #hasLostWrites = false;
  #wasSetBack = false;

  constructor(seed: number, kinds: Map<string, number>) {
    this.#seed = seed;
    this.#random = randomOf(seed);
    this.#kinds = kinds;
  }

  async run(): Promise<RemoteHistory> {
    const model = await ModelBucket.started('model', PAGE);
    this.#model = model;
    for (const name of ['one', 'two', 'three']) this.#machines.push(new RemoteWorld(model, name));
    for (let step = 0; step < STEPS; step += 1) await this.#step();
    for (let round = 0; round < 4; round += 1)
      for (const machine of this.#machines) {
        await machine.ingest();
        const { read, uploaded } = await machine.sync();
        if (round === 3)
          this.#law([...read.problems, ...uploaded.problems].length === 0, 'in the end nothing is amiss');
      }
    await this.#laws();
    return this.#outcome;
  }

  [Symbol.dispose](): void {
    for (const machine of this.#machines) machine[Symbol.dispose]();
    this.#model?.[Symbol.dispose]();
  }

  #law(holds: boolean, name: string): void {
    this.#outcome.checks += 1;
    if (!holds) this.#outcome.failures.push(`${name} (seed ${this.#seed})`);
  }

  #did(kind: string): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  async #step(): Promise<void> {
    const machine = this.#random.pick(this.#machines);
    const act = this.#random.below(16);
    if (act < 3) return await this.#write(machine);
    if (act < 5) return await this.#grow();
    if (act < 9) return await this.#roughly(machine, () => this.#meet(machine));
    if (act < 12) return await this.#roughly(machine, () => this.#sweep(machine));
    if (act === 12) return this.#deleteByAgent();
    if (act === 13) return await this.#forget(machine);
    if (act === 14) {
      this.#loseWrites();
      return await this.#importForgotten(machine);
    }
    const image = this.#images.get(machine);
    if (image === undefined) this.#images.set(machine, machine.image());
    else {
      this.#did('set back');
      machine.setBack(image);
      this.#wasSetBack = true;
      // What an older day took for safe may be lost since.
      if (this.#hasLostWrites) this.#doubted.add(machine);
      for (const one of this.#written.values()) {
        if (one.owner !== machine) continue;
        one.isOfNobody ||= one.isOfTwo;
        one.isOfTwo = true;
      }
      await machine.ingest();
    }
  }

  #textOf(n: number, lines: number): string {
    const life = this.#written.get(n)?.life ?? 0;
    const line = (i: number) => {
      const said = `session ${n} life ${life} step ${i}.`;
      return isReadable(n) ? promptLine(id(n), said) : `\u0001 ${said}\n`;
    };
    return Array.from({ length: lines }, (_, i) => line(i)).join('');
  }

  async #write(owner: RemoteWorld): Promise<void> {
    const n = this.#written.size;
    if (n >= SESSIONS_MAX) return;
    this.#written.set(n, {
      owner,
      lines: 1,
      isGone: false,
      life: 0,
      before: [],
      isOfTwo: false,
      isOfNobody: false,
    });
    owner.put(claudePath(id(n)), this.#textOf(n, 1));
    await owner.ingest();
  }

  async #grow(): Promise<void> {
    const n = this.#random.below(Math.max(1, this.#written.size));
    const one = this.#written.get(n);
    if (one === undefined || one.isGone || this.#isForgotten(n)) return;
    if (this.#random.below(3) === 0) this.#writeAnew(n, one);
    else one.lines += 1 + this.#random.below(3);
    one.owner.put(claudePath(id(n)), this.#textOf(n, one.lines));
    await one.owner.ingest();
  }

  /** Once it is in the bucket, live or evicted: what nobody has is nobody's promise. */
  #writeAnew(n: number, one: Written): void {
    const row = findSession(one.owner.db, uid(n));
    if (row === null || one.owner.model.names('heads/').length === 0) return;
    if (row.evictedAt === null && !this.#isSafe(n, one.owner)) return;
    this.#relyOnAll();
    one.before.push(this.#textOf(n, one.lines));
    one.life += 1;
    one.lines = 1 + this.#random.below(3);
    this.#did(row.evictedAt === null ? 'written anew' : 'came back as another');
  }

  /** Something that may be killed, or meet a service that fails; what it leaves is what a process leaves. */
  async #roughly(machine: RemoteWorld, act: () => Promise<void>): Promise<void> {
    const { below } = this.#random;
    let left = below(2) === 0 ? below(60) : -1;
    machine.model.fault = () => {
      if (below(4) > 0) return null;
      this.#outcome.harm += 1;
      return this.#random.pick(FAULTS);
    };
    armKillPoints(() => {
      left -= 1;
      if (left === 0) throw new Killed();
    });
    try {
      await act();
    } catch (thrown) {
      // What was left half done by another machine may be missing for a while: then nothing is collected.
      const isFailure =
        thrown instanceof FailureError && ['unreachable', 'failed'].includes(thrown.failure.code);
      if (!(thrown instanceof Killed) && !isFailure) throw thrown;
      this.#outcome.harm += 1;
    } finally {
      armKillPoints(null);
      machine.model.fault = () => null;
    }
  }

  #relyOnAll(): void {
    for (const name of this.#model?.names() ?? []) this.#reliedOn.add(name);
  }

  async #meet(machine: RemoteWorld): Promise<void> {
    // Another machine may have read it.
    this.#relyOnAll();
    if (this.#random.below(4) > 0) return void (await machine.sync());
    machine.later(this.#random.below(10));
    try {
      await machine.collect();
    } finally {
      // What was forgotten goes once what lay beside it is elsewhere.
      this.#relyOnAll();
    }
  }

  /** As `maintain` does it: what is there is looked at first, then all goes that may. */
  async #sweep(machine: RemoteWorld): Promise<void> {
    this.#relyOnAll();
    await machine.sync();
    await machine.lookedAfter();
    this.#doubted.delete(machine);
    this.#relyOnAll();
    const cap = this.#random.below(3) * 50;
    const { db, clock, host } = machine;
    const analyze = { db, clock, external: null, host };
    const report = await sweep(
      {
        store: sweepStore(db),
        analyzer: {
          analyze: (one, signal) => analyzeSession(analyze, one, signal),
          salvage: (one) => salvageSession(analyze, one),
          remember: (uids, signal) => rememberSessions({ db, host }, uids, signal),
        },
        clock,
        bytes: String,
        hash: (text) => String(Bun.hash(text)),
        newSweepId: () => crypto.randomUUID(),
        progress: () => undefined,
        signal: new AbortController().signal,
      },
      {
        limits: { rawSoftCapBytes: 0, rawHardCapBytes: cap, rawMaxAgeDays: 45, distilledCapBytes: 1e9 },
        flags: { analyze: true, dataLoss: true },
        reclaim: false,
        planId: null,
      },
      YES_TO_ALL,
    );
    this.#law(!report.lost_data, 'a sweep of a store with a bucket loses nothing');
    for (const _ of report.bucket_evicted) this.#did('left to the bucket');
    for (const _ of report.budget_evicted) this.#did('evicted');
  }

  /** Only what is safe elsewhere: a session that nobody has is nobody's promise. */
  #deleteByAgent(): void {
    for (const [n, one] of this.#written) {
      const isThere = one.owner.model.names('heads/').length > 0 && this.#isSafe(n, one.owner);
      if (one.isGone || this.#isForgotten(n) || !isThere) continue;
      one.isGone = true;
      this.#relyOnAll();
      rmSync(join(one.owner.home, claudePath(id(n))), { force: true });
      this.#did('deleted by its agent');
      return;
    }
  }

  #isSafe(n: number, owner: RemoteWorld): boolean {
    return isInBucket(owner.db, uid(n)) && !this.#doubted.has(owner);
  }

  async #forget(machine: RemoteWorld): Promise<void> {
    const n = this.#random.below(Math.max(1, this.#written.size));
    if (findSession(machine.db, uid(n)) === null || this.#random.below(2) > 0) return;
    await this.#keepArchive(machine, n);
    if (forgetSession(machine.db, uid(n), machine.now)) this.#did('forgotten');
  }

  /** What somebody has exported before. */
  async #keepArchive({ db, now }: RemoteWorld, n: number): Promise<void> {
    const signal = new AbortController().signal;
    const options = { uids: [uid(n)], forgotten: [], now, signal, progress: () => undefined };
    const report = {
      sessions: 0,
      live: 0,
      forgotten: 0,
      raw_bytes: 0,
      failed: [],
      left_out: [],
      interrupted: false,
    };
    this.#archives.set(n, await Array.fromAsync(exportStream(db, options, report)));
  }

  /** A file of it lies there again: a store that is set back to a day before it was forgotten takes that for what it is. */
  #putForgotten(n: number, machine: RemoteWorld): void {
    const text = this.#textOf(n, FORGOTTEN_LINES);
    machine.put(claudePath(id(n)), text);
    const one = this.#written.get(n);
    if (one === undefined) return;
    if (one.owner === machine) one.lines = FORGOTTEN_LINES;
    else {
      one.before.push(text);
      one.isOfTwo = true;
    }
  }

  async #importForgotten(machine: RemoteWorld): Promise<void> {
    for (const [n, chunks] of this.#archives) {
      if (!forgottenUids(machine.db).has(uid(n))) continue;
      const stream = async function* () {
        yield* chunks;
      };
      await importStream(
        {
          read: machine.db,
          write: machine.db,
          trusted: true,
          origin: 'an archive',
          hardCapBytes: Number.MAX_SAFE_INTEGER,
          formatOf: () => null,
          now: () => machine.now,
          signal: new AbortController().signal,
          progress: () => undefined,
          analyze: async () => false,
        },
        stream(),
      );
      this.#putForgotten(n, machine);
      await machine.ingest();
      this.#did('imported again');
      return;
    }
  }

  /** A service that had said that all is written, and loses the last of it: as after a power cut, the newest first. */
  #loseWrites(): void {
    const model = this.#model;
    if (model === null) return;
    const names = [...model.objects.keys()].filter((name) => /^(?:log|packs)\//.test(name));
    const cut = names.slice(-1 - this.#random.below(4));
    if (cut.some((name) => this.#reliedOn.has(name))) return;
    for (const name of cut) model.objects.delete(name);
    const machines = new Set(cut.filter((name) => name.startsWith('log/')).map((name) => name.split('/')[1]));
    for (const machine of machines) model.objects.delete(`heads/${machine}`);
    if (cut.length === 0) return;
    this.#hasLostWrites = true;
    for (const machine of this.#machines) this.#doubted.add(machine);
    this.#outcome.harm += 1;
    this.#did('lost by the service');
  }

  /** A store that was set back before it had told of it knows nothing of what was forgotten there. */
  #isForgotten(n: number): boolean {
    return this.#machines.some(({ db }) => forgottenUids(db).has(uid(n)));
  }

  async #laws(): Promise<void> {
    for (const machine of this.#machines) {
      const rows = new Map(listSessions(machine.db, {}).map((row) => [row.uid as string, row]));
      for (const [n, one] of this.#written) {
        const about = `${n} on ${machine.name}`;
        if (this.#isForgotten(n)) {
          this.#law(forgottenUids(machine.db).has(uid(n)), `${about} is forgotten`);
          this.#law((await machine.fetch(uid(n))) === 'not in the bucket', `${about} is not to be had`);
          continue;
        }
        // Another machine is told of it once there is a digest.
        if (!isReadable(n) && machine !== one.owner) continue;
        // Of what its own machine knows no more since it was set back, only where it lies is told.
        if (isReadable(n)) this.#law(rows.has(uid(n)), `${about} is known`);
        const text = await machine.fetch(uid(n));
        const lives = [this.#textOf(n, one.lines), ...one.before];
        const isAny = one.isOfNobody || (one.isOfTwo && machine !== one.owner);
        const isKnown = isAny ? lives.includes(text) : text === lives[0];
        this.#law(isKnown, `${about} comes back byte for byte: ${text.slice(0, 200)}`);
        const removed = one.before.length === 0 ? '' : await machine.fetch(uid(n), removedChunks);
        const missing = lives
          .flatMap((life) => life.split('\n'))
          .filter((line) => !removed.includes(line) && !text.includes(line));
        this.#law(
          missing.length === 0,
          `${about} is still had as it was before: ${missing[0]?.slice(0, 200)}`,
        );
      }
      const pages = Math.max(1, Math.ceil(machine.model.names('heads/').length / PAGE));
      this.#law((await machine.sync()).requests === pages, `nothing is new for ${machine.name}`);
    }
    const [first] = this.#machines;
    if (first === undefined) return;
    // A number that the service has lost is named and stood for; that of a store which was set back since is missing for good. Where that store
    // was set back to before its first commit, its new one takes the place: it is named as not the one that the next goes on from.
    const { findings } = await first.verified();
    const own = new Set(this.#machines.map((machine) => machine.id));
    const isOfLostWrites = (object: string, problem: string) =>
      (problem.includes('missing') && !own.has(object.split('/')[1] ?? '')) ||
      (problem.startsWith('another commit stands in its place') && this.#wasSetBack);
    const amiss = findings.filter(
      ({ object, problem }) => !(this.#hasLostWrites && isOfLostWrites(object, problem)),
    );
    this.#law(amiss.length === 0, `the bucket is whole: ${JSON.stringify(amiss.slice(0, 3))}`);
    for (const [name, { body }] of first.model.objects)
      this.#law(!body.includes('step'), `no word of a transcript is in ${name}`);
  }
}

export const remotePart: Part = {
  name: 'remote',
  about:
    'Three machines and one bucket: kills, failing services, lost writes, tight caps, old images, forgotten ids; every byte comes back.',
  unavailable: async () => null,
  round: async ({ seed }) => await remoteHistory(seed),
};
