/**
 * What an export's lines say, checked as they come in: the file may be anybody's.
 * Promises: an id, a number or a time that this program would not write is refused with its session; nothing from the file
 * decides where a file is written (no agent's folder is in it, and `restore` checks every path).
 */
import * as z from 'zod/mini';
import { FILE_ROLES } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type {
  ArchivedDigest,
  ArchivedFile,
  ArchivedMeta,
  ArchivedSegment,
  ArchivedVersion,
} from '../store/archived.ts';

export const FORMAT = 'session-memory export';
export const FORMAT_VERSION = 1;

const count = z.int().check(z.gte(0));
const text = z.string().check(z.maxLength(65_536));
const iso = z.pipe(
  z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)),
  z.transform((value) => value as Iso),
);
const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const uid = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}:[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/));
const orNull = <T extends z.core.$ZodType>(inner: T) => z.nullable(inner);

const file = z.object({
  role: z.enum(FILE_ROLES),
  key: text,
  rel_path: text,
  encoding: z.enum(['plain', 'zstd']),
  raw_bytes: count,
  log_bytes: count,
  extents: orNull(z.array(z.tuple([count, count]))),
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
        extents: z.array(z.tuple([count, count.check(z.gte(1))])),
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
  project: orNull(text),
  title: orNull(text),
  branch: orNull(text),
  parent_uid: orNull(text),
  started_at: orNull(iso),
  ended_at: orNull(iso),
  ingested_at: orNull(iso),
  analyzed_at: orNull(iso),
  digest_at: orNull(iso),
  evicted_at: orNull(iso),
  analyze_error: orNull(text),
  pinned: z.boolean(),
  raw_generation: count.check(z.lte(10_000_000)),
  covers_from: count,
  raw_bytes: count,
  stored_bytes: count,
  file_count: count,
  files: z.array(file),
  tombstones: z.array(z.object({ generation: z.int(), key: text, raw_bytes: count, sha256: hash })),
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
  }),
  z.object({
    record: z.literal('segment'),
    key: text,
    log_offset: count,
    raw_bytes: count.check(z.gte(1)),
    stored_bytes: count.check(z.gte(1)),
    sha256: hash,
  }),
  z.object({ record: z.literal('session_end'), session_uid: uid }),
  z.object({ record: z.literal('abandoned'), session_uid: uid, why: text, again: z.boolean() }),
  z.object({ record: z.literal('forgotten'), session_uid: uid, at: iso }),
  z.object({ record: z.literal('end'), sessions: count }),
]);

export type Line =
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
export function parseLine(json: string): Line | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The hash was right: it was written so.
    return 'a record is no JSON';
  }
  const parsed = line.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `a record is of a wrong form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
  }
  const wrong = parsed.data.record === 'session' ? sessionProblem(parsed.data) : null;
  return wrong ?? parsed.data;
}

/** What the rows of a session must agree on, beyond their form. */
function sessionProblem(meta: ArchivedMeta): string | null {
  if (!meta.session_uid.startsWith(`${meta.agent}:`)) return 'it is named by another agent';
  const keys = new Set(meta.files.map(({ key }) => key));
  if (keys.size !== meta.files.length) return 'two of its files have one name';
  if (meta.covers_from > meta.raw_generation + 1) return 'its digests cover what is not there';
  const outside = meta.files.find(
    ({ extents, log_bytes: logBytes }) =>
      extents?.some(([offset, length]) => offset + length > logBytes) === true,
  );
  if (outside !== undefined) return `${outside.key} goes beyond what was stored of it`;
  const wrong = meta.files.find((one) => one.versions !== undefined && !areVersions(one, one.versions));
  return wrong === undefined ? null : `what ${wrong.key} was before is not in what was stored of it`;
}

/** Versions rise, and are whole within the log of their file. */
function areVersions(
  { gone, log_bytes: logBytes }: ArchivedFile,
  versions: readonly ArchivedVersion[],
): boolean {
  return versions.every(
    ({ number, raw_bytes: rawBytes, extents }, i) =>
      !gone &&
      number > (versions[i - 1]?.number ?? 0) &&
      extents.every(([offset, length]) => offset + length <= logBytes) &&
      extents.reduce((sum, [, length]) => sum + length, 0) === rawBytes,
  );
}
