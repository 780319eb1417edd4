/** The screen of a restore in every state, by name. */
import type { Event } from '../../src/tui/state.ts';
import { key, restorePlan, typing, uidOf } from '../support/tui.ts';
import type { Maker } from './states.ts';

const WRITTEN: Event = { kind: 'worked', done: 900 * 1024 ** 2, total: 2 * 1024 ** 3, elapsedMs: 3_000 };

/** `browse`: opens the list of sessions, then plays the events. */
export function restoreStates(
  browse: (...events: readonly Event[]) => Maker,
): Readonly<Record<string, Maker>> {
  return {
    'restore-looking': browse({
      kind: 'restore_planned',
      isLooking: true,
      plan: restorePlan({ root: '-', files: [], resume: '' }),
    }),
    'restore-ready': browse({ kind: 'restore_planned', plan: restorePlan() }),
    'restore-differs': browse({
      kind: 'restore_planned',
      plan: restorePlan({
        files: restorePlan().files.map((file) => ({ ...file, place: 'differs' })),
      }),
    }),
    'restore-obstacle': browse({
      kind: 'restore_planned',
      plan: restorePlan({
        root: '-',
        files: [],
        resume: '',
        obstacle: `${uidOf(0)} was evicted: its raw bytes are gone. Its digest stays: session-memory show ${uidOf(0)}`,
      }),
    }),
    'restore-beside': browse({
      kind: 'restore_planned',
      plan: restorePlan({
        resume:
          'cd /home/me/app && opencode import /store/restored/opencode/ses_1.import.json && opencode --session ses_1',
        note: 'opencode keeps its sessions in a database, which is never written to.',
      }),
    }),
    'restore-forcible': browse({
      kind: 'restore_planned',
      plan: restorePlan({
        root: '-',
        files: [],
        resume: '',
        isForcible: true,
        obstacle:
          '/home/me/.claude/projects/-home-me-web-shop/8c810000-5a1b-4c4e-9d2f-0123456789ab.jsonl is there and differs. f replaces it: what is there is stored first, or put beside.',
      }),
    }),
    'restore-folder': browse({ kind: 'restore_planned', plan: restorePlan() }, key('d'), ...typing('~/back')),
    'restore-starts': browse({ kind: 'restore_planned', plan: restorePlan(), starts: true }),
    'restore-starts-nothing': browse({
      kind: 'restore_planned',
      plan: restorePlan({ resume: '' }),
      starts: true,
    }),
    'restore-starts-there': browse({
      kind: 'restore_planned',
      plan: restorePlan({ files: restorePlan().files.map((file) => ({ ...file, place: 'same' })) }),
      starts: true,
    }),
    'restore-writing': browse({ kind: 'restore_planned', plan: restorePlan() }, key('enter')),
    'restore-written-half': browse({ kind: 'restore_planned', plan: restorePlan() }, key('enter'), WRITTEN),
    'restore-stopping': browse(
      { kind: 'restore_planned', plan: restorePlan() },
      ...[key('enter'), WRITTEN, key('esc')],
    ),
    'restore-done': browse(
      { kind: 'restore_planned', plan: restorePlan() },
      { kind: 'restored', message: 'Wrote 2 files, byte for byte. 1 file is already there.', isWhole: true },
    ),
  };
}
