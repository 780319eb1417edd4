/**
 * The last resort as a choice: what would be lost and why, told once; the ways, the safe ones first; the sessions, one by one. The phrase
 * stands in the place of the ways, once the last of them was taken.
 */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { causeOf } from '../../domain/retry.ts';
import type { SessionCard } from '../../domain/session.ts';
import type { Proposal } from '../../sweep/ports.ts';
import { isLow } from '../layout.ts';
import { typedSpans } from '../line-edit.ts';
import { once } from '../once.ts';
import { BLANK, fit, type Line, line, pad, type Span, span, tail } from '../paint.ts';
import type { Doing, OwnFile, State, Wizard } from '../state.ts';
import type { View } from '../view.ts';
import { goingOf, phraseFor, raisedCap, shownVictims, type Way, waysOf, wizardListRows } from '../wizard.ts';
import { NOBODY_LIKE_THAT, positionText, rowHead, sessionRow, siftLine } from './rows.ts';
import { head } from './sweep-head.ts';
import { workText } from './work.ts';

export function lossFrame(
  state: State,
  view: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
  rows: number,
): Line[] {
  const low = isLow(state.size);
  const after = proposal.usageBytes - goingOf(wizard, proposal).bytes;
  const listRows = wizardListRows(state.size, proposal);
  const causes = causeLines(proposal);
  const dim = (text: string) => line(span(fit(text, cells), 'dim'));
  return [
    ...head(view, wizard, proposal.usageBytes, after, cells).slice(0, low ? 3 : 4),
    what(wizard, proposal, view, cells),
    ...filled(
      causes.map((text) => line(fit(text, cells))),
      low ? 1 : 2,
    ),
    ...(low ? [] : [pickLine(wizard, proposal, cells)]),
    ...filled(
      wizard.losing
        ? phraseLines(wizard, proposal, state.fromEnd, cells)
        : wayLines(wizard, proposal, view, cells),
      waysOf(proposal).length,
    ),
    ...(low ? [] : [dim(projects(proposal)), dim(ownFiles(wizard, proposal))]),
    ...filled(list(state, view, wizard, proposal, cells, listRows), listRows + 1),
    ...foot(wizard, proposal, cells, low),
  ].slice(0, rows);
}

function filled(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: rows }, (_, i) => lines[i] ?? BLANK);
}

const NOBODY_KEPT = { keptOut: new Set<SessionUid>(), pinned: new Set<SessionUid>() };

function what(wizard: Wizard, proposal: Proposal, view: View, cells: number): Line {
  const { victims, usageBytes } = proposal;
  if (victims.length === 0) {
    const over = `${formatBytes(usageBytes - view.limits.rawHardCapBytes)} over the hard cap`;
    const why = cells < 76 ? '; the rest has no digest.' : ', and nothing more can go without a digest.';
    return line(span(fit(over + why, cells), 'warn'));
  }
  const { kept } = goingOf(wizard, proposal);
  const keeps =
    kept === 0 ? '' : cells < 76 ? `; ${formatCount(kept)} kept` : `; you keep ${formatCount(kept)}`;
  const bytes = formatBytes(goingOf(NOBODY_KEPT, proposal).bytes);
  const lacks = cells < 76 ? 'no digest' : `${victims.length === 1 ? 'has' : 'have'} no full digest`;
  const text = `   ${plural(victims.length, 'session')}, ${bytes}${cells < 76 ? '' : ' stored'}, ${lacks}${keeps}`;
  return line(span('DATA LOSS', 'danger'), span(fit(text, cells - 'DATA LOSS'.length), 'title'));
}

/** Failures of one cause are told once, with their count; the most frequent first. */
const causeLines = once(({ victims, failures, ways }: Proposal): string[] => {
  const whys = victims.map(({ card }) => failures.get(card.uid) ?? 'not tried (--no-analyze)');
  const groups = [...Map.groupBy(whys, causeOf).values()].sort((a, b) => b.length - a.length);
  const texts = groups.map((group) => {
    const same = new Set(group).size === 1 ? group[0] : causeOf(group[0] ?? '');
    const times = `${formatCount(group.length)} of ${formatCount(whys.length)} times`;
    return `Why: ${same}${whys.length === 1 ? '' : `, ${times}`}`;
  });
  if (ways.notAsked > 0)
    return [
      ...(texts.length === 0
        ? [...failures.values()].slice(-1).map((why) => `Why: ${why}`)
        : texts.slice(0, 1)),
      `Your analyzer failed again and again: it was not asked for the other ${formatCount(ways.notAsked)}.`,
    ];
  if (texts.length <= 2) return texts;
  const others = groups.slice(1).reduce((sum, group) => sum + group.length, 0);
  return [
    ...texts.slice(0, 1),
    `     ${formatCount(groups.length - 1)} other causes, ${formatCount(others)} times: each stands below with its session.`,
  ];
});

