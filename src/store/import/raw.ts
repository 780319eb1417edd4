/**
 * Two stores' logs of one file: which bytes are missing here, and how the two present versions stand to each other.
 * Promises: adds only; where one log goes on from the other, the longer one stays; where they differ, both stay, one behind
 * the other. Which version is the present one is told to it (merge/decide.ts); the other one is kept as an earlier one.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import type { FileStanding } from '../../merge/decide.ts';
import { type ArchivedFile, type ArchivedVersion, type Incoming, segmentsOfFile } from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import type { Extent, StoredFile } from '../rows.ts';
import { fileChunks, segmentsOf, sha256 } from '../segments.ts';
import { insertVersion, losesBytes, nextNumber, type VersionFacts, versionsOf } from '../versions.ts';
import { setFileVersion } from '../write-raw.ts';
import { extentsOf, hashOf, incomingRange } from './incoming.ts';
import { putSegment } from './rows.ts';
import { knownPieces, type Piece, type States, statesOf, type Twins } from './states.ts';

export interface FileMerge {
  readonly file: ArchivedFile;
  /** `same` logs; `longer` there; `shorter` there; `both` differ. */
  readonly kind: 'same' | 'longer' | 'shorter' | 'both';
  /** How its present version stands to the one that is here. */
  readonly standing: FileStanding;
  readonly pieces: readonly Piece[];
  readonly twins: Twins;
  /** At most: what a cut segment takes is known when it is compressed. */
  readonly storedBytes: number;
}

/** How the other store's log of a file stands to this one's. Reads only. */
export function planFile(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
): FileMerge {
  const common = commonBytes(db, uid, stored, incoming, file);
  const states = statesOf(db, uid, stored, incoming, file, common);
  const merge = planBytes(db, uid, stored, incoming, file, common, states.twins);
  return { ...merge, twins: states.twins, standing: standingOf(states, stored, merge) };
}

function planBytes(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
  common: number,
  twins: Twins,
): Omit<FileMerge, 'standing' | 'twins'> {
  if (common === file.log_bytes) {
    const pieces = [{ from: 0, length: common, to: 0, isNew: false }];
    const kind = common === stored.logBytes ? 'same' : 'shorter';
    return { file, kind, pieces, storedBytes: 0 };
  }
  if (common === stored.logBytes) {
    const pieces = [
      { from: 0, length: common, to: 0, isNew: false },
      { from: common, length: file.log_bytes - common, to: common, isNew: true },
    ].filter(({ length }) => length > 0);
    return { file, kind: 'longer', pieces, storedBytes: storedBytesFrom(incoming, file.key, common) };
  }
  const pieces = placed(db, uid, stored, incoming, file, knownPieces(twins));
  const isNew = pieces.some((piece) => piece.isNew);
  return {
    file,
    kind: isNew ? 'both' : 'shorter',
    pieces,
    storedBytes: isNew ? storedBytesFrom(incoming, file.key, 0) : 0,
  };
}

/** What a file has been tells which of two is the later one. Where neither has been the other: the one that begins with all of it. */
function standingOf(
  states: States,
  stored: StoredFile,
  { file, pieces }: Pick<FileMerge, 'file' | 'pieces'>,
): FileStanding {
  const theirs = mapped(extentsOf(file), pieces);
  if (states.areSame || sameExtents(theirs, stored.extents)) return 'same';
  // Each may have been the other, where an agent went back to what was before: then nothing of theirs is new.
  if (states.weWereTheirs) return 'less';
  if (states.theyWereOurs || states.theyGoOn) return 'more';
  return states.weGoOn || !pieces.some(({ isNew }) => isNew) ? 'less' : 'other';
}

/**
 * The same without a look for pieces of it that lie elsewhere in the log: what it costs is bounded by what the archive holds, and it
 * never calls something known that is not.
 */
export function standingAtSight(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
): FileStanding {
  // The hash of its present version was held against its bytes; those of earlier ones were not.
  const isVersion = (one: { readonly rawBytes: number; readonly sha256: string | null }) =>
    one.sha256 !== null && one.sha256 === file.sha256 && one.rawBytes === file.raw_bytes;
  if (isVersion(stored)) return 'same';
  const common = commonBytes(db, uid, stored, incoming, file);
  if (common === file.log_bytes) return sameExtents(extentsOf(file), stored.extents) ? 'same' : 'less';
  if (versionsOf(db, uid).some((one) => one.fileId === stored.fileId && isVersion(one))) return 'less';
  return common === stored.logBytes && stored.removedBytes === 0 && file.extents === null ? 'more' : 'other';
}

