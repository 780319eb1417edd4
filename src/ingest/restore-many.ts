/**
 * Writes sessions back, one or many at a time.
 * Promises: all files of a session are written and on the disk before the first of them is in its place; what is told as
 * restored is on the disk, names too; a session that fails takes no other one with it. Memory is bounded by one segment.
 */
import { FailureError } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { sessionIdOf } from '../store/read.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks } from '../store/segments.ts';
import { markSource, noteEvent } from '../store/write-raw.ts';
import type { Place, RestoreTree, Staged } from './restore.ts';
import { cannotWrite, flush, flushSoon, translated } from './restore-disk.ts';
import { SourceFile } from './source.ts';
import { marksOf } from './take-file.ts';
import { fileAt } from './walk.ts';

/** A session whose places were looked at. */
export interface Restoring {
  readonly session: SessionRow;
  readonly tree: RestoreTree;
  readonly files: readonly PlannedFile[];
  /** What is made of them beside, for the agent's own import; null: nothing. */
  readonly made: MadeFile | null;
  /** Why it does not lie where its agent looks, as a sentence: the store has nothing to learn then. Null: it does, or the user said where. */
  readonly notPutBack: string | null;
}

/** A file that is not of the session but made of it. */
export interface MadeFile {
  /** Absolute. */
  readonly path: string;
  readonly chunks: Iterable<Uint8Array>;
  readonly place: Place;
}

export interface PlannedFile {
  readonly file: StoredFile;
  /** Absolute. */
  readonly path: string;
  readonly place: Place;
}

/** The store that is told of files which an agent will find again. */
export interface Learning {
  readonly db: WritableDb;
  readonly now: () => Iso;
}

/** One session, now. `learning`: null where its agent will not find it. */
export function restoreOne(db: ReadableDb, one: Restoring, learning: Learning | null): void {
  const written = stageAll(db, one);
  orDropped(written, () => {
    for (const { path, temporary } of written.staged.values()) translated(path, () => flush(temporary));
  });
  moveAll(written);
  if (learning !== null) learn(learning, [one]);
  one.tree.flushNames();
}

/** What has become of each session, in the order in which it was settled. */
export interface Fates<One extends Restoring> {
  readonly restored: One[];
  readonly failed: { readonly one: One; readonly error: FailureError }[];
}

/** Files and plain bytes that are written before the next are begun: their flushing takes as long as writing as many. */
const GROUP_FILES = 64;
const GROUP_BYTES = 32 * 1024 ** 2;
/** Files that are flushed at a time. */
const LANES = 32;

/** Many sessions: while some are flushed, the next are written. Stops between two groups once `signal` is aborted. */
export async function restoreMany<One extends Restoring>(
  db: ReadableDb,
  sessions: Iterable<One>,
  learning: Learning | null,
  signal: AbortSignal,
): Promise<Fates<One>> {
  const fates: Fates<One> = { restored: [], failed: [] };
  const source = sessions[Symbol.iterator]();
  let group: Written<One>[] = [];
  let settling = Promise.resolve();
  try {
    for (let isLast = false; !isLast && !signal.aborted; ) {
      group = [];
      isLast = db.snapshot(() => stageGroup(db, source, group, fates));
      await settling;
      settling = settle(group, learning, fates);
    }
    await settling;
  } catch (thrown) {
    // The store itself fails, say: what is not in its place goes. (Of what is, nothing is left to take back.)
    await settling.catch(() => undefined);
    for (const written of group) dropAll(written);
    throw thrown;
  }
  for (const tree of new Set(fates.restored.map((one) => one.tree))) tree.flushNames();
  return fates;
}

/** A session whose files lie beside their places. */
interface Written<One extends Restoring = Restoring> {
  readonly one: One;
  readonly staged: ReadonlyMap<PlannedFile | MadeFile, Staged>;
}

