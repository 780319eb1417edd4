/** A sweep of a large store: what a key costs, how a proposal comes over from the thread that plans it. */
import { describe, expect, test } from 'bun:test';
import { ProposalParts, piecesOf } from '../../src/cli/proposal-pieces.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import type { Victim } from '../../src/policy/passes.ts';
import type { Proposal } from '../../src/sweep/ports.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { newWizard } from '../../src/tui/state.ts';
import { goingOf, isKept, listedVictims } from '../../src/tui/wizard.ts';
import { card, key, play, proposal, SIZE, uidOf, victims } from '../support/tui.ts';
import { stateOf } from './states.ts';

const SESSIONS = 5000;
/** A window shows a few dozen rows; what is looked at once for each of them is well below this. */
const LOOKS_MAX = 400;

/** Tells how often the sessions of a list were looked at. */
function counted(list: readonly Victim[]): { readonly list: Victim[]; readonly looks: () => number } {
  let looks = 0;
  return {
    looks: () => looks,
    list: list.map((victim) => ({
      ...victim,
      get card(): SessionCard {
        looks += 1;
        return victim.card;
      },
    })),
  };
}

function many(): Victim[] {
  return victims(
    'backstop',
    Array.from({ length: SESSIONS }, (_, n) => card(n)),
  );
}

describe('a key in the list of a large sweep', () => {
  for (const step of ['backstop', 'data_loss'] as const)
    test(`${step}: looks at what it shows, and not at all of them`, () => {
      const { list, looks } = counted(many());
      const about = proposal(step, 0, { victims: list });
      let state = play(stateOf('dashboard', SIZE), key('s'), { kind: 'proposed', proposal: about });
      frame(state, { unicode: true });
      expect(looks(), 'all of them once').toBeGreaterThanOrEqual(SESSIONS);
      for (const name of ['j', 'space', 'j', 'u', 'pagedown', 'G', 'space', 'g']) {
        const before = looks();
        state = play(state, key(name));
        frame(state, { unicode: true });
        // The first mark makes the index of the list.
        const most = name === 'space' ? SESSIONS + LOOKS_MAX : LOOKS_MAX;
        expect([name, looks() - before <= most]).toEqual([name, true]);
      }
      const before = looks();
      for (const name of ['space', 'j', 'space', 'k', 'u']) state = play(state, key(name));
      frame(state, { unicode: true });
      expect(looks() - before, 'further marks').toBeLessThan(LOOKS_MAX);
    });
});

/** All ways to mark some of five sessions, of which two are kept out of an earlier pass. */
test('what goes is what is listed without what is marked, in every world of five sessions', () => {
  const all = victims(
    'budget',
    [0, 1, 2, 3, 4].map((n) => card(n)),
  );
  const about = proposal('budget', 0, { victims: all.slice(0, 3), keptOut: all.slice(3) });
  for (let kept = 0; kept < 64; kept += 1)
    for (let pinned = 0; pinned < 64; pinned += 9) {
      // The sixth is not in the list at all.
      const chosen = (bits: number): ReadonlySet<SessionUid> =>
        new Set([0, 1, 2, 3, 4, 5].filter((n) => (bits >> n) % 2 === 1).map(uidOf));
      const wizard = { ...newWizard('command', 0), keptOut: chosen(kept), pinned: chosen(pinned) };
      const going = listedVictims(about).filter((victim) => !isKept(wizard, victim.card.uid));
      expect(goingOf(wizard, about)).toEqual({
        sessions: going.length,
        kept: 5 - going.length,
        bytes: going.reduce((sum, victim) => sum + victim.card.storedBytes, 0),
      });
    }
});

/** Lists of every length around the size of a piece. */
test('a proposal that was cut into pieces is put together as it was', () => {
  const all = victims(
    'budget',
    [0, 1, 2, 3, 4].map((n) => card(n)),
  );
  for (let bits = 0; bits < 6 ** 4; bits += 1) {
    const [some = 0, kept = 0, waiting = 0, failed = 0] = [0, 1, 2, 3].map(
      (i) => Math.floor(bits / 6 ** i) % 6,
    );
    const whole: Proposal = proposal('data_loss', 0, {
      victims: all.slice(0, some),
      keptOut: all.slice(0, kept),
      toAnalyze: all.slice(0, waiting).map((victim) => victim.card),
      failures: new Map(all.slice(0, failed).map((victim, n) => [victim.card.uid, `exit ${n}`])),
    });
    const gathered = new ProposalParts();
    const told = [...piecesOf(whole, 2)].map((piece) => gathered.add(piece));
    expect(told.slice(0, -1).every((one) => one === null)).toBe(true);
    expect(told.at(-1)).toEqual(whole);
    // The next proposal begins with nothing of this one.
    expect([...piecesOf(proposal('budget', 3), 2)].map((piece) => gathered.add(piece)).at(-1)).toEqual(
      proposal('budget', 3),
    );
  }
});

test('the thread that reads keys neither plans nor evicts', async () => {
  const source = await Bun.file(new URL('../../src/cli/services.ts', import.meta.url)).text();
  expect(source).not.toMatch(/import \{[^}]*\} from '\.\.\/sweep\/(sweep|run)\.ts'/);
});