/** Adds what is missing and makes the version that wins the present one. Within the caller's transaction. */
export function applyFile(
  db: WritableDb,
  { sessionId, uid }: { readonly sessionId: number; readonly uid: SessionUid },
  stored: StoredFile,
  incoming: Incoming,
  { merge, theirsWins }: { readonly merge: FileMerge; readonly theirsWins: boolean },
  at: Iso,
): void {
  const { file, pieces } = merge;
  const versions = unknownVersions(db, uid, stored, merge, theirsWins);
  for (const piece of pieces)
    if (piece.isNew) appendRange(db, { sessionId, fileId: stored.fileId }, incoming, file.key, piece);
  for (const version of versions)
    insertVersion(db, stored.fileId, {
      ...version,
      number: nextNumber(db, stored.fileId),
      replacedAt: version.replacedAt ?? at,
    });
  if (theirsWins) {
    const extents = hereOf(merge, file, extentsOf(file));
    const isWhole = merge.kind === 'longer' && file.extents === null;
    setFileVersion(db, stored.fileId, {
      rawBytes: file.raw_bytes,
      extents: isWhole ? null : extents,
      sha256: file.sha256 === null ? null : Buffer.from(file.sha256, 'hex'),
    });
  } else if (pieces.some(({ isNew }) => isNew)) {
    // The log is longer than this version now: it must say which bytes are its own.
    setFileVersion(db, stored.fileId, {
      rawBytes: stored.rawBytes,
      extents: stored.extents,
      sha256: stored.sha256 === null ? null : Buffer.from(stored.sha256, 'hex'),
    });
  }
}

/** `replacedAt`: null where this merge does it. */
interface MergedVersion extends VersionFacts {
  readonly replacedAt: Iso | null;
  readonly rawBytes: number;
  readonly extents: readonly Extent[];
}

/**
 * Their versions, as ranges of this store's log, that are not known here yet; and of the two present ones that which is not the present
 * one from now on, where it has what the other lacks.
 */
export function unknownVersions(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  merge: FileMerge,
  theirsWins: boolean,
): MergedVersion[] {
  const { file } = merge;
  const theirs = hereOf(merge, file, extentsOf(file));
  const known = versionsOf(db, uid).filter(({ fileId }) => fileId === stored.fileId);
  const bytesOf = (hex: string | null) => (hex === null ? null : Buffer.from(hex, 'hex'));
  const all: MergedVersion[] = (file.versions ?? []).map((version) => ({
    replacedAt: version.replaced_at,
    rawBytes: version.raw_bytes,
    records: version.records,
    extents: hereOf(merge, version, version.extents),
    sha256: bytesOf(version.sha256),
  }));
  const ours = { rawBytes: stored.rawBytes, extents: stored.extents, sha256: bytesOf(stored.sha256) };
  const others = { rawBytes: file.raw_bytes, extents: theirs, sha256: bytesOf(file.sha256) };
  const [wins, loses] = theirsWins ? [others, ours] : [ours, others];
  if (losesBytes(loses, wins.extents)) all.push({ ...loses, records: null, replacedAt: null });
  const seen = new Set(
    [wins.extents, ...known.map(({ extents }) => extents)].map((each) => JSON.stringify(each)),
  );
  return all.filter(({ rawBytes, extents }) => {
    const text = JSON.stringify(extents);
    const isNew = rawBytes > 0 && !seen.has(text);
    seen.add(text);
    return isNew && extents.reduce((sum, [, length]) => sum + length, 0) === rawBytes;
  });
}

/** One of their states as ranges of this log: of one that is here too, those that it has. */
function hereOf(
  { twins, pieces }: FileMerge,
  one: ArchivedFile | ArchivedVersion,
  extents: readonly Extent[],
): readonly Extent[] {
  return twins.get(one) ?? mapped(extents, pieces);
}

function sameExtents(a: readonly Extent[], b: readonly Extent[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function storedBytesFrom(incoming: Incoming, key: string, from: number): number {
  return segmentsOfFile(incoming, key)
    .filter((segment) => segment.log_offset + segment.raw_bytes > from)
    .reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0);
}

function localRange(db: ReadableDb, uid: SessionUid, stored: StoredFile, from: number, length: number) {
  return fileChunks(db, uid, { ...stored, extents: length > 0 ? [[from, length]] : [], rawBytes: length });
}

/** Equal bytes from the start of both logs. Segments that are equal by hash are not read. */
function commonBytes(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
): number {
  const theirs = segmentsOfFile(incoming, file.key);
  let start = 0;
  for (const [i, segment] of segmentsOf(db, uid, stored.fileId).entries()) {
    const other = theirs[i];
    const isSame =
      other?.log_offset === start &&
      segment.log_offset === start &&
      other.raw_bytes === segment.raw_bytes &&
      other.sha256 === Buffer.from(segment.sha256).toString('hex');
    if (!isSame) break;
    start += segment.raw_bytes;
  }
  const ours = localRange(db, uid, stored, start, stored.logBytes - start);
  return start + commonPrefix(ours, incomingRange(incoming, file.key, start, file.log_bytes - start));
}

function commonPrefix(ours: Iterator<Uint8Array>, theirs: Iterator<Uint8Array>): number {
  let [a, b] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let common = 0; ; ) {
    if (a.length === 0) a = Buffer.from(ours.next().value ?? []);
    if (b.length === 0) b = Buffer.from(theirs.next().value ?? []);
    const length = Math.min(a.length, b.length);
    if (length === 0) return common;
    if (a.compare(b, 0, length, 0, length) !== 0) {
      let at = 0;
      while (a[at] === b[at]) at += 1;
      return common + at;
    }
    common += length;
    a = a.subarray(length);
    b = b.subarray(length);
  }
}

