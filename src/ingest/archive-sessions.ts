/**
 * Whole sessions off a stream of an export's records.
 * Promises: gives a session only once all of it is there and every byte has the hash that was recorded; names those that
 * are not whole, and those that were to come where the stream is cut; memory is bounded (`Spool`).
 */
import { FailureError, failure } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { ArchivedDigest, ArchivedMeta, ArchivedSegment, Incoming } from '../store/archived.ts';
import { incomingVersion } from '../store/import-raw.ts';
import { lettingGo } from '../store/import-rows.ts';
import { type Frame, frames, plainBytesOf } from './archive-frames.ts';
import { FORMAT_VERSION, type Line, parseLine } from './archive-records.ts';
import type { Spool } from './spool.ts';

export type Arrival =
  | { readonly kind: 'session'; readonly session: Incoming }
  | { readonly kind: 'forgotten'; readonly uid: SessionUid; readonly at: Iso }
  /** `uid` null: it is not known whose. */
  | { readonly kind: 'damaged'; readonly uid: SessionUid | null; readonly problem: string };

interface Begun {
  readonly meta: ArchivedMeta;
  readonly digests: ArchivedDigest[];
  readonly segments: (ArchivedSegment & { data(): Uint8Array })[];
  problem: string | null;
}

/** The sessions of a stream, as they become whole. Throws where it is no export, or one of a newer program. */
export async function* arrivals(chunks: AsyncIterable<Uint8Array>, spool: Spool): AsyncGenerator<Arrival> {
  const reader = new Reader(spool);
  for await (const frame of frames(chunks)) yield* reader.take(frame);
  yield* reader.end();
}

