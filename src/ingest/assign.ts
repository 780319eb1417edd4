/**
 * Gathers what is known of a transcript and of the sessions that bear its id, and asks whose it is (`identity/whose.ts`).
 * Promises: what needs no look takes none: a new id, and the only session of an id whose path this is.
 */
import { dirname, sep } from 'node:path';
import { ROWS_FORMAT } from '../domain/contained.ts';
import { ALL_MEMBERS, type ContentRecord } from '../domain/content.ts';
import { FailureError } from '../domain/errors.ts';
import { divergedUid, type SessionUid, sessionUid } from '../domain/ids.ts';
import { openSource } from '../files/contained/contained.ts';
import { mayBeThere } from '../files/file-names.ts';
import { hashText } from '../files/hash-text.ts';
import type { Source } from '../files/source.ts';
import {
  type Assignment,
  type Bearer,
  type Candidate,
  compareBearers,
  type Held,
  type Standing,
  whose,
} from '../identity/whose.ts';
import type { ReadableDb } from '../store/connection.ts';
import { contentsOfEvicted } from '../store/contents.ts';
import { filesOf } from '../store/read.ts';
import {
  agentRootOf,
  bearersOf,
  holdsAll,
  otherPathsOf,
  pathsOf,
  type StoredBearer,
  tombstonesOf,
} from '../store/read-sources.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks, logChunks } from '../store/segments.ts';
import { compare } from './compare.ts';
import { compareContent, contentFormOf, isNothing, sharesContent } from './content/content.ts';
import type { FoundFile, FoundSession } from './discover/discover.ts';
import { type HeldAgainst, holdAgainst } from './evicted.ts';
import { lookAt } from './look.ts';

/** Whose the transcript `main` of a found session is. */
export async function assign(
  db: ReadableDb,
  found: FoundSession,
  main: FoundFile,
  full: boolean,
): Promise<Assignment<SessionUid>> {
  const bearers = bearersOf(db, found.agent.id, found.nativeId);
  const fresh = freshUid(found, main, bearers);
  const [only] = bearers;
  if (only === undefined) return whose(fresh, []);
  const held: Held[] = [];
  for (const { uid } of bearers) held.push(await heldBy(db, main, uid));
  if (bearers.length === 1 && held[0] === 'all' && !only.isForgotten)
    return { uid: only.uid, reason: only.isEvicted ? 'returns' : 'grows', mayReplace: true };
  using source = openSource(main);
  const candidates: Candidate<SessionUid>[] = [];
  for (const [i, bearer] of bearers.entries())
    candidates.push(await candidateOf(db, bearer, main, source, held[i] ?? 'no', full));
  return whose(fresh, candidates);
}

/** The transcripts of one id in the order in which they are asked about. */
export async function inOrder(db: ReadableDb, sessions: readonly FoundSession[]): Promise<FoundSession[]> {
  const asked: { session: FoundSession; bearer: Bearer }[] = [];
  for (const session of sessions) asked.push({ session, bearer: await bearerOf(db, session) });
  return asked.sort((a, b) => compareBearers(a.bearer, b.bearer)).map(({ session }) => session);
}

async function bearerOf(db: ReadableDb, { files, uid, agent, nativeId }: FoundSession): Promise<Bearer> {
  const main = files.find((file) => file.class.role === 'main');
  return {
    held: main === undefined ? 'no' : await heldBy(db, main, uid),
    continues:
      main === undefined ? 'none' : await continued(db, bearersOf(db, agent.id, nativeId), main, uid),
    isNamedById: main?.class.nativeId !== null,
    isCompressed: main !== undefined && main.class.encoding !== 'plain',
    bytes: main?.sizeBytes ?? 0,
    path: main?.path ?? '',
  };
}

/** Which of the sessions of its id a transcript goes on with. */
async function continued(
  db: ReadableDb,
  bearers: readonly StoredBearer[],
  main: FoundFile,
  own: SessionUid,
): Promise<Bearer['continues']> {
  let found: Bearer['continues'] = 'none';
  try {
    using source = openSource(main);
    for (const bearer of bearers) {
      const { standing, bytes } = await candidateOf(db, bearer, main, source, 'no', false);
      if (standing === 'same' && bytes > 0) return 'same';
      if (standing !== 'same' && standing !== 'grown') continue;
      if (bearer.uid === own && main.known?.uid === own) found = 'own';
      else if (found === 'none') found = 'another';
    }
  } catch {
    // What cannot be read is named when it is taken.
  }
  return found;
}

