/**
 * What is read because a key asks for it: texts, plans of a restore, past sweeps.
 * Promises: the screen that it is for is there at once, and says that it is being read; an answer that comes after the person went on
 * changes nothing.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Asking } from './asking.ts';
import { isHeading } from './paint.ts';
import type { ReadLine, Services } from './ports.ts';
import {
  type Effect,
  type Event,
  nearest,
  type Reader,
  type SeekAsked,
  type State,
  type TextPiece,
} from './state.ts';

const SWEEPS_LISTED = 500;

type ReadEffect = Extract<
  Effect,
  {
    kind:
      | 'digest'
      | 'try_digest'
      | 'transcript'
      | 'transcript_end'
      | 'seek'
      | 'raw'
      | 'raw_end'
      | 'read_on'
      | 'read_back'
      | 'plan_restore'
      | 'history'
      | 'limits'
      | 'report';
  }
>;

interface Opened {
  readonly title: string;
  readonly mode: Reader['mode'];
  readonly uid?: SessionUid;
}

export interface ReadingDeps {
  readonly services: Pick<Services, 'store' | 'tryDigest' | 'conversation' | 'seek'>;
  readonly asking: Asking;
  readonly dispatch: (event: Event) => void;
  readonly state: () => State;
  /** What went wrong, as a sentence. */
  readonly told: (thrown: unknown) => string;
}

/** Headings stand out. */
function asDigest(lines: readonly string[]): ReadLine[] {
  return lines.map((text) => ({ text, tone: isHeading(text) && !text.startsWith(' ') ? 'title' : 'plain' }));
}

const KILLED = 'This sweep was killed before its report. Its evictions are in `session-memory history`.';

