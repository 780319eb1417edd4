/**
 * Whole sessions off a stream of an export's records.
 * Promises: gives a session only once all of it is there and every byte has the hash that was recorded; names those that
 * are not whole, and those that were to come where the stream is cut; memory is bounded (`Spool`).
 */
import { type FailureError, fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { Spool } from '../files/spool.ts';
import type {
  ArchivedDigest,
  ArchivedMeta,
  ArchivedSegment,
  Incoming,
  IncomingSegment,
} from '../store/archived.ts';
import { hashOf } from '../store/import/incoming.ts';
import { SEGMENT_BYTES } from '../store/segments.ts';
import { DIGESTS_BYTES_MAX, DIGESTS_MAX, NAMES_CHARS_MAX, opened, SEGMENTS_MAX } from './bounds.ts';
import { digestProblem } from './digests.ts';
import { type Frame, frames } from './frames.ts';
import { type ArchiveLine, FORMAT_VERSION, parseLine } from './records.ts';
import { incompleteness } from './whole.ts';

export type Arrival =
  | { readonly kind: 'session'; readonly session: Incoming }
  | { readonly kind: 'forgotten'; readonly uid: SessionUid; readonly at: Iso }
  /** `uid` null: it is not known whose. */
  | { readonly kind: 'damaged'; readonly uid: SessionUid | null; readonly problem: string };

interface Begun {
  readonly meta: ArchivedMeta;
  readonly digests: ArchivedDigest[];
  readonly segments: IncomingSegment[];
  digestsBytes: number;
  /** Of a digest that is left out: the session is whole without it. */
  digestProblem: string | null;
  problem: string | null;
}

/**
 * The sessions of a stream, as they become whole. Throws where it is no export, or one of a newer program. `trusted`: a person
 * vouched for it; what only a forger would write is not looked for.
 */
export async function* arrivals(
  chunks: AsyncIterable<Uint8Array>,
  spool: Spool,
  trusted: boolean,
): AsyncGenerator<Arrival> {
  const reader = new Reader(spool, trusted);
  for await (const frame of frames(chunks)) yield* reader.take(frame);
  yield* reader.end();
}

/**
 * All of a stream, once its first record has shown that it is an export that this program reads: nothing need be made for another.
 * Throws as `arrivals` does. Holds one record at most.
 */
export async function exportIn(chunks: AsyncIterator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const taken: Uint8Array[] = [];
  async function* noted() {
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) {
      // A stream may hand out its own buffer again.
      taken.push(Uint8Array.from(step.value));
      yield step.value;
    }
  }
  const { value: first } = await frames(noted()).next();
  mustBegin(first?.kind === 'line' ? parseLine(first.line) : null);
  async function* all() {
    yield* taken.splice(0);
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) yield step.value;
  }
  return all();
}

function mustBegin(line: ArchiveLine | string | null): void {
  if (line === null || typeof line === 'string' || line.record !== 'header') throw noExport();
  if (line.version > FORMAT_VERSION)
    throw fail(
      'newer_store',
      `the file has version ${line.version}; this program reads up to ${FORMAT_VERSION}`,
      'Use a newer session-memory; nothing was changed.',
    );
}

class Reader {
  readonly #spool: Spool;
  readonly #trusted: boolean;
  #isBegun = false;
  #hasEnded = false;
  /** Named in the contents and not come yet. */
  readonly #expected = new Set<string>();
  #expectedChars = 0;
  #session: Begun | null = null;
  /** The line before a segment's bytes. */
  #announced: ArchivedSegment | null = null;
  #looseDamage: string | null = null;

  constructor(spool: Spool, trusted: boolean) {
    this.#spool = spool;
    this.#trusted = trusted;
  }

