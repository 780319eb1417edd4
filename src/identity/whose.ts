/**
 * Whose bytes a transcript holds: which of the sessions that bear its id it belongs to, if any.
 * Promises: pure; content decides: no file takes a session over because that one's path is gone; growth goes to the session that the path belongs to;
 * what is not proven to be a session's own is a session of its own. So a session's bytes come from one conversation, and
 * neither the order of files nor that of runs changes which bytes are together.
 * Never: reads a clock, a disk or a store.
 */

/**
 * How what a file holds stands to the stored version of a session: the same; that and more; its beginning; something else; or
 * nothing was ever stored to hold it against.
 */
export type Standing = 'same' | 'grown' | 'shorter' | 'different' | 'unknown';

/**
 * What is known of the file's path. It is the session's, and when it was last looked at it held all of the version that is stored now
 * (`all`), as another path did that is there still (`shared`), or only a part of that version, or an earlier one (`part`); or nothing
 * is known of it, or it is another session's (`no`).
 */
export type Held = 'all' | 'shared' | 'part' | 'no';

/** A session that bears the file's id. */
export interface Candidate<Uid> {
  readonly uid: Uid;
  readonly state: 'live' | 'evicted' | 'forgotten';
  readonly held: Held;
  readonly standing: Standing;
  /** Bytes of the stored version: the longest beginning is the nearest. */
  readonly bytes: number;
}

/** Why a file is whose it is. */
export type Reason =
  | 'same'
  | 'grows'
  /** Another path of what is stored, or of a beginning of it. */
  | 'copy'
  | 'rewritten'
  /** An evicted session that goes on, or was written anew. */
  | 'returns'
  /** An evicted session, as it was. */
  | 'evicted'
  | 'forgotten'
  /** The same id, and another conversation. */
  | 'twin'
  | 'new';

export interface Assignment<Uid> {
  readonly uid: Uid;
  readonly reason: Reason;
  /** Whether the file's version may take the place of the stored one; else it may only add to it. */
  readonly mayReplace: boolean;
}

/** `fresh`: the uid that it is given where it belongs to none of them; no session has it. */
export function whose<Uid>(fresh: Uid, all: readonly Candidate<Uid>[]): Assignment<Uid> {
  const candidates = all.filter(({ state }) => state !== 'forgotten');
  const standing = (wanted: Standing) => nearest(candidates.filter((each) => proven(each) === wanted));
  const same = standing('same');
  if (same !== null)
    return given(same, same.state === 'evicted' ? 'evicted' : same.held === 'no' ? 'copy' : 'same');
  const grown = standing('grown');
  if (grown !== null)
    return given(grown, grown.state === 'evicted' ? 'returns' : 'grows', grown.held === 'all');
  const own = nearest(candidates.filter((each) => each.held === 'all'));
  const longer = standing('shorter');
  // A beginning of another one is that one's, under whatever path it lies now, unless it is one of its own too.
  if (own !== null && (longer === null || own.standing !== 'different'))
    return given(own, own.state === 'evicted' ? 'returns' : 'rewritten', true);
  if (longer !== null) return given(longer, longer.state === 'evicted' ? 'evicted' : 'copy');
  const empty = standing('unknown');
  if (empty !== null) return given(empty, empty.state === 'evicted' ? 'returns' : 'grows', true);
  // Of what was forgotten no byte is left to hold it against: it may be this.
  const forgotten = all.find(({ state }) => state === 'forgotten');
  if (forgotten !== undefined && candidates.every(({ held }) => held === 'no'))
    return given(forgotten, 'forgotten');
  return { uid: fresh, reason: all.length === 0 ? 'new' : 'twin', mayReplace: false };
}

/** That two files are empty does not make them one: an empty file is the beginning of any, and only its path tells whose it is. */
function proven<Uid>({ standing, bytes, held }: Candidate<Uid>): Standing {
  return standing === 'same' && bytes === 0 && (held === 'no' || held === 'part') ? 'shorter' : standing;
}

function given<Uid>({ uid }: Candidate<Uid>, reason: Reason, mayReplace = false): Assignment<Uid> {
  return { uid, reason, mayReplace };
}

const HELD: readonly Held[] = ['all', 'shared', 'part', 'no'];
const STATES: readonly Candidate<unknown>['state'][] = ['live', 'evicted', 'forgotten'];

/** The session that the path belongs to, else the one that shares most, else a live one; the first of equals. */
function nearest<Uid>(candidates: readonly Candidate<Uid>[]): Candidate<Uid> | null {
  const order = (a: Candidate<Uid>, b: Candidate<Uid>) =>
    HELD.indexOf(a.held) - HELD.indexOf(b.held) ||
    b.bytes - a.bytes ||
    STATES.indexOf(a.state) - STATES.indexOf(b.state);
  return candidates.toSorted(order)[0] ?? null;
}

/** A file of several that bear one id. */
export interface Bearer {
  readonly held: Held;
  /** Whether it is what some session of its id is, or goes on with the one that its path is known to be, or with another one. */
  readonly continues: 'same' | 'own' | 'another' | 'none';
  /** Its name is the id itself; a copy that a synced folder made of it has another one. */
  readonly isNamedById: boolean;
  readonly isCompressed: boolean;
  readonly bytes: number;
  readonly path: string;
}

const CONTINUES: readonly Bearer['continues'][] = ['same', 'own', 'another', 'none'];

/**
 * Negative where `a` is asked about before `b`. Those that are what a session is come first: they change none, and where they lie says
 * that what lies at the session's old path is something else. Then those that go on with the session of their path, then those that
 * go on with another one, then others whose path is known: what is left is held against what those have become. Of new ones
 * the first has the id as its name.
 */
export function compareBearers(a: Bearer, b: Bearer): number {
  return (
    CONTINUES.indexOf(a.continues) - CONTINUES.indexOf(b.continues) ||
    HELD.indexOf(a.held) - HELD.indexOf(b.held) ||
    Number(b.isNamedById) - Number(a.isNamedById) ||
    Number(a.isCompressed) - Number(b.isCompressed) ||
    b.bytes - a.bytes ||
    (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
  );
}
