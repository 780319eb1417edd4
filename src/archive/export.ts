/**
 * A store as one stream: its records (`records.ts`), each in its frame (`frames.ts`), in the order in which an import needs them.
 * Promises: streams, memory is bounded by one session's rows and one segment; every segment is read back against its hash
 * before it goes out; a session that cannot go out whole is named, and an import passes over what went out of it; it can be
 * interrupted between any two segments.
 */

import type { z } from 'zod';
import { agentById } from '../agents/registry.ts';
import type { AgentFormat } from '../domain/agent.ts';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import { type Outgoing, outgoing, segmentData } from '../store/export.ts';
import type { Forgotten } from '../store/forget.ts';
import { sessionProblem } from './bounds.ts';
import { bytesFrame, lineFrame } from './frames.ts';
import { inItsPlaces, type Sorted } from './places.ts';
import { FORMAT, FORMAT_VERSION, refusalOf } from './records.ts';
import type { exportSchema } from './report.schema.ts';

/** A session that a sweep or an agent changes while it goes out is begun anew. */
const TRIES = 3;
/** Frames between two looks at the signal: a session may have a hundred thousand segments. */
const FRAMES_PER_TURN = 32;
/** Names of sessions in one record of contents. */
const NAMES_PER_RECORD = 1000;

export interface ExportOptions {
  readonly uids: readonly SessionUid[];
  readonly forgotten: readonly Forgotten[];
  readonly now: Iso;
  /** The agents that are known here; absent: those that need no configuration. */
  readonly formatOf?: (agent: string) => AgentFormat | null;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** What is known of an export while it runs. */
export type ExportReport = Omit<z.input<typeof exportSchema>, 'version' | 'file'>;

export async function* exportStream(
  db: ReadableDb,
  options: ExportOptions,
  report: ExportReport,
): AsyncGenerator<Uint8Array> {
  const { uids, now } = options;
  yield* lineFrame({
    record: 'header',
    format: FORMAT,
    version: FORMAT_VERSION,
    made_at: now,
    sessions: uids.length,
  });
  for (let at = 0; at < uids.length; at += NAMES_PER_RECORD)
    yield* lineFrame({ record: 'contents', session_uids: uids.slice(at, at + NAMES_PER_RECORD) });
  for (const [done, uid] of uids.entries()) {
    if (options.signal.aborted) break;
    options.progress(done, uids.length);
    let frames = 0;
    for (const frame of oneSession(db, uid, report, options.formatOf ?? agentById)) {
      yield frame;
      frames += 1;
      if (frames % FRAMES_PER_TURN > 0) continue;
      await turn();
      if (options.signal.aborted) break;
    }
    await turn();
  }
  for (const { uid, at } of options.signal.aborted ? [] : options.forgotten) {
    yield* lineFrame({ record: 'forgotten', session_uid: uid, at });
    report.forgotten += 1;
  }
  report.interrupted = options.signal.aborted;
  if (!report.interrupted) yield* lineFrame({ record: 'end', sessions: report.sessions });
}

/** Whoever waits for the signal gets its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function* oneSession(
  db: ReadableDb,
  uid: SessionUid,
  report: ExportReport,
  formatOf: (agent: string) => AgentFormat | null,
): Generator<Uint8Array> {
  for (let tries = 1; ; tries += 1) {
    const whole = outgoing(db, uid);
    // Forgotten meanwhile: nothing of it goes out.
    if (whole === null) return;
    const { session, left } = placedOf(whole, formatOf(whole.meta.agent));
    if (session === null) {
      report.left_out.push(...left);
      const problem = 'none of its files is one that its agent keeps of a session';
      yield* lineFrame({ record: 'abandoned', session_uid: uid, why: problem, again: false });
      report.failed.push({ session_uid: uid, problem });
      return;
    }
    try {
      yield* sessionRecords(db, session);
      report.left_out.push(...left);
      report.sessions += 1;
      if (session.meta.evicted_at === null) {
        report.live += 1;
        report.raw_bytes += session.meta.raw_bytes;
      }
      return;
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      const why = messageOf(thrown);
      const again = thrown.failure.code === 'busy' && tries < TRIES;
      yield* lineFrame({ record: 'abandoned', session_uid: uid, why, again });
      if (again) continue;
      report.failed.push({ session_uid: uid, problem: why });
      return;
    }
  }
}

/** Of an agent that is not known here nobody can tell its places: whoever takes the archive in does. */
function placedOf(whole: Outgoing, format: AgentFormat | null): Sorted<Outgoing> {
  return format === null ? { session: whole, left: [] } : inItsPlaces(whole, format);
}

function* sessionRecords(db: ReadableDb, whole: Outgoing): Generator<Uint8Array> {
  const { meta, digests, segments } = whole;
  // Told now, by whom it can be mended: an import would refuse it.
  const problem = sessionProblem(whole) ?? refusalOf(meta);
  if (problem !== null)
    throw fail(
      'failed',
      `an archive cannot hold it: ${problem}`,
      'Restore it with `restore --to` and keep its files.',
    );
  yield* lineFrame({ record: 'session', ...meta });
  for (const digest of digests) yield* lineFrame({ record: 'digest', ...digest });
  for (const segment of segments) {
    const data = segmentData(db, segment, `${meta.session_uid} ${segment.key}`);
    const { id: _id, file_id: _file, ...told } = segment;
    yield* lineFrame({ record: 'segment', ...told });
    yield* bytesFrame(data);
  }
  yield* lineFrame({ record: 'session_end', session_uid: meta.session_uid });
}
