/**
 * The wizard: one proposal after the other, each shown before it runs.
 * Promises: a data loss is decided only by `confirm` on exactly the phrase of the list that is shown; a new list clears
 * whatever was typed for the old one.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionCard } from '../../domain/session.ts';
import type { Victim } from '../../policy/passes.ts';
import type { Choices, Decision, Proposal, StepName } from '../../sweep/ports.ts';
import { sweepFrame } from '../frames/sweep.ts';
import type { Action } from '../keys.ts';
import { bodyRows, inSight } from '../layout.ts';
import {
  AT_TOP,
  alone,
  type Doing,
  type Effect,
  type Event,
  nearest,
  onScreen,
  type State,
  type Stepped,
  to,
  type Wizard,
  within,
} from '../state.ts';
import {
  cardsOf,
  isKept,
  listLength,
  phraseFor,
  raisedCap,
  shownLength,
  waysOf,
  wizardListRows,
} from '../wizard.ts';
import { back as goBack, PLAIN, type Rules } from './rules.ts';
import { progressed } from './sweep-progress.ts';

export type SweepEvent = Extract<
  Event,
  {
    kind:
      | 'proposed'
      | 'own_files'
      | 'exported'
      | 'preview'
      | 'progress'
      | 'worked'
      | 'pinned'
      | 'swept'
      | 'sweep_failed';
  }
>;

function at(wizard: Wizard): { readonly proposal: Proposal; readonly card: SessionCard | undefined } | null {
  if (wizard.stage.kind !== 'asking') return null;
  const { proposal } = wizard.stage;
  const { cursor } = wizard.place;
  const [card] = cardsOf(wizard, proposal, cursor, cursor + 1);
  return { proposal, card };
}

function withWizard(state: State, wizard: Wizard, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'sweep', wizard }, ...effects);
}

function sweepAction(state: State, wizard: Wizard, action: Action, key = ''): Stepped {
  if (wizard.stage.kind === 'result' || wizard.stage.kind === 'failed')
    return action === 'confirm' ? leave(state, wizard) : to(state);
  if (wizard.stage.kind !== 'asking')
    return action === 'stop'
      ? withWizard(
          state,
          { ...wizard, stopping: true, stoppedAt: runningStep(wizard) },
          { kind: 'stop_sweep' },
        )
      : to(state);
  if (wizard.exporting !== null)
    return action === 'stop' ? exportStopped(state, wizard, wizard.exporting) : to(state);
  switch (action) {
    case 'choose':
      return withWizard(state, {
        ...wizard,
        way: chosenWay(wizard.way, waysOf(wizard.stage.proposal).length, key),
      });
    case 'undo':
      return undone(state, wizard);
    case 'sift':
      return withWizard(state, { ...wizard, sifting: true, notice: null });
    case 'transcript': {
      const uid = at(wizard)?.card?.uid;
      return uid === undefined ? to(state) : to(state, { kind: 'transcript', uid });
    }
    case 'confirm':
      if (wizard.sifting) return withWizard(state, { ...wizard, sifting: false });
      if (wizard.sift !== '')
        return allShown(state, wizard, 'All are listed again: enter is for all of them.');
      return confirmed(state, wizard, wizard.stage.proposal);
    case 'skip':
      return decided(state, wizard, wizard.stage.proposal, {
        kind: 'skip',
        ...choicesOf(wizard, wizard.stage.proposal),
      });
    case 'stop':
      // Who goes back from some of them to all of them does not mean the sweep.
      if (wizard.sift !== '') return allShown(state, wizard, 'All are listed again.');
      return decided(state, wizard, wizard.stage.proposal, { kind: 'stop' });
    case 'keep_out':
      return keptOut(state, wizard);
    case 'pin':
      return pinned(state, wizard);
    case 'preview': {
      const uid = at(wizard)?.card?.uid;
      if (uid === undefined) return to(state);
      const isLoss = wizard.stage.proposal.step === 'data_loss';
      return to(state, { kind: isLoss ? 'try_digest' : 'digest', uid });
    }
    case 'erase_all':
      if (wizard.sifting) return allShown(state, wizard, null);
      return withWizard(state, { ...wizard, phrase: '', losing: false, notice: null });
    default:
      return to(state);
  }
}

/** What is decided is decided of all of them: they are seen before. */
function allShown(state: State, wizard: Wizard, notice: string | null): Stepped {
  return wantPreview(state, { ...wizard, sift: '', sifting: false, place: AT_TOP, notice });
}

/** Space is given back after the passes: nothing of them is left undone then. */
function runningStep({ stage }: Wizard): StepName | null {
  return stage.kind === 'running' ? stage.step : null;
}

