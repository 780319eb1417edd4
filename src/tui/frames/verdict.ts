/** Is all well, what goes next and when, and the one thing to do about it: a few sentences, the gravest first. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { evictingPass, PASS_TO_BUCKET } from '../../policy/passes.ts';
import type { Tone } from '../paint.ts';
import type { State } from '../state.ts';
import type { Schedule, View } from '../view.ts';

export interface Sentence {
  /** In front, for whom colours say nothing. */
  readonly sign: '✓' | '!' | '✗' | ' ';
  readonly text: string;
  readonly tone: Tone;
}

/** Beside it nothing else counts: what is told below is of a store that cannot be trusted. */
const DAMAGED: Sentence = {
  sign: '✗',
  text: 'The store is damaged. Quit, and run `session-memory verify`: it says what is hit, and what mends it.',
  tone: 'danger',
};

const STOPPED: Sentence = {
  sign: '!',
  text: 'You stopped it before all was stored: i goes on.',
  tone: 'warn',
};

export function verdict(
  view: View,
  { schedule, isDamaged, watching }: Pick<State, 'schedule' | 'isDamaged' | 'watching'>,
): Sentence[] {
  if (isDamaged) return [DAMAGED];
  const more = [...next(view), ...inBucket(view), ...when(view, schedule)];
  return [watching === 'stopped' ? STOPPED : state(view), ...more];
}

/** What has no digest is left to the bucket, or may be. */
function inBucket({ bucketOnly, next: passes }: View): Sentence[] {
  const atWorst = passes.find(({ pass }) => pass === PASS_TO_BUCKET.name)?.sessions ?? 0;
  const plain = (text: string): Sentence => ({ sign: ' ', text, tone: 'plain' });
  return [
    ...(atWorst === 0
      ? []
      : [
          plain(
            `At worst the bucket alone keeps ${plural(atWorst, 'session')} without a digest; nothing is lost.`,
          ),
        ]),
    ...(bucketOnly === 0
      ? []
      : [
          plain(
            `${plural(bucketOnly, 'un-analyzed session')} in the bucket only; \`session-memory analyze\` digests.`,
          ),
        ]),
  ];
}

function state(view: View): Sentence {
  const { rawHardCapBytes: hard, rawSoftCapBytes: soft } = view.limits;
  const { tier1Bytes: used } = view;
  const warn = (text: string): Sentence => ({ sign: '!', text, tone: 'warn' });
  if (used > hard)
    return {
      sign: '✗',
      text: `Over the hard cap by ${formatBytes(used - hard)}: s sweeps, and asks before anything goes.`,
      tone: 'danger',
    };
  const notStored = view.atRisk.reduce((sum, risk) => sum + risk.notStored, 0);
  if (notStored > 0)
    return warn(
      notStored === 1
        ? '1 session that its agent deletes within a week is not stored: i stores it.'
        : `${formatCount(notStored)} sessions that their agent deletes within a week are not stored: i stores them.`,
    );
  if (view.lastRun?.isWell === false)
    return warn(
      `The last run of maintain ended with: ${view.lastRun.result}. \`session-memory doctor\` says more.`,
    );
  if (used > soft)
    return warn(`Over the soft cap by ${formatBytes(used - soft)}: the next sweep makes room.`);
  if (view.unanalyzed.sessions > 0)
    return {
      sign: '✓',
      text: `All stored; ${formatCount(view.unanalyzed.sessions)} ${view.unanalyzed.sessions === 1 ? 'has' : 'have'} no digest. Raw ${shareOf(used, hard)}.`,
      tone: 'good',
    };
  return { sign: '✓', text: `All stored. Disk is no problem: raw ${shareOf(used, hard)}.`, tone: 'good' };
}

function shareOf(usedBytes: number, capBytes: number): string {
  if (capBytes === 0) return formatBytes(usedBytes);
  const share = (100 * usedBytes) / capBytes;
  const shown = share > 0 && share < 1 ? 'under 1' : String(Math.round(share));
  return `${shown} % of ${formatBytes(capBytes)}`;
}

