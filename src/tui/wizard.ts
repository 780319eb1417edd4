/**
 * The walk through a sweep, as far as its handler and its frame have to agree: whom its list names, how many rows the list has, what
 * must be typed to lose.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Victim } from '../policy/passes.ts';
import type { OtherWay, Proposal } from '../sweep/ports.ts';
import { bodyRows, isLow } from './layout.ts';
import { once } from './once.ts';
import type { Size, Wizard } from './state.ts';

/** Passes, two bars with the caps in words, the pass in words; in a low window without the caps and on one line. */
export function wizardHeadRows(size: Size): number {
  return isLow(size) ? 4 : 6;
}

/**
 * The victims of a proposal, and behind them those who were kept out of an earlier pass: so the cursor begins on one that goes, and
 * `space` pressed at once lets nobody go. A loss lists only what would be lost: its number is typed.
 */
export const listedVictims = once(({ step, victims, keptOut }: Proposal): readonly Victim[] =>
  keptOut.length === 0 || step === 'data_loss' ? victims : [...victims, ...keptOut],
);

const storedByUid = once(
  (listed: readonly Victim[]) => new Map(listed.map(({ card }) => [card.uid, card.storedBytes])),
);

const storedOfAll = once((listed: readonly Victim[]) =>
  listed.reduce((sum, { card }) => sum + card.storedBytes, 0),
);

/** What a pass takes as the marks stand: reckoned from the whole and the few that are marked. */
export function goingOf(
  { keptOut, pinned }: Pick<Wizard, 'keptOut' | 'pinned'>,
  proposal: Proposal,
): { readonly sessions: number; readonly kept: number; readonly bytes: number } {
  const listed = listedVictims(proposal);
  const marked = keptOut.union(pinned);
  const stays = marked.size === 0 ? [] : [...marked].flatMap((uid) => storedByUid(listed).get(uid) ?? []);
  const bytes = storedOfAll(listed) - stays.reduce((sum, stored) => sum + stored, 0);
  return { sessions: listed.length - stays.length, kept: stays.length, bytes };
}

/** The last of a list that was sifted, so that it is gone through once for each letter. */
const sifted = once((proposal: Proposal) => {
  let [known, left]: [string, readonly Victim[]] = ['', listedVictims(proposal)];
  return (text: string): readonly Victim[] => {
    if (text === known) return left;
    const words = text.toLowerCase().split(/\s+/);
    left = listedVictims(proposal).filter(({ card: { title, project, agent, uid } }) => {
      const all = `${title ?? ''} ${project ?? ''} ${agent} ${uid}`.toLowerCase();
      return words.every((word) => all.includes(word));
    });
    known = text;
    return left;
  };
});

/** Those of them that the person wants to see. */
export function shownVictims({ sift }: Pick<Wizard, 'sift'>, proposal: Proposal): readonly Victim[] {
  return sift.trim() === '' ? listedVictims(proposal) : sifted(proposal)(sift.trim());
}

/** Rows of the list as it is shown, whichever it is. */
export function shownLength(wizard: Pick<Wizard, 'sift'>, proposal: Proposal): number {
  return shownVictims(wizard, proposal).length + proposal.toAnalyze.length;
}

/** Rows of the whole list, whichever it is. */
export function listLength(proposal: Proposal): number {
  return listedVictims(proposal).length + proposal.toAnalyze.length;
}

/** Rows of the preview under a pass's list; 0 where the window is too low for one, or nothing is to be evicted. */
export function previewRows(size: Size, proposal: Proposal): number {
  if (listedVictims(proposal).length === 0 || proposal.step === 'data_loss') return 0;
  return size.rows >= 22 ? Math.floor((size.rows - 16) / 2) + 2 : 0;
}

export function wizardListRows(size: Size, proposal: Proposal): number {
  // The list has a head of its own.
  const body = bodyRows(size) - 1;
  if (proposal.step === 'data_loss') return Math.max(1, body - lossRows(size, proposal));
  return Math.max(1, body - wizardHeadRows(size) - 1 - previewRows(size, proposal));
}

/**
 * Around the list of a data loss: passes and bars, what and why, the ways; by project, own files; the row under the cursor. A low window
 * has what decides, and one cause.
 */
function lossRows(size: Size, proposal: Proposal): number {
  const ways = waysOf(proposal).length;
  return isLow(size) ? 3 + 2 + ways + 1 : 4 + 3 + 1 + ways + 2 + 2;
}

/** What can be done about a data loss, the safe ones first. */
export type Way = OtherWay['kind'] | 'export' | 'skip' | 'lose';

export function waysOf({ ways, victims }: Proposal): Way[] {
  return [
    ...(ways.digestible.sessions > 0 ? (['digest'] as const) : []),
    ...(ways.notAsked > 0 ? (['ask_on'] as const) : []),
    'raise',
    ...(victims.length > 0 ? (['export'] as const) : []),
    'skip',
    ...(victims.length > 0 ? (['lose'] as const) : []),
  ];
}

/** The least hard cap that what is stored fits in, such as a person would name it. */
export function raisedCap(usageBytes: number): number {
  let unit = 1;
  while (usageBytes >= unit * 1024 && unit < 1024 ** 4) unit *= 1024;
  const tenths = unit === 1 ? unit : unit / 10;
  return Math.ceil(Math.ceil(usageBytes / tenths) * tenths);
}

/** What must be typed to lose these sessions; the number is always a plural. */
export function phraseFor(sessions: number): string {
  return `lose ${sessions} sessions`;
}

/** Sessions of a proposal's list, whichever it is. */
export function cardsOf(
  wizard: Pick<Wizard, 'sift'>,
  proposal: Proposal,
  from: number,
  to: number,
): readonly SessionCard[] {
  if (proposal.step === 'analyze') return proposal.toAnalyze.slice(from, to);
  return shownVictims(wizard, proposal)
    .slice(from, to)
    .map(({ card }) => card);
}

/** Marked in the list to stay, for now or for good. */
export function isKept(wizard: Wizard, uid: SessionUid): boolean {
  return wizard.keptOut.has(uid) || wizard.pinned.has(uid);
}
