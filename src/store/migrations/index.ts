/**
 * The schema's history: one entry a version, applied in order, each in one transaction. A released entry is never edited.
 */
import { base } from './0001-base.ts';
import { refusals } from './0001-refusals.ts';
import { search } from './0002-search.ts';
import { byHand } from './0003-by-hand.ts';
import { deleteUnread } from './0004-delete-unread.ts';
import { contents } from './0005-contents.ts';
import { ownFacts } from './0006-own-facts.ts';
import { nothing } from './0007-nothing.ts';
import { versions } from './0008-versions.ts';
import { places } from './0009-places.ts';
import { clock } from './0010-clock.ts';
import { lastSegment } from './0010-last-segment.ts';
import { origin } from './0010-origin.ts';
import { searchStems } from './0010-search-stems.ts';
import { unattended } from './0010-unattended.ts';
import { atRisk } from './0011-at-risk.ts';
import { remote } from './0011-remote.ts';
import { bucketOnly } from './0012-bucket-only.ts';
import { commitChain } from './0013-commit-chain.ts';

export interface Migration {
  /** `PRAGMA user_version` after it. */
  readonly version: number;
  /** What it is for, for the error message where it fails. */
  readonly name: string;
  readonly sql: string;
  /**
   * A table that it makes, or `TABLE.COLUMN`: where that is there already, the store's header lies about its version. The newest one must
   * have it: of an older one a later one tells.
   */
  readonly brings?: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'base', sql: base + refusals, brings: 'sessions' },
  { version: 2, name: 'search', sql: search, brings: 'search_pending' },
  { version: 3, name: 'by hand', sql: byHand, brings: 'forgotten' },
  { version: 4, name: 'segments go unread', sql: deleteUnread },
  { version: 5, name: 'contents', sql: contents, brings: 'contents' },
  { version: 6, name: 'facts of its own', sql: ownFacts },
  { version: 7, name: 'digests of nothing let nothing go', sql: nothing },
  { version: 8, name: 'versions', sql: versions, brings: 'versions' },
  { version: 9, name: 'places', sql: places, brings: 'exclude_matches' },
  {
    version: 10,
    name: 'clocks, archives of strangers, unattended use, stems',
    sql: [clock, origin, unattended, searchStems, lastSegment].join('\n'),
    brings: 'runs',
  },
  { version: 11, name: 'sessions at risk, a bucket', sql: [atRisk, remote].join('\n'), brings: 'remote' },
  { version: 12, name: 'sessions that the bucket alone keeps', sql: bucketOnly, brings: 'remote_digests' },
  { version: 13, name: 'commits that go on from one another', sql: commitChain, brings: 'remote.last' },
];
