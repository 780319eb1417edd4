/**
 * What one file is and was in two stores, held together by bytes: two stores that met a document at different times keep the same
 * bytes of it at other places of their logs.
 * Promises: two are called the same only where their bytes were hashed; no claim of an archive is believed. Reads only.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { ArchivedFile, ArchivedVersion, Incoming } from '../archived.ts';
import type { ReadableDb } from '../connection.ts';
import type { Extent, StoredFile } from '../rows.ts';
import { fileChunks } from '../segments.ts';
import { asVersion, versionsOf } from '../versions.ts';
import { extentsOf, hashOf, incomingVersion, prefixHash } from './incoming.ts';

/** Of the other store, each of its states that is one of this store's too: where that one lies in this log. */
export type Twins = ReadonlyMap<ArchivedFile | ArchivedVersion, readonly Extent[]>;

export interface States {
  readonly twins: Twins;
  /** The present one here is one of their earlier ones. */
  readonly theyWereOurs: boolean;
  /** Their present one is one of the earlier ones here. */
  readonly weWereTheirs: boolean;
  /** The present ones have the same bytes. */
  readonly areSame: boolean;
  /** Their present one begins with all of the one here, and has more. */
  readonly theyGoOn: boolean;
  /** The other way round. */
  readonly weGoOn: boolean;
}

interface Ours {
  readonly file: StoredFile;
  readonly hash: () => string;
}

/** `common`: so many bytes both logs begin with. What lies in them is not read again: a file may have hundreds of versions. */
export function statesOf(
  db: ReadableDb,
  uid: SessionUid,
  stored: StoredFile,
  incoming: Incoming,
  file: ArchivedFile,
  common: number,
): States {
  const ours = (one: StoredFile): Ours => ({
    file: one,
    hash: once(() => one.sha256 ?? hashOf(fileChunks(db, uid, one))),
  });
  const present = ours(stored);
  const earlier = versionsOf(db, uid)
    .filter(({ fileId }) => fileId === stored.fileId)
    .map((version) => ours(asVersion(stored, version)));
  const theirs = (one: ArchivedFile) => once(() => hashOf(incomingVersion(incoming, one)));
  const twins = new Map<ArchivedFile | ArchivedVersion, readonly Extent[]>();
  const pair = (one: ArchivedFile | ArchivedVersion, hash: () => string): Ours | null => {
    const likely = [present, ...earlier].filter(({ file: { rawBytes } }) => rawBytes === one.raw_bytes);
    const ranges = JSON.stringify(rangesOf(one));
    const isRead = rangesOf(one).every(([from, length]) => from + length <= common);
    const there = likely.find((other) => isRead && JSON.stringify(other.file.extents) === ranges);
    const theirHash = there === undefined ? hash : there.hash;
    // What an agent went back to lies in the log twice: the present one stands for both.
    const twin = likely.find((other) => other === there || theirHash() === other.hash()) ?? null;
    if (twin !== null) twins.set(one, twin.file.extents);
    return twin;
  };
  const presentHash = theirs(file);
  const presentTwin = pair(file, presentHash);
  const versions = file.versions ?? [];
  const theirTwins = versions.map((version) => pair(version, theirs({ ...file, ...version })));
  return {
    twins,
    areSame: presentTwin === present,
    weWereTheirs: earlier.some((one) => one === presentTwin),
    theyWereOurs: theirTwins.includes(present),
    theyGoOn:
      file.raw_bytes > stored.rawBytes &&
      prefixHash(incomingVersion(incoming, file), stored.rawBytes) === present.hash(),
    weGoOn:
      file.raw_bytes < stored.rawBytes &&
      prefixHash(fileChunks(db, uid, stored), file.raw_bytes) === presentHash(),
  };
}

/** A range of the other store's log, and where it lies in this one's. */
export interface Piece {
  readonly from: number;
  readonly length: number;
  readonly to: number;
  readonly isNew: boolean;
}

/** What of the other log is here already, as its states tell that are here; in the order of that log. */
export function knownPieces(twins: Twins): Piece[] {
  let end = 0;
  return [...twins]
    .flatMap(([theirs, ours]) => sideBySide(rangesOf(theirs), ours))
    .sort((a, b) => a.from - b.from)
    .flatMap((piece) => {
      const skipped = Math.max(0, end - piece.from);
      if (skipped >= piece.length) return [];
      end = piece.from + piece.length;
      return [
        {
          ...piece,
          from: piece.from + skipped,
          to: piece.to + skipped,
          length: piece.length - skipped,
        },
      ];
    });
}

function rangesOf(one: ArchivedFile | ArchivedVersion): readonly Extent[] {
  return 'key' in one ? extentsOf(one) : one.extents;
}

/** The same bytes as two lists of ranges, cut where either has an end. */
function sideBySide(theirs: readonly Extent[], ours: readonly Extent[]): Piece[] {
  const pieces: Piece[] = [];
  let [i, used, j, usedOurs] = [0, 0, 0, 0];
  for (;;) {
    const [from, length] = theirs[i] ?? [0, 0];
    const [to, oursLength] = ours[j] ?? [0, 0];
    const step = Math.min(length - used, oursLength - usedOurs);
    if (step <= 0) return pieces;
    pieces.push({ from: from + used, length: step, to: to + usedOurs, isNew: false });
    used += step;
    usedOurs += step;
    if (used === length) [i, used] = [i + 1, 0];
    if (usedOurs === oursLength) [j, usedOurs] = [j + 1, 0];
  }
}

function once(make: () => string): () => string {
  let made: string | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
