/**
 * Runs what `step` asks for, and tells it what came of it. The one place of the screens with a clock and a store.
 * Promises: an effect that fails becomes a sentence on the screen; the sweep's answers come from the state alone.
 */

import { formatCount, plural } from '../cli/format.ts';
import { FailureError, messageOf, toldOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import { isStoreDamage } from '../store/connection.ts';

import { Asking } from './asking.ts';
import { Keeper } from './keeper.ts';
import { Lister } from './lister.ts';
import { LiveView } from './live.ts';
import { MarkedWork } from './marked-work.ts';
import { FRAME_MS, Pacing } from './pacing.ts';
import { Pins } from './pins.ts';
import type { ReadLine, Services, WorkWatcher } from './ports.ts';
import { questionOf } from './question.ts';
import { Reading } from './reading.ts';
import { Rested } from './rested.ts';
import { Searcher } from './searcher.ts';
import {
  DASHBOARD,
  type Effect,
  type Event,
  firstState,
  nearest,
  newWizard,
  type Size,
  type State,
} from './state.ts';
import { step } from './step.ts';
import { Sweeping } from './sweeping.ts';
import { noTerminal, type TerminalHooks } from './terminal-hooks.ts';
import { TypedAhead } from './typed-ahead.ts';

/** A digest is read only where the cursor rests. */
const PREVIEW_MS = 40;
const HINT_MS = 2_500;
/** Soon enough for who waits for it; a look at folders that are not there costs nothing. */
const LOOK_AGAIN_MS = 3_000;

export class Controller {
  readonly #services: Services;
  readonly #live: LiveView;
  readonly #keeper: Keeper;
  readonly #sweeping: Sweeping;
  readonly #work: MarkedWork;
  readonly #lister: Lister;
  readonly #searcher: Searcher;
  readonly #asking: Asking;
  readonly #reading: Reading;
  readonly #pins: Pins;
  readonly #ahead = new TypedAhead();
  readonly #listeners = new Set<() => void>();
  readonly #ended: () => void;
  #state: State;
  #shown: State;
  readonly #pacing: Pacing;
  readonly #rested = new Rested(PREVIEW_MS);
  #followTimer: ReturnType<typeof setTimeout> | null = null;
  #firstTimer: ReturnType<typeof setInterval> | null = null;
  #hintTimer: ReturnType<typeof setTimeout> | null = null;
  /** Set by who owns the terminal. */
  readonly terminal: TerminalHooks = noTerminal();
  #isAway = false;

  constructor(services: Services, start: 'dashboard' | 'sweep', size: Size, ended: () => void) {
    this.#services = services;
    this.#ended = ended;
    this.#lister = new Lister(
      services,
      (event) => this.dispatch(event),
      () => nearest(this.#state, 'sessions')?.sessions ?? null,
      (thrown) => this.#failed(thrown),
    );
    const screen =
      start === 'sweep' ? ({ kind: 'sweep', wizard: newWizard('command', 0) } as const) : DASHBOARD;
    this.#state = firstState(screen, size);
    this.#shown = this.#state;
    this.#pacing = new Pacing(services.clock, () => this.#show());
    this.#live = new LiveView({
      reads: services.store,
      clock: services.clock,
      onChange: (view) => this.dispatch({ kind: 'view', view }),
      onTrouble: (thrown) => this.#storeFailed(thrown),
    });
    this.#asking = new Asking(
      (isSlow) => this.dispatch({ kind: 'slow', isSlow }),
      (thrown) => this.#failed(thrown),
    );
    this.#pins = new Pins(services);
    this.#reading = new Reading({
      services,
      asking: this.#asking,
      dispatch: (event) => this.dispatch(event),
      state: () => this.#state,
      told: (thrown) => this.#told(thrown),
    });
    this.#searcher = new Searcher(
      services,
      (text, result) => this.#lister.searched(text, result),
      (thrown) => this.#failed(thrown),
    );
    this.#keeper = new Keeper(services, (event) => this.dispatch(event));
    this.#work = new MarkedWork(services.clock, (event) => this.dispatch(event));
    this.#sweeping = new Sweeping({
      services,
      dispatch: (event) => this.dispatch(event),
      pause: () => this.#keeper.pause(),
      resume: () => {
        this.#keeper.resume();
        this.#follow();
      },
      ended: (sweepId) => this.#swept(sweepId),
      failed: (thrown) => this.#sweepFailed(thrown),
    });
  }

  readonly snapshot = (): State => this.#shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** What a sweep failed with that was the program's whole task; null: none did. */
  failed: unknown = null;

  /** Whose agent is to go on with it when the screens are gone; null: none. */
  resumes: SessionUid | null = null;

  get sweeps(): readonly string[] {
    return this.#state.sweeps;
  }

  /** The store is being read when the first frame is made. */
  start(): void {
    this.#live.start();
    this.#async(async () => this.dispatch({ kind: 'schedule', schedule: await this.#services.schedule() }));
    if (this.#state.screen.kind === 'sweep') this.#perform({ kind: 'sweep' });
  }

  /** Nothing runs any more when it resolves. */
  async stop(): Promise<void> {
    this.#live.stop();
    this.#keeper.stop();
    this.#rested.stop();
    this.#asking.stop();
    this.#pacing.stop();
    for (const timer of [this.#followTimer, this.#hintTimer]) if (timer !== null) clearTimeout(timer);
    if (this.#firstTimer !== null) clearInterval(this.#firstTimer);
    this.#lister.stop();
    this.#searcher.forget();
    this.#work.stop();
    this.#sweeping.stop();
    await this.#sweeping.over;
    await this.#services.background.close();
  }

  dispatch(event: Event): void {
    if (this.#ahead.holds(this.#state, event, this.#lister.isBehind)) return;
    this.#took(event);
    if (event.kind !== 'shown' && event.kind !== 'rows') return;
    for (const key of this.#ahead.freed(this.#state, this.#lister.isBehind)) this.dispatch(key);
  }

  #took(event: Event): void {
    const [before, asked] = [this.#state, this.#asking.begun];
    const { state, effects } = step(before, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (this.#state.hint !== before.hint) this.#fade();
    if (event.kind === 'view') this.#onView(before);
    if (this.#state === before) return;
    const isPressed =
      event.kind === 'key' || event.kind === 'paste' || event.kind === 'mouse' || event.kind === 'resize';
    if (this.#asking.begun > asked) this.#pacing.hold();
    else this.#pacing.frame(isPressed || (this.#pacing.isHeld && !this.#asking.isWaiting));
  }

  /** What is said of a silent key is gone before it is in the way. */
  #fade(): void {
    if (this.#hintTimer !== null) clearTimeout(this.#hintTimer);
    this.#hintTimer =
      this.#state.hint === null ? null : setTimeout(() => this.dispatch({ kind: 'faded' }), HINT_MS);
  }

  #show(): void {
    this.#shown = this.#state;
    for (const listener of this.#listeners) listener();
  }

  #onView(before: State): void {
    const { screen } = this.#state;
    const isFirst = before.view === null && nearest(this.#state, 'sweep') === null;
    if (isFirst || (before.screen.kind === 'first_run' && screen.kind === 'dashboard')) this.#follow();
    this.#watchFirst();
    if (this.#state.view?.version !== before.view?.version) this.#lister.soon(before.view === null);
  }

  /** Before anything is stored, what agents write is seen, and stored only when the person says so. */
  #watchFirst(): void {
    const isFirst = nearest(this.#state, 'first_run') !== null;
    if (isFirst === (this.#firstTimer !== null)) return;
    if (this.#firstTimer !== null) clearInterval(this.#firstTimer);
    this.#firstTimer = isFirst ? setInterval(() => this.#lookAgain(), LOOK_AGAIN_MS) : null;
  }

  #lookAgain(): void {
    const { activity, screen } = this.#state;
    if (activity.kind === 'idle' && screen.kind === 'first_run') this.#perform({ kind: 'look' });
  }

  /** Once something is stored, what agents write is followed; after the first frame, which comes first. */
  #follow(): void {
    if (this.#state.view === null || nearest(this.#state, 'dashboard') === null) return;
    this.#followTimer ??= setTimeout(() => this.#keeper.start(), FRAME_MS);
  }

  #perform(effect: Effect): void {
    try {
      this.#does(effect);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** What did not work is told where the person is; a damaged store by all of the screens. */
  #failed(thrown: unknown): void {
    this.dispatch({ kind: 'said', message: this.#told(thrown) });
  }

  #told(thrown: unknown): string {
    if (!isStoreDamage(thrown)) return toldOf(thrown);
    this.dispatch({ kind: 'damaged' });
    return 'The store is damaged: run `session-memory verify`.';
  }

  #storeFailed(thrown: unknown): void {
    const message = thrown === null ? null : this.#told(thrown);
    this.dispatch({ kind: 'trouble', message, from: 'store' });
  }

  #does(effect: Effect): void {
    const services = this.#services;
    switch (effect.kind) {
      case 'quit':
        return this.#ended();
      case 'suspend':
        return this.#away(() => this.terminal.suspend());
      case 'repaint':
        return this.terminal.repaint();
      case 'mouse':
        return this.terminal.mouse(effect.on);
      case 'look':
        return this.#async(async () =>
          this.dispatch({ kind: 'found', found: await services.background.look() }),
        );
      case 'ingest':
        return this.#async(() => this.#keeper.ingestNow());
      case 'sweep':
        return this.#sweeping.start();
      case 'decide':
        return this.#async(async () => this.#sweeping.decide(await this.#pins.heeded(effect.decision)));
      case 'stop_sweep':
        return this.#sweeping.stop();
      case 'examine':
        return this.#examine(effect.uids);
      case 'preview':
        return this.#preview(effect.uid);
      case 'export':
        return this.#async(async () => {
          const message = await this.#work
            .run((waiting) => services.exportSessions(effect.uids, effect.file, waiting))
            .catch((thrown) => this.#told(thrown));
          this.dispatch({ kind: 'exported', message });
        });
      case 'stop_seeking':
        return this.#reading.stopSeeking();
      case 'stop_work':
        if (this.#work.isOn) return this.#work.stop();
        return this.#async(() => this.#keeper.stopWork());
      case 'pin':
        return this.#pin(effect.uid, effect.pinned);
      case 'catalogue':
        return this.#lister.open();
      case 'select':
        return this.#lister.select();
      case 'rows':
        return this.#asking.ask(services.store.rows(effect.ids), (rows) =>
          this.dispatch({ kind: 'rows', rows }),
        );
      case 'search':
        return this.#searcher.ask(effect.text);
      case 'peek':
        return this.#peek(effect.uid, effect.columns);
      case 'pin_marked':
        return this.#pinMarked(effect.ids, effect.pinned);
      case 'copy':
        return this.#withRows(effect.ids, (rows) => this.#copied(rows.map(({ uid }) => uid)));
      case 'ask':
        return this.#withRows(effect.ids, (rows) =>
          this.dispatch({
            kind: 'question',
            question: questionOf(effect.what, rows, services.exportFile()),
          }),
        );
      case 'evict':
        return this.#answered((waiting) => services.evictMarked(effect.uids, waiting));
      case 'restore_marked':
        return this.#answered((waiting) => services.restoreMarked(effect.uids, waiting));
      case 'export_marked':
        return this.#answered(async (waiting) => [
          await services.exportSessions(effect.uids, effect.file, waiting),
        ]);
      case 'digest':
      case 'try_digest':
      case 'transcript':
      case 'transcript_end':
      case 'seek':
      case 'raw':
      case 'raw_end':
      case 'read_on':
      case 'read_back':
      case 'plan_restore':
      case 'history':
      case 'limits':
      case 'report':
        return this.#reading.read(effect);
      case 'restore':
        return this.#async(async () => {
          const restored = await this.#work
            .run((waiting) => services.restore(effect.plan, waiting))
            .then(
              (message) => ({ message, isWhole: true }),
              (thrown) => ({ message: this.#told(thrown), isWhole: false }),
            );
          this.dispatch({ kind: 'restored', ...restored });
        });
      case 'resume':
        this.resumes = effect.uid;
        return this.#ended();
      case 'pin_other':
        return this.#asking.ask(services.pin([effect.uid], 'turned'), (pinned) => {
          this.#rowsAnew();
          const message = pinned ? 'Pinned: no sweep takes it.' : 'No longer pinned.';
          this.dispatch({ kind: 'said', message });
        });
      case 'copy_id':
        return this.#copied([effect.uid]);
      default:
        return effect satisfies never;
    }
  }

  /** A terminal that a shell has is not written to. */
  resized(): void {
    if (!this.#isAway) this.terminal.repaint();
  }

  /** Whoever asks the process to stop gets the terminal as a shell wants it. */
  suspended(): void {
    this.#away(() => this.terminal.suspend());
  }

  /** The process goes on, and nobody knows what the shell did to the terminal. Where we let it have it, that is seen to. */
  continued(): void {
    this.#away(() => this.terminal.regain());
  }

  #away(leave: () => Promise<void>): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#async(() =>
      leave().finally(() => {
        this.#isAway = false;
      }),
    );
  }

  #async(work: () => Promise<void>): void {
    void work().catch((thrown) => this.#failed(thrown));
  }

  #peek(uid: SessionUid, columns: number): void {
    const { store } = this.#services;
    this.#rested.when(() => {
      const both = Promise.all([store.digest(uid, columns), store.ownFiles([uid])]);
      this.#async(async () => {
        const [lines, own] = await both;
        this.dispatch({ kind: 'peeked', peek: { uid, lines, own: own.get(uid) ?? 'unknown' } });
      });
    });
  }

  #withRows(ids: readonly number[], then: (rows: readonly SessionRow[]) => void): void {
    this.#asking.ask(this.#services.store.rows(ids), (rows) => then(ids.flatMap((id) => rows.get(id) ?? [])));
  }

  #pinMarked(ids: readonly number[], pinned: boolean): void {
    this.#withRows(ids, (all) => {
      const rows = all.filter(({ state }) => state !== 'evicted');
      const uids = rows.map(({ uid }) => uid);
      this.#asking.ask(this.#services.pin(uids, pinned), () => {
        this.#rowsAnew();
        const left = ids.length - rows.length;
        const others = left === 0 ? '' : ` ${formatCount(left)} evicted: there is nothing of them to keep.`;
        const what = pinned ? 'pinned: no sweep takes them' : 'no longer pinned';
        this.dispatch({ kind: 'said', message: `${plural(rows.length, 'session')} ${what}.${others}` });
      });
    });
  }

  #rowsAnew(): void {
    const sessions = nearest(this.#state, 'sessions')?.sessions;
    if (sessions !== undefined && sessions.rows.size > 0)
      this.#perform({ kind: 'rows', ids: [...sessions.rows.keys()] });
  }

  #copied(uids: readonly SessionUid[]): void {
    this.terminal.copyText(uids.join('\n'));
    const what = uids.length === 1 ? (uids[0] ?? '') : plural(uids.length, 'id');
    this.dispatch({ kind: 'said', message: `Copied ${what}, if your terminal lets programs copy.` });
  }

  #answered(work: (waiting: WorkWatcher) => Promise<readonly string[]>): void {
    this.#async(async () => {
      const lines = await this.#work.run(work).catch((thrown) => [this.#told(thrown)]);
      this.dispatch({ kind: 'answered', lines });
      this.#rowsAnew();
    });
  }

  #swept(sweepId: string): void {
    const columns = this.#state.size.columns - 2;
    const told = this.#services.store
      .reportOf(sweepId, columns)
      .catch((thrown): readonly ReadLine[] => [{ text: this.#told(thrown), tone: 'warn' }]);
    this.#async(async () => {
      const lines = ((await told) ?? []).flatMap(({ text, isDetail }) => (isDetail === true ? [] : [text]));
      this.dispatch({ kind: 'swept', sweepId, lines });
    });
  }

  #sweepFailed(thrown: unknown): void {
    const isWholeTask = nearest(this.#state, 'sweep')?.wizard.origin === 'command';
    if (this.#state.quitting || isWholeTask) this.failed = thrown;
    if (isStoreDamage(thrown)) this.dispatch({ kind: 'damaged' });
    const hint = thrown instanceof FailureError ? thrown.failure.hint : 'Nothing that was stored is lost.';
    this.dispatch({ kind: 'sweep_failed', message: messageOf(thrown), hint });
  }

  /** Whether each agent's own file is still there: what is lost here may not be lost at all. */
  #examine(uids: readonly SessionUid[]): void {
    this.#async(async () => {
      const ownFiles = await this.#services.store.ownFiles(uids);
      this.dispatch({ kind: 'own_files', ownFiles, exportFile: this.#services.exportFile() });
    });
  }

  #preview(uid: SessionUid): void {
    const columns = this.#state.size.columns - 2;
    this.#rested.when(() =>
      this.#async(async () => {
        const lines = await this.#services.store.digest(uid, columns).catch((thrown) => [this.#told(thrown)]);
        this.dispatch({ kind: 'preview', uid, lines });
      }),
    );
  }

  #pin(uid: SessionUid, pinned: boolean): void {
    this.#asking.ask(this.#pins.set(uid, pinned), () => {
      this.dispatch({ kind: 'pinned', uid, pinned });
      this.#rowsAnew();
    });
  }
}
