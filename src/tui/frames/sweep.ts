/** The wizard: where we are in the passes, the bars before and after, who would go and why, what remains of each. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import type { Limits } from '../../domain/limits.ts';
import { ageMs } from '../../policy/census.ts';
import { explainReason } from '../../policy/explain.ts';
import type { Proposal, StepName } from '../../sweep/ports.ts';
import { LOSS_FOOT_ROWS, previewRows, WIZARD_HEAD_ROWS, wizardListRows } from '../layout.ts';
import { BLANK, fit, gauge, type Line, line, pad, span, wrap } from '../paint.ts';
import type { OwnFile, State, Wizard } from '../state.ts';
import { cardsOf, phraseFor } from '../steps/sweep.ts';
import type { View } from '../view.ts';
import { rowHead, sessionRow } from './rows.ts';

const STEPS: readonly { readonly step: StepName; readonly shown: string }[] = [
  { step: 'backstop', shown: 'backstop' },
  { step: 'budget', shown: 'budget' },
  { step: 'analyze', shown: 'analyze' },
  { step: 'budget_again', shown: 'budget again' },
  { step: 'data_loss', shown: 'data loss' },
];

export function sweepFrame(state: State, view: View, wizard: Wizard, cells: number, rows: number): Line[] {
  const { stage } = wizard;
  switch (stage.kind) {
    case 'starting':
      return [line('Planning…')];
    case 'asking':
      return asking(state, view, wizard, stage.proposal, cells, rows);
    case 'running':
      return running(view, wizard, stage, cells);
    case 'reclaiming':
      return [
        ...head(view, wizard, wizard.usageBytes, null, cells),
        line(`Giving freed space back to the file system: ${formatBytes(stage.leftBytes)} to go.`),
        ...stopLine(wizard, 'What was evicted stays evicted either way.'),
      ];
    case 'result':
      return [
        line(span('The sweep is done. Its report:', 'title')),
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

function toned(text: string, cells: number) {
  return span(fit(text, cells), /^DATA LOSS|data_loss:.*lost/.test(text) ? 'danger' : 'plain');
}

/** The passes, then usage before and after what is proposed. */
function head(
  view: View,
  wizard: Wizard,
  beforeBytes: number,
  afterBytes: number | null,
  cells: number,
): Line[] {
  const barCells = Math.max(10, cells - 34);
  return [
    passes(wizard, cells),
    bar('before', beforeBytes, view.limits, barCells, cells),
    afterBytes === null
      ? bar('now', wizard.usageBytes, view.limits, barCells, cells)
      : bar('after', afterBytes, view.limits, barCells, cells),
    line(
      span(
        fit(
          `        soft cap ${formatBytes(view.limits.rawSoftCapBytes)}, hard cap ${formatBytes(view.limits.rawHardCapBytes)}`,
          cells,
        ),
        'dim',
      ),
    ),
  ];
}

function bar(label: string, bytes: number, limits: Limits, barCells: number, cells: number): Line {
  const over =
    bytes > limits.rawHardCapBytes ? ' over hard' : bytes > limits.rawSoftCapBytes ? ' over soft' : '';
  const tone = bytes > limits.rawHardCapBytes ? 'danger' : bytes > limits.rawSoftCapBytes ? 'warn' : 'plain';
  // Above the cap the scale is what is used, so that what goes can be seen going.
  const scale = Math.max(limits.rawHardCapBytes, bytes);
  const text = ` ${formatBytes(bytes)}${over}`;
  return line(
    pad(label, 8),
    gauge(bytes, scale, limits.rawSoftCapBytes, barCells),
    span(fit(text, cells - 8 - barCells), tone),
  );
}

function passes(wizard: Wizard, cells: number): Line {
  const now = nowAt(wizard);
  const wide = cells >= 76;
  const names = STEPS.flatMap(({ step, shown }, i) => {
    const went = wizard.went.find((one) => one.step === step);
    const mark = step === now ? '›' : went === undefined ? ' ' : went.how === 'skipped' ? '–' : '✓';
    const text = step === now ? `[${i + 1} ${shown}]` : `${mark}${i + 1} ${shown}`;
    const tone = step === now ? ('title' as const) : ('dim' as const);
    return [span(text, tone), span(wide ? '   ' : ' ')];
  });
  return names;
}