/** What the store knows of the file's path for a session. */
async function heldBy(db: ReadableDb, main: FoundFile, uid: SessionUid): Promise<Held> {
  const { known } = main;
  const stored = filesOf(db, uid).find(({ key }) => key === main.class.key);
  if (stored !== undefined && (await takesOver(db, main, uid, stored))) return 'all';
  if (stored === undefined) return 'no';
  const isKnown = known !== null && known.uid === uid;
  const holding = () =>
    otherPathsOf(db, uid, main.class.key, main.path).filter((other) => holdsAll(stored, other));
  if (!isKnown || !holdsAll(stored, known)) {
    const isOther = ({ path }: { readonly path: string }) =>
      plainPath(path) === plainPath(main.path) && !mayBeThere(path);
    if (!holding().some(isOther)) return isKnown ? 'part' : 'no';
  }
  return holding().some(({ path }) => mayBeThere(path)) ? 'shared' : 'all';
}

/** A transcript that is compressed, or no more, lies where it lay. */
function plainPath(path: string): string {
  return path.replace(/\.(?:zst|gz)$/, '');
}

/**
 * Whether a database has the session now whose files lay beside it before, or is the live one of several: in the root that the session
 * was first met in, and with a row of it at least. Of what was evicted none is left to hold it against.
 */
async function takesOver(
  db: ReadableDb,
  main: FoundFile,
  uid: SessionUid,
  stored: StoredFile,
): Promise<boolean> {
  const { contained } = main;
  if (contained?.container.kind !== 'rows' || main.root !== agentRootOf(db, uid)) return false;
  if (contained.container.transcripts !== undefined) return beginsAlike(db, main, uid);
  if (main.known?.uid === uid || stored.gone || stored.rawBytes === 0) return true;
  const form = contentFormOf(main.agent, main.class.key);
  // In the form that the agent had before its database no line is the same as a row, unless the format says what is content.
  if (form === null && !isOfRows(db, uid, stored)) return true;
  using source = openSource(main);
  const counts = (record: ContentRecord) => isOfConversation(record, contained.peek.nativeId);
  return sharesContent(form ?? ALL_MEMBERS, fileChunks(db, uid, stored), source.chunks(), counts);
}

function isOfRows(db: ReadableDb, uid: SessionUid, stored: StoredFile): boolean {
  const [first = new Uint8Array(0)] = fileChunks(db, uid, stored);
  return Buffer.from(first.subarray(0, 256)).includes(ROWS_FORMAT);
}

/**
 * Whether a stored line is one of the session's own: a row that names the session and has a name of its own, a file in a folder of the
 * session's. The session's row, sums and texts that many sessions share stand in other conversations of that id too.
 */
function isOfConversation({ file, row }: ContentRecord, nativeId: string): boolean {
  if (typeof file === 'string') return file.split('/').slice(0, -1).includes(nativeId);
  if (typeof row !== 'object' || row === null) return false;
  const columns = new Map(Object.entries(row));
  const own = String(columns.get('id') ?? columns.get('key') ?? '');
  if (own === '' || own === nativeId || own.endsWith(`:${nativeId}`)) return false;
  return own.includes(nativeId) || [...columns.values()].includes(nativeId);
}

/** Whether a transcript in a database has the first line of the stored one: another conversation may have come up under the same id. */
function beginsAlike(db: ReadableDb, main: FoundFile, uid: SessionUid): boolean {
  const stored = filesOf(db, uid).find(({ key, gone }) => key === main.class.key && !gone);
  if (stored === undefined || stored.rawBytes === 0) return false;
  const [ours = new Uint8Array(0)] = fileChunks(db, uid, stored);
  using source = openSource(main);
  const end = ours.subarray(0, FIRST_LINE_BYTES_MAX).indexOf(0x0a);
  return end > 0 && Buffer.compare(source.readAt(0, end + 1), ours.subarray(0, end + 1)) === 0;
}

const FIRST_LINE_BYTES_MAX = 64 * 1024;

/**
 * How a file stands to a session of its id. To one that came with a stranger's archive it belongs only where it is the very same,
 * and live: a stranger who knows no more than the id, or the beginning, must not have this machine's sessions go on in his.
 */
