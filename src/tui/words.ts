/** The words of the product, as the help explains them; a pass brings its own. */
import { EVICTING_PASSES } from '../policy/passes.ts';

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];

export const WORDS: readonly (readonly [word: string, meaning: string])[] = [
  ['raw', 'a transcript byte for byte, compressed; counts against the caps (Tier 1)'],
  ['digest', 'what was asked, done and decided in a session; small, kept for good (Tier 2)'],
  ['analyze', 'make the digest of a session; only then its raw bytes may go'],
  ['evict', 'drop the raw bytes of a session; its digest stays, and it can be searched'],
  ['sweep', 'a walk through the passes below, each shown before it runs'],
  ...EVICTING_PASSES.map(({ name, means }, at) => [name, `${ORDINALS[at]} pass: ${means}`] as const),
  [
    'overflow',
    `${ORDINALS[EVICTING_PASSES.length]} pass: over the hard cap, analyzes what waits, then the budget again`,
  ],
  ['data loss', 'the last resort: sessions without a digest go; takes a typed phrase'],
  ['soft cap', 'above it the next sweep makes room'],
  ['hard cap', 'above it nothing is stored any more until a sweep has run'],
  ['pin', 'no pass takes it, until it is unpinned'],
  ['keep out', 'not in this sweep; the next one asks again'],
  ['at risk', 'the agent itself deletes its own file of it within a week'],
];

/** What is done at the shell, behind `session-memory`: a person at the screens should not have to guess that it is there. */
export const AT_THE_SHELL: readonly (readonly [command: string, does: string])[] = [
  ['config', 'the limits and all other settings, and where each comes from'],
  ['install', 'have sweeps and storing run by themselves'],
  ['verify', 'read everything back; --repair mends what can be mended'],
  ['evict', 'a session without a digest, too, after its phrase'],
  ['forget', 'purge a session for good: raw bytes, digest, index'],
  ['curate', 'what fills the digests, and making them shorter'],
  ['export', 'all of the store into one file; import takes it in'],
  ['doctor', 'what needs you, of schedule, hooks, disk and store'],
];