/** What the pass to the bucket would take is what it takes at worst. */
function isCertain(pass: string): boolean {
  return evictingPass(pass) !== null && pass !== PASS_TO_BUCKET.name;
}

function next(view: View): Sentence[] {
  const passes = view.next.filter((one) => one.sessions > 0 && isCertain(one.pass));
  const sessions = passes.reduce((sum, one) => sum + one.sessions, 0);
  const bytes = passes.reduce((sum, one) => sum + one.bytes, 0);
  const loss: Sentence[] =
    view.worstCaseLoss === 0
      ? []
      : [
          {
            sign: '✗',
            text: `At worst ${plural(view.worstCaseLoss, 'session')} would be lost without a digest; the sweep asks first.`,
            tone: 'danger',
          },
        ];
  if (sessions === 0)
    return [
      ...(view.toAnalyze > 0
        ? ([
            {
              sign: '!',
              text: `The next sweep analyzes ${plural(view.toAnalyze, 'session')} first.`,
              tone: 'warn',
            },
          ] as const)
        : ([{ sign: ' ', text: 'Nothing goes with the next sweep.', tone: 'plain' }] as const)),
      ...loss,
    ];
  const all = view.analyzed.sessions + view.unanalyzed.sessions;
  const who =
    sessions === all
      ? `all ${plural(sessions, 'session')}`
      : `${formatCount(sessions)} of ${plural(all, 'session')}`;
  const why = passes.map((one) => {
    const reason = evictingPass(one.pass)?.why(view.limits) ?? '';
    return passes.length === 1 ? reason : `${formatCount(one.sessions)} ${reason}`;
  });
  return [
    {
      sign: '!',
      text: `The next sweep takes the raw bytes of ${who}, ${formatBytes(bytes)}: ${why.join(', ')}. Digests stay.`,
      tone: 'warn',
    },
    ...first(view),
    ...loss,
  ];
}

function first({ firstSweep, limits, next: passes }: View): Sentence[] {
  if (firstSweep === null) return [];
  const byAge = (passes.find(({ pass }) => pass === 'backstop')?.sessions ?? 0) > 0;
  const limit = byAge && limits.rawMaxAgeDays !== 'off' ? 'the age limit' : 'the soft cap';
  const when =
    firstSweep === 'told'
      ? 'announced, it comes with the next run of `maintain`'
      : '`maintain` announces it once before it does it';
  return [
    {
      sign: ' ',
      text: `It is the first: ${when}. c says how ${limit} is changed.`,
      tone: 'plain',
    },
  ];
}

/** Only where it matters: a machine that sweeps by itself needs no reminder that it does. */
function when(view: View, schedule: Schedule | null): Sentence[] {
  if (schedule === null) return [];
  const goes = view.next.some(({ sessions }) => sessions > 0) || view.toAnalyze > 0;
  const plain = (text: string): Sentence[] => [{ sign: ' ', text, tone: 'plain' }];
  switch (schedule.state) {
    case 'installed':
      return goes
        ? plain(
            `It runs every hour by ${schedule.kind}${schedule.next === null ? '' : `, next ${schedule.next}`}.`,
          )
        : [];
    case 'none':
      return goes
        ? plain('No sweep runs by itself: s looks at it, `session-memory install` has it run.')
        : [];
    case 'stopped':
    case 'stale':
      return [
        {
          sign: '!',
          text: `The schedule (${schedule.kind}) ${schedule.state === 'stopped' ? 'is stopped' : 'is for another program or store'}: \`session-memory install\` mends it.`,
          tone: 'warn',
        },
      ];
    default:
      return schedule.state satisfies never;
  }
}

/** What keeps the store up by itself, in a few words. */
export function keptUp(schedule: Schedule | null): string {
  if (schedule === null) return '…';
  const { state: how, kind } = schedule;
  return how === 'installed'
    ? `${kind}, every hour`
    : how === 'none'
      ? 'nothing by itself'
      : `${kind}, which does not run`;
}