/** Gone for good is only what nobody else has. */
function whatRemains(known: Wizard['ownFiles'], victims: Proposal['victims']): string {
  const others = victims.length - ownCounts(known)(victims).there;
  if (others === 0) return 'Their raw bytes go from here; only the agents’ own files have them then.';
  const who = others === victims.length ? 'they are' : `${formatCount(others)} of them are`;
  return `Their raw bytes go from here; ${who} gone for good then.`;
}

function pickLine({ losing, ownFiles }: Wizard, { victims }: Proposal, cells: number): Line {
  if (losing) return line(span(fit(whatRemains(ownFiles, victims), cells), 'warn'));
  const text = victims.length === 0 ? 'Pick one:' : 'You need not lose any. Pick one:';
  return line(span(fit(text, cells), 'title'));
}

function phraseLines(wizard: Wizard, { victims }: Proposal, fromEnd: number, cells: number): Line[] {
  return [
    line('To lose them, type ', span(phraseFor(victims.length), 'danger'), ' and press enter'),
    line('› ', ...typedSpans({ text: wizard.phrase, fromEnd }, cells - 2)),
    line(span(fit('Nothing else that you type loses anything.', cells), 'dim')),
  ];
}

interface WayText {
  readonly text: string;
  readonly cost: string;
  readonly note: string;
}

function wayLines(wizard: Wizard, proposal: Proposal, view: View, cells: number): Line[] {
  const costCells = 11;
  const noteCells = cells < 76 ? 0 : cells < 110 ? 17 : 44;
  const textCells = Math.min(52, cells - 5 - costCells - noteCells);
  return waysOf(proposal).map((way, i) => {
    const { text, cost, note } = wayText(way, wizard, proposal, view, noteCells === 0);
    const isChosen = i === wizard.way;
    const lead = `${isChosen ? '›' : ' '} ${i + 1}  `;
    const tone = way === 'lose' ? 'danger' : isChosen ? 'title' : 'plain';
    const spans: Span[] = [
      span(`${lead + pad(text, textCells - 1)} `, tone),
      span(pad(cost, costCells), way === 'lose' ? 'danger' : 'good'),
      span(way === 'export' ? tail(note, noteCells) : fit(note, noteCells), 'dim'),
    ];
    return line(...spans);
  });
}

function wayText(way: Way, wizard: Wizard, proposal: Proposal, { limits }: View, short: boolean): WayText {
  const { ways, victims, usageBytes } = proposal;
  const none = '0 lost';
  switch (way) {
    case 'digest':
      return {
        text: short ? 'digest them now, built in' : 'digest them with the built-in analyzer, now',
        cost: none,
        note: `${formatBytes(ways.digestible.rawBytes)} to read`,
      };
    case 'ask_on':
      return { text: 'go on asking your analyzer', cost: none, note: `${formatCount(ways.notAsked)} more` };
    case 'raise': {
      const cap = formatBytes(raisedCap(usageBytes));
      return {
        text: short ? `a hard cap of ${cap}, this once` : `raise the hard cap to ${cap}, for this time`,
        cost: none,
        note: `from ${formatBytes(limits.rawHardCapBytes)}`,
      };
    }
    case 'export':
      return { text: 'write them to a file, then choose again', cost: none, note: wizard.exportFile };
    case 'skip': {
      const over = formatBytes(usageBytes - limits.rawHardCapBytes);
      return { text: `skip: usage stays ${over} over`, cost: none, note: '' };
    }
    case 'lose':
      // Who is kept changes whom it would take: the new list tells their number.
      return goingOf(wizard, proposal).kept > 0
        ? { text: 'lose the others', cost: 'some lost', note: 'a new list first' }
        : { text: 'lose them', cost: `${formatCount(victims.length)} lost`, note: 'a phrase follows' };
    case 'anew':
      return { text: '', cost: '', note: '' };
    default:
      return way satisfies never;
  }
}

const PROJECTS_TOLD = 3;

const projects = once(({ victims }: Proposal): string => {
  if (victims.length === 0) return '';
  const counts = [...Map.groupBy(victims, ({ card }) => nameOf(card))].sort(
    ([, a], [, b]) => b.length - a.length,
  );
  const told = counts.slice(0, PROJECTS_TOLD).map(([name, list]) => `${name} ${formatCount(list.length)}`);
  const others = counts.slice(PROJECTS_TOLD);
  const left = others.reduce((sum, [, list]) => sum + list.length, 0);
  const more = others.length === 0 ? [] : [`${plural(others.length, 'other')} ${formatCount(left)}`];
  return `By project   ${[...told, ...more].join('   ')}`;
});

