/** The wizard: where we are in the passes, the bars before and after, who would go and why, what remains of each. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { paceText } from '../../cli/pace.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { Limits } from '../../domain/limits.ts';
import { causeOf } from '../../domain/retry.ts';
import { ageMs } from '../../policy/census.ts';
import { explainReason } from '../../policy/explain.ts';
import { type EvictingPass, evictingPass, PASS_AFTER_ANALYSIS, type Victim } from '../../policy/passes.ts';
import type { Proposal } from '../../sweep/ports.ts';
import { gist, withoutTitle } from '../gist.ts';
import { isLow } from '../layout.ts';
import { BLANK, digestLine, fit, type Line, line, progressBar, type Span, span, wrap } from '../paint.ts';
import type { State, Wizard } from '../state.ts';
import type { View } from '../view.ts';
import {
  cardsOf,
  goingOf,
  isKept,
  listedVictims,
  listLength,
  previewRows,
  shownVictims,
  wizardHeadRows,
  wizardListRows,
} from '../wizard.ts';
import { lossFrame } from './loss.ts';
import { NOBODY_LIKE_THAT, positionText, rowHead, sessionRow, siftLine } from './rows.ts';
import { head, stepName } from './sweep-head.ts';

export function sweepFrame(state: State, view: View, wizard: Wizard, cells: number, rows: number): Line[] {
  const { stage } = wizard;
  switch (stage.kind) {
    case 'starting':
      return [line('Planning…')];
    case 'asking':
      return asking(state, view, wizard, stage.proposal, cells, rows);
    case 'running':
      return running(view, wizard, stage, cells);
    case 'reclaiming': {
      const { leftBytes, totalBytes: total, elapsedMs } = stage;
      const pace = paceText({ done: total - leftBytes, total, elapsedMs, unit: 'bytes' });
      return [
        ...head(view, wizard, wizard.usageBytes + wizard.freedBytes, null, cells),
        line(`Giving freed space back to the file system: ${formatBytes(stage.leftBytes)} to go.`),
        ...(pace === '' ? [] : [line(span(pace, 'dim'))]),
        ...stopLine(wizard, 'What was evicted stays evicted either way.'),
      ];
    }
    case 'result':
      return [
        line(resultTitle(wizard, cells)),
        ...stage.lines
          .slice(wizard.place.top, wizard.place.top + rows - 1)
          .map((text) => line(toned(text, cells))),
      ];
    case 'failed':
      return [
        line(span('The sweep did not run to its end.', 'danger')),
        ...wrap(stage.message, cells).map((text) => line(text)),
        ...wrap(stage.hint, cells).map((text) => line(text)),
      ];
    default:
      return stage satisfies never;
  }
}

function resultTitle({ stoppedAt }: Wizard, cells: number): Span {
  if (stoppedAt === null) return span('The sweep is done. Its report:', 'title');
  return span(fit(`You stopped it at ${stepName(stoppedAt)}. What was done until then:`, cells), 'warn');
}

function toned(text: string, cells: number) {
  return span(fit(text, cells), /^DATA LOSS|data_loss:.*lost/.test(text) ? 'danger' : 'plain');
}

function asking(
  state: State,
  view: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
  rows: number,
): Line[] {
  if (proposal.step === 'data_loss') return lossFrame(state, view, wizard, proposal, cells, rows);
  const after = proposal.usageBytes - goingOf(wizard, proposal).bytes;
  const [shownPasses, before, afterBar, caps] = head(view, wizard, proposal.usageBytes, after, cells);
  const why = purpose(view, wizard, proposal, cells);
  const whole = [shownPasses, before, afterBar, ...(isLow(state.size) ? [] : [caps]), ...why];
  const headRows = Array.from({ length: wizardHeadRows(state.size) }, (_, i) => whole[i] ?? BLANK);
  const listRows = wizardListRows(state.size, proposal);
  const list =
    listLength(proposal) === 0
      ? empty(proposal, cells)
      : listLines(state, view, wizard, proposal, cells, listRows);
  const filled = [...list, ...Array.from({ length: Math.max(0, listRows + 1 - list.length) }, () => BLANK)];
  const foot = passFoot(state, view, wizard, proposal, cells);
  return [...headRows, ...filled.slice(0, listRows + 1), ...foot].slice(0, rows);
}

/** What the step is about to do: one line, and a second where there is room. */
function purpose(view: View, wizard: Wizard, proposal: Proposal, cells: number): Line[] {
  switch (proposal.step) {
    case 'analyze':
      return twoLines(
        `Usage is over the hard cap: analyze ${plural(proposal.toAnalyze.length, 'session')} now.`,
        'What has a digest can be evicted without a loss.',
        cells,
      );
    case 'data_loss':
      return [];
    case 'budget_again':
      return purposeOfPass(PASS_AFTER_ANALYSIS, view, wizard, proposal, cells);
    default: {
      const pass = evictingPass(proposal.step);
      return pass === null ? [] : purposeOfPass(pass, view, wizard, proposal, cells);
    }
  }
}

