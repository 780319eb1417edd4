/**
 * A restore that was looked at and not done yet, and what the store learns of one that is done.
 * Promises: a file is known as restored only as it was written; what was replaced is called stored only where it was read again.
 */
import { lstatSync } from 'node:fs';
import type { AgentFormat } from '../domain/agent.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { onDisk } from '../files/file-names.ts';
import { SourceFile } from '../files/source.ts';
import { fileAt } from '../files/walk.ts';
import { factsOf } from '../ingest/fuller.ts';
import { marksOf } from '../ingest/look.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { filesOf, sessionIdOf } from '../store/read.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks } from '../store/segments.ts';
import { asVersion, makePresent, versionsOf } from '../store/versions.ts';
import { markSource, noteEvent, recountSession } from '../store/write-raw.ts';
import type { PlaceLook, RestorePlace, RestoreTree } from './plan.ts';
import { isBeginningOf } from './present-file.ts';

/** A session whose places were looked at. */
export interface Restoring {
  readonly session: SessionRow;
  /** Null where it is not known here. */
  readonly agent: AgentFormat | null;
  readonly tree: RestoreTree;
  readonly files: readonly PlannedFile[];
  /** What is made of them beside, for the agent's own import; null: nothing. */
  readonly made: MadeFile | null;
  /** Why it does not lie where its agent looks, as a sentence: the store has nothing to learn then. Null: it does, or the user said where. */
  readonly notPutBack: string | null;
  /** What was at places before, stored by now: by its path a file of the store that has it all. */
  readonly storedFirst?: ReadonlyMap<string, StoredAs>;
}

/** A file of the store, as it was when it was looked up. */
export interface StoredAs {
  readonly uid: SessionUid;
  readonly file: StoredFile;
}

/** Where what was replaced stays, by the place that it was at: what is not named there is in the store. */
export type Asides = ReadonlyMap<string, string>;

/** A file that is not of the session but made of it. */
export interface MadeFile {
  /** Absolute. */
  readonly path: string;
  readonly chunks: Iterable<Uint8Array>;
  /** What is made of the earlier versions that the store has. */
  readonly earlier: Iterable<Iterable<Uint8Array>>;
  readonly place: RestorePlace;
  readonly stat: string | null;
}

export interface PlannedFile extends PlaceLook {
  /** As it is to be written: the present version, or an earlier one. */
  readonly file: StoredFile;
  /** The number of that earlier version; null: the present one. */
  readonly version: number | null;
  /** Absolute. */
  readonly path: string;
  /** Where it goes to another root than its session; absent: to the same. */
  readonly tree?: RestoreTree;
}

/** What has a file's root. */
export function treeOf({ tree }: Restoring, planned: PlannedFile | MadeFile): RestoreTree {
  return ('tree' in planned ? planned.tree : undefined) ?? tree;
}

/** All roots that a session's files go to. */
export function treesOf(one: Restoring): RestoreTree[] {
  return [...new Set(plannedPlaces(one).map((planned) => treeOf(one, planned)))];
}

/** All that a restore puts somewhere, or finds there. */
export function plannedPlaces({
  files,
  made,
}: Pick<Restoring, 'files' | 'made'>): (PlannedFile | MadeFile)[] {
  return made === null ? [...files] : [...files, made];
}

/** Those of them that are written: nothing is there, or something else. */
export function toWriteOf(planned: Pick<Restoring, 'files' | 'made'>): (PlannedFile | MadeFile)[] {
  return plannedPlaces(planned).filter(({ place }) => place === 'free' || place === 'replace');
}

/** Those of them that are there already as they would be written. */
export function sameOf(planned: Pick<Restoring, 'files' | 'made'>): (PlannedFile | MadeFile)[] {
  return plannedPlaces(planned).filter(({ place }) => place === 'same');
}

/** The store that is told of files which an agent will find again. */
export interface Learning {
  readonly db: WritableDb;
  readonly now: () => Iso;
}