function leave(state: State, wizard: Wizard): Stepped {
  if (wizard.origin === 'command') return alone(state, { kind: 'done' }, { kind: 'quit' });
  return goBack(state);
}

/** By its number, or the next. */
function chosenWay(way: number, count: number, key: string): number {
  const asked = key === 'tab' ? (way + 1) % count : Number(key) - 1;
  return asked >= 0 && asked < count ? asked : way;
}

/** Enter: a pass runs without those kept out; of a data loss the way that is chosen is taken. */
function confirmed(state: State, wizard: Wizard, proposal: Proposal): Stepped {
  if (proposal.step !== 'data_loss')
    return decided(state, wizard, proposal, { kind: 'run', ...choicesOf(wizard, proposal) });
  return wizard.losing ? lost(state, wizard, proposal) : wayTaken(state, wizard, proposal);
}

/** Only the phrase of the list that is shown. */
function lost(state: State, wizard: Wizard, proposal: Proposal): Stepped {
  const phrase = phraseFor(proposal.victims.length);
  if (wizard.phrase === phrase) return decided(state, wizard, proposal, { kind: 'run' });
  return withWizard(state, {
    ...wizard,
    phrase: '',
    notice: `Not the phrase: nothing was lost. It is: ${phrase}`,
  });
}

function wayTaken(state: State, wizard: Wizard, proposal: Proposal): Stepped {
  const choices = choicesOf(wizard, proposal);
  const way = waysOf(proposal)[wizard.way];
  switch (way) {
    case 'digest':
    case 'ask_on':
    case 'anew':
    case 'skip':
      return decided(state, wizard, proposal, { kind: way, ...choices });
    case 'raise':
      return decided(state, wizard, proposal, {
        kind: way,
        hardCapBytes: raisedCap(proposal.usageBytes),
        ...choices,
      });
    case 'export':
      return exported(state, wizard, proposal);
    case 'lose':
      // Whom the person keeps is not among those whose number is typed: first the list as it is without them.
      return choices.keepOut === undefined
        ? withWizard(state, { ...wizard, losing: true, phrase: '', notice: null })
        : decided(state, wizard, proposal, { kind: 'anew', ...choices });
    case undefined:
      return to(state);
    default:
      return way satisfies never;
  }
}

function exported(state: State, wizard: Wizard, { victims }: Proposal): Stepped {
  const uids = victims.map(({ card }) => card.uid);
  const file = wizard.exportFile;
  if (file === '') return to(state);
  return withWizard(
    state,
    { ...wizard, exporting: { done: 0, total: uids.length, elapsedMs: 0, stopping: false }, notice: null },
    { kind: 'export', uids, file },
  );
}

/** Only the file: the sweep still asks. */
function exportStopped(state: State, wizard: Wizard, exporting: Doing): Stepped {
  return withWizard(state, { ...wizard, exporting: { ...exporting, stopping: true } }, { kind: 'stop_work' });
}

/** What the marks in the list say that the sweep does not know yet. */
function choicesOf(wizard: Wizard, proposal: Proposal): Choices {
  const isMarked = (uid: SessionUid) => isKept(wizard, uid);
  const uids = (victims: readonly Victim[]) => victims.map(({ card }) => card.uid);
  const keepOut = new Set(uids(proposal.victims).filter(isMarked));
  const letGo = new Set(uids(proposal.keptOut).filter((uid) => !isMarked(uid)));
  return { ...(keepOut.size > 0 ? { keepOut } : {}), ...(letGo.size > 0 ? { letGo } : {}) };
}

/** Longer than any phrase. */
const PHRASE_UNITS_MAX = 60;

/** The phrase is a step of its own, and begins anew with each list. */
const NOTHING_TYPED = { losing: false, phrase: '', sift: '', sifting: false } as const;

function decided(state: State, wizard: Wizard, proposal: Proposal, decision: Decision): Stepped {
  const total = listLength(proposal);
  const how = decision.kind === 'run' ? (total === 0 ? 'nothing' : 'ran') : 'skipped';
  const isDecided = decision.kind === 'run' || decision.kind === 'skip';
  const next: Wizard = {
    ...wizard,
    stage: { kind: 'running', step: proposal.step, done: 0, total, label: '', elapsedMs: 0 },
    went: isDecided
      ? [...wizard.went.filter((went) => went.step !== proposal.step), { step: proposal.step, how }]
      : wizard.went,
    ...NOTHING_TYPED,
    exporting: null,
    undo: [],
    undoing: null,
    notice: null,
    preview: null,
    stopping: decision.kind === 'stop',
    stoppedAt: decision.kind === 'stop' ? proposal.step : null,
  };
  return withWizard(state, next, { kind: 'decide', decision });
}