function nowAt(wizard: Wizard): StepName | null {
  const { stage } = wizard;
  return stage.kind === 'asking' ? stage.proposal.step : stage.kind === 'running' ? stage.step : null;
}

/** Stored bytes of those that would go. */
function goingBytes(wizard: Wizard, proposal: Proposal): number {
  return proposal.victims.reduce(
    (sum, { card }) =>
      wizard.keptOut.has(card.uid) || wizard.pinned.has(card.uid) ? sum : sum + card.storedBytes,
    0,
  );
}

function asking(
  state: State,
  view: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
  rows: number,
): Line[] {
  const after = proposal.usageBytes - goingBytes(wizard, proposal);
  const top = [
    ...head(view, wizard, proposal.usageBytes, after, cells),
    ...purpose(view, wizard, proposal, cells),
  ];
  const headRows = [...top, ...Array.from({ length: WIZARD_HEAD_ROWS }, () => BLANK)].slice(
    0,
    WIZARD_HEAD_ROWS - 1,
  );
  const listRows = wizardListRows(state.size, proposal);
  const list =
    cardsOf(proposal).length === 0
      ? empty(proposal, cells)
      : listLines(view, wizard, proposal, cells, listRows);
  const filled = [...list, ...Array.from({ length: Math.max(0, listRows + 1 - list.length) }, () => BLANK)];
  const foot =
    proposal.step === 'data_loss'
      ? lossFoot(wizard, proposal, cells)
      : passFoot(state, view, wizard, proposal, cells);
  return [...headRows, ...filled.slice(0, listRows + 1), ...foot].slice(0, rows);
}

function purpose(view: View, wizard: Wizard, proposal: Proposal, cells: number): Line[] {
  const { limits } = view;
  const kept = proposal.victims.filter(
    ({ card }) => wizard.keptOut.has(card.uid) || wizard.pinned.has(card.uid),
  ).length;
  const going = proposal.victims.length - kept;
  const goes = `${plural(going, 'session')}, ${formatBytes(goingBytes(wizard, proposal))}${kept > 0 ? `; ${formatCount(kept)} kept` : ''}`;
  switch (proposal.step) {
    case 'backstop':
      return two(
        limits.rawMaxAgeDays === 'off'
          ? 'Backstop is switched off.'
          : `Backstop evicts analyzed sessions older than ${limits.rawMaxAgeDays} days: ${goes}.`,
        'Their digests stay.',
        cells,
      );
    case 'budget':
    case 'budget_again':
      return two(
        `Budget evicts analyzed sessions, oldest analyzed first, down to the soft cap: ${goes}.`,
        'Their digests stay.',
        cells,
      );
    case 'analyze':
      return two(
        `Usage is over the hard cap. Digests can be made of ${plural(proposal.toAnalyze.length, 'session')} now,`,
        'so that the budget can take them without a loss.',
        cells,
      );
    case 'data_loss':
      return [
        line(
          span(
            fit(
              `DATA LOSS: ${plural(going, 'session')}, ${formatBytes(goingBytes(wizard, proposal))}, would be gone for good, without a full digest.`,
              cells,
            ),
            'danger',
          ),
        ),
      ];
    default:
      return proposal.step satisfies never;
  }
}

function two(first: string, second: string, cells: number): Line[] {
  return wrap(`${first} ${second}`, cells)
    .slice(0, 2)
    .map((text) => line(text));
}

function empty(proposal: Proposal, cells: number): Line[] {
  const what = proposal.step === 'analyze' ? 'Nothing to analyze.' : 'Nothing to evict in this pass.';
  return [line(fit(`${what} Enter goes on.`, cells))];
}

function listLines(view: View, wizard: Wizard, proposal: Proposal, cells: number, listRows: number): Line[] {
  const cards = cardsOf(proposal);
  const { place } = wizard;
  const isLoss = proposal.step === 'data_loss';
  const markCells = isLoss ? 9 : 5;
  const shown = cards.slice(place.top, place.top + listRows);
  return [
    rowHead({ cells, markCells }, isLoss ? 'own file' : ''),
    ...shown.map((card, i) =>
      sessionRow(card, {
        cells,
        now: view.now,
        isCursor: place.top + i === place.cursor,
        mark: isLoss ? OWN_FILE[wizard.ownFiles.get(card.uid) ?? 'unknown'] : markOf(wizard, card.uid),
        markCells,
        bytes: card.storedBytes,
      }),
    ),
  ];
}

