/**
 * One file into Tier 1: stored new, appended to, or rewritten.
 * Promises: only new bytes are stored; a kill at any moment leaves a prefix that the next run goes on from; nothing that
 * was stored is dropped, and a version that loses something is kept as one.
 */

import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { Pacer } from '../domain/pacer.ts';
import type { Iso } from '../domain/time.ts';
import type { Source } from '../files/source.ts';
import type { WritableDb } from '../store/connection.ts';
import { filesOf } from '../store/read.ts';
import type { Extent, StoredFile } from '../store/rows.ts';
import { fileChunks, readSegment, segmentsOf } from '../store/segments.ts';
import { keepVersion, losesBytes } from '../store/versions.ts';
import { ensureFile, type NewSegment, recountSession, setFileVersion } from '../store/write-raw.ts';
import { isNothing } from './content/content.ts';
import type { FoundFile } from './discover/discover.ts';
import { factsOf } from './fuller.ts';
import { fromByte, holdsMore, lookAt, marksOf } from './look.ts';
import { lossText } from './loss.ts';
import {
  elementsOf,
  joined,
  linesOf,
  MATCHED_BYTES_MAX,
  matchLargeLines,
  matchLines,
  type Rewritten,
  sliced,
} from './rewrite.ts';
import { toSegments } from './segmenter.ts';
import { type MetAt, mark, newFile, type SeenSource, storeVersion } from './store-session.ts';

/** Compressed bytes that are held before they are written; bounds memory and how long others wait for the lock. */
const FLUSH_BYTES = 4 * 1024 * 1024;
/** A last segment below this is merged with what is appended: many small ones compress badly. */
const MERGE_BELOW_BYTES = 512 * 1024;

export interface TakeContext {
  readonly db: WritableDb;
  readonly uid: SessionUid;
  /** Makes the session's row where there is none: for the transaction that stores something of it, so that both go where there is no room. */
  readonly makeRow: () => number;
  readonly now: Iso;
  readonly signal: AbortSignal;
  /** Tells what the session is now, in the transaction that ends the storing of a file. */
  readonly describe?: () => void;
  readonly metAt?: MetAt | null;
}

/** What taking a file did. `readBytes`: of its content. */
export interface Taken {
  readonly kind: 'new' | 'same' | 'grown' | 'rewritten' | 'copy' | 'diverged' | 'interrupted';
  readonly readBytes: number;
  /** Where a rewrite took most of what an earlier version held: that, as a sentence. */
  readonly loss?: string;
}

/** Stores a file of which nothing is stored yet. */
export async function takeNew(context: TakeContext, file: FoundFile, source: Source): Promise<Taken> {
  return storeFrom(context, file, source, { fileId: null, fromByte: 0, logOffset: 0, kind: 'new' });
}

/**
 * Brings the stored version of a file up to what is on disk. `mayReplace`: this path is the session's own, not a copy. `isCopy`: it says no
 * more than the session does, or did.
 */
export async function takeChanged(
  context: TakeContext,
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  options: { readonly mayReplace: boolean; readonly isCopy: boolean; readonly full: boolean },
): Promise<Taken> {
  const look = await lookAt(context, file, source, stored, options.full);
  const { standing, isWrittenAnew, readBytes } = look;
  const saysNoMore = options.isCopy || (standing === 'shorter' && !options.mayReplace);
  const holdsOther =
    standing === 'same' &&
    isWrittenAnew &&
    options.mayReplace &&
    !options.isCopy &&
    (await holdsMore(context, file, source, stored, look.lineStartBytes));
  if ((standing === 'same' && !holdsOther) || saysNoMore) {
    // An empty copy is the beginning of any: it holds nothing of a session that was emptied.
    const isSaid = () => !options.isCopy || !isNothing(fileChunks(context.db, context.uid, stored));
    const holdsAll = standing === 'same' && isSaid();
    const seen = isWrittenAnew
      ? seenAnew(file, source, stored, holdsAll)
      : seenOf(file, source, readBytes, { holdsAll });
    context.db.writeTransaction(() => {
      const sessionId = context.makeRow();
      mark(context.db, sessionId, seen, stored.fileId, context.metAt);
      // An empty file is whole as soon as its row is made: where the run was killed then, nothing has counted it.
      recountSession(context.db, sessionId);
    });
    return {
      kind: standing === 'same' ? 'same' : 'copy',
      readBytes: isWrittenAnew ? source.sizeBytes : readBytes,
    };
  }
  if (standing === 'grown' && !isWrittenAnew) {
    const taken = await storeFrom(context, file, source, {
      fileId: stored.fileId,
      fromByte: stored.rawBytes,
      logOffset: stored.logBytes,
      kind: 'grown',
      extents: stored.extents,
    });
    return { ...taken, readBytes: taken.readBytes + readBytes };
  }
  if (!options.mayReplace && standing !== 'grown') return { kind: 'diverged', readBytes };
  const taken = await rewrite(context, file, source, stored, look.lineStartBytes);
  const loss = taken.kind === 'rewritten' ? lossText(context.db, context.uid, file, stored) : null;
  return loss === null ? taken : { ...taken, loss };
}