  *take(frame: Frame): Generator<Arrival> {
    const parsed = frame.kind === 'line' ? parseLine(frame.line) : null;
    if (!this.#isBegun) {
      mustBegin(parsed);
      this.#isBegun = true;
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
    else if (this.#session.segments.length >= SEGMENTS_MAX)
      this.#session.problem = `it has more than ${SEGMENTS_MAX} segments`;
    else this.#session.problem = segmentProblem(told, data);
    if (told !== null && this.#session.problem === null)
      this.#session.segments.push({ ...told, data: this.#spool.add(data) });
  }

  /** One of a wrong form is left out and named: the session may be whole without it. */
  #digest(digest: ArchivedDigest): void {
    const session = this.#session;
    if (session === null || session.problem !== null) return;
    session.digestsBytes += digest.json.length;
    const isTooMuch = session.digests.length >= DIGESTS_MAX || session.digestsBytes > DIGESTS_BYTES_MAX;
    const problem = isTooMuch ? 'there are too many' : digestProblem(digest, session.meta.session_uid);
    if (problem === null) session.digests.push(digest);
    else session.digestProblem ??= problem;
  }

  *#line(line: ArchiveLine): Generator<Arrival> {
    switch (line.record) {
      case 'session': {
        if (this.#session !== null) yield this.#lose('its end is missing');
        const { record: _record, ...meta } = line;
        this.#spool.clear();
        this.#session = {
          meta,
          digests: [],
          segments: [],
          digestsBytes: 0,
          digestProblem: null,
          problem: null,
        };
        return;
      }
      case 'digest': {
        const { record: _record, ...digest } = line;
        this.#digest(digest);
        return;
      }
      case 'segment': {
        const { record: _record, ...segment } = line;
        this.#announced = segment;
        return;
      }
      case 'session_end':
        yield* this.#finish(line.session_uid);
        return;
      case 'abandoned':
        yield* this.#abandon(line);
        return;
      case 'forgotten':
        yield { kind: 'forgotten', uid: line.session_uid as SessionUid, at: line.at };
        return;
      case 'contents':
        for (const uid of line.session_uids) this.#expect(uid);
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

  #expect(uid: string): void {
    if (this.#expectedChars + uid.length > NAMES_CHARS_MAX) return;
    this.#expectedChars += uid.length;
    this.#expected.add(uid);
  }

  *#finish(uid: string): Generator<Arrival> {
    const session = this.#session;
    if (session === null || session.meta.session_uid !== uid) {
      this.#session = null;
      this.#expected.delete(uid);
      const problem = this.#looseDamage ?? 'its beginning is missing';
      this.#looseDamage = null;
      yield { kind: 'damaged', uid: uid as SessionUid, problem };
      return;
    }
    const left =
      session.digestProblem === null ? null : `a digest of it was left out: ${session.digestProblem}`;
    const problem = session.problem ?? incompleteness(session, this.#trusted, left);
    if (problem !== null) {
      yield this.#lose(problem);
      return;
    }
    this.#session = null;
    this.#expected.delete(uid);
    yield { kind: 'session', session };
    if (left !== null) yield { kind: 'damaged', uid: uid as SessionUid, problem: left };
  }

  /** Its store could not read it, or it changed while it went out: then it comes again. */
  *#abandon({ session_uid: uid, why, again }: ArchiveLine & { record: 'abandoned' }): Generator<Arrival> {
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

/** Looked at before it is unpacked: a few bytes may claim to be many. */
function segmentProblem(told: ArchivedSegment, data: Uint8Array): string | null {
  if (data.length !== told.stored_bytes) return `a segment of ${told.key} is not as long as was said`;
  const plain = opened(data, SEGMENT_BYTES);
  if (typeof plain === 'string') return `a segment of ${told.key} cannot be read: ${plain}`;
  if (plain.length !== told.raw_bytes) return `a segment of ${told.key} is not as long as was said`;
  if (hashOf([plain]) !== told.sha256)
    return `a segment of ${told.key} does not have the hash that was recorded`;
  return null;
}

function noExport(): FailureError {
  return fail(
    'usage',
    'this is no export of session-memory',
    'Give a file that `session-memory export` wrote; nothing was changed.',
  );
}