function keptOut(state: State, wizard: Wizard): Stepped {
  const here = at(wizard);
  if (here?.card === undefined || wizard.pinned.has(here.card.uid)) return to(state);
  const kept = toggled(wizard.keptOut, here.card.uid);
  const length = shownLength(wizard, here.proposal);
  const cursor = Math.min(length - 1, wizard.place.cursor + 1);
  const place = inSight({ ...wizard.place, cursor }, length, wizardListRows(state.size, here.proposal));
  const undo = [...wizard.undo, { uid: here.card.uid, what: 'kept' } as const];
  return wantPreview(state, { ...wizard, keptOut: kept, place, undo, notice: null });
}

/** The last keep-out or pin of this list, whichever way it went; then the one before it. */
function undone(state: State, wizard: Wizard): Stepped {
  const last = wizard.undo.at(-1);
  if (last === undefined) return withWizard(state, { ...wizard, notice: 'Nothing to take back.' });
  const { uid, what } = last;
  const undo = wizard.undo.slice(0, -1);
  if (what === 'pinned')
    return withWizard(
      state,
      { ...wizard, undo, undoing: uid },
      { kind: 'pin', uid, pinned: !wizard.pinned.has(uid) },
    );
  const keptOut = toggled(wizard.keptOut, uid);
  const notice = keptOut.has(uid) ? 'Kept out again.' : 'No longer kept out.';
  return withWizard(state, { ...wizard, keptOut, undo, notice });
}

function toggled(set: ReadonlySet<SessionUid>, uid: SessionUid): ReadonlySet<SessionUid> {
  const next = new Set(set);
  if (!next.delete(uid)) next.add(uid);
  return next;
}

function pinned(state: State, wizard: Wizard): Stepped {
  const uid = at(wizard)?.card?.uid;
  return uid === undefined ? to(state) : to(state, { kind: 'pin', uid, pinned: !wizard.pinned.has(uid) });
}

/** A paste comes here too: into the phrase, and never beyond it, for enter must still be pressed. */
function sweepText(state: State, wizard: Wizard, phrase: string): Stepped {
  if (wizard.stage.kind !== 'asking') return to(state);
  if (wizard.sifting) return wantPreview(state, { ...wizard, sift: phrase, place: AT_TOP });
  if (!wizard.losing) return to(state);
  return withWizard(state, { ...wizard, phrase, notice: null });
}

/** Whoever lies upon the walk goes where a step is proposed, or where it is over: that must be seen at once. */
export function sweepEvent(state: State, event: SweepEvent): Stepped {
  if (event.kind === 'swept') return swept(state, event);
  const comesUp = event.kind === 'proposed' || event.kind === 'sweep_failed';
  return within(state, 'sweep', (under, { wizard }) => onWizard(under, wizard, event), comesUp);
}

function onWizard(state: State, wizard: Wizard, event: Exclude<SweepEvent, { kind: 'swept' }>): Stepped {
  switch (event.kind) {
    case 'proposed':
      return proposed(state, wizard, event.proposal);
    case 'own_files':
      return withWizard(state, { ...wizard, ownFiles: event.ownFiles, exportFile: event.exportFile });
    case 'exported':
      return withWizard(state, { ...wizard, exporting: null, notice: event.message });
    case 'preview':
      return withWizard(state, { ...wizard, preview: { uid: event.uid, lines: event.lines } });
    case 'progress':
      // What was waited for has gone on.
      return withWizard(state, progressed({ ...wizard, notice: null }, event.progress, event.atMs ?? 0));
    case 'worked': {
      const { done, total, elapsedMs } = event;
      const exporting = wizard.exporting === null ? null : { ...wizard.exporting, done, total, elapsedMs };
      return withWizard(state, { ...wizard, exporting });
    }
    case 'pinned': {
      const set = new Set(wizard.pinned);
      if (event.pinned) set.add(event.uid);
      else set.delete(event.uid);
      return withWizard(state, {
        ...wizard,
        pinned: set,
        undo:
          wizard.undoing === event.uid ? wizard.undo : [...wizard.undo, { uid: event.uid, what: 'pinned' }],
        undoing: null,
        notice: event.pinned ? 'Pinned: no pass takes it.' : 'No longer pinned.',
      });
    }
    case 'sweep_failed':
      // Nobody may be there any more to read it on the screen.
      if (state.quitting) return alone(state, { kind: 'done' }, { kind: 'quit' });
      return withWizard(state, {
        ...wizard,
        stage: { kind: 'failed', message: event.message, hint: event.hint },
      });
    default:
      return event satisfies never;
  }
}

