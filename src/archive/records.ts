/**
 * What an export's lines say, checked as they come in: the file may be anybody's.
 * Promises: an id, a number, a name of a file or a size that this program would not write is refused with its session; what is
 * called a time and is none is left out of a session's row; nothing from the file decides where a file is written.
 */
import * as z from 'zod/mini';
import { parsedJson } from '../domain/parsed.ts';
import { FILE_PACKINGS, FILE_ROLES } from '../domain/session.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import type {
  ArchivedDigest,
  ArchivedFile,
  ArchivedMeta,
  ArchivedSegment,
  ArchivedVersion,
} from '../store/archived.ts';
import { type Extent, isExtent } from '../store/rows.ts';
import { SEGMENT_BYTES } from '../store/segments.ts';
import { FILES_MAX, REPEATS_MAX, SEGMENT_STORED_BYTES_MAX } from './bounds.ts';

export const FORMAT = 'session-memory export';
export const FORMAT_VERSION = 1;

const count = z.int().check(z.gte(0));
/** SQLite ends a text at a NUL, and no path or title has one. */
const text = z.string().check(
  z.maxLength(65_536),
  z.refine((value) => !value.includes('\0') && value.isWellFormed(), 'it holds what is no text'),
);
/** A day that the calendar has, an hour that the day has. */
const iso = z.pipe(
  z.string().check(z.refine((value) => parseTime(value) === value, 'it is no time')),
  z.transform((value) => value as Iso),
);
/** What a row tells of its session, for people: what is no text is left out, and nothing hangs on it. */
const told = z.pipe(
  z.nullable(z.string().check(z.maxLength(65_536))),
  z.transform((value) => (value?.includes('\0') === true || value?.isWellFormed() === false ? null : value)),
);
/** Of a session's row: what is none counts as absent. */
const isoOrNothing = z.pipe(
  z.unknown(),
  z.transform((value) => (parseTime(value) === value ? (value as Iso) : null)),
);
const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const uid = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}:[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/));
const orNull = <T extends z.core.$ZodType>(inner: T) => z.nullable(inner);
/** Ranges by hand: there may be hundreds of thousands, and a copy of each would take more memory than they do. */
const extents = z.custom<readonly Extent[]>(
  (value) => Array.isArray(value) && value.every((range) => isExtent(range) && range[1] > 0),
  'it is no list of ranges',
);

const file = z.object({
  role: z.enum(FILE_ROLES),
  key: text,
  rel_path: text,
  encoding: z.enum(FILE_PACKINGS),
  raw_bytes: count,
  log_bytes: count,
  extents: orNull(extents),
  sha256: orNull(hash),
  gone: z.boolean(),
  // Absent in files of programs that kept none.
  versions: z.optional(
    z.array(
      z.object({
        number: count.check(z.gte(1)),
        replaced_at: iso,
        raw_bytes: count.check(z.gte(1)),
        records: orNull(count),
        extents,
        sha256: orNull(hash),
      }),
    ),
  ),
});

const session = z.object({
  record: z.literal('session'),
  session_uid: uid,
  agent: text,
  native_id: text,
  project: told,
  title: told,
  branch: told,
  parent_uid: told,
  started_at: isoOrNothing,
  ended_at: isoOrNothing,
  ingested_at: isoOrNothing,
  analyzed_at: isoOrNothing,
  digest_at: isoOrNothing,
  evicted_at: isoOrNothing,
  analyze_error: told,
  pinned: z.boolean(),
  raw_generation: count.check(z.lte(10_000_000)),
  covers_from: count,
  raw_bytes: count,
  stored_bytes: count,
  file_count: count,
  origin: z.optional(orNull(text)),
  files: z.array(file).check(z.maxLength(FILES_MAX)),
  tombstones: z.array(
    z.object({
      generation: z.int(),
      key: text,
      raw_bytes: count,
      sha256: hash,
      // Absent in files of older programs.
      content: z.optional(z.object({ records: count, sha256: hash })),
    }),
  ),
  events: z.array(
    z.object({
      at: iso,
      kind: text,
      generation: count,
      sweep_id: orNull(text),
      raw_bytes: count,
      stored_bytes: count,
      reason: text,
      of_file: z.boolean(),
    }),
  ),
});