function twoLines(first: string, second: string, cells: number): Line[] {
  return [line(fit(first, cells)), line(span(fit(second, cells), 'dim'))];
}

function purposeOfPass(
  { asked }: EvictingPass,
  { limits }: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
): Line[] {
  const listed = listedVictims(proposal);
  const { sessions: going, kept, bytes } = goingOf(wizard, proposal);
  const goes = `${plural(going, 'session')}, ${formatBytes(bytes)}`;
  const keeps = kept > 0 ? ` (${formatCount(kept)} kept)` : '';
  const first =
    listed.length === 0
      ? (unanalyzable(wizard, proposal, limits) ?? asked.takesNobody(limits, proposal.usageBytes))
      : going === 0
        ? `Evict nobody: you keep ${plural(kept, 'session')} that could go.`
        : `Evict ${goes}${keeps}: ${asked.takes(cells < 76)}.`;
  return twoLines(first, asked.more(limits), cells);
}

/** What keeps usage above the soft cap after the analysis; null: nothing does. */
function unanalyzable({ failures }: Wizard, { step, usageBytes }: Proposal, limits: Limits): string | null {
  const isOver = step === 'budget_again' && usageBytes > limits.rawSoftCapBytes;
  if (!isOver || failures.length === 0) return null;
  return `Nothing more can go: ${plural(failures.length, 'session')} could not be analyzed.`;
}

function empty(proposal: Proposal, cells: number): Line[] {
  const what = proposal.step === 'analyze' ? 'Nothing to analyze.' : 'Nothing to evict in this pass.';
  return [line(fit(`${what} Enter goes on.`, cells))];
}

function listLines(
  { fromEnd }: Pick<State, 'fromEnd'>,
  view: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
  listRows: number,
): Line[] {
  const { place } = wizard;
  const markCells = 5;
  const shown = cardsOf(wizard, proposal, place.top, place.top + listRows);
  return [
    siftLine(wizard, fromEnd, cells) ?? rowHead({ cells, markCells }, ''),
    ...(shown.length === 0 ? [line(NOBODY_LIKE_THAT)] : []),
    ...shown.map((card, i) =>
      sessionRow(card, {
        cells,
        now: view.now,
        isCursor: place.top + i === place.cursor,
        mark: markOf(wizard, card.uid),
        markCells,
        bytes: card.storedBytes,
      }),
    ),
  ];
}

function markOf(wizard: Wizard, uid: SessionUid): string {
  if (wizard.pinned.has(uid)) return 'pin';
  return wizard.keptOut.has(uid) ? 'keep' : '';
}