/**
 * The agent has written it anew without saying anything else: what is stored stays. Its bytes are not the stored ones, so nothing
 * may be appended to them unseen: it has no marks.
 */
function seenAnew(file: FoundFile, source: Source, stored: StoredFile, holdsAll: boolean): SeenSource {
  return {
    path: file.path,
    agent: file.agent.id,
    stat: source.stat,
    takenBytes: holdsAll ? stored.rawBytes : 0,
    headSha256: null,
    tailSha256: null,
    holdsAll,
  };
}

/** Made in the transaction that stores the first bytes: where those find no room, no row is left behind. */
function madeFile(context: TakeContext, sessionId: number, file: FoundFile): number {
  const fileId = ensureFile(context.db, sessionId, newFile(file));
  killPoint('ingest.file-made');
  return fileId;
}

interface StoreFrom {
  /** Null: its row is made with the first bytes that are stored of it. */
  readonly fileId: number | null;
  readonly fromByte: number;
  readonly logOffset: number;
  readonly kind: 'new' | 'grown';
  /** The ranges of the version so far; absent for a new file. */
  readonly extents?: readonly Extent[];
}

/** Reads from a place on, and adds what comes to the log, flushed now and then so that a kill loses little. */
async function storeFrom(
  context: TakeContext,
  file: FoundFile,
  source: Source,
  from: StoreFrom,
): Promise<Taken> {
  const whole = from.fromByte === 0 ? new Bun.CryptoHasher('sha256') : null;
  const merged = lastSmallSegment(context, from);
  let readBytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let before = merged?.plain ?? null;
    for await (const chunk of source.chunks(from.fromByte)) {
      readBytes += chunk.length;
      whole?.update(chunk);
      yield before === null ? chunk : Buffer.concat([before, chunk]);
      before = null;
    }
  }
  const start = merged?.logOffset ?? from.logOffset;
  const added = new AddedSegments(context, file, source, from, start);
  const pacer = new Pacer();
  for await (const segment of toSegments(chunks(), start)) {
    added.push(segment);
    if (added.waitingBytes >= FLUSH_BYTES) added.flush();
    if (added.waitingBytes === 0) pacer.collect();
    else pacer.passed(segment.rawBytes);
    if (context.signal.aborted) {
      if (added.waitingBytes > 0) added.flush();
      return { kind: 'interrupted', readBytes };
    }
  }
  added.end(whole?.digest() ?? null);
  return { kind: from.kind, readBytes };
}

/**
 * What comes to the log of a file: kept back until it is worth a transaction. Until the last one the path's stat is not trusted,
 * so that after a kill the next run goes on.
 */
class AddedSegments {
  readonly #context: TakeContext;
  readonly #file: FoundFile;
  readonly #source: Source;
  readonly #from: StoreFrom;
  /** Where the first of them begins in the log: before `from.logOffset` where a small segment is merged with what follows. */
  readonly #start: number;
  #waiting: NewSegment[] = [];
  #doneBytes = 0;
  #logBytes: number;
  #fileId: number | null;
  /** Compressed, and not written yet. */
  waitingBytes = 0;

