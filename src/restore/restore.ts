/**
 * Writes sessions back, one or many at a time.
 * Promises: all files of a session are written and on the disk before the first of them is in its place; what is told as
 * restored is on the disk, names too; a session that fails takes no other one with it, nor does a thread; what was at a place
 * before goes only where all of it is elsewhere. Memory is bounded by one segment for each that writes.
 */
import { FailureError } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { ReadableDb } from '../store/connection.ts';
import { type Chunk, lentChunks } from '../store/segments.ts';
import type { ComingFiles } from './coming.ts';
import type { RestorePlace, Staged } from './plan.ts';
import {
  type Asides,
  isKept,
  type Learning,
  learn,
  type MadeFile,
  type PlannedFile,
  plannedPlaces,
  type Restoring,
  treeOf,
  treesOf,
} from './replaced-files.ts';
import type { Stager } from './stage.ts';
import { cannotWrite, flush, flushSoon, inLanes, translated } from './write-files.ts';

/** Called with the plain bytes of each piece before that is written; where it throws, nothing of the session stays behind. */
export type BytesWatch = (bytes: number) => void;

/** One session, now. `learning`: null where its agent will not find it. */
export function restoreOne(
  db: ReadableDb,
  one: Restoring,
  learning: Learning | null,
  watch: BytesWatch = () => undefined,
): Asides {
  const written = begun(one);
  dropStagedOnFailure(written, () => stageNow(db, written, watch));
  const asides = moveAll(db, written);
  if (learning !== null) learn(learning, [written]);
  for (const tree of treesOf(one)) tree.flushNames();
  return asides;
}

/** The same of one whose files have come by themselves, whole: they are given their names. */
export async function restoreCome(db: ReadableDb, one: Restoring, come: ComingFiles): Promise<Asides> {
  await come.flushed();
  const written = begun(one);
  dropStagedOnFailure(written, () => {
    for (const planned of missing(one)) {
      const staged = treeOf(one, planned).begin(planned.path, planned.place);
      written.staged.set(planned, staged);
      let isNamed = false;
      translated(planned.path, () => {
        isNamed = come.name(planned, staged);
      });
      killPoint('restore.temporary-made');
      // To another file system, say: then it is written there as any other.
      if (isNamed) continue;
      dropAll(written);
      return stageNow(db, written);
    }
  });
  const asides = moveAll(db, written);
  for (const tree of treesOf(one)) tree.flushNames();
  return asides;
}

/** What has become of each session, in the order in which it was settled. */
export interface RestoreOutcomes<One extends Restoring> {
  readonly restored: One[];
  readonly asides: Map<string, string>;
  readonly failed: { readonly one: One; readonly error: FailureError }[];
}

/** Files and plain bytes of sessions that are begun and settled together: flushing them takes as long as writing as many. */
const GROUP_FILES = 64;
const GROUP_BYTES = 32 * 1024 ** 2;

/**
 * Many sessions: while some are flushed, the next are written; by `stager`, where it is not null, on its threads. Stops
 * between two groups once `signal` is aborted.
 */
export async function restoreMany<One extends Restoring>(
  db: ReadableDb,
  sessions: Iterable<One>,
  learning: Learning | null,
  signal: AbortSignal,
  stager: Stager | null = null,
): Promise<RestoreOutcomes<One>> {
  const fates: RestoreOutcomes<One> = { restored: [], asides: new Map(), failed: [] };
  const source = sessions[Symbol.iterator]();
  const way = stager === null ? restoreInline(db) : restoreOnWorkers(db, stager);
  const underway: { readonly group: readonly Written<One>[]; readonly settled: Promise<void> }[] = [];
  let group: Written<One>[] = [];
  let last = Promise.resolve();
  const settleNext = async (before: Promise<void>, ours: readonly Written<One>[]): Promise<void> => {
    // Both, whatever comes of them: nothing goes on behind the back of one that has failed.
    const [finished, settled] = await Promise.allSettled([way.finish(ours), before]);
    if (settled.status === 'rejected') throw settled.reason;
    if (finished.status === 'rejected') throw finished.reason;
    settle(db, ours, finished.value, learning, fates);
  };
  try {
    for (let isLast = false; !isLast && !signal.aborted; ) {
      group = [];
      isLast = db.snapshot(() => beginGroup(way, source, group, fates));
      last = settleNext(last, group);
      // It is waited for below, and may fail before.
      last.catch(() => undefined);
      underway.push({ group, settled: last });
      if (underway.length <= way.groupsUnderway) continue;
      await underway[0]?.settled;
      underway.shift();
    }
    await last;
  } catch (thrown) {
    // The store itself fails, say: what is not in its place goes. (Of what is, nothing is left to take back.)
    await last.catch(() => undefined);
    for (const written of [...underway.flatMap((one) => one.group), ...group]) dropAll(written);
    throw thrown;
  }
  for (const tree of new Set(fates.restored.flatMap(treesOf))) await tree.flushNamesSoon();
  return fates;
}

