/**
 * Found transcripts as the sessions that an ingest makes of them: the one way in which what is found is counted.
 * Promises: transcripts that bear one id in one root are one session where the store knows them as one, or where one says no more than
 * another; a twin, which says something else, counts. Reads only what is not known, and only where an id is borne more than once.
 */
import type { SessionUid } from '../../domain/ids.ts';
import { openSource } from '../../files/contained/contained.ts';
import type { Source } from '../../files/source.ts';
import type { KnownSources } from '../../store/read-sources.ts';
import { compare } from '../compare.ts';
import { compareContent, contentFormOf } from '../content/content.ts';
import { mainOf } from './as-found.ts';
import type { FoundFile, FoundSession } from './discover.ts';

export interface DistinctSession {
  /** The transcripts that are of it. */
  readonly found: readonly FoundSession[];
  /** Whether some of its bytes were stored before. */
  readonly isKnown: boolean;
  /** Whether it is not stored, or not all of it. */
  readonly waits: boolean;
}

type KnownPaths = Pick<KnownSources, 'of'>;

/** `waits`: whether a transcript is not stored, or not all of it. */
export async function distinctSessions(
  sessions: readonly FoundSession[],
  known: KnownPaths,
  waits: (session: FoundSession) => boolean,
): Promise<readonly DistinctSession[]> {
  return (await countedSessions(sessions, known, waits, () => true)).wanted;
}

/** How many sessions there are, and those that are wanted, or more: of 50,000 that are as they were none becomes an object. */
export async function countedSessions(
  sessions: readonly FoundSession[],
  known: KnownPaths,
  waits: (session: FoundSession) => boolean,
  isWanted: (session: FoundSession) => boolean,
): Promise<{ readonly count: number; readonly wanted: readonly DistinctSession[] }> {
  if (sessions.every(isAlone)) {
    // Not where something is waited for: the runtime is slow there, which 50,000 sessions show.
    const some = sessions.filter(isWanted);
    return { count: sessions.length, wanted: some.map((only) => alone(only, waits)) };
  }
  const wanted: DistinctSession[] = [];
  const idOf = ({ agent, root, nativeId }: FoundSession) => `${agent.id} ${nativeId} ${root}`;
  const bearersOf = Map.groupBy(sessions.filter(isOneOfSeveral), idOf);
  let count = 0;
  for (const session of sessions) {
    const id = session.isOnly ? null : idOf(session);
    const bearers = id === null ? null : (bearersOf.get(id) ?? []);
    if (id !== null) bearersOf.delete(id);
    if (bearers !== null && bearers.length > 1) {
      const distinct = await apart(bearers, known, waits);
      count += distinct.length;
      wanted.push(...distinct);
    } else if (bearers === null || bearers.length === 1) {
      count += 1;
      if (isWanted(session)) wanted.push(alone(session, waits));
    }
  }
  return { count, wanted };
}

const isAlone = ({ isOnly }: FoundSession) => isOnly;
const isOneOfSeveral = ({ isOnly }: FoundSession) => !isOnly;

function alone(only: FoundSession, waits: (session: FoundSession) => boolean): DistinctSession {
  return { found: [only], isKnown: hasStored(only), waits: waits(only) };
}

/** Counts the sessions that an ingest leaves as they are: each once, whatever else of it was found, and none that another transcript of it changes. */
export class UnchangedSessions {
  readonly #left: readonly FoundSession[];
  readonly #known: KnownPaths;
  readonly #taken = new Map<SessionUid, { readonly like: FoundSession; isUnchanged: boolean }>();

  /** `left`: those that are not looked at. */
  constructor(left: readonly FoundSession[], known: KnownPaths) {
    this.#left = left;
    this.#known = known;
  }

  /** What became of a transcript that was looked at. */
  note(uid: SessionUid, like: FoundSession, isUnchanged: boolean): void {
    const before = this.#taken.get(uid)?.isUnchanged ?? true;
    this.#taken.set(uid, { like, isUnchanged: before && isUnchanged });
  }

  async count(): Promise<number> {
    const none = () => false;
    let { count } = await countedSessions(this.#left, this.#known, none, none);
    if (this.#taken.size === 0) return count;
    const leftOfId = Map.groupBy(this.#left, ({ nativeId }) => nativeId);
    for (const [uid, { like, isUnchanged }] of this.#taken) {
      const isLeft = (leftOfId.get(like.nativeId) ?? []).some(
        (left) => left.agent === like.agent && this.#known.of(mainOf(left)?.path ?? '')?.uid === uid,
      );
      if (isUnchanged && !isLeft) count += 1;
      if (!isUnchanged && isLeft) count -= 1;
    }
    return count;
  }
}

function hasStored({ files }: FoundSession): boolean {
  return files.some((file) => file.known !== null);
}

async function apart(
  bearers: readonly FoundSession[],
  known: KnownPaths,
  waits: (session: FoundSession) => boolean,
): Promise<DistinctSession[]> {
  const uidOf = (session: FoundSession): SessionUid | null =>
    known.of(mainOf(session)?.path ?? '')?.uid ?? null;
  const stored = bearers.filter((session) => uidOf(session) !== null);
  const distinct: { found: FoundSession[]; isKnown: boolean; waits: boolean }[] = [
    ...Map.groupBy(stored, uidOf).values(),
  ].map((found) => ({ found, isKnown: true, waits: found.some(waits) }));
  // The longest first: what says no more than another is held against that.
  const fresh = bearers.filter((session) => uidOf(session) === null);
  for (const session of fresh.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
    let own = true;
    for (const other of distinct) {
      const standing = await standingTo(session, other.found);
      if (standing === 'different') continue;
      other.found.push(session);
      other.waits ||= standing === 'more' && waits(session);
      own = false;
      break;
    }
    if (own) distinct.push({ found: [session], isKnown: hasStored(session), waits: waits(session) });
  }
  return distinct;
}

function bytesOf(session: FoundSession): number {
  return mainOf(session)?.sizeBytes ?? 0;
}

/** Whether a transcript says what one of others says, or only its beginning; or goes on with it. */
async function standingTo(
  session: FoundSession,
  others: readonly FoundSession[],
): Promise<'no more' | 'more' | 'different'> {
  let standing: 'more' | 'different' = 'different';
  for (const other of others) {
    const [file, beside] = [mainOf(session), mainOf(other)];
    if (file === undefined || beside === undefined || file.class.key !== beside.class.key) continue;
    const kind = await compared(file, beside);
    if (kind === 'same' || kind === 'shorter') return 'no more';
    if (kind === 'grown') standing = 'more';
  }
  return standing;
}

async function compared(
  file: FoundFile,
  other: FoundFile,
): Promise<Awaited<ReturnType<typeof compare>>['kind']> {
  try {
    using source = openSource(file);
    using beside = openSource(other);
    // What cannot be read from any place on is told apart when it is stored.
    if (beside.encoding !== 'plain') return 'different';
    const { kind } = await compare(source.chunks(), piecesOf(beside));
    const form = contentFormOf(file.agent, file.class.key);
    if (kind !== 'different' || form === null) return kind;
    return await compareContent(form, piecesOf(beside), source.chunks(), 'start');
  } catch {
    // What cannot be read is named when it is taken.
    return 'different';
  }
}

const PIECE_BYTES = 256 * 1024;

function* piecesOf(source: Source): Generator<Uint8Array> {
  for (let at = 0; at < source.sizeBytes; at += PIECE_BYTES)
    yield source.readAt(at, Math.min(PIECE_BYTES, source.sizeBytes - at));
}