class Reader {
  readonly #spool: Spool;
  #isBegun = false;
  #hasEnded = false;
  /** Named in the contents and not come yet. */
  readonly #expected = new Set<string>();
  #session: Begun | null = null;
  /** The line before a segment's bytes. */
  #announced: ArchivedSegment | null = null;
  #looseDamage: string | null = null;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  *take(frame: Frame): Generator<Arrival> {
    const parsed = frame.kind === 'line' ? parseLine(frame.line) : null;
    if (!this.#isBegun) {
      this.#begin(typeof parsed === 'string' ? null : parsed);
      return;
    }
    if (frame.kind === 'bytes') this.#bytes(frame.data);
    else if (frame.kind === 'damage') this.#damage(frame.why);
    else if (typeof parsed === 'string') this.#damage(parsed);
    else if (parsed !== null) yield* this.#line(parsed);
  }

  /** What is missing once the stream has ended. */
  *end(): Generator<Arrival> {
    if (!this.#isBegun) throw noExport();
    if (this.#session !== null) yield this.#lose('the file is cut off in it');
    for (const uid of this.#expected)
      yield {
        kind: 'damaged',
        uid: uid as SessionUid,
        problem: this.#hasEnded ? 'it is not in the file' : 'the file is cut off before it',
      };
    const lost = this.#looseDamage ?? (this.#hasEnded ? null : 'the file is cut off');
    if (lost !== null) yield { kind: 'damaged', uid: null, problem: lost };
  }

  #begin(line: Line | null): void {
    if (line?.record !== 'header') throw noExport();
    if (line.version > FORMAT_VERSION)
      throw new FailureError(
        failure(
          'newer_store',
          `the file has version ${line.version}; this program reads up to ${FORMAT_VERSION}`,
          'Use a newer session-memory; nothing was changed.',
        ),
      );
    this.#isBegun = true;
  }

  #damage(why: string): void {
    this.#announced = null;
    if (this.#session === null) this.#looseDamage = why;
    else this.#session.problem ??= why;
  }

  #bytes(data: Uint8Array): void {
    const told = this.#announced;
    this.#announced = null;
    if (this.#session === null || this.#session.problem !== null) return;
    if (told === null) this.#session.problem = 'bytes of an unknown segment';
    // Looked at before it is unpacked: a few bytes may claim to be many.
    else if (data.length !== told.stored_bytes || plainBytesOf(data) !== told.raw_bytes)
      this.#session.problem = `a segment of ${told.key} is not as long as was said`;
    else if (hashOf([Bun.zstdDecompressSync(data)]) !== told.sha256)
      this.#session.problem = `a segment of ${told.key} does not have the hash that was recorded`;
    else this.#session.segments.push({ ...told, data: this.#spool.add(data) });
  }

  *#line(line: Line): Generator<Arrival> {
    switch (line.record) {
      case 'session': {
        if (this.#session !== null) yield this.#lose('its end is missing');
        const { record: _record, ...meta } = line;
        this.#spool.clear();
        this.#session = { meta, digests: [], segments: [], problem: null };
        return;
      }
      case 'digest': {
        const { record: _record, ...digest } = line;
        this.#session?.digests.push(digest);
        return;
      }
      case 'segment': {
        const { record: _record, ...segment } = line;
        this.#announced = segment;
        return;
      }
      case 'session_end':
        yield this.#finish(line.session_uid);
        return;
      case 'abandoned':
        yield* this.#abandon(line);
        return;
      case 'forgotten':
        yield { kind: 'forgotten', uid: line.session_uid as SessionUid, at: line.at };
        return;
      case 'contents':
        for (const uid of line.session_uids) this.#expected.add(uid);
        return;
      case 'end':
        this.#hasEnded = true;
        return;
      case 'header':
        this.#damage('it begins twice');
        return;
      default:
        return line satisfies never;
    }
  }

  #finish(uid: string): Arrival {
    const session = this.#session;
    if (session === null || session.meta.session_uid !== uid) {
      this.#session = null;
      this.#expected.delete(uid);
      return {
        kind: 'damaged',
        uid: uid as SessionUid,
        problem: this.#looseDamage ?? 'its beginning is missing',
      };
    }
    const problem = session.problem ?? incompleteness(session);
    if (problem !== null) return this.#lose(problem);
    this.#session = null;
    this.#expected.delete(uid);
    return { kind: 'session', session };
  }

  /** Its store could not read it, or it changed while it went out: then it comes again. */
  *#abandon({ session_uid: uid, why, again }: Line & { record: 'abandoned' }): Generator<Arrival> {
    this.#session = null;
    this.#announced = null;
    if (again) return;
    this.#expected.delete(uid);
    yield { kind: 'damaged', uid: uid as SessionUid, problem: `it was not exported whole: ${why}` };
  }

  #lose(problem: string): Arrival {
    const uid = this.#session?.meta.session_uid ?? null;
    this.#session = null;
    this.#announced = null;
    if (uid !== null) this.#expected.delete(uid);
    return { kind: 'damaged', uid: uid as SessionUid | null, problem };
  }
}

/** What a session lacks, or null: a live one all bytes of all files, an evicted one the event that let it go. */
function incompleteness(session: Incoming): string | null {
  const { meta, segments, digests } = session;
  const broken = digests.find(({ json }) => !isObject(json));
  if (broken !== undefined) return 'a digest of it is no JSON object';
  if (meta.evicted_at !== null) {
    if (segments.length > 0) return 'it was evicted, and has bytes';
    return lettingGo(meta) === null ? 'it was evicted without an event' : null;
  }
  for (const file of meta.files) {
    const own = segments.filter(({ key }) => key === file.key);
    let end = 0;
    for (const segment of own) {
      if (segment.log_offset !== end) return `bytes of ${file.key} are missing`;
      end += segment.raw_bytes;
    }
    if (file.gone ? end > 0 : end !== file.log_bytes) return `bytes of ${file.key} are missing`;
    const isRight =
      file.gone || file.sha256 === null || hashOf(incomingVersion(session, file)) === file.sha256;
    if (!isRight) return `${file.key} does not have the hash that was recorded`;
  }
  const keys = new Set(meta.files.map(({ key }) => key));
  return segments.every(({ key }) => keys.has(key)) ? null : 'it has segments of no file';
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    // No JSON at all.
    return false;
  }
}

function hashOf(chunks: Iterable<Uint8Array>): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const chunk of chunks) hasher.update(chunk);
  return hasher.digest('hex');
}

function noExport(): FailureError {
  return new FailureError(
    failure(
      'usage',
      'this is no export of session-memory',
      'Give a file that `session-memory export` wrote; nothing was changed.',
    ),
  );
}