async function candidateOf(
  db: ReadableDb,
  bearer: StoredBearer,
  main: FoundFile,
  source: Source,
  path: Held,
  full: boolean,
): Promise<Candidate<SessionUid>> {
  const candidate = await candidateByContent(db, bearer, main, source, path, full);
  const isProven = path !== 'no' || (candidate.standing === 'same' && !bearer.isEvicted);
  return bearer.isStrangers && !isProven ? { ...candidate, standing: 'different' } : candidate;
}

async function candidateByContent(
  db: ReadableDb,
  { uid, isEvicted, isForgotten }: StoredBearer,
  main: FoundFile,
  source: Source,
  path: Held,
  full: boolean,
): Promise<Candidate<SessionUid>> {
  if (isForgotten) return { uid, state: 'forgotten', held: path, standing: 'unknown', bytes: 0 };
  if (isEvicted) {
    // What it held was looked at before the eviction: a part is no more to be told by what is left now.
    if (main.known?.uid === uid && !main.isChanged)
      return {
        uid,
        state: 'evicted',
        held: path,
        standing: path === 'all' || path === 'shared' ? 'same' : 'shorter',
        bytes: main.known.takenBytes,
      };
    const all = tombstonesOf(db, uid);
    const stones = all.filter(({ key }) => key === main.class.key);
    // A run was killed before it came to the transcript, and what lay beside it was evicted.
    if (all.length > 0 && stones.length === 0 && mayBeOf(db, uid, main))
      return { uid, state: 'evicted', held: path, standing: 'unknown', bytes: 0 };
    const held = await holdAgainst(main, source, stones, contentsOfEvicted(db, uid));
    const bytes = stones[0]?.rawBytes ?? 0;
    const standing = standingToEvicted(held, stones[0]?.generation);
    return { uid, state: 'evicted', held: path, standing, bytes };
  }
  const stored = filesOf(db, uid).find(({ key, gone }) => key === main.class.key && !gone);
  const saysNothing = stored === undefined || areNothing(fileChunks(db, uid, stored));
  const standing = await standingOf(db, uid, main, source, stored, saysNothing, full);
  const isCopy = stored !== undefined && path !== 'all' && (standing === 'grown' || standing === 'different');
  return {
    uid,
    state: 'live',
    held: path,
    standing: isCopy ? await standingToEarlier(db, uid, main, source, stored, standing) : standing,
    bytes: saysNothing ? 0 : stored.rawBytes,
  };
}

/**
 * How a copy stands to a session that its agent has cut back or written anew, by what the session was before. `toPresent`: how it stands to
 * what is left. What says no more than the session once did is of it. What begins with what is left and with the line that stood behind
 * that, and then says something else, has gone its own way; so has what goes on in any other way while the session's own file lies where it
 * lay: the session has said what this one never did.
 */
async function standingToEarlier(
  db: ReadableDb,
  uid: SessionUid,
  main: FoundFile,
  source: Source,
  stored: StoredFile,
  toPresent: 'grown' | 'different',
): Promise<'grown' | 'shorter' | 'different'> {
  const form = contentFormOf(main.agent, main.class.key);
  if (form?.isOrdered === false) return toPresent;
  if (stored.logBytes <= stored.rawBytes)
    return standingToTombstones(db, uid, main, source, stored, toPresent);
  const standingTo = async (earlier: () => Iterable<Uint8Array>): Promise<Standing> => {
    const { kind } = await compare(source.chunks(), earlier());
    return kind === 'different' && form !== null
      ? await compareContent(form, earlier(), source.chunks(), 'start')
      : kind;
  };
  const log = () => logChunks(db, uid, stored);
  const toAll = await standingTo(log);
  if (toAll === 'same' || toAll === 'shorter') return 'shorter';
  if (toPresent === 'different' || toAll === 'grown') return toPresent;
  if (ownFileIsThere(db, uid, main, stored)) return 'different';
  const toLine = await standingTo(() => throughLineBehind(stored.rawBytes, log()));
  return toLine === 'same' || toLine === 'grown' ? 'different' : 'grown';
}

/**
 * The same where a session came back from its eviction with less than it had: hashes are all that is left of what it was. While its own
 * file lies where it lay, what goes on in another way than from all of that is an earlier copy that has gone its own way.
 */