/** Whether all bytes of what was held aside are elsewhere: in what was put in its place, or in the store. Read again, byte by byte. */
export function isKept(
  db: ReadableDb,
  one: Restoring,
  planned: PlannedFile | MadeFile,
  held: string,
): boolean {
  try {
    if (lstatSync(onDisk(held)).isFile() !== true) return false;
    for (const chunks of storedOf(db, one, planned)) if (isBeginningOf(held, chunks)) return true;
    const stored = one.storedFirst?.get(planned.path);
    return stored !== undefined && isBeginningOf(held, fileChunks(db, stored.uid, stored.file));
  } catch {
    // What cannot be proven stays.
    return false;
  }
}

/** What is put there, and what was in earlier versions. */
function* storedOf(
  db: ReadableDb,
  { session: { uid } }: Restoring,
  planned: PlannedFile | MadeFile,
): Generator<Iterable<Uint8Array>> {
  if (!('file' in planned)) {
    yield planned.chunks;
    yield* planned.earlier;
    return;
  }
  const { file } = planned;
  yield fileChunks(db, uid, file);
  for (const version of versionsOf(db, uid))
    if (version.fileId === file.fileId) yield fileChunks(db, uid, asVersion(file, version));
}

/** `stats`: what each place is known by, once the file is in it. */
export function learn(
  { db, now }: Learning,
  sessions: readonly {
    readonly one: Restoring;
    readonly stats: ReadonlyMap<PlannedFile | MadeFile, string | null>;
  }[],
): void {
  // All files are looked at first: one that does not answer must not keep the store from others.
  const seen = sessions.map(({ one, stats }) => {
    const written = one.notPutBack === null ? one.files.filter(({ place }) => place !== 'there') : [];
    return {
      one,
      written: written.map((planned) => ({
        planned,
        mark: seenRestored(planned, stats.get(planned) ?? null),
      })),
    };
  });
  db.writeTransaction(() => {
    for (const { one, written } of seen) {
      if (one.notPutBack !== null) continue;
      // First: a path is known by which version of its file it holds.
      becomePresent(db, one, now());
      const { uid, agent } = one.session;
      const sessionId = sessionIdOf(db, uid);
      for (const { planned, mark } of written) {
        const { file, path } = planned;
        if (file.role === 'main')
          noteEvent(db, { kind: 'restored', sessionId, at: now(), reason: `to ${path}` });
        if (mark !== null) markSource(db, { ...mark, path, agent, sessionId, fileId: file.fileId });
      }
    }
  });
}

/** How a restored file looks, so that it is no second copy and the next ingest reads nothing of it; null where it is another by now. */
function seenRestored({ file, path }: PlannedFile, stat: string | null) {
  const there = fileAt(path, file.relPath);
  if (there === null) return null;
  using source = new SourceFile(path, 'plain', there.within);
  // Written to since: then it is not known, and the next ingest reads it.
  if (source.stat !== stat || source.sizeBytes !== file.rawBytes) return null;
  const { head, tail } = marksOf(source, file.rawBytes);
  return {
    stat: source.stat,
    takenBytes: file.rawBytes,
    headSha256: head,
    tailSha256: tail,
    holdsAll: true,
  };
}

/** What lies where the agent looks is the present version from now on, also where it is an earlier one, or was stored over just before. */
function becomePresent(db: WritableDb, { session, agent, files, storedFirst }: Restoring, at: Iso): void {
  const wanted = files.filter(
    ({ version, place, path }) =>
      place !== 'there' && (version !== null || storedFirst?.get(path)?.uid === session.uid),
  );
  if (wanted.length === 0) return;
  const live = filesOf(db, session.uid).filter(({ gone }) => !gone);
  for (const { file } of wanted) {
    const now = live.find(({ fileId }) => fileId === file.fileId);
    if (now === undefined) continue;
    makePresent(db, now, file, factsOf(db, session.uid, agent, now), at);
  }
  recountSession(db, sessionIdOf(db, session.uid));
}