/** Writes the next sessions beside their places, and adds them to `group`. Returns whether none is left. */
function stageGroup<One extends Restoring>(
  db: ReadableDb,
  source: Iterator<One>,
  group: Written<One>[],
  fates: Fates<One>,
): boolean {
  for (let files = 0, bytes = 0; files < GROUP_FILES && bytes < GROUP_BYTES; ) {
    const next = source.next();
    if (next.done === true) return true;
    const one = next.value;
    orFailed(fates, one, () => group.push(stageAll(db, one)));
    files += one.files.length;
    bytes += one.session.rawBytes;
  }
  return false;
}

/** All files of a session that are not there already, or none. */
function stageAll<One extends Restoring>(db: ReadableDb, one: One): Written<One> {
  const staged = new Map<PlannedFile | MadeFile, Staged>();
  const written = { one, staged };
  orDropped(written, () => {
    for (const planned of one.files) {
      const { file, path, place } = planned;
      if (place === 'same') continue;
      staged.set(planned, one.tree.stage(path, fileChunks(db, one.session.uid, file), file.sha256, place));
    }
    const { made } = one;
    if (made !== null && made.place !== 'same')
      staged.set(made, one.tree.stage(made.path, made.chunks, null, made.place));
  });
  return written;
}

async function settle<One extends Restoring>(
  group: readonly Written<One>[],
  learning: Learning | null,
  fates: Fates<One>,
): Promise<void> {
  const broken = await flushAll(group);
  const moved: One[] = [];
  for (const written of group) {
    const { one } = written;
    orFailed(fates, one, () => {
      orDropped(written, () => {
        const error = broken.get(written);
        if (error !== undefined) throw error;
      });
      moveAll(written);
      moved.push(one);
    });
  }
  if (learning !== null && moved.length > 0) learn(learning, moved);
  fates.restored.push(...moved);
}

/** Flushes what is staged, several files at a time; returns what went wrong. */
async function flushAll<W extends Written>(group: readonly W[]): Promise<Map<W, FailureError>> {
  const broken = new Map<W, FailureError>();
  const waiting = group.flatMap((written) =>
    [...written.staged.values()].map((one) => ({ written, ...one })),
  );
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { written, path, temporary } = next;
      await flushSoon(temporary).catch((thrown) => broken.set(written, cannotWrite(path, thrown)));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return broken;
}

/** Puts a session's files in their places. Where one cannot be, those after it are taken back. */
function moveAll(written: Written): void {
  const { one, staged } = written;
  orDropped(written, () => {
    for (const planned of [...one.files, ...(one.made === null ? [] : [one.made])]) {
      const file = staged.get(planned);
      if (file === undefined) one.tree.touch(planned.path);
      else one.tree.move(file);
    }
  });
  killPoint('restore.written');
}

/** Runs `work`; where it fails, nothing of the session that is not in its place stays behind. */
function orDropped(written: Written, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    dropAll(written);
    throw thrown;
  }
}

function dropAll({ one, staged }: Written): void {
  for (const file of staged.values()) one.tree.drop(file);
}

/** Runs `work`; an expected failure is this session's fate and nobody else's. */
function orFailed<One extends Restoring>(fates: Fates<One>, one: One, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    fates.failed.push({ one, error: thrown });
  }
}

function learn({ db, now }: Learning, sessions: readonly Restoring[]): void {
  db.writeTransaction(() => {
    for (const { session, files, notPutBack } of sessions)
      for (const { file, path } of notPutBack === null ? files : [])
        markRestored(db, session, file, path, now());
  });
}

/** Makes a restored file known, so that it is no second copy and the next ingest reads nothing of it. */
function markRestored(db: WritableDb, session: SessionRow, file: StoredFile, path: string, at: Iso): void {
  const there = fileAt(path, file.relPath);
  if (there === null) return;
  using source = new SourceFile(path, 'plain', there.within);
  const marks = marksOf(source, file.rawBytes);
  const sessionId = sessionIdOf(db, session.uid);
  markSource(db, {
    path,
    agent: session.agent,
    sessionId,
    fileId: file.fileId,
    stat: source.stat,
    takenBytes: file.rawBytes,
    headSha256: marks.head,
    tailSha256: marks.tail,
  });
  if (file.role === 'main') noteEvent(db, { kind: 'restored', sessionId, at, reason: `to ${path}` });
}