  constructor(context: TakeContext, file: FoundFile, source: Source, from: StoreFrom, start: number) {
    this.#context = context;
    this.#file = file;
    this.#source = source;
    this.#from = from;
    this.#start = start;
    this.#logBytes = from.logOffset;
    this.#fileId = from.fileId;
  }

  push(segment: NewSegment): void {
    this.#waiting.push(segment);
    this.waitingBytes += segment.data.length;
    this.#doneBytes += segment.rawBytes;
  }

  flush(): void {
    this.#write(null, false);
    killPoint('ingest.flushed');
  }

  /** `sha256`: of the whole file; null where it was not read from its beginning. */
  end(sha256: Uint8Array | null): void {
    this.#write(sha256, true);
    killPoint(`ingest.${this.#from.kind}`);
  }

  #write(sha256: Uint8Array | null, isLast: boolean): void {
    const { db, metAt } = this.#context;
    const { fromByte, logOffset, extents: before = [] } = this.#from;
    const newBytes = Math.max(0, this.#doneBytes - (logOffset - this.#start));
    const rawBytes = fromByte + newBytes;
    const extents = joined([...before, [logOffset, newBytes]]);
    // A file that was only shortened adds nothing, and its version is a part of its log.
    const logEnd = Math.max(logOffset, this.#start + this.#doneBytes);
    const [only] = extents;
    const isWhole = logEnd === 0 || (extents.length === 1 && only?.[0] === 0 && only[1] === logEnd);
    const seen = seenOf(this.#file, this.#source, rawBytes, { holdsAll: true, isUnfinished: !isLast });
    this.#fileId = db.writeTransaction(() => {
      const sessionId = this.#context.makeRow();
      const fileId = this.#fileId ?? madeFile(this.#context, sessionId, this.#file);
      const version = { rawBytes, extents: isWhole ? null : extents, sha256 };
      const segments = { fileId, logBytes: this.#logBytes, added: this.#waiting };
      storeVersion(db, sessionId, { ...segments, ...version }, seen, metAt);
      recountSession(db, sessionId);
      if (isLast) this.#context.describe?.();
      return fileId;
    });
    this.#logBytes = this.#start + this.#doneBytes;
    this.#waiting = [];
    this.waitingBytes = 0;
  }
}

/** The last segment of the log where it is small enough to be merged with what follows. */
function lastSmallSegment(
  context: TakeContext,
  from: StoreFrom,
): { plain: Uint8Array; logOffset: number } | null {
  if (from.kind === 'new' || from.fileId === null) return null;
  const last = segmentsOf(context.db, context.uid, from.fileId).at(-1);
  if (last === undefined || last.raw_bytes >= MERGE_BELOW_BYTES) return null;
  return { plain: readSegment(context.db, last, context.uid), logOffset: last.log_offset };
}

/** A rewritten file shares what stands before the first changed line, and every later line that it kept. */
async function rewrite(
  context: TakeContext,
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  differsFromLine: number,
): Promise<Taken> {
  // A document's elements may share lines, or all be one: it is matched from its beginning.
  const isDocument =
    file.agent.isDocument?.(file.class.key) === true &&
    Math.max(stored.rawBytes, source.sizeBytes) <= MATCHED_BYTES_MAX;
  const lineStartBytes = isDocument ? 0 : differsFromLine;
  const kept = sliced(stored.extents, 0, lineStartBytes);
  const oldExtents = sliced(stored.extents, lineStartBytes, stored.rawBytes - lineStartBytes);
  const oldBytes = stored.rawBytes - lineStartBytes;
  const isSmall =
    oldBytes <= MATCHED_BYTES_MAX &&
    source.encoding === 'plain' &&
    source.sizeBytes - lineStartBytes <= MATCHED_BYTES_MAX;
  if (!isSmall) {
    const matched =
      source.encoding === 'plain'
        ? await matchLargeLines(
            kept,
            oldExtents,
            fromByte(fileChunks(context.db, context.uid, stored), lineStartBytes),
            source.chunks(lineStartBytes),
            stored.logBytes,
            context.signal,
          )
        : null;
    if (context.signal.aborted) return { kind: 'interrupted', readBytes: 0 };
    if (matched !== null)
      return storeRewritten(context, file, source, stored, matched, lineStartBytes + matched.newBytes);
    const version = { ...stored, extents: kept, rawBytes: lineStartBytes };
    const facts = factsOf(context.db, context.uid, file.agent, stored);
    context.db.writeTransaction(() => {
      keepVersion(context.db, stored, facts, context.now);
      setFileVersion(context.db, stored.fileId, { rawBytes: lineStartBytes, extents: kept, sha256: null });
    });
    killPoint('rewrite.cut');
    const taken = await storeFrom(context, file, source, {
      fileId: stored.fileId,
      fromByte: lineStartBytes,
      logOffset: version.logBytes,
      kind: 'grown',
      extents: kept,
    });
    return { ...taken, kind: taken.kind === 'interrupted' ? 'interrupted' : 'rewritten' };
  }
  const oldRest = collect(fileChunks(context.db, context.uid, stored), lineStartBytes);
  const newRest = await collectAsync(source.chunks(lineStartBytes));
  const cut = isDocument ? elementsOf : linesOf;
  const matched = matchLines(kept, oldExtents, oldRest, newRest, stored.logBytes, cut);
  return storeRewritten(context, file, source, stored, matched, lineStartBytes + newRest.length);
}

/** What is new of a rewritten file, with the version that names it, in one transaction. */
async function storeRewritten(
  context: TakeContext,
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  { extents, added }: Rewritten,
  rawBytes: number,
): Promise<Taken> {
  const segments: NewSegment[] = [];
  for await (const segment of toSegments(added.length > 0 ? [added] : [], stored.logBytes))
    segments.push(segment);
  const facts = losesBytes(stored, extents) ? factsOf(context.db, context.uid, file.agent, stored) : null;
  const seen = seenOf(file, source, rawBytes, { holdsAll: true });
  context.db.writeTransaction(() => {
    const sessionId = context.makeRow();
    if (facts !== null) keepVersion(context.db, stored, facts, context.now);
    const { fileId, logBytes } = stored;
    storeVersion(
      context.db,
      sessionId,
      { fileId, logBytes, added: segments, rawBytes, extents, sha256: null },
      seen,
      context.metAt,
    );
    recountSession(context.db, sessionId);
    context.describe?.();
  });
  killPoint('rewrite.stored');
  return { kind: 'rewritten', readBytes: rawBytes };
}

function collect(chunks: Iterable<Uint8Array>, from: number): Uint8Array {
  const parts: Uint8Array[] = [];
  // Copied: the chunk is a view on a segment that is let go.
  for (const part of fromByte(chunks, from)) parts.push(part.slice());
  return Buffer.concat(parts);
}

async function collectAsync(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/**
 * Asked before a transaction: a file system that does not answer must not keep the store from others. `holdsAll`: it holds all that is
 * stored of the file. `isUnfinished`: its stat is not trusted, so that the next run goes on.
 */
export function seenOf(
  file: FoundFile,
  source: Source,
  takenBytes: number,
  { holdsAll, isUnfinished = false }: { readonly holdsAll: boolean; readonly isUnfinished?: boolean },
): SeenSource {
  const marks = source.encoding === 'plain' ? marksOf(source, Math.min(takenBytes, source.sizeBytes)) : null;
  const inode = source.stat.split(':')[2] ?? '';
  return {
    path: file.path,
    agent: file.agent.id,
    stat: isUnfinished ? `unfinished::${inode}` : source.stat,
    takenBytes,
    headSha256: marks?.head ?? null,
    tailSha256: marks?.tail ?? null,
    holdsAll,
  };
}

/** The live stored files of the session, by key. */
export function liveFiles(context: TakeContext): Map<string, StoredFile> {
  const live = filesOf(context.db, context.uid).filter((stored) => !stored.gone);
  return new Map(live.map((stored) => [stored.key, stored]));
}