function proposed(state: State, wizard: Wizard, proposal: Proposal): Stepped {
  const isAgain = wizard.went.some(({ step }) => step === proposal.step);
  const notice = proposal.movedOn
    ? proposal.step === 'data_loss'
      ? 'The list changed while you read it: nothing was lost. This is the new list.'
      : 'The store changed while you read: nothing was done. This is the new list.'
    : isAgain && proposal.step === 'budget_again'
      ? onlyKeptOut(proposal)
        ? 'Nothing is lost in their place; space lets one go.'
        : 'These can still go without a loss: they are shown again before any loss.'
      : null;
  const next: Wizard = {
    ...wizard,
    stage: { kind: 'asking', proposal },
    place: AT_TOP,
    // The marks stay through the whole sweep.
    keptOut: new Set([...wizard.keptOut, ...proposal.keptOut.map(({ card }) => card.uid)]),
    ...NOTHING_TYPED,
    way: 0,
    exporting: null,
    undo: [],
    undoing: null,
    notice,
    preview: null,
    // Who was digested after all has not failed.
    failures: wizard.failures.filter(({ uid }) => proposal.failures.has(uid)),
    usageBytes: proposal.usageBytes,
    ownFiles: new Map(),
  };
  const uids = proposal.step === 'data_loss' ? proposal.victims.map(({ card }) => card.uid) : [];
  const stepped = wantPreview(state, next);
  return uids.length === 0
    ? stepped
    : { ...stepped, effects: [...stepped.effects, { kind: 'examine', uids }] };
}

function onlyKeptOut({ victims, keptOut }: Proposal): boolean {
  return victims.length === 0 && keptOut.length > 0;
}

function wantPreview(state: State, wizard: Wizard): Stepped {
  const here = at(wizard);
  const uid = here?.card?.uid;
  if (uid === undefined || here?.proposal.step === 'data_loss' || wizard.preview?.uid === uid)
    return withWizard(state, wizard);
  return withWizard(state, wizard, { kind: 'preview', uid });
}

function swept(state: State, event: Extract<Event, { kind: 'swept' }>): Stepped {
  const next = { ...state, sweeps: [...state.sweeps, event.sweepId] };
  const wizard = nearest(state, 'sweep')?.wizard;
  if (wizard === undefined || wizard.origin === 'command' || state.quitting)
    return alone(next, { kind: 'done' }, { kind: 'quit' });
  const stage = { kind: 'result', lines: event.lines } as const;
  return within(next, 'sweep', (under) => withWizard(under, { ...wizard, place: AT_TOP, stage }), true);
}

/** Stopped first, and its report kept; the program ends then. */
export function quitSweep(state: State): Stepped {
  const stopped = within(
    state,
    'sweep',
    (under, { wizard }) => withWizard(under, { ...wizard, stopping: true }, { kind: 'stop_sweep' }),
    true,
  );
  return { ...stopped, state: { ...stopped.state, quitting: true } };
}

export function isOver({ stage }: Wizard): boolean {
  return stage.kind === 'result' || stage.kind === 'failed';
}

export const sweepScreen: Rules<'sweep'> = {
  ...PLAIN,
  title: () => 'Sweep',
  context(_, { wizard: { stage, losing, exporting, sifting } }) {
    if (stage.kind === 'result' || stage.kind === 'failed') return 'result';
    if (stage.kind !== 'asking') return 'running';
    if (exporting !== null) return 'exporting';
    if (sifting) return 'sifting';
    const isNobody = listLength(stage.proposal) === 0;
    if (stage.proposal.step === 'data_loss') return losing ? 'phrase' : isNobody ? 'ways' : 'loss';
    return isNobody ? 'nobody' : stage.proposal.step === 'analyze' ? 'analyze' : 'pass';
  },
  list({ size }, { wizard }) {
    const { stage, place } = wizard;
    if (stage.kind === 'asking') {
      const visible = wizardListRows(size, stage.proposal);
      return { length: shownLength(wizard, stage.proposal), visible, place, hasCursor: true };
    }
    return stage.kind === 'result'
      ? { length: stage.lines.length, visible: bodyRows(size) - 1, place, hasCursor: false }
      : null;
  },
  placed: (state, { wizard }, place) => wantPreview(state, { ...wizard, place }),
  act: (state, { wizard }, action, key) => sweepAction(state, wizard, action, key),
  field: ({ wizard: { phrase, sift, sifting } }) => ({
    text: sifting ? sift : phrase,
    unitsMax: PHRASE_UNITS_MAX,
  }),
  typed: (state, { wizard }, text) => sweepText(state, wizard, text),
  back: (state, { wizard }) => sweepAction(state, wizard, 'confirm'),
  said: (state, { wizard }, message) => withWizard(state, { ...wizard, notice: message }),
  frame: (state, view, { wizard }, cells, rows) => sweepFrame(state, view, wizard, cells, rows),
};
