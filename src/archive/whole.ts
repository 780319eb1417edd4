/**
 * Whether all of an archived session is there: every byte of every file, or what stands for one that was evicted.
 * Promises: reads each segment a bounded number of times, however its versions name it.
 */
import { type ArchivedFile, type Incoming, segmentsOfFile } from '../store/archived.ts';
import {
  extentsOf,
  hashOf,
  incomingVersion,
  indexAt,
  PLAIN_SEGMENTS_KEPT,
} from '../store/import/incoming.ts';
import { droppedAfter } from '../store/import/new.ts';
import { lettingGo, presentDigest } from '../store/import/rows.ts';

/**
 * What a session lacks, or null: a live one all bytes of all files, an evicted one its digest or the event that let it go. `left`:
 * why a digest of it was left out, if one was. Of a stranger's evicted session a digest is all there is. `hashOfFile`: of the present
 * version, hex; null: it is held against what was recorded when its bytes come.
 */
export function incompleteness(
  session: Incoming,
  trusted: boolean,
  left: string | null,
  hashOfFile: (file: ArchivedFile) => string | null = (file) => hashOf(incomingVersion(session, file)),
): string | null {
  const { meta, segments } = session;
  if (meta.evicted_at !== null) {
    if (segments.length > 0) return 'it was evicted, and has bytes';
    if (presentDigest(session) === null && left !== null) return left;
    if (!trusted) return null;
    const event = lettingGo(meta);
    if (event === null) return 'it was evicted without an event';
    const isDigested = presentDigest(session) !== null || droppedAfter(meta) !== null;
    return event.kind === 'evicted' && !isDigested ? 'it was evicted without a digest' : null;
  }
  for (const file of meta.files) {
    const problem = lackOf(session, file, trusted, hashOfFile);
    if (problem !== null) return problem;
  }
  const keys = new Set(meta.files.map(({ key }) => key));
  return segments.every(({ key }) => keys.has(key)) ? null : 'it has segments of no file';
}

function lackOf(
  session: Incoming,
  file: ArchivedFile,
  trusted: boolean,
  hashOfFile: (file: ArchivedFile) => string | null,
): string | null {
  let end = 0;
  for (const segment of segmentsOfFile(session, file.key)) {
    if (segment.log_offset !== end) return `bytes of ${file.key} are missing`;
    end += segment.raw_bytes;
  }
  if (file.gone ? end > 0 : end !== file.log_bytes) return `bytes of ${file.key} are missing`;
  if (file.gone || file.sha256 === null) return null;
  if (!trusted && isScattered(session, file)) return `${file.key} lies in too many pieces`;
  return (hashOfFile(file) ?? file.sha256) === file.sha256 ? null : notItsHash(file);
}

export function notItsHash({ key }: Pick<ArchivedFile, 'key'>): string {
  return `${key} does not have the hash that was recorded`;
}

/** Whether a version would have segments unpacked over and over. One that an agent has written anew many times has few such jumps. */
function isScattered(session: Incoming, file: ArchivedFile): boolean {
  const segments = segmentsOfFile(session, file.key);
  const most = segments.length * JUMPS_PER_SEGMENT + JUMPS_FREE;
  const kept: number[] = [];
  let jumps = 0;
  for (const [offset, length] of extentsOf(file)) {
    for (let i = indexAt(segments, offset); i < segments.length; i += 1) {
      if ((segments[i]?.log_offset ?? 0) >= offset + length) break;
      const at = kept.indexOf(i);
      if (at >= 0) kept.splice(at, 1);
      else jumps += 1;
      kept.push(i);
      if (kept.length > PLAIN_SEGMENTS_KEPT) kept.shift();
      if (jumps > most) return true;
    }
  }
  return false;
}

const JUMPS_PER_SEGMENT = 8;
const JUMPS_FREE = 100;
