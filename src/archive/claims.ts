/**
 * What an archive tells of a session beyond its bytes, made fit to be kept.
 * Promises: every time is one; no digest of a stranger stands in a session of one's own; what a stranger tells is one plain line each, and an id of another session is refused.
 */
import { type AgentId, divergedUid, nativeIdOf, type SessionUid, sessionUid } from '../domain/ids.ts';
import { cutText, plainLine } from '../domain/text.ts';
import { type Iso, plausibleTime } from '../domain/time.ts';
import { hashText } from '../files/hash-text.ts';
import type { ArchivedMeta, Incoming } from '../store/archived.ts';
import { presentDigest } from '../store/import/rows.ts';

const TITLE_CHARS_MAX = 300;
const PATH_CHARS_MAX = 4096;

/** The rows of a session with times that can be, and, from a stranger, with texts that are harmless. */
export function withPlausible(meta: ArchivedMeta, now: Iso, trusted: boolean): ArchivedMeta {
  const time = (value: Iso | null) => plausibleTime(value, now);
  const timed = {
    ...meta,
    started_at: time(meta.started_at),
    ended_at: time(meta.ended_at),
    ingested_at: time(meta.ingested_at),
    analyzed_at: time(meta.analyzed_at),
    digest_at: time(meta.digest_at),
    // That it was evicted is no matter of when.
    evicted_at: meta.evicted_at === null ? null : (time(meta.evicted_at) ?? now),
  };
  if (trusted) return timed;
  return {
    ...timed,
    title: meta.title === null ? null : cutText(plainLine(meta.title), TITLE_CHARS_MAX) || null,
    project: plainOrNothing(meta.project),
    branch: plainOrNothing(meta.branch),
    parent_uid: meta.parent_uid !== null && IS_UID.test(meta.parent_uid) ? meta.parent_uid : null,
    analyze_error: null,
    pinned: false,
  };
}

/**
 * A digest of a stranger is a stranger's, whose session it is in. An evicted session for which only such a one stands is a stranger's
 * as well; in one's own the older ones tell of nothing that is there, and are left out.
 */
export function ofOneOrigin(session: Incoming): Incoming {
  const { meta, digests } = session;
  const stands = meta.evicted_at === null ? null : presentDigest(session);
  const origin = meta.origin ?? stands?.origin ?? null;
  if (origin !== null) return { ...session, meta: { ...meta, origin } };
  return { ...session, digests: digests.filter((digest) => digest.origin == null) };
}

const IS_UID = /^[a-z0-9][a-z0-9-]{0,63}:[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/;

/** A path or a branch without its control characters would be another one. */
function plainOrNothing(value: string | null): string | null {
  return value !== null && value.length <= PATH_CHARS_MAX && plainLine(value) === value ? value : null;
}

/** The name of the first session of its id. */
export function plainUidOf({ agent, native_id: nativeId }: ArchivedMeta): SessionUid {
  return sessionUid(agent as AgentId, nativeId, hashText);
}

/**
 * Why a session of a stranger is refused, or null; what its files are is judged by their places (`places.ts`). Sessions are told apart by their agent's own ids: one whose name and id differ would stand in the way of the session that bears the id.
 */
export function strangersProblem(meta: ArchivedMeta): string | null {
  const uid = meta.session_uid as SessionUid;
  const plain = plainUidOf(meta);
  if (uid === plain) return null;
  const mark = nativeIdOf(uid).split('.').at(-1) ?? '';
  const isTwin = /^[0-9a-f]{8}$/.test(mark) && uid === divergedUid(plain, mark);
  return isTwin ? null : 'its name is not that of its id';
}
