/**
 * Writes a session's files below one folder.
 * Promises: byte for byte, checked while written; nothing outside the folder, whatever ids and links say; never over a file
 * that differs unless told to; a fresh time, so that the agent's own clean-up spares what was restored.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { FailureError, failure, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import { sessionIdOf } from '../store/read.ts';
import type { StoredFile } from '../store/rows.ts';
import { markSource, noteEvent } from '../store/write-raw.ts';
import { namesIn, onDisk, realPathOf } from './file-names.ts';
import { SourceFile } from './source.ts';
import { marksOf } from './take-file.ts';
import { fileAt } from './walk.ts';

/** What a file would be restored over. */
export type Place = 'free' | 'same' | 'replace';

export class RestoreTree {
  readonly #root: string;
  readonly #force: boolean;

  constructor(root: string, force: boolean) {
    this.#root = resolve(root);
    this.#force = force;
  }

  /** The absolute place of a relative path, which must lie inside the root, also through links that exist. */
  place(relPath: string): string {
    const path = resolve(this.#root, relPath);
    const outside = !path.startsWith(this.#root + sep) || relPath.includes('\0');
    if (outside || !this.#isReallyInside(path)) throw this.#refusal(relPath);
    return path;
  }

  #refusal(path: string): FailureError {
    return new FailureError(
      failure(
        'failed',
        `refused to write outside ${this.#root}: ${path}`,
        'Give --to DIR with a folder of your own.',
      ),
    );
  }

  #isReallyInside(path: string): boolean {
    if (!existsSync(this.#root)) return true;
    const realRoot = realPathOf(this.#root);
    let parent = dirname(path);
    while (!existsSync(onDisk(parent))) parent = dirname(parent);
    const real = realPathOf(parent);
    return real === realRoot || real.startsWith(realRoot + sep);
  }

  /** What is at `path`: nothing, these very bytes, or, only where forced, something else. A different file is refused. */
  check(path: string, chunks: Iterable<Uint8Array>, rawBytes: number): Place {
    const stats = lstatSync(onDisk(path), { throwIfNoEntry: false });
    if (stats === undefined) return 'free';
    if (!stats.isFile())
      throw new FailureError(
        failure('exists', `${path} is there and is no regular file`, 'Move it away first.'),
      );
    if (stats.size === rawBytes && holds(path, chunks)) return 'same';
    if (this.#force) return 'replace';
    throw new FailureError(
      failure('exists', `${path} is there and differs`, 'Add --force to replace it, or give --to DIR.'),
    );
  }

  /** A file that is already right is left, since its agent may have it open, and only made fresh. */
  touch(path: string): void {
    const now = new Date();
    try {
      utimesSync(onDisk(path), now, now);
    } catch (thrown) {
      throw cannotWrite(path, thrown);
    }
  }

  /**
   * Writes to a temporary file beside the place, then moves it there: never half a transcript. `sha256`: hex, null where
   * not known. A place that was `free` and is taken by now is left to whoever took it.
   */
  write(path: string, chunks: Iterable<Uint8Array>, sha256: string | null, place: Place = 'replace'): void {
    const begins = `.${basename(path).slice(0, 100)}.session-memory-`;
    const temporary = join(dirname(path), `${begins}${crypto.randomUUID().slice(0, 8)}`);
    try {
      // A folder may have become a link since its place was checked: it is looked at again before and after each step.
      if (!this.#isReallyInside(path)) throw this.#refusal(path);
      mkdirSync(onDisk(dirname(path)), { recursive: true, mode: 0o700 });
      if (!this.#isReallyInside(path)) throw this.#refusal(path);
      removeLeftovers(dirname(path), begins);
      const handle = openSync(onDisk(temporary), 'wx', 0o600);
      killPoint('restore.temporary-made');
      const hasher = new Bun.CryptoHasher('sha256');
      try {
        for (const chunk of chunks) {
          hasher.update(chunk);
          for (let at = 0; at < chunk.length; ) at += writeSync(handle, chunk, at);
        }
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      if (sha256 !== null && hasher.digest('hex') !== sha256) {
        throw new FailureError(
          failure(
            'corrupt',
            `${path} would not have the hash that was recorded; it was not written`,
            'Run `session-memory verify`.',
          ),
        );
      }
      if (place === 'free' && lstatSync(onDisk(path), { throwIfNoEntry: false }) !== undefined) {
        throw new FailureError(
          failure(
            'exists',
            `${path} has come up meanwhile; it was left as it is`,
            'Look at it, then try again.',
          ),
        );
      }
      if (!this.#isReallyInside(path)) throw this.#refusal(path);
      killPoint('restore.temporary-written');
      renameSync(onDisk(temporary), onDisk(path));
      killPoint('restore.renamed');
    } catch (thrown) {
      rmSync(onDisk(temporary), { force: true });
      if (thrown instanceof FailureError) throw thrown;
      throw cannotWrite(path, thrown);
    }
    this.touch(path);
  }
}

/** What a restore that was killed had begun. One that is still at it fails loudly, with nothing written. */
export function removeLeftovers(folder: string, begins: string): void {
  for (const name of namesIn(folder))
    if (name.startsWith(begins)) rmSync(onDisk(join(folder, name)), { force: true });
}

function cannotWrite(path: string, thrown: unknown): FailureError {
  return new FailureError(
    failure(
      'io',
      `cannot write ${path}: ${messageOf(thrown)}`,
      'Give a folder that you can write to as --to DIR.',
    ),
  );
}

function holds(path: string, chunks: Iterable<Uint8Array>): boolean {
  const handle = openSync(onDisk(path), 'r');
  try {
    for (const chunk of chunks) {
      const there = new Uint8Array(chunk.length);
      const read = readSync(handle, there, 0, chunk.length, null);
      if (read !== chunk.length || Buffer.compare(there, chunk) !== 0) return false;
    }
    return true;
  } finally {
    closeSync(handle);
  }
}

/** Makes the restored file known, so that it is no second copy and the next ingest reads nothing of it. */
export function markRestored(
  db: WritableDb,
  session: SessionRow,
  file: StoredFile,
  path: string,
  at: Iso,
): void {
  const there = fileAt(path, file.relPath);
  if (there === null) return;
  using source = new SourceFile(path, 'plain', there.within);
  const marks = marksOf(source, file.rawBytes);
  db.writeTransaction(() => {
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
  });
}