/** A session whose files lie beside their places, or will. */
interface Written<One extends Restoring = Restoring> {
  readonly one: One;
  readonly staged: Map<PlannedFile | MadeFile, Staged>;
  /** What each place is known by, once the file is in it. */
  readonly stats: Map<PlannedFile | MadeFile, string | null>;
}

function begun<One extends Restoring>(one: One): Written<One> {
  return { one, staged: new Map(), stats: new Map() };
}

/** How the files of a group come to lie beside their places, on the disk. */
interface Way {
  /** Groups that are begun before the first of them must be settled. */
  readonly groupsUnderway: number;
  begin(written: Written): void;
  /** Returns what went wrong with a session; what goes wrong with the store itself, it rejects with. */
  finish<W extends Written>(group: readonly W[]): Promise<Map<W, FailureError>>;
}

/** Written here, and flushed while the next group is written. */
function restoreInline(db: ReadableDb): Way {
  return { groupsUnderway: 1, begin: (written) => stageAll(db, written), finish: flushAll };
}

/** Written and flushed by threads, which find the next group there when they are done. What they fail at is done again here. */
function restoreOnWorkers(db: ReadableDb, stager: Stager): Way {
  // What is made of a session is made by its agent's code, and read from the store while it is written.
  const isForThreads = ({ one }: Written) => one.made === null;
  return {
    groupsUnderway: 3,
    begin: (written) => {
      if (!isForThreads(written)) return stageNow(db, written);
      const { one, staged } = written;
      for (const planned of missing(one))
        staged.set(planned, treeOf(one, planned).begin(planned.path, planned.place));
    },
    finish: async (group) => {
      const asked = group.filter(isForThreads).flatMap((written) =>
        [...written.staged].flatMap(([planned, { temporary, realFolder }]) =>
          'file' in planned
            ? [
                {
                  written,
                  order: { uid: written.one.session.uid, file: planned.file, temporary, realFolder },
                },
              ]
            : [],
        ),
      );
      const isStaged = await stager.stage(asked.map(({ order }) => order));
      const broken = new Map<(typeof group)[number], FailureError>();
      for (const written of new Set(asked.filter((_, i) => isStaged[i] !== true).map((one) => one.written))) {
        dropAll(written);
        const error = failureOf(() => dropStagedOnFailure(written, () => stageNow(db, written)));
        if (error !== null) broken.set(written, error);
      }
      return broken;
    },
  };
}

/** Begins the next sessions, and adds them to `group`. Returns whether none is left. */
function beginGroup<One extends Restoring>(
  way: Way,
  source: Iterator<One>,
  group: Written<One>[],
  fates: RestoreOutcomes<One>,
): boolean {
  for (let files = 0, bytes = 0; files < GROUP_FILES && bytes < GROUP_BYTES; ) {
    const next = source.next();
    if (next.done === true) return true;
    const one = next.value;
    const written = begun(one);
    orFailed(fates, one, () => {
      dropStagedOnFailure(written, () => way.begin(written));
      group.push(written);
    });
    files += one.files.length;
    bytes += one.session.rawBytes;
  }
  return false;
}

