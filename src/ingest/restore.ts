/**
 * Writes a session's files below one folder.
 * Promises: byte for byte, checked while written; nothing outside the folder, whatever ids and links say; never over a file
 * that differs unless told to; a fresh time, so that the agent's own clean-up spares what was restored.
 */

import { lstatSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { FailureError, failure } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Chunk } from '../store/segments.ts';
import { namesIn, onDisk } from './file-names.ts';
import {
  cannotWrite,
  flushFolder,
  flushFolderSoon,
  holds,
  inLanes,
  MARK,
  realPathOrNull,
  removeTemporary,
  translated,
  writeNew,
} from './restore-disk.ts';

/** What a file would be restored over. */
export type Place = 'free' | 'same' | 'replace';

/** A file that is written whole beside its place and checked before it is moved there. */
export interface Staged {
  readonly path: string;
  readonly temporary: string;
  readonly place: Place;
  /** Where the folder of both really led when it was found to be within the root. */
  readonly realFolder: string;
}

export class RestoreTree {
  readonly #root: string;
  readonly #force: boolean;
  /** The root with all links followed, from when it was first there: one that comes to lead elsewhere is another root. */
  #realRoot: string | null = null;
  /** By folder, what was begun in it by a restore that was killed: it is read once, however many files go there. */
  readonly #leftovers = new Map<string, string[]>();
  /** Folders in which a name has changed and is not known to be on the disk. */
  readonly #changed = new Set<string>();

  constructor(root: string, force: boolean) {
    this.#root = resolve(root);
    this.#force = force;
  }

  /** The absolute place of a relative path, which must lie inside the root, also through links that exist. */
  place(relPath: string): string {
    const path = resolve(this.#root, relPath);
    if (!path.startsWith(this.#root + sep) || relPath.includes('\0')) throw this.#refusal(relPath);
    this.#realFolder(path);
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

  /** Where the folder of `path` really leads; null where it is not there. Throws where it, or the nearest above it that is, leads out of the root. */
  #realFolder(path: string): string | null {
    this.#realRoot ??= realPathOrNull(this.#root);
    const realRoot = this.#realRoot;
    if (realRoot === null) return null;
    const folder = dirname(path);
    for (let parent = folder; ; parent = dirname(parent)) {
      const real = realPathOrNull(parent);
      if (real === null) continue;
      if (real === realRoot || real.startsWith(realRoot + sep)) return parent === folder ? real : null;
      throw this.#refusal(path);
    }
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
    translated(path, () => utimesSync(onDisk(path), now, now));
  }

  /**
   * Writes a temporary file beside the place. Nothing is at the place yet, and its bytes need not be on the disk: flush
   * them, then `move` it. `sha256`: hex, null where not known.
   */
  stage(path: string, chunks: Iterable<Chunk>, sha256: string | null, place: Place): Staged {
    const staged = this.begin(path, place);
    return this.#orDropped(staged, () => {
      if (writeNew(staged.temporary, chunks) === sha256 || sha256 === null) return;
      throw new FailureError(
        failure(
          'corrupt',
          `${path} would not have the hash that was recorded; it was not written`,
          'Run `session-memory verify`.',
        ),
      );
    });
  }

  /** Names a temporary file that is not there yet, and makes its folder ready. Who writes it later looks at the folder again. */
  begin(path: string, place: Place): Staged {
    const begins = `.${basename(path).slice(0, 100)}${MARK}`;
    const temporary = join(dirname(path), `${begins}${crypto.randomUUID().slice(0, 8)}`);
    let realFolder = '';
    translated(path, () => {
      realFolder = this.#readyFolder(path, begins);
    });
    return { path, temporary, place, realFolder };
  }

  /** The folder of `path`, inside the root, made where it is not there, without what a killed restore of this file left. */
  #readyFolder(path: string, begins: string): string {
    const folder = dirname(path);
    // A folder may have become a link since its place was checked: it is looked at again before and after each step.
    let real = this.#realFolder(path);
    if (real === null) {
      const first = mkdirSync(onDisk(folder), { recursive: true, mode: 0o700 });
      real = this.#realFolder(path);
      if (first !== undefined) this.#noteMade(folder, dirname(first));
    }
    let leftovers = this.#leftovers.get(folder);
    if (leftovers === undefined) {
      leftovers = namesIn(folder).filter((name) => name.includes(MARK));
      this.#leftovers.set(folder, leftovers);
    }
    // One that is still at it fails loudly, with nothing written.
    for (const name of leftovers)
      if (name.startsWith(begins)) rmSync(onDisk(join(folder, name)), { force: true });
    return real ?? folder;
  }

  /** `folder` and all above it up to `upTo`, which was there. */
  #noteMade(folder: string, upTo: string): void {
    for (let made = folder; made.length > upTo.length; ) {
      made = dirname(made);
      this.#changed.add(made);
    }
  }

  /** Puts a staged file in its place. One that was `free` and is taken by now is left to whoever took it. */
  move(staged: Staged): void {
    const { path, temporary, place } = staged;
    this.#orDropped(staged, () => {
      if (place === 'free' && lstatSync(onDisk(path), { throwIfNoEntry: false }) !== undefined) {
        throw new FailureError(
          failure(
            'exists',
            `${path} has come up meanwhile; it was left as it is`,
            'Look at it, then try again.',
          ),
        );
      }
      this.#realFolder(path);
      killPoint('restore.temporary-written');
      renameSync(onDisk(temporary), onDisk(path));
      killPoint('restore.renamed');
    });
    this.#changed.add(dirname(path));
  }

  /** Takes back what is not moved yet. */
  drop({ temporary }: Staged): void {
    removeTemporary(temporary);
  }

  /** The names of moved files, and of folders that were made for them, are on the disk afterwards. */
  flushNames(): void {
    for (const folder of this.#changed) translated(folder, () => flushFolder(folder));
    this.#changed.clear();
  }

  /** The same, several at a time on other threads. */
  async flushNamesSoon(): Promise<void> {
    await inLanes(this.#changed, async (folder) => {
      await flushFolderSoon(folder).catch((thrown) => {
        throw cannotWrite(folder, thrown);
      });
    });
    this.#changed.clear();
  }

  #orDropped(staged: Staged, work: () => void): Staged {
    try {
      translated(staged.path, work);
      return staged;
    } catch (thrown) {
      this.drop(staged);
      throw thrown;
    }
  }
}
