/**
 * Gathers what the decision on a session of an archive hangs on, and tells in words what came of it.
 * Promises: reads only; of an archive that nobody vouches for no more is read than it holds itself.
 */
import { lossOfFacts } from '../digest/better.ts';
import type { SessionRow } from '../domain/session.ts';
import { claimOf } from '../merge/claim.ts';
import type { Here, MergeDecision, OfferedSession } from '../merge/decide.ts';
import type { Incoming } from '../store/archived.ts';
import type { ReadableDb } from '../store/connection.ts';
import { isBetter, newestDigest } from '../store/import/digests.ts';
import { isDigestAlone } from '../store/import/evicted.ts';
import { type Compared, compared, comparedAtSight } from '../store/import/merge.ts';
import { presentDigest } from '../store/import/rows.ts';
import { filesOf, sessionIdOf } from '../store/read.ts';
import { digestOf, saysSomething } from './digests.ts';

export interface Gathered {
  readonly here: Here;
  readonly offer: OfferedSession;
  /** What a merge would carry out; null where there is none. */
  readonly compared: Compared | null;
}

/** `local`: null where it is not here, or forgotten. */
export function offerOf(
  db: ReadableDb,
  local: SessionRow | null,
  isForgotten: boolean,
  incoming: Incoming,
  trusted: boolean,
): Gathered {
  const mains = incoming.meta.files.filter(({ role }) => role === 'main').map(({ key }) => key);
  const isStrangers = incoming.meta.origin != null;
  if (local === null) {
    const kind = incoming.meta.evicted_at === null ? 'live' : 'evicted';
    const claimed = presentDigest(incoming) === null ? 'none' : covers(incoming) ? 'better' : 'nothing';
    return {
      here: { state: isForgotten ? 'forgotten' : 'absent', isStrangers: false, isDigestAlone: false },
      offer: {
        kind,
        trusted,
        isStrangers,
        files: new Map(),
        mains,
        isEmpty: false,
        holdsAll: true,
        content: 'other',
        digest: claimed,
      },
      compared: null,
    };
  }
  const here: Here = {
    state: local.evictedAt === null ? 'live' : 'evicted',
    isStrangers: local.origin !== null,
    isDigestAlone: isDigestAlone(db, local),
  };
  if (!trusted)
    return {
      here,
      offer: { ...comparedAtSight(db, local, incoming), mains, trusted, isStrangers, digest: 'none' },
      compared: null,
    };
  const found = compared(db, local, incoming);
  const digest = digestClaim(db, here, local, incoming, found);
  return { here, offer: { ...found.offer, mains, trusted, isStrangers, digest }, compared: found };
}

/** Whether the digest of its present content may stand for it. */
export function covers(incoming: Incoming): boolean {
  const digest = presentDigest(incoming);
  const read = digest === null ? null : digestOf(digest.json);
  return read !== null && saysSomething(read);
}

function digestClaim(
  db: ReadableDb,
  here: Here,
  local: SessionRow,
  incoming: Incoming,
  { offer, storedBytes, hasRemoved }: Compared,
): OfferedSession['digest'] {
  const theirs = presentDigest(incoming);
  const next = theirs === null ? null : digestOf(theirs.json);
  // The digest of something else that was evicted here says nothing of what comes.
  const isOfOther = local.evictedAt !== null && offer.kind === 'live' && offer.content === 'other';
  const ours = isOfOther ? null : newestDigest(db, sessionIdOf(db, local.uid));
  const before = ours === null ? null : digestOf(ours.json);
  const told = theirs === null || next === null ? null : { ...theirs, says: saysSomething(next) };
  const kept = ours === null || before === null ? null : { ...ours, complete: ours.complete === 1 };
  return claimOf(here, {
    kind: offer.kind,
    hasRemoved,
    adds: adds(local, offer, storedBytes),
    theirs: told === null ? null : { ...told, isStrangers: told.origin != null },
    ours: kept,
    isBetter: theirs !== null && ours !== null && isBetter(theirs, ours),
    losesFacts: next !== null && before !== null && lossOfFacts(before, next) !== null,
  });
}

/** Whether bytes come to what is here, of which the digest that is here knows nothing. */
function adds({ evictedAt }: SessionRow, { kind, content }: Compared['offer'], storedBytes: number): boolean {
  return evictedAt === null ? storedBytes > 0 : kind === 'live' && content === 'known';
}

/** What a person should know of a session that both have, in words; null: nothing. */
export function tellConflict(
  db: ReadableDb,
  decision: MergeDecision,
  local: SessionRow | null,
  incoming: Incoming,
  offer: OfferedSession,
): string | null {
  if (local === null) return null;
  if (decision.act === 'leave')
    return decision.why === 'conflict' ? tellLeft(db, local, incoming, offer) : null;
  if (decision.act !== 'merge' || !decision.conflict) return null;
  const others = [...offer.files].filter(([, standing]) => standing === 'other');
  if (others.length > 0) {
    const stays = others.every(([key]) => decision.replaced.has(key))
      ? "the archive's is"
      : 'the one here stays';
    return `${others.map(([key]) => key).join(', ')} differs; ${stays} the present version, the other is kept: \`show ${local.uid} --versions\``;
  }
  const where = local.evictedAt === null ? 'here it is live' : 'here it was evicted';
  return `what was evicted there is not what is here (${where}); both digests stay`;
}

/** So many files are told of; a forged archive may name thousands. */
const FILES_TOLD = 3;

/** Nothing was taken of it, since the archive is a stranger's, or its store had it from one: what it has. */
function tellLeft(
  db: ReadableDb,
  local: SessionRow,
  { meta }: Incoming,
  { files, trusted }: OfferedSession,
): string {
  if (meta.evicted_at !== null) return 'it is here already; the archive has another digest of it';
  const has = trusted ? "the archive has, as a stranger's," : 'the archive has';
  if (local.evictedAt !== null)
    return `it was evicted here; ${has} ${meta.files.length} files under its name${trusted ? '' : ': only `import --trust` brings bytes back'}`;
  const here = new Map(filesOf(db, local.uid).map((file) => [file.key, file]));
  const there = new Map(meta.files.map((file) => [file.key, file]));
  const told = [...files].flatMap(([key, standing]) => {
    const theirs = there.get(key);
    if (standing === 'same' || standing === 'less' || theirs === undefined) return [];
    const ours = here.get(key);
    if (ours === undefined || standing === 'added')
      return [`${key} (${theirs.raw_bytes} bytes), which is not here`];
    const how = standing === 'more' ? 'goes on from' : 'differs from';
    return [`${key} of ${theirs.raw_bytes} bytes, which ${how} the ${ours.rawBytes} bytes here`];
  });
  const rest = told.length > FILES_TOLD ? ` and ${told.length - FILES_TOLD} more files` : '';
  return `it is here already and stays as it is; ${has} ${told.slice(0, FILES_TOLD).join('; ')}${rest}`;
}