async function standingToTombstones(
  db: ReadableDb,
  uid: SessionUid,
  main: FoundFile,
  source: Source,
  stored: StoredFile,
  toPresent: 'grown' | 'different',
): Promise<'grown' | 'shorter' | 'different'> {
  const { key } = main.class;
  const isMore = (stone: { readonly key: string; readonly rawBytes: number }) =>
    stone.key === key && stone.rawBytes > stored.rawBytes;
  const stones = tombstonesOf(db, uid).filter(isMore);
  if (toPresent === 'different' || stones.length === 0 || !ownFileIsThere(db, uid, main, stored))
    return toPresent;
  const held = await holdAgainst(main, source, stones, contentsOfEvicted(db, uid).filter(isMore));
  if (held.sameAs !== null) return 'shorter';
  return held.startsWith.length > 0 ? 'grown' : 'different';
}

/** Whether what is stored lies at another path than the one that is asked about. */
function ownFileIsThere(db: ReadableDb, uid: SessionUid, main: FoundFile, stored: StoredFile): boolean {
  const others = otherPathsOf(db, uid, main.class.key, main.path);
  return others.some((other) => holdsAll(stored, other) && mayBeThere(other.path));
}

/** So many bytes of the chunks, and the rest of the line that begins there. */
function* throughLineBehind(bytes: number, chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let at = 0;
  for (const chunk of chunks) {
    const newline = at + chunk.length <= bytes ? -1 : chunk.indexOf(10, Math.max(0, bytes - at));
    yield newline < 0 ? chunk : chunk.subarray(0, newline + 1);
    if (newline >= 0) return;
    at += chunk.length;
  }
}

/**
 * `newest`: the generation that was evicted last. What begins with an earlier one only is not what the session went on to: a copy
 * that stayed behind and then went its own way begins so too.
 */
function standingToEvicted(
  { sameAs, startsWith, saysNothing }: HeldAgainst,
  newest: number | undefined,
): Standing {
  // Also of one that was emptied itself: what is there says nothing of whose it is.
  if (saysNothing) return 'shorter';
  if (sameAs !== null) return 'same';
  const isGrown = startsWith.some(({ rawBytes, generation }) => rawBytes > 0 && generation === newest);
  return isGrown ? 'grown' : 'different';
}

async function standingOf(
  db: ReadableDb,
  uid: SessionUid,
  main: FoundFile,
  source: Source,
  stored: StoredFile | undefined,
  saysNothing: boolean,
  full: boolean,
): Promise<Standing> {
  if (stored === undefined) return mayBeOf(db, uid, main) ? 'unknown' : 'different';
  const look = await lookAt({ db, uid }, main, source, stored, full);
  if (!saysNothing || look.standing === 'same') return look.standing;
  // A session that was emptied had bytes of its own.
  return areNothing(logChunks(db, uid, stored)) ? 'unknown' : 'different';
}

/** Whether stored bytes say nothing. Damaged ones, which `verify` names, were something. */
function areNothing(chunks: Iterable<Uint8Array>): boolean {
  try {
    return isNothing(chunks);
  } catch (thrown) {
    if (thrown instanceof FailureError) return false;
    throw thrown;
  }
}

/**
 * Whether a session of which only files beside a transcript are known may be this transcript's. One of a mark holds what another session of
 * its id would not take: its transcript is the one beside which that lies.
 */
function mayBeOf(db: ReadableDb, uid: SessionUid, { agent, class: { nativeId }, path }: FoundFile): boolean {
  if (nativeId === null || uid === sessionUid(agent.id, nativeId, hashText)) return true;
  return pathsOf(db, uid).some((other) => other.startsWith(`${dirname(path)}${sep}`));
}

/** The uid that the transcript is given where it is nobody's: its id, else with a mark of its folder, else of its path. */
function freshUid(found: FoundSession, main: FoundFile, bearers: readonly StoredBearer[]): SessionUid {
  const plain = sessionUid(found.agent.id, found.nativeId, hashText);
  const taken = new Set(bearers.map(({ uid }) => uid));
  if (!taken.has(plain)) return plain;
  const ofFolder = divergedUid(plain, hashText(dirname(main.path)));
  if (!taken.has(ofFolder)) return ofFolder;
  for (let n = 0; ; n += 1) {
    const uid = divergedUid(plain, hashText(n === 0 ? main.path : `${main.path} ${n}`));
    if (!taken.has(uid)) return uid;
  }
}
