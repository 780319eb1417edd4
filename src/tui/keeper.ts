/**
 * Keeps the store up with what agents write while the dashboard is open: stores at once, digests after two quiet minutes.
 * Promises: one thing at a time; nothing while a sweep is on; a busy agent costs at most a twentieth of a core.
 */
import { toldOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { msBetween } from '../domain/time.ts';
import { isStoreDamage } from '../store/connection.ts';
import type { Services, Watch } from './ports.ts';
import type { Event } from './state.ts';

/** A session that was written to in this time is still being written. */
export const QUIET_MS = 120_000;
/** After a change, so that one line's several writes are one look. */
const SETTLE_MS = 400;
/** A look after a look waits twenty times as long as that took. */
const REST_FACTOR = 20;
/** What the system's watch may have missed is found by looking. */
const SCAN_MS = 60_000;
const SCAN_IN_TROUBLE_MS = 10_000;
const TICK_MS = 5_000;
/** More than any run leaves behind but the first import, which digests at once. */
const WAITING_MAX = 10_000;

export type KeeperServices = Pick<Services, 'background' | 'clock' | 'watch'> & {
  readonly store: Pick<Services['store'], 'untried'>;
};

export class Keeper {
  readonly #services: KeeperServices;
  readonly #dispatch: (event: Event) => void;
  /** When each session that waits for its digest was last seen to grow, monotonic milliseconds. */
  readonly #grownAtMs = new Map<SessionUid, number>();
  #watch: Watch | null = null;
  #tick: ReturnType<typeof setInterval> | null = null;
  #next: ReturnType<typeof setTimeout> | null = null;
  #nextAtMs = Number.POSITIVE_INFINITY;
  #busy: Promise<void> | null = null;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #lastTookMs = 0;
  #inTrouble = false;
  #paused = false;
  /** The person has stopped what ran. */
  #held = false;

  constructor(services: KeeperServices, dispatch: (event: Event) => void) {
    this.#services = services;
    this.#dispatch = dispatch;
  }

  /** True once it follows the agents' folders. */
  get isOn(): boolean {
    return this.#watch !== null;
  }

  start(): void {
    if (this.isOn) return;
    this.#watch = this.#services.watch(
      () => this.#soon(SETTLE_MS),
      (message) => {
        this.#inTrouble = true;
        this.#dispatch({ kind: 'watching', watching: 'trouble' });
        this.#dispatch({ kind: 'trouble', message, from: 'watch' });
      },
    );
    this.#tellWatching();
    // A store that cannot be read is told of by whoever shows it.
    void this.#noteWaiting().catch(() => undefined);
    this.#tick = setInterval(() => this.#onTick(), TICK_MS);
    this.#soon(SETTLE_MS);
  }

  #failed(thrown: unknown): void {
    if (isStoreDamage(thrown)) this.#dispatch({ kind: 'damaged' });
    this.#dispatch({ kind: 'trouble', message: toldOf(thrown) });
  }

  /** Ingests because the user asks: digests are made at once. */
  async ingestNow(): Promise<void> {
    this.#held = false;
    if (this.isOn) this.#tellWatching();
    await this.#busy;
    await this.#run(() => this.#ingest(true));
    this.start();
  }

  /** Ends what runs at its next safe place because the person says so; nothing starts by itself then until they ask for it. */
  async stopWork(): Promise<void> {
    this.#held = true;
    this.#tellWatching();
    await this.#services.background.stop();
    await this.#busy;
  }

  #tellWatching(): void {
    const how = this.#held ? 'stopped' : this.#inTrouble ? 'trouble' : 'on';
    this.#dispatch({ kind: 'watching', watching: how });
  }

  /** Nothing runs when it resolves, and nothing starts until `resume`. */
  async pause(): Promise<void> {
    this.#paused = true;
    this.#dispatch({ kind: 'watching', watching: 'off' });
    await this.#services.background.stop();
    await this.#busy;
  }

  resume(): void {
    this.#paused = false;
    if (!this.isOn) return;
    this.#tellWatching();
    this.#soon(SETTLE_MS);
  }

  stop(): void {
    this.#paused = true;
    this.#watch?.close();
    if (this.#tick !== null) clearInterval(this.#tick);
    if (this.#next !== null) clearTimeout(this.#next);
  }

  #nowMs(): number {
    return this.#services.clock.monotonicMs();
  }

  /** What an earlier run stored and did not digest; from how long ago it was stored, how long it has been quiet. */
  async #noteWaiting(): Promise<void> {
    const { clock, store } = this.#services;
    const [now, nowMs] = [clock.now(), this.#nowMs()];
    for (const { uid, ingestedAt } of await store.untried(WAITING_MAX)) {
      const agoMs = ingestedAt === null ? QUIET_MS : Math.max(0, msBetween(ingestedAt, now));
      // What was seen to grow meanwhile is younger than what was stored.
      if (!this.#grownAtMs.has(uid)) this.#grownAtMs.set(uid, nowMs - agoMs);
    }
  }

  #soon(ms: number): void {
    // Read once: the clock runs on, and what it says next may lie beyond the time that was just set.
    const nowMs = this.#nowMs();
    const atMs = Math.max(nowMs + ms, this.#restedAtMs());
    if (this.#paused || this.#held || this.#nextAtMs <= atMs) return;
    if (this.#next !== null) clearTimeout(this.#next);
    this.#nextAtMs = atMs;
    this.#next = setTimeout(() => {
      this.#nextAtMs = Number.POSITIVE_INFINITY;
      // A look that has ended since this one was set has to be rested from.
      if (this.#nowMs() < this.#restedAtMs()) this.#soon(0);
      else void this.#run(() => this.#ingest(false), true);
    }, atMs - nowMs);
  }

  #restedAtMs(): number {
    return this.#lastEndMs + REST_FACTOR * this.#lastTookMs;
  }

  #onTick(): void {
    if (this.#paused || this.#held || this.#busy !== null) return;
    const everyMs = this.#inTrouble ? SCAN_IN_TROUBLE_MS : SCAN_MS;
    if (this.#nowMs() - this.#lastEndMs > everyMs) this.#soon(0);
    const quiet = quietSessions(this.#grownAtMs, this.#nowMs());
    if (quiet.length > 0) void this.#run(() => this.#analyze(quiet));
  }

  /** `isLook`: it came by itself, and is rested from. What the user asked for holds up nothing after it. */
  async #run(work: () => Promise<void>, isLook = false): Promise<void> {
    if (this.#paused || this.#held) return;
    if (this.#busy !== null) {
      this.#soon(SETTLE_MS);
      return;
    }
    const startMs = this.#nowMs();
    this.#busy = work().catch((thrown) => this.#failed(thrown));
    await this.#busy;
    this.#busy = null;
    this.#lastEndMs = this.#nowMs();
    this.#lastTookMs = isLook ? this.#lastEndMs - startMs : 0;
    this.#dispatch({ kind: 'activity', activity: { kind: 'idle' } });
  }

  async #ingest(asked: boolean): Promise<void> {
    const beganMs = this.#nowMs();
    const done = await this.#services.background.ingest(asked, (step) => {
      const activity = { kind: 'ingesting', ...step, elapsedMs: this.#nowMs() - beganMs } as const;
      // Unasked it is shown only where it takes a while: a dashboard that flickers at each line says nothing.
      if (asked || activity.totalBytes > 4 * 1024 ** 2) this.#dispatch({ kind: 'activity', activity });
    });
    for (const uid of done.changed) {
      if (asked) this.#grownAtMs.delete(uid);
      else this.#grownAtMs.set(uid, this.#nowMs());
    }
    this.#dispatch({ kind: 'trouble', message: done.trouble });
    const nothing = asked ? 'Looked everywhere: nothing new.' : null;
    const stopped = ['Stopped by you; i goes on.', ...(done.news === null ? [] : [done.news])].join(' ');
    this.#dispatch({ kind: 'ingested', news: this.#held ? stopped : (done.news ?? nothing) });
  }

  /** One after the other; those that a pause leaves over are made after it. */
  async #analyze(uids: readonly SessionUid[]): Promise<void> {
    const beganMs = this.#nowMs();
    for (const [done, uid] of uids.entries()) {
      if (this.#paused || this.#held) return;
      const elapsedMs = this.#nowMs() - beganMs;
      this.#dispatch({
        kind: 'activity',
        activity: { kind: 'analyzing', done, total: uids.length, elapsedMs },
      });
      try {
        await this.#services.background.analyze([uid]);
      } finally {
        if (!this.#paused && !this.#held) this.#grownAtMs.delete(uid);
      }
    }
  }
}

/** Those that have not grown for two minutes. */
export function quietSessions(grownAtMs: ReadonlyMap<SessionUid, number>, nowMs: number): SessionUid[] {
  return [...grownAtMs].filter(([, atMs]) => nowMs - atMs >= QUIET_MS).map(([uid]) => uid);
}
