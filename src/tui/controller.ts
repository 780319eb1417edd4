/**
 * Runs what `step` asks for, and tells it what came of it. The one place of the screens with a clock and a store.
 * Promises: an effect that fails becomes a sentence on the screen; the sweep's answers come from the state alone.
 */

import { formatCount, plural } from '../cli/format.ts';
import { FailureError, messageOf, toldOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import { sessionsByIds } from '../store/browse.ts';
import { isStoreDamage } from '../store/connection.ts';
import { findSweep, listSweeps } from '../store/read.ts';
import type { Report } from '../sweep/report.ts';
import { storedReport } from '../sweep/stored-report.ts';

import { Keeper } from './keeper.ts';
import { Lister } from './lister.ts';
import { LiveView } from './live.ts';
import { MarkedWork } from './marked-work.ts';
import type { Services, WorkWatcher } from './ports.ts';
import { questionOf } from './question.ts';
import { rawRead } from './raw-read.ts';
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

/** A frame follows a key at once; what runs by itself is shown at most this often. */
const FRAME_MS = 33;
/** A digest is read only where the cursor rests. */
const PREVIEW_MS = 40;
const HINT_MS = 2_500;
/** Soon enough for who waits for it; a look at folders that are not there costs nothing. */
const LOOK_AGAIN_MS = 3_000;
const SWEEPS_LISTED = 500;

export class Controller {
  readonly #services: Services;
  readonly #live: LiveView;
  readonly #keeper: Keeper;
  readonly #sweeping: Sweeping;
  readonly #work: MarkedWork;
  readonly #lister: Lister;
  readonly #searcher: Searcher;
  readonly #listeners = new Set<() => void>();
  readonly #ended: () => void;
  #state: State;
  #shown: State;
  #frameAtMs = Number.NEGATIVE_INFINITY;
  #frameTimer: ReturnType<typeof setTimeout> | null = null;
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
    this.#live = new LiveView(
      services.db,
      services.limits,
      services.clock,
      (view) => this.dispatch({ kind: 'view', view }),
      (thrown) => this.#storeFailed(thrown),
    );
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
      resume: () => this.#keeper.resume(),
      ended: (report) => this.#swept(report),
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

  get reports(): readonly Report[] {
    return this.#state.reports;
  }

  /** The first view is there before the first frame. */
  start(): void {
    this.#live.start();
    this.#async(async () => this.dispatch({ kind: 'schedule', schedule: await this.#services.schedule() }));
    if (this.#state.screen.kind === 'sweep') this.#perform({ kind: 'sweep' });
    else if (this.#state.screen.kind === 'dashboard') this.#follow();
  }

  /** Nothing runs any more when it resolves. */
  async stop(): Promise<void> {
    this.#live.stop();
    this.#keeper.stop();
    this.#rested.stop();
    for (const timer of [this.#frameTimer, this.#followTimer, this.#hintTimer])
      if (timer !== null) clearTimeout(timer);
    if (this.#firstTimer !== null) clearInterval(this.#firstTimer);
    this.#lister.stop();
    this.#searcher.forget();
    this.#work.stop();
    this.#sweeping.stop();
    await this.#sweeping.over;
    await this.#services.background.close();
  }

  dispatch(event: Event): void {
    const before = this.#state;
    const { state, effects } = step(before, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (this.#state.hint !== before.hint) this.#fade();
    if (event.kind === 'view') this.#onView(before);
    if (this.#state !== before)
      this.#frame(
        event.kind === 'key' || event.kind === 'paste' || event.kind === 'mouse' || event.kind === 'resize',
      );
  }

  /** What is said of a silent key is gone before it is in the way. */
  #fade(): void {
    if (this.#hintTimer !== null) clearTimeout(this.#hintTimer);
    this.#hintTimer =
      this.#state.hint === null ? null : setTimeout(() => this.dispatch({ kind: 'faded' }), HINT_MS);
  }

  #frame(now: boolean): void {
    const sinceMs = this.#services.clock.monotonicMs() - this.#frameAtMs;
    if (!now && sinceMs < FRAME_MS) {
      this.#frameTimer ??= setTimeout(() => this.#show(), FRAME_MS - sinceMs);
      return;
    }
    this.#show();
  }

  #show(): void {
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer);
    this.#frameTimer = null;
    this.#frameAtMs = this.#services.clock.monotonicMs();
    this.#shown = this.#state;
    for (const listener of this.#listeners) listener();
  }

  #onView(before: State): void {
    const { screen } = this.#state;
    if (before.screen.kind === 'first_run' && screen.kind === 'dashboard') this.#follow();
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
    const { view, screen } = this.#state;
    if (view === null || screen.kind !== 'dashboard') return;
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
    const { services, columns } = { services: this.#services, columns: this.#state.size.columns };
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
        return this.#sweeping.decide(effect.decision);
      case 'stop_sweep':
        return this.#sweeping.stop();
      case 'examine':
        return this.#examine(effect.uids);
      case 'preview':
        return this.#preview(effect.uid, columns);
      case 'try_digest':
        return this.#async(async () => {
          const lines = await services.tryDigest(effect.uid, columns - 2);
          this.dispatch({ kind: 'read', title: 'What a loss would leave', lines, more: null });
        });
      case 'export':
        return this.#async(async () => {
          const message = await this.#work
            .run((waiting) => services.exportSessions(effect.uids, effect.file, waiting))
            .catch((thrown) => this.#told(thrown));
          this.dispatch({ kind: 'exported', message });
        });
      case 'stop_work':
        if (this.#work.isOn) return this.#work.stop();
        return this.#async(() => this.#keeper.stopWork());
      case 'pin':
        services.pin(effect.uid, effect.pinned);
        return this.#pinned(effect.uid, effect.pinned);
      case 'catalogue':
        return this.#lister.open();
      case 'select':
        return this.#lister.select();
      case 'rows':
        return this.dispatch({ kind: 'rows', rows: sessionsByIds(services.db, effect.ids) });
      case 'search':
        return this.#searcher.ask(effect.text);
      case 'peek':
        return this.#peek(effect.uid, effect.columns);
      case 'pin_marked':
        return this.#pinMarked(effect.ids, effect.pinned);
      case 'copy':
        return this.#copied(this.#rowsOf(effect.ids).map(({ uid }) => uid));
      case 'ask':
        return this.dispatch({
          kind: 'question',
          question: questionOf(effect.what, this.#rowsOf(effect.ids), services.exportFile()),
        });
      case 'evict':
        return this.#answered((waiting) => services.evictMarked(effect.uids, waiting));
      case 'restore_marked':
        return this.#answered((waiting) => services.restoreMarked(effect.uids, waiting));
      case 'export_marked':
        return this.#answered(async (waiting) => [
          await services.exportSessions(effect.uids, effect.file, waiting),
        ]);
      case 'digest':
        return this.dispatch({
          ...{ kind: 'read', title: 'Digest', uid: effect.uid, mode: 'digest', more: null },
          lines: services.digestLines(effect.uid, columns - 2),
        });
      case 'transcript':
        return this.#conversation(effect.uid, columns - 2);
      case 'raw':
      case 'raw_end':
      case 'read_on':
      case 'read_back':
        return this.dispatch(rawRead(effect, services, columns - 2));
      case 'plan_restore': {
        const plan = services.planRestore(effect.uid, effect.way);
        return this.dispatch({ kind: 'restore_planned', plan, starts: effect.starts });
      }
      case 'restore':
        return this.#async(async () =>
          this.dispatch({ kind: 'restored', message: await services.restore(effect.plan) }),
        );
      case 'resume':
        this.resumes = effect.uid;
        return this.#ended();
      case 'pin_other': {
        const pinned = !services.isPinned(effect.uid);
        services.pin(effect.uid, pinned);
        this.#rowsAnew();
        const message = pinned ? 'Pinned: no sweep takes it.' : 'No longer pinned.';
        return this.dispatch({ kind: 'said', message });
      }
      case 'copy_id':
        return this.#copied([effect.uid]);
      case 'history':
        return this.dispatch({ kind: 'history', sweeps: listSweeps(services.db, SWEEPS_LISTED) });
      case 'report':
        return this.#report(effect.sweepId, columns);
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
    this.#whenRested(() => ({
      kind: 'peeked',
      peek: { uid, lines: this.#services.digestLines(uid, columns), own: this.#services.ownFile(uid) },
    }));
  }

  #rowsOf(ids: readonly number[]): SessionRow[] {
    const rows = sessionsByIds(this.#services.db, ids);
    return ids.flatMap((id) => rows.get(id) ?? []);
  }

  #pinMarked(ids: readonly number[], pinned: boolean): void {
    const rows = this.#rowsOf(ids).filter(({ state }) => state !== 'evicted');
    for (const { uid } of rows) this.#services.pin(uid, pinned);
    this.#rowsAnew();
    const left = ids.length - rows.length;
    const others = left === 0 ? '' : ` ${formatCount(left)} evicted: there is nothing of them to keep.`;
    const what = pinned ? 'pinned: no sweep takes them' : 'no longer pinned';
    this.dispatch({ kind: 'said', message: `${plural(rows.length, 'session')} ${what}.${others}` });
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

  #swept(report: Report): void {
    const lines = this.#services
      .reportLines(report, this.#state.size.columns - 2)
      .flatMap(({ text, isDetail }) => (isDetail === true ? [] : [text]));
    this.dispatch({ kind: 'swept', report, lines });
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
    this.dispatch({
      kind: 'own_files',
      ownFiles: new Map(uids.map((uid) => [uid, this.#services.ownFile(uid)])),
      exportFile: this.#services.exportFile(),
    });
  }

  #preview(uid: SessionUid, columns: number): void {
    this.#whenRested(() => ({ kind: 'preview', uid, lines: this.#digest(uid, columns - 2) }));
  }

  #digest(uid: SessionUid, columns: number): readonly string[] {
    try {
      return this.#services.digestLines(uid, columns);
    } catch (thrown) {
      return [this.#told(thrown)];
    }
  }

  #whenRested(read: () => Event): void {
    this.#rested.when(() => {
      try {
        this.dispatch(read());
      } catch (thrown) {
        this.#failed(thrown);
      }
    });
  }

  #conversation(uid: SessionUid, columns: number): void {
    const read = { kind: 'read', title: 'Transcript', uid, mode: 'conversation', more: null } as const;
    this.dispatch({ ...read, lines: null });
    this.#async(async () => {
      const lines = await this.#services
        .conversation(uid, columns)
        .catch((thrown) => [{ text: this.#told(thrown), tone: 'warn' } as const]);
      const reader = nearest(this.#state, 'reader')?.reader;
      // Who went on meanwhile is not called back.
      if (reader?.uid === uid && reader.mode === 'conversation' && reader.lines === null)
        this.dispatch({ ...read, lines });
    });
  }

  #pinned(uid: SessionUid, pinned: boolean): void {
    this.dispatch({ kind: 'pinned', uid, pinned });
    this.#rowsAnew();
  }

  #report(sweepId: string, columns: number): void {
    const row = findSweep(this.#services.db, sweepId);
    const lines =
      row?.report == null
        ? ['This sweep was killed before its report. Its evictions are in `session-memory history`.']
        : this.#services.reportLines(storedReport(row.report), columns - 2);
    this.dispatch({ kind: 'read', title: 'Report of a sweep', mode: 'report', lines, more: null });
  }
}
