/**
 * The records of one session in a pack: the lines that an archive has of it, and for each piece of its bytes a line that says where it
 * lies. So what reads an archive reads these too, with all its checks.
 * Promises: what is read was checked; a session that is not whole is no session.
 */
import * as z from 'zod/mini';
import { jsonProblem } from '../archive/bounds.ts';
import { digestProblem } from '../archive/digests.ts';
import { type ArchiveLine, parseLine } from '../archive/records.ts';
import { fail } from '../domain/errors.ts';
import type { ArchivedDigest, ArchivedMeta, ArchivedSegment } from '../store/archived.ts';
import { SEGMENT_BYTES } from '../store/segments.ts';
import { type PackPlace, partOf } from './pack.ts';

/** A segment of a session, and where its plain bytes lie. */
export interface PackedPiece extends Omit<ArchivedSegment, 'stored_bytes'> {
  readonly place: PackPlace;
}

export interface RemoteSession {
  readonly meta: ArchivedMeta;
  readonly digests: readonly ArchivedDigest[];
  readonly pieces: readonly PackedPiece[];
}

const count = z.int().check(z.gte(0));
const piece = z.object({
  record: z.literal('piece'),
  key: z.string().check(z.maxLength(65_536)),
  log_offset: count,
  raw_bytes: count.check(z.gte(1), z.lte(SEGMENT_BYTES)),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  pack: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
  at: count,
});

export function recordsOf({ meta, digests, pieces }: RemoteSession): Uint8Array {
  const lines: unknown[] = [{ record: 'session', ...meta }];
  for (const digest of digests) lines.push({ record: 'digest', ...digest });
  for (const { place, ...told } of pieces)
    lines.push({ record: 'piece', ...told, pack: place.pack, at: place.at });
  lines.push({ record: 'session_end', session_uid: meta.session_uid });
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** The session whose records lie at that place of the pack. Fails where they are not all of one session of that name. */
export function readRecords(plain: Uint8Array, place: PackPlace, uid: string): RemoteSession {
  const wrong = (why: string) =>
    fail('corrupt', `the records of ${uid} in the bucket cannot be read: ${why}`, 'Nothing of it was taken.');
  let meta: ArchivedMeta | null = null;
  let isEnded = false;
  const digests: ArchivedDigest[] = [];
  const pieces: PackedPiece[] = [];
  for (const text of linesOf(partOf(plain, place))) {
    if (isEnded) throw wrong('something stands behind their end');
    const line = lineIn(text);
    if (typeof line === 'string') throw wrong(line);
    if (line.record === 'session' && meta === null) {
      const { record: _record, ...rest } = line;
      meta = rest;
    } else if (line.record === 'digest') {
      const { record: _record, ...digest } = line;
      const problem = digestProblem(digest, uid);
      if (problem !== null) throw wrong(`a digest: ${problem}`);
      digests.push(digest);
    } else if (line.record === 'piece') {
      const { record: _record, pack, at, ...told } = line;
      pieces.push({ ...told, place: { pack, at, bytes: told.raw_bytes } });
    } else if (line.record === 'session_end') isEnded = true;
    else throw wrong(`a record of a kind that does not belong there: ${line.record}`);
  }
  if (meta === null || !isEnded) throw wrong('they are not whole');
  if (meta.session_uid !== uid) throw wrong(`they are those of ${meta.session_uid}`);
  return { meta, digests, pieces };
}

function lineIn(text: string): ArchiveLine | z.output<typeof piece> | string {
  if (!text.startsWith('{"record":"piece"')) {
    const problem = jsonProblem(Buffer.from(text));
    return problem ?? parseLine(text);
  }
  const parsed = piece.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : 'a piece is of a wrong form';
}

function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString();
  return text.split('\n').filter((line) => line !== '');
}
