/**
 * Whether the present version of a file has lost most of what an earlier one held: a stub in the place of a transcript, an emptied file.
 * Promises: looks at what is said, not only at sizes, so that another writing of the same is no loss; reads nothing where the two
 * share half of their bytes.
 */
import type { AgentFormat } from '../domain/agent.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { FileRole } from '../domain/session.ts';
import { TooLong } from '../files/line-cutter.ts';
import type { ReadableDb } from '../store/connection.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks } from '../store/segments.ts';
import { asVersion, type EarlierVersion, sharedBytes, type VersionFacts } from '../store/versions.ts';
import { type Cutting, cuttingOf, recordsIn } from './content/records.ts';

/** Of fewer records a transcript may be written anew as a whole without losing anything that a person would miss. */
const RECORDS_OF_A_TALK = 8;
/** Files whose records are what was said and done; all others are judged by their sizes too. */
const TALKS: readonly FileRole[] = ['main', 'subagent'];

/** The fullest of the earlier versions of which the present one has lost most; null: there is none. `versions`: of any files. */
export function fullerVersion(
  db: ReadableDb,
  uid: SessionUid,
  agent: AgentFormat | null,
  present: StoredFile,
  versions: readonly EarlierVersion[],
): EarlierVersion | null {
  const cutting = cuttingOf(agent, present.key);
  const own = versions
    .filter(({ fileId }) => fileId === present.fileId)
    .toSorted((a, b) => b.rawBytes - a.rawBytes || b.number - a.number);
  let there: Said | null | undefined;
  for (const version of own) {
    if (sharedBytes(version.extents, present.extents) * 2 >= version.rawBytes) continue;
    if (there === undefined) there = saidIn(db, uid, present, cutting);
    if (hasLostMost(db, uid, present, version, cutting, there)) return version;
  }
  return null;
}

interface Said {
  readonly records: number;
  readonly isUnreadable: boolean;
  /** How often each is said, by its hash. */
  readonly counts: ReadonlyMap<number | bigint, number>;
  /** Hashes of the names of its rows; null where it is not of rows. */
  readonly rows: ReadonlySet<number | bigint> | null;
}

function hasLostMost(
  db: ReadableDb,
  uid: SessionUid,
  present: StoredFile,
  version: EarlierVersion,
  cutting: Cutting,
  there: Said | null,
): boolean {
  const isSmaller = present.rawBytes * 2 < version.rawBytes;
  const kept = there === null ? null : keptOf(db, uid, asVersion(present, version), cutting, there);
  // NULs after a crash, a page of a proxy: however many bytes they are, and however short the talk was.
  if (there?.isUnreadable === true && kept?.isReadable === true) return true;
  // What cannot be taken apart, or is one piece, is judged by its size alone.
  if (there === null || kept === null || kept.records < 2) return isSmaller && kept?.keptRecords !== 1;
  const isMostGone = kept.keptRecords * 2 < kept.records && kept.keptBytes * 2 < kept.bytes;
  if (cutting.isRows)
    return there.records * 2 < kept.records || (isMostGone && kept.records >= RECORDS_OF_A_TALK);
  const isTalk = TALKS.includes(present.role) && kept.records >= RECORDS_OF_A_TALK;
  return isMostGone && (isTalk || (isSmaller && there.records * 2 < kept.records));
}

interface Kept {
  readonly records: number;
  readonly isReadable: boolean;
  readonly bytes: number;
  readonly keptRecords: number;
  readonly keptBytes: number;
}

/** How much of an earlier version is said in the present one too; null where it cannot be told. */
function keptOf(
  db: ReadableDb,
  uid: SessionUid,
  earlier: StoredFile,
  cutting: Cutting,
  there: Said,
): Kept | null {
  const left = new Map(there.counts);
  const sum = { records: 0, bytes: 0, keptRecords: 0, keptBytes: 0, isReadable: false };
  try {
    for (const { says, bytes, isReadable, names } of recordsIn(fileChunks(db, uid, earlier), cutting)) {
      sum.records += 1;
      sum.isReadable ||= isReadable;
      sum.bytes += bytes;
      const hash = Bun.hash(says);
      const count = left.get(hash) ?? 0;
      if (count > 0) left.set(hash, count - 1);
      else if (!isThere(names, there)) continue;
      sum.keptRecords += 1;
      sum.keptBytes += bytes;
    }
    return sum;
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
}

/** Rows are written anew in their places: one that says something else is no lost one. Between rows and other forms nothing is told by names. */
function isThere(names: readonly string[], { rows }: Said): boolean {
  if (rows === null) return false;
  return names.length === 0 || rows.size === 0 || names.some((name) => rows.has(Bun.hash(name)));
}

function saidIn(db: ReadableDb, uid: SessionUid, file: StoredFile, cutting: Cutting): Said | null {
  const counts = new Map<number | bigint, number>();
  const rows = cutting.isRows ? new Set<number | bigint>() : null;
  let records = 0;
  let isUnreadable = true;
  try {
    for (const { says, isReadable, names } of recordsIn(fileChunks(db, uid, file), cutting)) {
      for (const name of names) rows?.add(Bun.hash(name));
      isUnreadable &&= !isReadable;
      const hash = Bun.hash(says);
      counts.set(hash, (counts.get(hash) ?? 0) + 1);
      records += 1;
    }
    return { records, isUnreadable, counts, rows };
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
}

/** What is known of a file as it is, read once from its start. */
export function factsOf(
  db: ReadableDb,
  uid: SessionUid,
  agent: AgentFormat | null,
  file: StoredFile,
): VersionFacts {
  const hasher = new Bun.CryptoHasher('sha256');
  const chunks = {
    *[Symbol.iterator]() {
      for (const chunk of fileChunks(db, uid, file)) {
        hasher.update(chunk);
        yield chunk;
      }
    },
  };
  const records = countRecords(chunks, cuttingOf(agent, file.key));
  if (records !== null) return { records, sha256: hasher.digest() };
  // It was left where it could not be taken apart, so the hash is of a part.
  const whole = new Bun.CryptoHasher('sha256');
  for (const chunk of fileChunks(db, uid, file)) whole.update(chunk);
  return { records: null, sha256: whole.digest() };
}

/** Lines, or elements of a document; null where they cannot be told. */
export function countRecords(chunks: Iterable<Uint8Array>, cutting: Cutting): number | null {
  if (!cutting.isDocument) return countLines(chunks);
  try {
    let records = 0;
    for (const _ of recordsIn(chunks, cutting)) records += 1;
    return records;
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
}

/** A last line that is torn counts as one. */
export function countLines(chunks: Iterable<Uint8Array>): number {
  let lines = 0;
  let last = 10;
  for (const chunk of chunks) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    last = chunk.at(-1) ?? last;
  }
  return last === 10 ? lines : lines + 1;
}