/** All files of a session that are not there already, or an exception. */
function stageAll(db: ReadableDb, { one, staged }: Written, watch: BytesWatch = () => undefined): void {
  for (const planned of missing(one)) {
    const { file, path, place } = planned;
    const chunks = watched(lentChunks(db, one.session.uid, file), watch);
    staged.set(planned, treeOf(one, planned).stage(path, chunks, file.sha256, place));
  }
  const { made } = one;
  if (made === null || isThere(made.place)) return;
  const chunks = {
    *[Symbol.iterator]() {
      for (const bytes of made.chunks) yield { bytes, sha256: null };
    },
  };
  staged.set(made, one.tree.stage(made.path, chunks, null, made.place));
}

function* watched(chunks: Iterable<Chunk>, watch: BytesWatch): Iterable<Chunk> {
  for (const chunk of chunks) {
    watch(chunk.bytes.length);
    yield chunk;
  }
}

function missing({ files }: Restoring): PlannedFile[] {
  return files.filter(({ place }) => !isThere(place));
}

function isThere(place: RestorePlace): boolean {
  return place === 'same' || place === 'there';
}

/** The same, on the disk. */
function stageNow(db: ReadableDb, written: Written, watch?: BytesWatch): void {
  stageAll(db, written, watch);
  for (const { path, temporary } of written.staged.values()) translated(path, () => flush(temporary));
}

function settle<One extends Restoring>(
  db: ReadableDb,
  group: readonly Written<One>[],
  broken: ReadonlyMap<Written<One>, FailureError>,
  learning: Learning | null,
  fates: RestoreOutcomes<One>,
): void {
  const moved: Written<One>[] = [];
  for (const written of group) {
    const { one } = written;
    orFailed(fates, one, () => {
      dropStagedOnFailure(written, () => {
        const error = broken.get(written);
        if (error !== undefined) throw error;
      });
      for (const [path, aside] of moveAll(db, written)) fates.asides.set(path, aside);
      moved.push(written);
    });
  }
  if (learning !== null && moved.length > 0) learn(learning, moved);
  fates.restored.push(...moved.map(({ one }) => one));
}

/** Flushes what is staged, several files at a time. */
async function flushAll<W extends Written>(group: readonly W[]): Promise<Map<W, FailureError>> {
  const broken = new Map<W, FailureError>();
  const waiting = group.flatMap((written) =>
    [...written.staged.values()].map((one) => ({ written, ...one })),
  );
  await inLanes(waiting, async ({ written, path, temporary }) => {
    await flushSoon(temporary).catch((thrown) => broken.set(written, cannotWrite(path, thrown)));
  });
  return broken;
}

/** Puts a session's files in their places. Where one cannot be, those after it are taken back. */
function moveAll(db: ReadableDb, written: Written): Asides {
  const { one, staged, stats } = written;
  const asides = new Map<string, string>();
  dropStagedOnFailure(written, () => {
    for (const planned of plannedPlaces(one)) {
      const file = staged.get(planned);
      const put =
        file === undefined
          ? treeOf(one, planned).touch(planned.path, planned.stat)
          : treeOf(one, planned).move(file, (held) => isKept(db, one, planned, held));
      stats.set(planned, put.stat);
      if (put.aside !== null) asides.set(planned.path, put.aside);
    }
  });
  killPoint('restore.written');
  return asides;
}

/** Runs `work`; where it fails, nothing of the session that is not in its place stays behind. */
function dropStagedOnFailure(written: Written, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    dropAll(written);
    throw thrown;
  }
}

function dropAll({ one, staged }: Written): void {
  for (const [planned, file] of staged) treeOf(one, planned).drop(file);
  staged.clear();
}

/** Runs `work`; an expected failure is this session's fate and nobody else's. */
function orFailed<One extends Restoring>(fates: RestoreOutcomes<One>, one: One, work: () => void): void {
  const error = failureOf(work);
  if (error !== null) fates.failed.push({ one, error });
}

/** What was to be expected and went wrong in `work`; null: nothing. */
function failureOf(work: () => void): FailureError | null {
  try {
    work();
    return null;
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown;
    throw thrown;
  }
}