export class Reading {
  readonly #deps: ReadingDeps;
  /** Raised by each text that is opened: what was read for an older one is not shown. */
  #turn = 0;
  #stop: AbortController | null = null;

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
  }

  read(effect: ReadEffect): void {
    const { services, dispatch, state } = this.#deps;
    const { store } = services;
    const columns = state().size.columns - 2;
    switch (effect.kind) {
      case 'digest': {
        const { uid } = effect;
        return this.#open({ title: 'Digest', mode: 'digest', uid }, store.digest(uid, columns));
      }
      case 'try_digest':
        return this.#open(
          { title: 'What a loss would leave', mode: 'text' },
          services.tryDigest(effect.uid, columns),
        );
      case 'transcript':
      case 'transcript_end':
        return this.#conversation(effect.uid, effect.kind === 'transcript_end', columns);
      case 'seek':
        return this.#seek(effect.asked, columns);
      case 'raw':
      case 'raw_end':
        return this.#raw(effect.uid, effect.kind === 'raw_end', columns);
      case 'read_on':
      case 'read_back':
        return this.#goOn(effect, columns);
      case 'plan_restore':
        return this.#restore(effect);
      case 'history':
        return this.#here(store.sweeps(SWEEPS_LISTED), (sweeps) => dispatch({ kind: 'history', sweeps }));
      case 'limits':
        return this.#open({ title: 'Limits', mode: 'text' }, store.limitsPage(columns).then(asDigest));
      case 'report':
        return this.#open(
          { title: 'Report of a sweep', mode: 'report' },
          store.reportOf(effect.sweepId, columns).then((lines) => lines ?? [KILLED]),
        );
      default:
        return effect satisfies never;
    }
  }

  /** What is there is held against what is stored, which may be gigabytes. */
  #restore({ uid, way, starts }: Extract<ReadEffect, { kind: 'plan_restore' }>): void {
    const { services, dispatch } = this.#deps;
    const none = { root: '-', files: [], resume: '', note: null, obstacle: null, isForcible: false };
    dispatch({ kind: 'restore_planned', plan: { uid, way, ...none }, starts, isLooking: true });
    this.#here(services.store.planRestore(uid, way), (plan) =>
      dispatch({ kind: 'restore_planned', plan, starts }),
    );
  }

  /** What comes after the person has gone elsewhere is not laid upon that. */
  #here<T>(question: Promise<T>, then: (answer: T) => void): void {
    const place = () => {
      const { below, screen } = this.#deps.state();
      return `${below.length} ${screen.kind}`;
    };
    const asked = place();
    this.#deps.asking.ask(question, (answer) => {
      if (place() === asked) then(answer);
    });
  }

  #open(opened: Opened, question: Promise<Extract<Event, { kind: 'read' }>['lines']>): void {
    this.#text(
      opened,
      question.then((lines) => ({ lines, more: null })),
      {},
    );
  }

  #conversation(uid: SessionUid, atEnd: boolean, columns: number): void {
    const asked = atEnd ? { until: Number.POSITIVE_INFINITY } : { from: 0 };
    const step = (done: number, total: number) =>
      this.#deps.dispatch({ kind: 'loading', share: { done, total } });
    const question = this.#deps.services.conversation(uid, asked, columns, step);
    this.#text({ title: 'Transcript', mode: 'conversation', uid }, question, atEnd ? { atEnd } : {});
  }

  /** Through all that is not loaded. Who leaves the text, or stops it, has it stopped. */
  #seek(asked: SeekAsked, columns: number): void {
    const { services, dispatch, told } = this.#deps;
    this.stopSeeking();
    const stop = new AbortController();
    this.#stop = stop;
    const step = (done: number, total: number) => {
      if (nearest(this.#deps.state(), 'reader') === null) stop.abort();
      if (!stop.signal.aborted) dispatch({ kind: 'sought', share: { done, total } });
    };
    void services.seek(asked, columns, { step, signal: stop.signal }).then(
      (piece) => {
        if (!stop.signal.aborted) dispatch({ kind: 'found_far', piece, way: asked.way });
      },
      (thrown) => {
        if (stop.signal.aborted) return;
        dispatch({ kind: 'found_far', piece: null, way: asked.way });
        dispatch({ kind: 'said', message: told(thrown) });
      },
    );
  }

  stopSeeking(): void {
    this.#stop?.abort();
    this.#stop = null;
  }

  #raw(uid: SessionUid, atEnd: boolean, columns: number): void {
    const asked = atEnd ? { until: Number.POSITIVE_INFINITY } : { from: 0 };
    const question = this.#deps.services.store.raw(uid, asked, columns);
    this.#text({ title: 'Raw transcript', mode: 'raw', uid }, question, atEnd ? { atEnd } : {});
  }

  #text(
    opened: Opened,
    question: Promise<Pick<Extract<Event, { kind: 'read' }>, 'lines' | 'more' | 'before'>>,
    how: { readonly atEnd?: boolean },
  ): void {
    const { asking, dispatch, state, told } = this.#deps;
    this.#turn += 1;
    const turn = this.#turn;
    // Who turns a text that is open keeps what is looked for, and is led nowhere.
    const leads = state().screen.kind !== 'reader';
    dispatch({ kind: 'read', ...opened, lines: null, more: null });
    const answered = question.catch((thrown) => ({
      lines: [{ text: told(thrown), tone: 'warn' } as const],
      more: null,
    }));
    asking.ask(answered, (piece) => {
      if (this.#isStill(turn)) dispatch({ kind: 'read', ...opened, ...how, ...piece, leads });
    });
  }

  /** The text that was opened last is still to be read. */
  #isStill(turn: number): boolean {
    const reader = nearest(this.#deps.state(), 'reader')?.reader;
    return turn === this.#turn && reader !== undefined && reader.lines === null;
  }

  #goOn(effect: Extract<ReadEffect, { kind: 'read_on' | 'read_back' }>, columns: number): void {
    const { services, asking, dispatch, state } = this.#deps;
    const { kind, uid, at } = effect;
    const isRaw = nearest(state(), 'reader')?.reader.mode === 'raw';
    const turn = this.#turn;
    const isOn = kind === 'read_on';
    const place = { uid, at };
    const asked = isOn ? { from: at } : { until: at };
    const goesOn = (piece: TextPiece) => {
      if (turn !== this.#turn || nearest(state(), 'reader') === null) return;
      const { lines, more, before } = piece;
      dispatch(isOn ? { kind, lines, more } : { kind: 'read_back', lines, before });
    };
    const question = isRaw
      ? services.store.raw(uid, asked, columns)
      : services.conversation(uid, asked, columns);
    asking.ask(question, goesOn, () =>
      // It can be asked for again.
      goesOn({ lines: [], more: place, before: place }),
    );
  }
}