/** Why the session under the cursor goes, and the beginning of the digest that stays. */
function passFoot(state: State, view: View, wizard: Wizard, proposal: Proposal, cells: number): Line[] {
  const notice = wizard.notice === null ? [] : [line(span(fit(wizard.notice, cells), 'warn'))];
  const victim = shownVictims(wizard, proposal)[wizard.place.cursor];
  const card = victim?.card ?? proposal.toAnalyze[wizard.place.cursor];
  if (card === undefined) return [BLANK, ...notice];
  const position = positionText(wizard, proposal);
  const why = victim === undefined ? waits(view, card) : whyOf(wizard, proposal, victim);
  const room = previewRows(state.size, proposal);
  const read = wizard.preview?.uid === card.uid ? wizard.preview.lines : [];
  const preview = gist(withoutTitle(read), Math.max(0, room - 1));
  return [
    notice[0] ?? line(span(fit(`${position}: ${why}`, cells), 'dim')),
    ...(room === 0 ? [] : [line(span('─ The digest that stays '.padEnd(cells, '─'), 'dim'))]),
    ...preview.map((text) => digestLine(fit(text, cells))),
  ];
}

function whyOf(wizard: Wizard, proposal: Proposal, victim: Victim): string {
  const isKeptBefore = proposal.keptOut.includes(victim) && isKept(wizard, victim.card.uid);
  return isKeptBefore
    ? 'kept out of an earlier pass; space lets it go'
    : explainReason(victim.reason, formatBytes);
}

function waits(view: View, card: Parameters<typeof ageMs>[0]): string {
  const age = ageMs(card, view.now);
  return age === null ? 'no digest yet' : `no digest yet, ${(age / 86_400_000).toFixed(1)} days old`;
}

function running(
  view: View,
  wizard: Wizard,
  stage: Wizard['stage'] & { kind: 'running' },
  cells: number,
): Line[] {
  const share = stage.total === 0 ? 1 : Math.min(1, stage.done / stage.total);
  const what = stage.step === 'analyze' ? 'Analyzing' : stage.step === 'data_loss' ? 'Losing' : 'Evicting';
  const room = Math.max(10, Math.min(60, cells - 30));
  const freed = `Freed ${formatBytes(wizard.freedBytes)}`;
  const pace = paceText({ ...stage, unit: 'pieces' });
  return [
    ...head(view, wizard, wizard.usageBytes + wizard.freedBytes, null, cells),
    BLANK,
    line(`${what} ${progressBar(share, room)} ${formatCount(stage.done)} of ${formatCount(stage.total)}`),
    line(span(fit(stage.label, cells), 'dim')),
    line(fit(stage.step === 'analyze' ? pace : pace === '' ? freed : `${freed} · ${pace}`, cells)),
    ...stopLine(wizard, 'It stops after the session at hand.'),
    ...(wizard.notice === null ? [] : [line(span(fit(wizard.notice, cells), 'warn'))]),
    ...(stage.step === 'analyze' ? failureLines(wizard, cells) : []),
  ];
}

/** Once for each cause, the newest first; how often, and of whom last: the id may be cut, the cause not. */
function failureLines({ failures }: Wizard, cells: number): Line[] {
  if (failures.length === 0) return [];
  const groups = [...Map.groupBy(failures.toReversed(), ({ why }) => causeOf(why)).values()];
  return [
    BLANK,
    line(span(fit(`${plural(failures.length, 'session')} could not be analyzed:`, cells), 'warn')),
    ...groups.flatMap((group) => {
      const [last] = group;
      if (last === undefined) return [];
      const isOne = new Set(group.map(({ why }) => why)).size === 1;
      const why = isOne ? last.why : causeOf(last.why);
      const times = group.length === 1 ? '' : `${formatCount(group.length)} × `;
      return [line(fit(`  ${times}${why} · ${group.length === 1 ? '' : 'last '}${last.uid}`, cells))];
    }),
  ];
}

function stopLine(wizard: Wizard, what: string): Line[] {
  return wizard.stopping ? [line(span(`Stopping. ${what}`, 'warn'))] : [];
}