const line = z.discriminatedUnion('record', [
  z.object({
    record: z.literal('header'),
    format: z.literal(FORMAT),
    version: count,
    made_at: iso,
    sessions: count,
  }),
  z.object({ record: z.literal('contents'), session_uids: z.array(uid) }),
  session,
  z.object({
    record: z.literal('digest'),
    // Below zero: of what another store had.
    generation: z.int(),
    covers_from: z.int(),
    complete: z.boolean(),
    version: count,
    made_at: iso,
    json: z.string(),
    origin: z.optional(orNull(text)),
  }),
  z.object({
    record: z.literal('segment'),
    key: text,
    log_offset: count,
    raw_bytes: count.check(z.gte(1), z.lte(SEGMENT_BYTES)),
    stored_bytes: count.check(z.gte(1), z.lte(SEGMENT_STORED_BYTES_MAX)),
    sha256: hash,
  }),
  z.object({ record: z.literal('session_end'), session_uid: uid }),
  z.object({ record: z.literal('abandoned'), session_uid: uid, why: text, again: z.boolean() }),
  z.object({ record: z.literal('forgotten'), session_uid: uid, at: iso }),
  z.object({ record: z.literal('end'), sessions: count }),
]);

export type ArchiveLine =
  | { record: 'header'; format: string; version: number; made_at: Iso; sessions: number }
  | { record: 'contents'; session_uids: string[] }
  | ({ record: 'session' } & ArchivedMeta)
  | ({ record: 'digest' } & ArchivedDigest)
  | ({ record: 'segment' } & ArchivedSegment)
  | { record: 'session_end'; session_uid: string }
  | { record: 'abandoned'; session_uid: string; why: string; again: boolean }
  | { record: 'forgotten'; session_uid: string; at: Iso }
  | { record: 'end'; sessions: number };

/** The line, or a sentence that says what is wrong with it. */
export function parseLine(json: string): ArchiveLine | string {
  const value = parsedJson(json);
  // The hash was right: it was written so.
  return value === undefined ? 'a record is no JSON' : asLine(value);
}

/** Why whoever takes the archive in would refuse the rows of a session, or null. */
export function refusalOf(meta: ArchivedMeta): string | null {
  const told = asLine({ record: 'session', ...meta });
  return typeof told === 'string' ? told : null;
}

function asLine(value: unknown): ArchiveLine | string {
  const parsed = line.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `a record is of a wrong form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  }
  const wrong = parsed.data.record === 'session' ? disagreement(parsed.data) : null;
  return wrong ?? parsed.data;
}

/** What the rows of a session must agree on, beyond their form. */
function disagreement(meta: ArchivedMeta): string | null {
  if (!meta.session_uid.startsWith(`${meta.agent}:`)) return 'it is named by another agent';
  const keys = new Set(meta.files.map(({ key }) => key));
  if (keys.size !== meta.files.length) return 'two of its files have one name';
  if (meta.covers_from > meta.raw_generation + 1) return 'its digests cover what is not there';
  const outside = meta.files.find((one) => !isWithinLog(one));
  if (outside !== undefined) return `${outside.key} goes beyond what was stored of it`;
  const wrong = meta.files.find((one) => one.versions !== undefined && !areVersions(one, one.versions));
  return wrong === undefined ? null : `what ${wrong.key} was before is not in what was stored of it`;
}

/** Its version names bytes of its log, as many as it says, and none of them over and over. */
function isWithinLog(one: ArchivedFile): boolean {
  const { extents: ranges, log_bytes: logBytes, raw_bytes: rawBytes, gone } = one;
  if (ranges === null) return gone || rawBytes === logBytes;
  if (ranges.some(([offset, length]) => offset + length > logBytes)) return false;
  return gone || (sumOf(ranges) === rawBytes && rawBytes <= logBytes * REPEATS_MAX);
}

function sumOf(ranges: readonly Extent[]): number {
  return ranges.reduce((sum, [, length]) => sum + length, 0);
}

/** Versions rise, and are whole within the log of their file. */
function areVersions(
  { gone, log_bytes: logBytes }: ArchivedFile,
  versions: readonly ArchivedVersion[],
): boolean {
  return versions.every(
    ({ number, raw_bytes: rawBytes, extents: ranges }, i) =>
      !gone &&
      number > (versions[i - 1]?.number ?? 0) &&
      ranges.every(([offset, length]) => offset + length <= logBytes) &&
      sumOf(ranges) === rawBytes &&
      rawBytes <= logBytes * REPEATS_MAX,
  );
}