function nameOf({ project }: SessionCard): string {
  return (project ?? '').split(/[\\/]/).at(-1) || '-';
}

/** Of a list how many have their own file where, as far as that is known. */
const ownCounts = once((known: Wizard['ownFiles']) =>
  once((victims: Proposal['victims']): Readonly<Record<OwnFile, number>> => {
    const counts = { there: 0, changed: 0, gone: 0, unknown: 0 };
    for (const { card } of victims) {
      const own = known.get(card.uid);
      if (own !== undefined) counts[own] += 1;
    }
    return counts;
  }),
);

function ownFiles({ ownFiles: known }: Wizard, { victims }: Proposal): string {
  if (victims.length === 0) return '';
  if (known.size === 0) return 'Own files    …';
  const counts = ownCounts(known)(victims);
  const told = (['there', 'changed', 'gone', 'unknown'] as const).map((own) => ({ own, times: counts[own] }));
  const shown = told.filter(({ own, times }) => times > 0 || own !== 'unknown');
  return `Own files    ${shown.map(({ own, times }) => `${own} ${formatCount(times)}`).join('   ')}`;
}

const MARK_CELLS = 9;

function list(
  { fromEnd }: Pick<State, 'fromEnd'>,
  view: View,
  wizard: Wizard,
  proposal: Proposal,
  cells: number,
  listRows: number,
): Line[] {
  const { place, ownFiles: known } = wizard;
  const victims = shownVictims(wizard, proposal);
  if (proposal.victims.length === 0)
    return [line(fit('Losing those tried would not be enough: none is offered.', cells))];
  return [
    siftLine(wizard, fromEnd, cells) ?? rowHead({ cells, markCells: MARK_CELLS }, 'own file'),
    ...(victims.length === 0 ? [line(NOBODY_LIKE_THAT)] : []),
    ...victims.slice(place.top, place.top + listRows).map(({ card }, i) =>
      sessionRow(card, {
        cells,
        now: view.now,
        isCursor: place.top + i === place.cursor,
        mark: markOf(wizard, card, known.get(card.uid)),
        markCells: MARK_CELLS,
        bytes: card.storedBytes,
      }),
    ),
  ];
}

const OWN_FILE: Readonly<Record<OwnFile, string>> = {
  there: 'is there',
  changed: 'differs',
  gone: 'is gone',
  unknown: 'unknown',
};

function markOf({ pinned, keptOut }: Wizard, { uid }: SessionCard, own: OwnFile | undefined): string {
  if (pinned.has(uid)) return 'pinned';
  if (keptOut.has(uid)) return 'kept out';
  return own === undefined ? '…' : OWN_FILE[own];
}

function whyOf({ failures }: Proposal, uid: SessionUid): string {
  return failures.get(uid) ?? 'not tried (--no-analyze)';
}

const isOneCause = once((proposal: Proposal): boolean => {
  const [first] = proposal.victims;
  return (
    first === undefined ||
    proposal.victims.every(({ card }) => whyOf(proposal, card.uid) === whyOf(proposal, first.card.uid))
  );
});

/** The row under the cursor: where it stands, its id, why it has no digest; then what was done last. */
function foot(wizard: Wizard, proposal: Proposal, cells: number, low: boolean): Line[] {
  const { place, notice, exporting, exportFile, way } = wizard;
  const card = shownVictims(wizard, proposal)[place.cursor]?.card;
  const said =
    exporting !== null
      ? line(exportText(exporting, exportFile, cells))
      : notice === null
        ? null
        : line(span(fit(notice, cells), 'warn'));
  if (card === undefined) return low ? [said ?? BLANK] : [BLANK, said ?? BLANK];
  const position = `row ${positionText(wizard, proposal)}`;
  // What is the same of all stands above.
  const about = `${position} · ${card.uid}${isOneCause(proposal) ? '' : ` · ${whyOf(proposal, card.uid)}`}`;
  const shown = line(span(fit(about, cells), 'dim'));
  return low ? [said ?? shown] : [shown, said ?? goesTo(way, proposal, exportFile, cells)];
}

/** Of the file that would be written the whole place, once that way is chosen. */
function goesTo(way: number, proposal: Proposal, file: string, cells: number): Line {
  if (waysOf(proposal)[way] !== 'export' || file === '') return BLANK;
  return line(span(tail(`It would be ${file}`, cells), 'dim'));
}

function exportText(exporting: Doing, file: string, cells: number): Span {
  if (exporting.stopping) return span(fit('Stopping: the file is not kept.', cells), 'warn');
  if (exporting.done === 0) return span(fit(`Writing them to ${file}…`, cells), 'warn');
  return span(workText('Writing', exporting, cells), 'warn');
}