/** Where each piece of the other log lies here already, or will lie behind what is here. */
function placed(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
  known: readonly Piece[],
): Piece[] {
  const cuts = new Set([
    0,
    file.log_bytes,
    ...extentsOf(file).flatMap(([offset, length]) => [offset, offset + length]),
    ...known.flatMap(({ from, length }) => [from, from + length]),
  ]);
  const places = [...cuts].sort((a, b) => a - b);
  let end = stored.logBytes;
  let next = 0;
  return places.slice(0, -1).map((from, i) => {
    const length = (places[i + 1] ?? file.log_bytes) - from;
    while ((known[next]?.from ?? Infinity) + (known[next]?.length ?? 0) <= from) next += 1;
    const at = known[next];
    if (at !== undefined && at.from <= from)
      return { from, length, to: at.to + from - at.from, isNew: false };
    const found = findInLog(db, uid, stored, () => incomingRange(incoming, file.key, from, length), length);
    if (found !== null) return { from, length, to: found, isNew: false };
    end += length;
    return { from, length, to: end - length, isNew: true };
  });
}

const NEEDLE_BYTES = 64;
const CANDIDATES_MAX = 64;

/** Where these very bytes begin in the log, or null. */
function findInLog(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  bytes: () => Generator<Uint8Array>,
  length: number,
): number | null {
  if (length === 0 || length > stored.logBytes) return length === 0 ? 0 : null;
  const first: Uint8Array = bytes().next().value ?? new Uint8Array(0);
  const needle = Buffer.from(first.subarray(0, NEEDLE_BYTES));
  const hash = hashOf(bytes());
  for (const at of candidates(localRange(db, uid, stored, 0, stored.logBytes), needle))
    if (at + length <= stored.logBytes && hashOf(localRange(db, uid, stored, at, length)) === hash) return at;
  return null;
}

function candidates(log: Iterable<Uint8Array>, needle: Buffer): number[] {
  const found: number[] = [];
  let tail = Buffer.alloc(0);
  let tailAt = 0;
  for (const chunk of log) {
    const window = Buffer.concat([tail, chunk]);
    for (let at = window.indexOf(needle); at >= 0; at = window.indexOf(needle, at + 1)) {
      found.push(tailAt + at);
      if (found.length >= CANDIDATES_MAX) return found;
    }
    const keep = Math.min(window.length, needle.length - 1);
    tailAt += window.length - keep;
    tail = Buffer.from(window.subarray(window.length - keep));
  }
  return found;
}

/** Ranges of the other log as ranges of this one. */
function mapped(extents: readonly Extent[], pieces: readonly Piece[]): Extent[] {
  const out: [number, number][] = [];
  for (const [offset, length] of extents) {
    for (const piece of pieces) {
      const start = Math.max(offset, piece.from);
      const end = Math.min(offset + length, piece.from + piece.length);
      if (start >= end) continue;
      const to = piece.to + (start - piece.from);
      const last = out.at(-1);
      if (last !== undefined && last[0] + last[1] === to) last[1] += end - start;
      else out.push([to, end - start]);
    }
  }
  return out;
}

function appendRange(
  db: WritableDb,
  place: { readonly sessionId: number; readonly fileId: number },
  incoming: Incoming,
  key: string,
  { from, length, to }: Piece,
): void {
  const end = from + length;
  for (const segment of segmentsOfFile(incoming, key)) {
    const [start, stop] = [segment.log_offset, segment.log_offset + segment.raw_bytes];
    if (stop <= from || start >= end) continue;
    const logOffset = to + Math.max(0, start - from);
    if (start >= from && stop <= end) {
      const { raw_bytes: rawBytes } = segment;
      putSegment(
        db,
        { ...place, logOffset },
        { rawBytes, sha256: Buffer.from(segment.sha256, 'hex'), data: segment.data() },
      );
      continue;
    }
    const plain = Bun.zstdDecompressSync(segment.data()).subarray(
      Math.max(0, from - start),
      Math.min(segment.raw_bytes, end - start),
    );
    const data = Bun.zstdCompressSync(plain, { level: 3 });
    putSegment(db, { ...place, logOffset }, { rawBytes: plain.length, sha256: sha256(plain), data });
  }
}