const OWN_FILE: Readonly<Record<OwnFile, string>> = {
  there: 'is there',
  changed: 'differs',
  gone: 'is gone',
  unknown: '…',
};

function markOf(wizard: Wizard, uid: Parameters<Wizard['keptOut']['has']>[0]): string {
  if (wizard.pinned.has(uid)) return 'pin';
  return wizard.keptOut.has(uid) ? 'keep' : '';
}

/** Why the session under the cursor goes, and the beginning of the digest that stays. */
function passFoot(state: State, view: View, wizard: Wizard, proposal: Proposal, cells: number): Line[] {
  const notice = wizard.notice === null ? [] : [line(span(fit(wizard.notice, cells), 'warn'))];
  const victim = proposal.victims[wizard.place.cursor];
  const card = cardsOf(proposal)[wizard.place.cursor];
  if (card === undefined) return [BLANK, ...notice];
  const position = `${formatCount(wizard.place.cursor + 1)} of ${formatCount(cardsOf(proposal).length)}`;
  const why = victim === undefined ? waits(view, card) : explainReason(victim.reason, formatBytes);
  const room = previewRows(state.size);
  const preview = wizard.preview?.uid === card.uid ? wizard.preview.lines : [];
  return [
    notice[0] ?? line(span(fit(`${position}: ${why}`, cells), 'dim')),
    ...(room === 0 ? [] : [line(span(fit(`─ The digest that stays ${'─'.repeat(cells)}`, cells), 'dim'))]),
    ...preview.slice(0, Math.max(0, room - 1)).map((text) => line(fit(text, cells))),
  ];
}

function waits(view: View, card: Parameters<typeof ageMs>[0]): string {
  const age = ageMs(card, view.now);
  return age === null ? 'no digest yet' : `no digest yet, ${(age / 86_400_000).toFixed(1)} days old`;
}

/** Why it could not be analyzed, the other ways out, and the phrase. */
function lossFoot(wizard: Wizard, proposal: Proposal, cells: number): Line[] {
  const card = proposal.victims[wizard.place.cursor]?.card;
  const why =
    card === undefined ? null : (proposal.failures.get(card.uid) ?? 'analysis was left out (--no-analyze)');
  const phrase = phraseFor(proposal.victims.length);
  const lines = [
    line(
      fit(
        `${formatCount(wizard.place.cursor + 1)} of ${formatCount(proposal.victims.length)}, why: ${why ?? '-'}`,
        cells,
      ),
    ),
    line(fit('Other ways out: raise --hard-cap; n skips; restore UID --to DIR copies one out first.', cells)),
    wizard.notice === null ? BLANK : line(span(fit(wizard.notice, cells), 'warn')),
    line('To lose them for good, type ', span(phrase, 'danger'), ' and press enter.'),
    line(span(fit(`› ${wizard.phrase}`, cells - 1), 'title'), span('_', 'cursor')),
  ];
  return lines.slice(0, LOSS_FOOT_ROWS);
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
  const failures = wizard.failures.slice(-6);
  return [
    ...head(view, wizard, Math.max(wizard.usageBytes + wizard.freedBytes, wizard.usageBytes), null, cells),
    BLANK,
    line(
      `${what} ${gauge(share, 1, 1, room).replace('│', share >= 1 ? '█' : '░')} ${formatCount(stage.done)} of ${formatCount(stage.total)}`,
    ),
    line(span(fit(stage.label, cells), 'dim')),
    line(`Freed ${formatBytes(wizard.freedBytes)}`),
    ...failures.map(({ uid, why }) =>
      line(span(fit(`could not be analyzed: ${uid}: ${why}`, cells), 'warn')),
    ),
    ...stopLine(wizard, 'It stops after the session at hand.'),
  ];
}

function stopLine(wizard: Wizard, what: string): Line[] {
  return wizard.stopping ? [line(span(`Stopping. ${what}`, 'warn'))] : [];
}
